"""What is wrong with a reader, in words, before any file is given to it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from dotbench.cdot.entry_points import Wrong, check_name
from dotbench.datasets.reader import Reader


def faults(reader: Reader, others: Collection[Reader] = ()) -> list[str]:
    """A sentence for each fault; none for a reader that can be registered beside ``others``."""
    return list(_faults(reader, others))


def _faults(reader: Reader, others: Collection[Reader]) -> Iterator[str]:
    try:
        check_name(reader.name, "reader", [other.name for other in others])
    except Wrong as wrong:
        yield str(wrong)
    if not reader.summary:
        yield f"{reader.name} has no summary"
    good = isinstance(reader.suffixes, tuple) and reader.suffixes
    if not good or not all(isinstance(one, str) and one[:1] == "." and one == one.lower() for one in reader.suffixes):
        yield f"{reader.name} reads {reader.suffixes!r:.80}: a tuple of endings, lower case, each with its point"
        return
    taken = {ending: other.name for other in others for ending in other.endings}
    for ending in sorted(taken.keys() & set(reader.endings)):
        yield f"{ending} is read by {taken[ending]} already"
    if (reader.read is None) == (reader.model is None):
        yield f"{reader.name} needs either read (of matrices) or model (of layers)"
    if not all(callable(one) for one in (reader.read, reader.model, reader.members) if one is not None):
        yield f"{reader.name}: read, model and members have to be functions"
