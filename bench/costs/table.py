"""The committed table: what a step takes, by format, type and batch. `nanoseconds.tsv` beside this file.

Lines that begin with ``#`` say where the products were measured that it is fitted to. The others have five fields,
separated by tabs: format with its parameters, type of the stored values, batch, step (`work.STEPS`) and nanoseconds.
Those of the steps in `RELATIVE` are shares instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from dotbench.bench.costs.work import STEPS

FILE = Path(__file__).parent / "nanoseconds.tsv"
AGAIN = "python -m dotbench.bench.costs.fit"
ERROR = "error"  # the relative error that four of five products stayed below which the steps were fitted to
TWO_THREADS = "two_threads"  # time with two threads over that with one, where both have enough to do
OF_FLOAT32 = "of_float32"  # time over what the steps of float32 say, of a type with too few products to fit
RELATIVE = (ERROR, TWO_THREADS, OF_FLOAT32)
COLUMNS = ("format", "dtype", "batch", "step", "ns")
Key = tuple[str, str, int]


@dataclass(frozen=True)
class CostTable:
    """``steps``: by format, type and batch the nanoseconds of each step, and the shares of `RELATIVE`. ``place``:
    machine, instruction set and compiler of the products that were measured."""

    steps: Mapping[Key, Mapping[str, float]]
    place: tuple[str, ...] = field(default=())

    def batches(self, label: str, dtype: str) -> list[int]:
        """The batches that a format has steps for, rising; none: it has not been fitted for that type.

        >>> CostTable({("csc", "float32", 8): {"nonzero": 0.3}}).batches("csc", "float32")
        [8]
        """
        return sorted(
            batch
            for (name, type_, batch), steps in self.steps.items()
            if (name, type_) == (label, dtype) and OF_FLOAT32 not in steps
        )

    def share(self, label: str, dtype: str, step: str) -> float | None:
        """A share of `RELATIVE` that does not depend on the batch; None where none is known."""
        known = (steps.get(step) for (name, type_, _), steps in self.steps.items() if (name, type_) == (label, dtype))
        return next((one for one in known if one is not None), None)


def text(table: CostTable) -> str:
    """The table as a file has it."""
    lines = [f"# {one}" for one in ("Nanoseconds a step, fitted to results/*.csv by", AGAIN, *table.place)]
    lines.append("\t".join(COLUMNS))
    for (label, dtype, batch), steps in sorted(table.steps.items()):
        for step, ns in sorted(steps.items()):
            lines.append("\t".join((label, dtype, str(batch), step, f"{ns:.9g}")))
    return "\n".join(lines) + "\n"


def parsed(written: str) -> CostTable:
    """A table from a file's text; ValueError names the line that is none of a table's."""
    steps: dict[Key, dict[str, float]] = {}
    place: list[str] = []
    head = None
    for number, line in enumerate(written.splitlines(), 1):
        if line.startswith("#"):
            place.append(line.removeprefix("#").strip())
            continue
        fields = tuple(line.split("\t"))
        if head is None:
            head = fields
            if head != COLUMNS:
                raise ValueError(f"line {number}: the columns are {' '.join(COLUMNS)}, not {line!r}: {AGAIN}")
            continue
        try:
            label, dtype, batch, step, ns = fields
            value = float(ns)
            if step not in (*STEPS, *RELATIVE) or not 0 <= value < float("inf"):
                raise ValueError(f"no step {step!r} of {ns} ns")
            steps.setdefault((label, dtype, int(batch)), {})[step] = value
        except ValueError as error:
            raise ValueError(f"line {number}: {error}; make the table anew: {AGAIN}") from error
    return CostTable(steps, tuple(place[2:]))


@cache
def committed() -> CostTable:
    """The table of this version."""
    return parsed(FILE.read_text("utf-8"))
