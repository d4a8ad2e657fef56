"""What is wrong with a reader, in words, before any file is given to it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from dotbench.cdot.entry_points import Wrong, check_name
from dotbench.datasets.reader import Reader

ENDING = re.compile(r"(\.[a-z0-9_-]+)+")


def faults(reader: Reader, others: Collection[Reader] = ()) -> list[str]:
    """A sentence for each fault; none for a reader that can be registered beside ``others``."""
    return list(_faults(reader, others))


def _faults(reader: Reader, others: Collection[Reader]) -> Iterator[str]:
    try:
        check_name(reader.name, "reader", [other.name for other in others])
    except Wrong as wrong:
        yield str(wrong)
    if not (isinstance(reader.summary, str) and reader.summary):
        yield f"{reader.name} has no summary"
    good = isinstance(reader.suffixes, tuple) and reader.suffixes
    if not good or not all(isinstance(one, str) and ENDING.fullmatch(one) for one in reader.suffixes):
        yield (
            f"{reader.name} reads {reader.suffixes!r:.80}: a tuple of endings, lower case, each a point with letters, "
            "digits, _ or - behind it"
        )
        return
    taken = {ending: other.name for other in others for ending in other.endings}
    for ending in sorted(taken.keys() & set(reader.endings)):
        yield f"{ending} is read by {taken[ending]} already"
    if (reader.read is None) == (reader.model is None and reader.tensors is None):
        yield f"{reader.name} needs either read (of matrices), or tensors or model (of model files)"
    functions = (reader.read, reader.model, reader.tensors, reader.members, reader.write)
    if not callable(reader.is_whole) or not all(callable(one) for one in functions if one is not None):
        yield f"{reader.name}: read, model, tensors, members, is_whole and write have to be functions"
    if not isinstance(reader.version, int):
        yield f"{reader.name} has the version {reader.version!r:.80}: a whole number"
