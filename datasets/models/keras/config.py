"""A Keras model's configuration: the classes of its layers and what their user calls them. It is read as data: names of
classes are compared with those that are known here, and nothing of it runs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MOST_DEPTH = 16  # of models in models, and of wrappers around layers


@dataclass(frozen=True)
class LayerConfig:
    """``kind``: the class; ``settings``: its own; ``inner``: the layers of a model; ``wrapped``: that of a wrapper."""

    name: str
    kind: str
    settings: dict[str, Any] = field(default_factory=dict, repr=False)
    inner: tuple[LayerConfig, ...] = ()
    wrapped: LayerConfig | None = None

    def everywhere(self) -> Iterator[LayerConfig]:
        """Its layers, and those of models in it, the outer ones first."""
        yield from self.inner
        for one in self.inner:
            yield from one.everywhere()

    def by_group(self) -> dict[str, LayerConfig]:
        """Its layers by the names of their groups in a .keras: the class, with a number from the second one on."""
        counts: Counter[str] = Counter()
        found = {}
        for one in self.inner:
            group = snake_case(one.kind)
            found[f"{group}_{counts[group]}" if counts[group] else group] = one
            counts[group] += 1
        return found


NONE = LayerConfig("", "")


def parse(text: str) -> LayerConfig:
    """A model out of JSON; `NONE` where it says nothing that can be used: names of groups then have to do.

    >>> layers = '[{"class_name": "Dense", "config": {"name": "out"}}]'
    >>> model = parse('{"class_name": "Sequential", "config": {"layers": %s}}' % layers)
    >>> [(group, one.name) for group, one in model.by_group().items()]
    [('dense', 'out')]
    """
    try:
        return _layer(json.loads(text), MOST_DEPTH) or NONE
    except (ValueError, RecursionError):
        return NONE


def snake_case(name: str) -> str:
    """How Keras names groups after classes.

    >>> snake_case("DepthwiseConv2D"), snake_case("LSTM"), snake_case("MultiHeadAttention")
    ('depthwise_conv2d', 'lstm', 'multi_head_attention')
    """
    plain = re.sub(r"\W+", "", name)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", re.sub(r"(?<=.)(?=[A-Z][a-z])", "_", plain)).lower()


def _layer(found: Any, depth: int) -> LayerConfig | None:
    if not isinstance(found, dict) or not depth:
        return None
    kind, settings = found.get("class_name"), found.get("config")
    if isinstance(settings, list):  # of early Keras: a Sequential is the list of its layers
        settings = {"layers": settings}
    if not isinstance(kind, str) or not isinstance(settings, dict):
        return None
    name = found.get("name", settings.get("name"))
    layers = settings.get("layers")
    inner = [_layer(one, depth - 1) for one in layers] if isinstance(layers, list) else []
    kept = tuple(one for one in inner if one is not None)
    return LayerConfig(_printable(name), kind, settings, kept, _layer(settings.get("layer"), depth - 1))


def _printable(name: Any) -> str:
    return name if isinstance(name, str) and name.isprintable() else ""
