"""Which format each layer of a model is to have, in any of the four ways that people say it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotbench.formats.format import Format
from dotbench.formats.packs.pack import Pack
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.registry import parse

DENSE = "dense"
Pick = str | Path | Mapping[str, Any] | Pack


@dataclass(frozen=True)
class Conversion:
    """What `convert` did. ``replaced``: formats by the names of layers; ``left``: why others are as they were;
    ``bytes_before`` and ``bytes_after``: of the weights that were replaced."""

    replaced: dict[str, str]
    left: dict[str, str]
    bytes_before: int = 0
    bytes_after: int = 0

    def __str__(self) -> str:
        head = f"{len(self.replaced)} layers replaced, {self.bytes_before} bytes of weights became {self.bytes_after}"
        lines = [f"{name}: {format_}" for name, format_ in self.replaced.items()]
        return "\n".join([head, *lines, *(f"{name}: left, {why}" for name, why in self.left.items())])


def layer_of(tensor: str) -> str:
    """The layer that has a tensor of weights.

    >>> layer_of("block.0.fc1.weight"), layer_of("block.0.fc1"), layer_of("weight")
    ('block.0.fc1', 'block.0.fc1', '')
    """
    return "" if tensor == "weight" else tensor.removesuffix(".weight")


@dataclass(frozen=True)
class Picks:
    """Formats by the names of layers. ``everywhere``: the one of all. ``pack``: where payloads are taken from.

    ``strict``: the names were written for this very model, so one that it has not is a mistake.
    """

    formats: Mapping[str, Format] = field(default_factory=dict)
    everywhere: Format | None = None
    pack: Pack | None = None
    strict: bool = False

    def of(self, names: Iterable[str]) -> Format | Payload | None:
        """The format of the layer that has these names, or its payload in the pack; None where it is to stay dense."""
        found = self.everywhere
        for name in names:
            if name in self.formats:
                found = self.formats[name]
                if self.pack is not None:
                    return self.pack[f"{name}.weight" if name else "weight"]
        return None if found is None or found.name == DENSE else found

    def names(self) -> set[str]:
        """The layers that are named."""
        return set(self.formats)

    def check_names(self, known: set[str]) -> None:
        """ValueError where none of the named layers, or of those written for this model one, is among ``known``."""
        unknown = sorted(self.names() - known)
        if not unknown or (not self.strict and len(unknown) < len(self.formats)):
            return
        near = difflib.get_close_matches(unknown[0], sorted(known), 3, 0.3) or sorted(known)[:3]
        hint = f"did you mean {' or '.join(near)}?" if near else "it has no layer with a name"
        raise ValueError(f"the model has no layer {unknown[0]!r:.80}, which the pick names: {hint}")


def picks_of(pick: Pick) -> Picks:
    """Reads what a user says: see `dotbench.torch.convert`. ValueError names what cannot be read.

    >>> picks_of("csc_min").of(["fc1"])
    CscMin()
    >>> picks_of({"fc1": "sham", "fc2": "dense"}).of(["fc2"]) is None
    True
    >>> picks_of({"version": 1, "layers": [{"name": "fc1.weight", "pick": "csc"}]}).of(["fc1"])
    Csc()
    """
    if isinstance(pick, Pack):
        formats = {layer_of(name): parse(label) for name, label in pick.formats().items() if _is_weight(name)}
        return Picks(formats, pack=pick)
    if isinstance(pick, Path) or (isinstance(pick, str) and pick.endswith(".json")):
        return _of_json(_read(Path(pick)), str(pick))
    if isinstance(pick, str):
        return Picks(everywhere=parse(pick))
    if not isinstance(pick, Mapping):
        raise TypeError(
            f"a pick is a format's name, formats by layers, what dotbench pick --json said, or an open pack; this is "
            f"{type(pick).__name__}"
        )
    if isinstance(pick.get("layers"), list):
        return _of_json(pick, "the pick")
    return Picks({layer_of(name): parse(label) for name, label in pick.items()}, strict=True)


def _is_weight(name: str) -> bool:
    return name == "weight" or name.endswith(".weight")


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}. dotbench pick MODEL --json writes it") from error
    if not isinstance(found, dict) or not isinstance(found.get("layers"), list):
        raise ValueError(f"{path} is not what dotbench pick MODEL --json writes: it has no list of layers")
    return found


def _of_json(found: Mapping[str, Any], what: str) -> Picks:
    formats = {}
    for layer in found["layers"]:
        if not isinstance(layer, dict) or not all(isinstance(layer.get(key), str) for key in ("name", "pick")):
            raise ValueError(f"{what}: a layer has no name or no pick: {layer!r:.80}")
        formats[layer_of(layer["name"])] = parse(layer["pick"])
    return Picks(formats)
