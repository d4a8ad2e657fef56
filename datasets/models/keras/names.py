"""The variables of a Keras file in the order of its layers: what each is called, and of which class its layer is.

Three ways in which files are laid out: groups of layers with lists of names (.h5, `model_weights/LAYER/.../kernel:0`),
groups after classes with numbered variables (`layers/conv2d_1/cell/vars/0` in .keras and .weights.h5), and data sets
that no Keras has written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from dotbench.datasets.errors import CUT, DataError
from dotbench.datasets.models.keras.config import NONE, LayerConfig, snake_case
from dotbench.datasets.models.keras.roles import VARIABLES, variable_name

SAVED = "model_weights"  # the group of weights beside those of the optimizer
OPTIMIZER = re.compile(r"^(optimizer_weights|optimizer|_?trainer)(/|$)")
NUMBERED = re.compile(r"(^|/)vars/([0-9]{1,6})$")
CLASSES = {snake_case(kind): kind for kind in VARIABLES}
CELLS = {kind.removesuffix("Cell"): kind for kind in VARIABLES if kind.endswith("Cell")}


@dataclass(frozen=True)
class Variable:
    """``path``: in the file; ``parts``: of its name, the variable's own last; ``kind``: the class of its layer."""

    path: str
    parts: tuple[str, ...]
    kind: str = ""
    settings: dict[str, Any] = field(default_factory=dict, repr=False)


def variables(paths: list[str], groups: dict[str, dict[str, list[str]]], model: LayerConfig) -> list[Variable]:
    """Of all data sets but the optimizer's, in order; DataError where a list of names does not fit."""
    kept = [path for path in paths if not OPTIMIZER.match(path)]
    base = next((base for base in (SAVED, "") if "layer_names" in _lists(groups.get(base, {}))), None)
    if base is not None:
        found = list(_listed(base, groups, model, {*kept}))
    elif any(NUMBERED.search(path) for path in kept):
        return [variable for _, variable in sorted(_numbered(kept, model), key=itemgetter(0))]
    else:
        found = []
    known = {one.path for one in found}
    return [*found, *(Variable(path, tuple(path.split("/"))) for path in kept if path not in known)]


def _lists(attributes: dict[str, list[str]]) -> dict[str, list[str]]:
    """Lists of names, which are in parts where they are long: ``layer_names0`` and so on."""
    out: dict[str, list[str]] = {}
    parts = [(name.rstrip("0123456789"), int("0" + re.sub(r"^\D+", "", name)), name) for name in attributes]
    for name, _, whole in sorted(parts):
        out.setdefault(name, []).extend(attributes[whole])
    return out


def _listed(
    base: str, groups: dict[str, dict[str, list[str]]], model: LayerConfig, paths: set[str]
) -> Iterator[Variable]:
    by_name = {one.name: one for one in model.everywhere()}
    done: set[str] = set()
    for layer in _lists(groups[base])["layer_names"]:
        group = f"{base}/{layer}" if base else layer
        for weight in _lists(groups.get(group, {})).get("weight_names", []):
            path = f"{group}/{weight}"
            if path not in paths:
                raise DataError(f"its list of names has {path[:120]!r}, which is not in it; {CUT}")
            if path in done:
                raise DataError(f"its lists name {path[:120]!r} twice")
            done.add(path)
            parts = (layer, *_without_layer(weight.split("/"), layer))
            config = _named(parts, by_name)
            yield Variable(path, (*parts[:-1], re.sub(r":\d+$", "", parts[-1])), config.kind, config.settings)


def _without_layer(parts: list[str], layer: str) -> list[str]:
    """A weight's name without that of its layer, which stands in it again, at times with a number."""
    again = len(parts) > 1 and re.fullmatch(re.escape(layer.split("/")[-1]) + r"(_\d+)?", parts[0])
    return parts[1:] if again else parts


def _named(parts: tuple[str, ...], by_name: dict[str, LayerConfig]) -> LayerConfig:
    """The innermost layer that is named in a path; of a wrapper what it wraps."""
    config = NONE
    for part in parts[:-1]:
        config = by_name.get(part) or by_name.get(re.sub(r"_\d+$", "", part)) or config
    return _unwrapped(config)


def _unwrapped(config: LayerConfig) -> LayerConfig:
    return _unwrapped(config.wrapped) if config.wrapped is not None else config


def _numbered(paths: list[str], model: LayerConfig) -> Iterator[tuple[tuple[Any, ...], Variable]]:
    """With what they are sorted by: layers as the configuration has them, variables by their numbers."""
    for path in paths:
        order, parts, config = _found(path.split("/"), model)
        number = NUMBERED.search(path)
        kind = config.kind or _class_of(parts)
        name = variable_name(kind, int(number[2]), config.settings) if number else ""
        if name:
            parts = [*parts[:-2], name]
        yield (order, path.count("/"), len(path), path), Variable(path, tuple(parts), kind, config.settings)


def _found(parts: list[str], model: LayerConfig) -> tuple[tuple[int, ...], list[str], LayerConfig]:
    """The place of a path's layer in the configuration, the path in its user's names, and the layer (`NONE`)."""
    if len(parts) < 3 or parts[0] not in ("layers", "_layer_checkpoint_dependencies"):
        return (1 << 31,), parts, NONE
    known = model.by_group()
    names = {one.name: one for one in model.inner}
    config = known.get(parts[1]) or names.get(parts[1])
    if config is None:
        return (1 << 31,), parts[1:], NONE
    place = model.inner.index(config)
    if config.inner:
        order, rest, inner = _found(parts[2:], config)
        return (place, *order), [config.name or parts[1], *rest], inner
    return (place,), [config.name or parts[1], *parts[2:]], _inside(config, parts[2:-2])


def _inside(config: LayerConfig, attributes: list[str]) -> LayerConfig:
    """What a layer's attributes hold: the cell of a recurrent one, what a wrapper wraps, nothing that is known."""
    for name in attributes:
        if config.wrapped is not None:
            config = config.wrapped
        elif name == "cell":
            config = LayerConfig("", _cell(config.kind), config.settings)
        else:
            return NONE
    return config


def _cell(kind: str) -> str:
    return CELLS.get("ConvLSTM" if kind.startswith("ConvLSTM") else kind, "")


def _class_of(parts: list[str]) -> str:
    """The class after which the group of a variable is named, "" for none that is known."""
    groups = [re.sub(r"_\d+$", "", part) for part in parts[:-2]]
    if len(groups) > 1 and groups[-1] == "cell":
        return _cell(CLASSES.get(groups[-2], ""))
    if groups and groups[-1] in ("query_dense", "key_dense", "value_dense", "output_dense"):
        return "EinsumDense"
    return CLASSES.get(groups[-1], "") if groups else ""
