"""What goes wrong with data: one kind of error, whose message says what, where, and what to do."""

from __future__ import annotations

CUT = "the file is cut short or damaged: copy it again"
ROOM = "Make room, or set DOTBENCH_HOME to a folder that can be written"


class DataError(ValueError):
    """A data set that cannot be had or is not what it should be."""


class ReaderFault(DataError):
    """A reader that does not do what readers have to: a fault of its package, hardly of the file."""


class NoRoom(DataError):
    """A disk that does not take what is to be stored: no fault of the data."""

    def __init__(self, what: str, error: OSError) -> None:
        super().__init__(f"{what}: {error.strerror or error}. {ROOM}")


class UnknownDataset(DataError):
    """A name that is neither in the registry nor a file."""


class Unreachable(DataError):
    """A host that does not answer: a reason to take a twin, where every other error is a reason to stop."""
