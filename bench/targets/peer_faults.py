"""What is wrong with a peer, in words, before it joins a run."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Collection, Iterator

from dotbench.bench.targets.peer import Peer
from dotbench.cdot.entry_points import Wrong, check_attributes, check_name
from dotbench.formats.parameters import TYPES, type_name

DTYPES = {"float32", "int8"}


def faults(kind: type[Peer], taken: Collection[str] = ()) -> list[str]:
    """A sentence for each fault; none for a peer that can be registered. ``taken``: names of others, and of formats."""
    try:
        check_attributes(kind, kind.__name__, "name", "summary", "packages")
        check_name(kind.name, "peer or format", taken)
    except Wrong as wrong:
        return [str(wrong)]
    return list(_others(kind))


def _others(kind: type[Peer]) -> Iterator[str]:
    if inspect.isabstract(kind):
        yield f"{kind.name} has no {' and no '.join(sorted(kind.__abstractmethods__))}"
    if kind.stored and kind.store is Peer.store:
        yield f"{kind.name} says that it is stored, and has no store"
    if not kind.timed and not kind.stored:
        yield f"{kind.name} is neither stored nor timed: it has no figure"
    if not (isinstance(kind.packages, tuple) and kind.packages and all(isinstance(one, str) for one in kind.packages)):
        yield f"{kind.name}: packages are {kind.packages!r:.80}: a tuple of distributions that its figures depend on"
    if not (isinstance(kind.value_types, tuple) and kind.value_types and set(kind.value_types) <= DTYPES):
        yield f"{kind.name} takes {kind.value_types!r:.80}: a tuple of {' or '.join(sorted(DTYPES))}, or both"
    for field in dataclasses.fields(kind):
        if type_name(field) not in TYPES:
            yield f"{kind.name}: its parameter {field.name} is of type {field.type}: {', '.join(TYPES)} can be given"
