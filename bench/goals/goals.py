"""The goals of `dotbench.bench.goals.race`: which kernel has to reach what, against whom, on which matrix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dotbench import formats
from dotbench.bench.plan.cell import Cell
from dotbench.bench.timing.pairs import Estimate

RANDOM = "random/4096-90-32"
LAYER = "vgg19/90-0-32"
GRID, SILICON = "orsreg_1", "SiNa"
# What csc took of LAYER when goals were set against it, over what it takes since its columns are summed in vectors: the
# yardstick became shorter, and what was measured with it did not become slower.
CSC_BEFORE = 1.2


@dataclass(frozen=True)
class Goal:
    """``limit`` in ``unit`` (``x`` of the opponent, ``MB/s`` of float32 input, ``ms``), or None: a figure without goal.

    ``least``: the figure has to be at least that, else at most.
    """

    cell: Cell
    limit: float | None
    unit: str = "x"
    least: bool = False

    @property
    def what(self) -> str:
        """In words.

        >>> product("sham", "csc", LAYER, 1, 2.0 * CSC_BEFORE).what
        'sham against csc, vgg19/90-0-32, batch 1'
        """
        cell = self.cell
        known = cell.details()
        if "from" in known:
            return f"{cell.label} encoded, {cell.dataset}, one thread"
        if known["against"] == "probe":
            return f"{cell.label}, {cell.threads} threads against the compute probe, {cell.dataset}"
        return f"{cell.label} against {known['against']}, {cell.dataset}, batch {cell.batch}"

    @property
    def words(self) -> str:
        """The limit in words, empty without one."""
        if self.limit is None:
            return ""
        return f"at {'least' if self.least else 'most'} {self.limit:g}{'' if self.unit == 'x' else ' '}{self.unit}"

    def in_its_unit(self, found: Estimate, matrix_bytes: int) -> Estimate:
        """An estimate of seconds in the goal's unit; ratios stay as they are."""
        if self.unit == "x":
            return found
        if self.unit == "ms":
            return Estimate(found.ratio * 1e3, found.low * 1e3, found.high * 1e3, found.passes)
        size = matrix_bytes / 1e6
        return Estimate(size / found.ratio, size / found.high, size / found.low, found.passes)

    def verdict(self, found: Estimate) -> str:
        """``met``, ``not met``, or ``unsure`` where the interval holds the limit; empty without a limit."""
        if self.limit is None:
            return ""
        if found.low <= self.limit <= found.high:
            return "unsure"
        return "met" if (found.ratio > self.limit) == self.least else "not met"


def product(label: str, against: str, dataset: str, batch: int, limit: float | None) -> Goal:
    """A product in pairs with another one."""
    kind = formats.parse(label)
    return Goal(Cell("races", dataset, kind.name, kind.params, batch, 1, "warm", f"against={against}"), limit)


def threads(label: str) -> Goal:
    """What two threads gain on the large layer, as a share of what the compute probe gains."""
    return Goal(Cell("races", RANDOM, label, "", 1, 2, "warm", "against=probe"), 0.93, "x", True)


def encoding(label: str, dataset: str, limit: float, unit: str) -> Goal:
    """Encoding from a dense array on one core."""
    return Goal(Cell("races", dataset, label, detail="from=array"), limit, unit, unit == "MB/s")


GOALS = (
    product("csc", "scipy_csc", RANDOM, 1, 0.75),
    product("csc", "scipy_csc", RANDOM, 8, 0.5),
    product("csc", "scipy_csc", RANDOM, 32, 0.5),
    product("sham", "scipy_csc", RANDOM, 1, 1.15),
    product("sham", "scipy_csc", RANDOM, 8, 0.5),
    product("sham", "scipy_csc", RANDOM, 32, 0.5),
    product("ham", "blas_dense", RANDOM, 1, 1.2),
    product("ham", "blas_dense", RANDOM, 8, 0.8),
    product("ham", "blas_dense", RANDOM, 32, None),
    product("ham", "blas_dense", GRID, 1, 0.8),
    product("sham", "csc", LAYER, 1, 2.0 * CSC_BEFORE),
    product("ham", "csc", LAYER, 1, 4.5 * CSC_BEFORE),
    product("csc_min", "csc", LAYER, 1, 1.0),
    product("im", "blas_dense", LAYER, 1, 1.3),
    *(threads(label) for label in ("csc", "sham", "ham", "im")),
    *(encoding(label, RANDOM, 400, "MB/s") for label in ("ham", "sham")),
    *(encoding(label, GRID, 50, "ms") for label in ("ham", "sham")),
    *(encoding(label, SILICON, 330, "ms") for label in ("ham", "sham")),
)
# matrices and formats whose bytes and instructions are counted
COUNTED = (
    *((RANDOM, label) for label in ("csc", "csc_min", "sham", "ham", "im", "bitmap", "eie", "cser", "dense")),
    *((LAYER, label) for label in ("csc", "csc_min", "sham", "ham", "im", "bitmap", "eie", "cser", "dense")),
    (GRID, "ham"),
)


def ceilings(counted: Iterable[tuple[str, str]]) -> Iterator[Cell]:
    """Copying a payload, and decoding it alone where it is coded, against its product."""
    for dataset, label in counted:
        kind = formats.parse(label)
        for name in ("memcpy", "decode") if kind.coded else ("memcpy",):
            yield Cell("races", dataset, f"ceiling:{name}", f"format={label}", 1, 1, "warm", f"against={label}")
