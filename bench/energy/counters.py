"""What energy counters are, wherever they come from: domains with names and ranges, read raw."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

PACKAGE, DRAM, PSYS = "package", "dram", "psys"


class NotMeasurable(RuntimeError):
    """Why energy cannot be measured; ``cure`` is the line that changes it, empty where none does."""

    def __init__(self, reason: str, cure: str = "") -> None:
        super().__init__(f"{reason}: {cure}" if cure else reason)
        self.reason, self.cure = reason, cure


class CounterLost(RuntimeError):
    """A counter that was there and can no longer be read, or stands still."""


@dataclass(frozen=True)
class Domain:
    """One counter.

    ``kind``: ``package`` (a die counts as one: packages are added up), ``dram`` or ``psys`` (the whole
    board, packages included: neither is added to anything). ``range_uj``: where it wraps, in microjoules;
    None where that is not known.
    """

    kind: str
    name: str
    range_uj: int | None


class Counters(ABC):
    """Counters that are read together; ``domains`` starts with a package.

    ``source``: who reads them, for people.
    """

    source: str
    domains: tuple[Domain, ...]

    @abstractmethod
    def read(self) -> tuple[int, ...]:
        """Microjoules since some moment, one a domain. CounterLost where one is gone or makes no sense."""

    def first(self) -> int:
        """The first counter alone, which is watched for ticks."""
        return self.read()[0]

    def close(self) -> None:  # noqa: B027 - most have nothing to give back
        """Gives back what reading needs."""


def spent(domain: Domain, before: int, after: int) -> int | None:
    """Microjoules from one reading to the next; a wrap is undone. None where that cannot be done.

    >>> spent(Domain("package", "package-0", 1000), 990, 15)
    25
    >>> spent(Domain("package", "package-0", None), 990, 15) is None
    True
    """
    if after >= before:
        return after - before
    if domain.range_uj is None or before > domain.range_uj:
        return None
    return after - before + domain.range_uj
