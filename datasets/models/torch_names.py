"""Which tensors a checkpoint of PyTorch holds, and what each is called: a walk through dicts, lists and objects.

Names of dicts in dicts are joined by points; what merely wraps the state (``{"state_dict": {...}}``) is left out of
names unless two tensors would have one name then. A container that is reached twice is visited once, so that a file
whose parts name each other takes no longer than its size.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from dotbench.datasets.models.torch_numpy import NumpyArray
from dotbench.datasets.models.torch_pickle import Inert
from dotbench.datasets.models.torch_tensor import TorchTensor
from dotbench.datasets.pickled_numpy import PickleError

WRAPPERS = re.compile(r"(model_|module_|net_|network_)?(state_dict|state|weights|params)|model|module|net|network")
OPTIMIZER = re.compile(
    r"\w*optim(izers?)?(_states?|_state_dict)?|opt(_state)?|(max_)?exp_avg(_sq)?|momentum_buffer", re.I
)
MODULE_PARTS = ("_parameters", "_buffers", "_modules")  # of an object of torch.nn.Module
MOST_DEPTH = 64
LONGEST_NAME = 1000
BARE = "tensor"  # the name of one that is all of a file
Leaf = TorchTensor | NumpyArray


@dataclass(frozen=True)
class _Place:
    """Where something stands: the parts of its name, the first ``wrapped`` of which only wrap the state."""

    parts: tuple[str, ...] = ()
    wrapped: int = 0
    depth: int = 0

    def below(self, key: Any, is_wrapper: bool) -> _Place:
        wraps = is_wrapper and self.wrapped == len(self.parts)
        return _Place((*self.parts, str(key)), self.wrapped + wraps, self.depth + 1)


@dataclass
class Found:
    """Tensors by name, and bytes and number of those of an optimizer, which are left out."""

    tensors: dict[str, Leaf] = field(default_factory=dict)
    optimizer_bytes: int = 0
    optimizer_tensors: int = 0


def named(root: Any) -> Found:
    """All tensors below what a pickle holds; PickleError where it nests without end."""
    places, dropped = _walk(root)
    found = Found()
    short = [".".join(place.parts[place.wrapped :]) for place, _ in places]
    if len({*short}) < len(short):
        short = [".".join(place.parts) for place, _ in places]
    for name, (_, leaf) in zip(short, places, strict=True):
        found.tensors[_unique(name or BARE, found.tensors)] = leaf
    sizes = {one.numbers: one.nbytes for one in dropped}
    found.optimizer_bytes, found.optimizer_tensors = sum(sizes.values()), len(sizes)
    return found


def _unique(name: str, taken: dict[str, Leaf]) -> str:
    if len(name) > LONGEST_NAME:
        raise PickleError(f"a tensor's name has {len(name)} letters, and at most {LONGEST_NAME} are read")
    if name not in taken:
        return name
    return next(longer for number in range(2, len(taken) + 3) if (longer := f"{name} ({number})") not in taken)


def _walk(root: Any) -> tuple[list[tuple[_Place, Leaf]], list[TorchTensor]]:
    """Tensors with their places, in the order of the file; and those of optimizers."""
    found: list[tuple[_Place, Leaf]] = []
    dropped: list[TorchTensor] = []
    seen: set[int] = set()
    left: list[tuple[_Place, Any, bool]] = [(_Place(), root, False)]
    while left:
        place, value, is_dropped = left.pop()
        if isinstance(value, Leaf):
            if not is_dropped:
                found.append((place, value))
            elif isinstance(value, TorchTensor):
                dropped.append(value)
            continue
        if not isinstance(value, dict | list | tuple | Inert) or id(value) in seen:
            continue
        seen.add(id(value))
        if place.depth > MOST_DEPTH:
            raise PickleError(f"it nests deeper than {MOST_DEPTH} levels")
        below = [(inner, one, is_dropped or is_optimizer) for inner, one, is_optimizer in _below(place, value)]
        left += reversed(below)
    return found, dropped


def _below(place: _Place, value: Any) -> list[tuple[_Place, Any, bool]]:
    """What a container holds, where, and whether it is an optimizer's."""
    if isinstance(value, dict):
        return [
            (place.below(key, bool(WRAPPERS.fullmatch(str(key)))), one, bool(OPTIMIZER.fullmatch(str(key))))
            for key, one in value.items()
            if _may_hold(one)
        ]
    if isinstance(value, Inert):
        return _of_object(place, value)
    return [(place.below(number, False), one, False) for number, one in enumerate(value) if _may_hold(one)]


def _of_object(place: _Place, value: Inert) -> list[tuple[_Place, Any, bool]]:
    """Of an object: a module's parameters go by their own names, all else by that of what holds it."""
    states = value.state if isinstance(value.state, tuple) else (value.state,)
    found: list[tuple[_Place, Any, bool]] = []
    for state in (*states[:2], value.items):
        parts = state if isinstance(state, dict) else {}
        for name in MODULE_PARTS:
            if isinstance(inner := parts.get(name), dict):
                found += _below(place, inner)
        found += _below(place, {name: one for name, one in parts.items() if name not in MODULE_PARTS})
    is_optimizer = value.name.startswith("torch.optim.")
    rest = [*_below(place, value.arguments), *_below(place, value.entries), *found]
    return [(inner, one, dropped or is_optimizer) for inner, one, dropped in rest]


def _may_hold(value: Any) -> bool:
    return isinstance(value, dict | list | tuple | Inert | TorchTensor | NumpyArray)
