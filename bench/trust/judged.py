"""How a command ends that judges this machine: what it found is told from whether it could look.

A machine that is busy, or slower than a goal asks for, is no fault of the program: `NOT_HERE` says so, in words and
by its exit status. `BROKEN` is left for what has to be mended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GOOD, BROKEN, NOT_HERE = 0, 1, 3  # exit statuses; 2 is a command line that cannot be understood, as everywhere
STATUSES = (
    "Exit status: 0 all is well; 3 it ran, and this machine is not good enough now (in words in the last line); "
    "1 something is broken, which no other machine would mend."
)


@dataclass(frozen=True)
class Judgement:
    """Sentences without a full stop: what is broken, and what this machine does not give."""

    broken: tuple[str, ...] = ()
    short: tuple[str, ...] = ()

    def __add__(self, other: Judgement) -> Judgement:
        return Judgement(self.broken + other.broken, self.short + other.short)

    @property
    def status(self) -> int:
        """The exit status.

        >>> Judgement().status, Judgement(short=("slow",)).status, Judgement(("wrong",), ("slow",)).status
        (0, 3, 1)
        """
        return BROKEN if self.broken else NOT_HERE if self.short else GOOD

    def words(self, good: str, short: str) -> str:
        """The last line: ``good`` where all is well, ``short`` with its reasons, or what is broken.

        >>> Judgement(short=("a", "b")).words("all met", "not all met here")
        'not all met here: a; b'
        >>> Judgement(broken=("a",)).words("all met", "not all met here")
        'broken, whatever the machine: a'
        """
        if self.broken:
            return f"broken, whatever the machine: {_listed(self.broken)}"
        return f"{short}: {_listed(self.short)}" if self.short else good


def _listed(sentences: Sequence[str]) -> str:
    return "; ".join(sentences)
