"""What a run measures: a plan is a list of independent cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from dotbench import datasets, formats
from dotbench.bench.energy import windows
from dotbench.bench.targets import peers as libraries
from dotbench.bench.targets.peer import Peer
from dotbench.formats.format import Format

REFERENCE = "csc"
# In the order in which a run measures them.
METRICS = ("space", "systolic", "levels", "instructions", "cycles", "time", "energy")
# Metrics that only matrices of one dtype have.
METRICS_OF = {"systolic": "float32", "levels": "float32", "energy": "float32", "cycles": "int8"}
# What small and full multiply with batches too; formats that came later have one vector there.
SPINE = ("dense", "csc", "csc_min", "im", "ham", "sham", "blas_dense", "scipy_csc")
BOUNDS = ("bound:h0", "bound:huffman", "bound:positions_values")


@dataclass(frozen=True)
class Cell:
    """One figure of one matrix. ``format`` and ``params`` are the CSV's columns.

    Where a metric has no batches, threads or caches they are 0, 0 and empty. ``detail``: what it has
    besides, as ``key=value,key=value`` (an array's shape, a level).
    """

    metric: str
    dataset: str
    format: str
    params: str = ""
    batch: int = 0
    threads: int = 0
    cache: str = ""
    detail: str = ""

    @property
    def label(self) -> str:
        """For people: ``sham``, ``ceiling:decode[format=ham]``."""
        return f"{self.format}[{self.params}]" if self.params else self.format

    @property
    def about(self) -> str:
        """The label of the format that is measured: for a ceiling the one it belongs to."""
        return self.params.removeprefix("format=") if self.format.startswith("ceiling:") else self.label

    def details(self) -> dict[str, str]:
        """``detail`` as a dictionary."""
        return dict(pair.split("=", 1) for pair in self.detail.split(",") if pair)

    @property
    def reference(self) -> str:
        """The format that this cell's time is held against."""
        return self.details().get("reference", REFERENCE)


@dataclass(frozen=True)
class Effort:
    """How much time is given to timing. Seconds and milliseconds of wall time."""

    passes: int = 8  # processes a cell at the least
    most_passes: int = 20
    rounds: int = 4  # A B B A rounds a pass
    sample_ms: float = 5.0
    width: float = 0.02  # an interval of this half-width is narrow enough
    cap_seconds: float = 28.0  # of timing one matrix, from which on no pass is added
    cell_timeout: float = 120.0  # silence after which a cell counts as hung


QUICK = Effort(passes=4, most_passes=4, rounds=2, sample_ms=2.0)


@dataclass(frozen=True)
class Plan:
    """The cells of a run, and how they are measured.

    ``later_batches``: of formats and peers that are not in `SPINE`; None: the same as ``batches``.
    ``later_ceilings``: these formats have ceilings too.
    ``full``: each matrix has its share of a full run (`dotbench.bench.plan.full_run`).
    ``standard``: a standard run, which leaves out cells that would take long and say little.
    ``dtype``: of the matrices; a plan for several kinds is narrowed by `of`.
    """

    datasets: tuple[str, ...]
    formats: tuple[Format, ...]
    peers: tuple[Peer, ...] = ()
    bounds: bool = False
    ceilings: bool = True
    metrics: tuple[str, ...] = METRICS
    batches: tuple[int, ...] = (1, 8)
    later_batches: tuple[int, ...] | None = None
    later_ceilings: bool = True
    threads: tuple[int, ...] = (1,)
    caches: tuple[str, ...] = ("warm",)
    effort: Effort = field(default_factory=Effort)
    energy: windows.Effort = windows.SMALL
    standard: bool = False
    full: bool = False
    dtype: str = "float32"

    def of(self, dataset: str, dtype: str) -> Plan:
        """The part of it that a matrix of a dtype has: formats and peers that take it, and what is known of it.

        Energy is modelled and published for float32; of the zoo standard runs time a few layers.
        """
        metrics = tuple(name for name in self.metrics if METRICS_OF.get(name, dtype) == dtype)
        if self.standard and dtype == "int8" and dataset not in datasets.zoo.TIMED:
            metrics = tuple(name for name in metrics if name in ("space", "cycles"))
        formats_ = tuple(one for one in self.formats if dtype in one.value_types)
        peers = tuple(one for one in self.peers if dtype in one.value_types)
        return replace(self, formats=formats_, peers=peers, metrics=metrics, dtype=dtype)

    def cells(self, dataset: str, dtype: str = "float32") -> list[Cell]:
        """All cells of one matrix, in the order in which they are measured."""
        from dotbench.bench.metrics.meter import meter

        plan = self.of(dataset, dtype)
        return [cell for metric in METRICS if metric in plan.metrics for cell in meter(metric).cells(plan, dataset)]

    def batches_of(self, name: str) -> tuple[int, ...]:
        """How many vectors a format or peer is multiplied with."""
        return self.batches if name in SPINE or self.later_batches is None else self.later_batches


NAME = r"(?:\[(?:[^\[\]]|\[[^\]]*\])*\]|[^,])+"  # to the next comma outside of brackets that are closed


def split_names(text: str) -> list[str]:
    """A list of the command line: separated by commas outside brackets.

    >>> split_names("csc,column_combined[alpha=8,gamma=0.5], sham")
    ['csc', 'column_combined[alpha=8,gamma=0.5]', 'sham']
    >>> split_names("a[1.npy,b]2.npy"), split_names("odd[.npy")
    (['a[1.npy,b]2.npy'], ['odd[.npy'])
    """
    return [name.strip() for name in re.findall(NAME, text) if name.strip()]


def choose_formats(names: Sequence[str]) -> tuple[tuple[Format, ...], tuple[Peer, ...]]:
    """Formats and peers from names of the command line; UnknownFormat names the nearest ones."""
    chosen = [name for name in names if not libraries.is_peer(name)]
    return (
        tuple(dict.fromkeys(formats.parse(name) for name in chosen)),
        tuple(dict.fromkeys(libraries.parse(name) for name in names if libraries.is_peer(name))),
    )
