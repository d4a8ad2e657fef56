"""What is wrong with a peer, in words, before it joins a run."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator

from dotbench.bench.targets.peer import Peer
from dotbench.cdot.entry_points import Wrong, check_attributes, check_name, in_words
from dotbench.formats.parameters import parameter_faults
from dotbench.formats.value_types import value_type_names

DTYPES = set(value_type_names())


def faults(kind: type[Peer], taken: Collection[str] = ()) -> list[str]:
    """A sentence for each fault; none for a peer that can be registered. ``taken``: names of others, and of formats."""
    try:
        check_attributes(kind, kind.__name__, "name", "summary", "packages")
        check_name(kind.name, "peer or format", taken)
    except Wrong as wrong:
        return [str(wrong)]
    return list(_others(kind)) or list(_of_itself(kind))


def _of_itself(kind: type[Peer]) -> Iterator[str]:
    """Whether it can be made as standard runs make it."""
    try:
        kind()
    except Exception as error:
        yield f"{kind.name} cannot be made with its default parameters: {in_words(error)}"


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
        yield f"{kind.name} takes {kind.value_types!r:.80}: a tuple of one or more of {', '.join(sorted(DTYPES))}"
    if not (isinstance(kind.module, str) and kind.module.replace(".", "").isidentifier()):
        yield f"{kind.name}: module is {kind.module!r:.80}: the name of the one that it imports"
    yield from (f"{kind.name}: {wrong}" for wrong in parameter_faults(kind))
