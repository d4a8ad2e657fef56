"""What is compared in each results file, and which columns have to agree for that.

A file that is added to `bench.record.columns.COLUMNS` gets one line in `FIGURES`, and one in `EQUAL` where its figures
depend on more than its cell.
"""

from __future__ import annotations

from dataclasses import dataclass

from dotbench.bench.compare.errors import CompareError, near
from dotbench.bench.record.columns import DECIMALS
from dotbench.bench.record.columns import extra_keys as extra_keys  # for whoever compares


@dataclass(frozen=True)
class Figure:
    """A column that is compared.

    ``words``: what it is called when it went down, and up. ``name``: what ``--fail-on`` calls it.
    ``low``, ``high``: the columns of its interval, for what is measured and not counted; ``count``: the
    column with the number of measurements behind it. ``equal``: columns that have to agree for this figure,
    besides the file's in `EQUAL`. ``gates``: a change for the worse may fail a build.
    """

    column: str
    words: tuple[str, str] = ("fewer", "more")
    name: str = ""
    more_is_better: bool = False
    low: str = ""
    high: str = ""
    count: str = ""
    gates: bool = True
    equal: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return self.name or self.column

    @property
    def exact(self) -> bool:
        return not self.low

    @property
    def half_unit(self) -> float:
        """Half of the last decimal that the CSV prints."""
        return 0.5 * 10.0 ** -DECIMALS[self.column] if self.column in DECIMALS else 0.0


SIZE = ("smaller", "larger")
SPEED = ("faster", "slower")
LEVEL = ("lower", "higher")

# The first figure of a file is its headline.
FIGURES: dict[str, tuple[Figure, ...]] = {
    "space": (Figure("bytes", SIZE), Figure("scratch_bytes", SIZE), Figure("error", SIZE)),
    "time": (Figure("time_ratio", SPEED, "time", False, "ratio_low", "ratio_high", "passes", False),),
    "instructions": (Figure("instructions_per_dot", name="instructions"),),
    "energy": (
        Figure("joules_per_dot", ("less", "more"), "energy", False, "joules_low", "joules_high", gates=False),
        Figure("model_pj_per_entry", ("less", "more"), gates=False),
    ),
    "systolic": (
        Figure("cycles_after"),
        Figure("tiles_after"),
        Figure("groups"),
        Figure("utilization_after", LEVEL, more_is_better=True),
        Figure("error_product", SIZE),
    ),
    "levels": (
        Figure("active_bytes", SIZE),
        Figure("multiplications"),
        Figure("peak_activation_bytes", SIZE),
        Figure("importance_kept", LEVEL, more_is_better=True),
        Figure("error", SIZE),
        Figure("prefix_ratio", SPEED, low="prefix_low", high="prefix_high", gates=False, equal=("isa",)),
    ),
    "cycles": (
        Figure("cycles_est_mid"),
        Figure("instructions"),
        Figure("code_bytes", SIZE),
        Figure("data_bytes", SIZE),
        Figure("scratch_bytes", SIZE),
    ),
    "board": (Figure("cycles", gates=False),),
}
# Columns besides the cell and the matrix's hash without whose agreement two figures are not compared.
EQUAL: dict[str, tuple[str, ...]] = {
    "time": ("isa", "compiler", "reference", "reference_sha"),
    "instructions": ("isa", "compiler", "columns_counted"),
    "energy": ("kind", "machine"),
    "board": ("machine",),
}
DEFAULT_LIMITS = "bytes:0%,instructions:1%,cycles_est_mid:1%"

Limits = dict[str, float]


def headline(file: str) -> Figure:
    """The figure that stands for a file."""
    return FIGURES[file][0]


def equal(file: str) -> tuple[str, ...]:
    """Columns that have to agree, besides the cell and the matrix's hash."""
    return EQUAL.get(file, ())


def limits(text: str) -> Limits:
    """``--fail-on``: by how much a figure may get worse, as a share; CompareError for what cannot gate.

    >>> limits("bytes:0%,instructions:1.5%")
    {'bytes': 0.0, 'instructions': 0.015}
    """
    return dict(_limit(part.strip()) for part in text.split(",") if part.strip())


def _limit(part: str) -> tuple[str, float]:
    name, _, share = part.partition(":")
    known = {figure.title: figure.gates for figures in FIGURES.values() for figure in figures}
    if name not in known:
        there = ", ".join(name for name, gates in known.items() if gates)
        raise CompareError(f"--fail-on: no figure {name!r}{near(name, known) or f': there are {there}'}")
    if not known[name]:
        raise CompareError(f"--fail-on: {name} is compared and never fails anything: it is not exact")
    try:
        value = float(share.removesuffix("%")) / 100
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf") or not share.endswith("%"):
        raise CompareError(f"--fail-on: {part!r} is no limit: write it like {name}:1%")
    return name, value
