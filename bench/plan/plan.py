"""What a run measures: a plan is a list of independent cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from dotbench import datasets, formats
from dotbench.bench.energy import windows
from dotbench.bench.plan.cell import BOUNDS, Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.targets import peers as libraries
from dotbench.bench.targets.peer import Peer
from dotbench.formats.format import Format
from dotbench.formats.value_types import given_to, value_type

# What small and full multiply with batches too; formats that came later have one vector there.
SPINE = ("dense", "csc", "csc_min", "im", "ham", "sham", "blas_dense", "scipy_csc")

# What a standard run has of a layer without zeros besides the reference and bounds; of what is for files, its size.
OF_ALL_ENTRIES = ("dense", "dense_w8", "rank", "blas_dense")
FOR_FILES = ("rank[coding=rice]",)


@dataclass(frozen=True)
class Plan:
    """The cells of a run, and how they are measured.

    ``later_batches``: of formats and peers that are not in `SPINE`; None: the same as ``batches``.
    ``later_ceilings``: these formats have ceilings too.
    ``metrics``: their names; None: all.
    ``full``: each matrix has its share of a full run (`dotbench.bench.plan.full_run`).
    ``standard``: a standard run, which leaves out cells that would take long and say little.
    ``dtype``: of the matrices; a plan for several kinds is narrowed by `of`. ``chosen``: these cells and no others.
    """

    datasets: tuple[str, ...]
    formats: tuple[Format, ...]
    peers: tuple[Peer, ...] = ()
    bounds: bool = False
    ceilings: bool = True
    metrics: tuple[str, ...] | None = None
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
    chosen: tuple[Cell, ...] = ()

    def of(self, dtype: str) -> Plan:
        """The part of it that a matrix of a dtype has: formats and peers that take it."""
        formats_ = tuple(one for one in self.formats if dtype in given_to(one))
        peers = tuple(one for one in self.peers if dtype in one.value_types)
        return replace(self, formats=formats_, peers=peers, dtype=dtype)

    def has(self, metric: str) -> bool:
        """Whether a metric was asked for."""
        return self.metrics is None or metric in self.metrics

    def leaves_untimed(self, dataset: str) -> bool:
        """Whether it is a standard run that has sizes and cycles of a layer and nothing else: of the zoo they time a
        few layers."""
        return self.standard and self.dtype == "int8" and dataset not in datasets.zoo.TIMED

    def leaves_out_levels(self, dataset: str) -> bool:
        """Whether it is a full run, which has the levels of the matrices of `small` alone."""
        return self.full and dataset.removesuffix(datasets.TWIN) not in datasets.SMALL

    def leaves_out(self, cell: Cell) -> bool:
        """Whether it is a standard run, and the cell one of a large layer without zeros that takes long and says
        little: formats of nonzeros are larger there than the dense matrix, and slower."""
        if not self.standard or cell.dataset not in datasets.seeded.FULL or cell.format in BOUNDS:
            return False
        if cell.format not in (*OF_ALL_ENTRIES, value_type(self.dtype).reference):
            return True
        return cell.label in FOR_FILES and cell.metric != "space"

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
