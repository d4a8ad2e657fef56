"""Which tensors a checkpoint of PyTorch holds, and what each is called: a walk through dicts, lists and objects.

Names of dicts in dicts are joined by points; what merely wraps the state (``{"state_dict": {...}}``) is left out of
names unless two tensors would have one name then. A container that is reached twice is visited once, so that a file
whose parts name each other takes no longer than its size.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dotbench.datasets.models.stored_tensor import LONGEST_NAME
from dotbench.datasets.models.torch.numpy import NumpyArray
from dotbench.datasets.models.torch.pickle import Inert
from dotbench.datasets.models.torch.tensor import TorchTensor
from dotbench.datasets.pickled_numpy import PickleError

WRAPPERS = re.compile(r"(model_|module_|net_|network_)?(state_dict|state|weights|params)|model|module|net|network")
OPTIMIZER = re.compile(
    r"\w*optim(izers?)?(_states?|_state_dict)?|opt(_state)?|(max_)?exp_avg(_sq)?|momentum_buffer", re.I
)
MODULE_PARTS = ("_parameters", "_buffers", "_modules")  # of an object of torch.nn.Module
MOST_DEPTH = 64
BARE = "tensor"  # the name of one that is all of a file
LONGEST_KEY = 40  # of what wraps a state, or is an optimizer's
Leaf = TorchTensor | NumpyArray


@dataclass(frozen=True)
class _Place:
    """Where something stands: the parts of its name, the first ``wrapped`` of which only wrap the state."""

    parts: tuple[str, ...] = ()
    wrapped: int = 0
    letters: int = 0

    def below(self, key: Any, is_wrapper: bool) -> _Place:
        """Of a name that is too long the last part is left out: what is there may be no tensor."""
        part = str(key)
        letters = self.letters + len(part) + 1
        if letters > LONGEST_NAME:
            return _Place((*self.parts, ""), 0, letters)
        wraps = is_wrapper and self.wrapped == len(self.parts)
        return _Place((*self.parts, part), self.wrapped + wraps, letters)


_Part = tuple[_Place, Any, bool]
NOTHING: tuple[None, None, bool] = (None, None, False)


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
    repeated: Counter[str] = Counter()
    for name, (_, leaf) in zip(short, places, strict=True):
        found.tensors[_unique(name or BARE, found.tensors, repeated)] = leaf
    sizes = {one.numbers: one.nbytes for one in dropped}
    found.optimizer_bytes, found.optimizer_tensors = sum(sizes.values()), len(sizes)
    return found


def _unique(name: str, taken: dict[str, Leaf], repeated: Counter[str]) -> str:
    """The name, with a number behind it from the second time on."""
    longer = name
    while longer in taken:
        repeated[name] += 1
        longer = f"{name} ({repeated[name] + 1})"
    return longer


def _walk(root: Any) -> tuple[list[tuple[_Place, Leaf]], list[TorchTensor]]:
    """Tensors with their places, in the order of the file; and those of optimizers."""
    found: list[tuple[_Place, Leaf]] = []
    dropped: list[TorchTensor] = []
    seen: set[int] = set()
    left: list[Iterator[_Part]] = [iter([(_Place(), root, False)])]  # what is still to be seen of each level
    while left:
        place, value, is_dropped = next(left[-1], NOTHING)
        if place is None:
            left.pop()
        elif isinstance(value, NumpyArray | TorchTensor):
            if is_dropped:
                dropped += [value] if isinstance(value, TorchTensor) else []
            elif place.letters > LONGEST_NAME:
                raise PickleError(f"a tensor's name has more than {LONGEST_NAME} letters, and no more are read")
            else:
                found.append((place, value))
        elif id(value) not in seen:
            seen.add(id(value))
            if len(place.parts) > MOST_DEPTH:
                raise PickleError(f"it nests deeper than {MOST_DEPTH} levels")
            left.append(_below(place, value, is_dropped))
    return found, dropped


def _below(place: _Place, value: Any, is_dropped: bool) -> Iterator[_Part]:
    """What a container holds, where, and whether it is an optimizer's. A module's parameters go by their own names, and
    what an object holds by that of what holds it."""
    if isinstance(value, dict):
        for key, one in value.items():
            if _may_hold(one):
                start = str(key)[:LONGEST_KEY]
                is_optimizer = OPTIMIZER.fullmatch(start) is not None
                inner = place if key in MODULE_PARTS else place.below(key, WRAPPERS.fullmatch(start) is not None)
                yield inner, one, is_dropped or is_optimizer
    elif isinstance(value, Inert):
        states = value.state if isinstance(value.state, tuple) else (value.state,)
        for one in (value.arguments, value.entries, *states[:2], value.items):
            if _may_hold(one):
                yield place, one, is_dropped or value.name.startswith("torch.optim.")
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            if _may_hold(one):
                yield place.below(number, False), one, is_dropped


def _may_hold(value: Any) -> bool:
    if isinstance(value, dict | list | tuple):
        return len(value) > 0
    return isinstance(value, Inert | TorchTensor | NumpyArray)
