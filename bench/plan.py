"""What a run measures: a plan is a list of independent cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import formats
from formats.format import Format

PEERS = ("blas_dense", "scipy_csc")
REFERENCE = "csc"
METRICS = ("space", "time")


@dataclass(frozen=True)
class Cell:
    """One figure of one matrix. ``format`` and ``params`` are the CSV's columns.

    For space, batch and threads are 0 and cache is empty.
    """

    metric: str
    dataset: str
    format: str
    params: str = ""
    batch: int = 0
    threads: int = 0
    cache: str = ""

    @property
    def label(self) -> str:
        """For people: ``sham``, ``ceiling:decode[format=ham]``."""
        return f"{self.format}[{self.params}]" if self.params else self.format


@dataclass(frozen=True)
class Effort:
    """How much time is given to timing. Seconds and milliseconds of wall time."""

    passes: int = 8  # processes a cell at the least
    most_passes: int = 20
    rounds: int = 4  # A B B A rounds a pass
    sample_ms: float = 5.0
    width: float = 0.02  # an interval of this half-width is narrow enough
    cap_seconds: float = 32.0  # of timing one matrix, from which on no pass is added
    cell_timeout: float = 120.0  # silence after which a cell counts as hung


QUICK = Effort(passes=4, most_passes=4, rounds=2, sample_ms=2.0)


@dataclass(frozen=True)
class Plan:
    """The cells of a run, and how they are measured."""

    datasets: tuple[str, ...]
    formats: tuple[Format, ...]
    peers: tuple[str, ...] = PEERS
    ceilings: bool = True
    metrics: tuple[str, ...] = METRICS
    batches: tuple[int, ...] = (1, 8)
    threads: tuple[int, ...] = (1,)
    caches: tuple[str, ...] = ("warm",)
    effort: Effort = field(default_factory=Effort)

    def cells(self, dataset: str) -> list[Cell]:
        """All cells of one matrix, in the order of tables."""
        return [*self._space(dataset), *self._time(dataset)]

    def _space(self, dataset: str) -> Iterator[Cell]:
        if "space" in self.metrics:
            for format_ in self.formats:
                yield Cell("space", dataset, format_.name, format_.params)

    def _time(self, dataset: str) -> Iterator[Cell]:
        if "time" not in self.metrics:
            return
        targets = [(format_.name, format_.params) for format_ in self.formats]
        targets += [(peer, "") for peer in self.peers]
        for format_ in self.formats if self.ceilings else ():
            targets.append(("ceiling:memcpy", f"format={format_}"))
            if format_.coded:
                targets.append(("ceiling:decode", f"format={format_}"))
        for batch in self.batches:
            for threads in self.threads:
                for cache in self.caches:
                    for name, params in targets:
                        if not (threads > 1 and name.startswith("ceiling:")):
                            yield Cell("time", dataset, name, params, batch, threads, cache)


def split_names(text: str) -> list[str]:
    """A list of the command line: separated by commas outside brackets.

    >>> split_names("csc,column_combined[alpha=8,gamma=0.5], sham")
    ['csc', 'column_combined[alpha=8,gamma=0.5]', 'sham']
    """
    parts, depth, part = [], 0, ""
    for character in text + ",":
        depth += {"[": 1, "]": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += character
    return [part for part in parts if part]


def choose_formats(names: Sequence[str]) -> tuple[tuple[Format, ...], tuple[str, ...]]:
    """Formats and peers from names of the command line; UnknownFormat names the nearest ones."""
    chosen = [name for name in names if name not in PEERS]
    return (
        tuple(dict.fromkeys(formats.parse(name) for name in chosen)),
        tuple(dict.fromkeys(name for name in names if name in PEERS)),
    )
