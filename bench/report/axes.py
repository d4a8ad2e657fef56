"""Which columns can be an axis of the plot, and what tells the rows of a file apart.

An axis is offered where a file has a figure for it; a file that the table below does not know has no axes, and
is still in the report's table.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from dotbench.bench.compare.figures import equal, extra_keys
from dotbench.bench.compare.results import Results
from dotbench.bench.record.columns import COUNTS, FILES, KEYS, Row


@dataclass(frozen=True)
class Axis:
    """A figure. ``low``, ``high``: columns of its interval; ``kind``: how it prints, see ``assets/numbers.js``."""

    file: str
    column: str
    title: str
    kind: str = "number"
    low: str = ""
    high: str = ""


AXES = (
    Axis("space", "bytes", "size in bytes", "bytes"),
    Axis("space", "bits_per_nonzero", "bits per nonzero"),
    Axis("space", "bits_per_entry", "bits per entry"),
    Axis("space", "scratch_bytes", "workspace in bytes", "bytes"),
    Axis("time", "time_ratio", "time of a product / time with csc", "ratio", "ratio_low", "ratio_high"),
    Axis("time", "ns_per_dot", "time of a product", "ns"),
    Axis("time", "ns_per_nonzero", "time per nonzero", "ns"),
    Axis("time", "encode_seconds", "time to encode", "s"),
    Axis("instructions", "instructions_per_dot", "instructions of a product"),
    Axis("instructions", "instructions_per_nonzero", "instructions per nonzero"),
    Axis("energy", "joules_per_dot", "energy of a product, measured", "J", "joules_low", "joules_high"),
    Axis("energy", "net_joules_per_dot", "energy without idle, measured", "J"),
    Axis("energy", "model_pj_per_entry", "energy per entry, modelled", "pJ"),
    Axis("cycles", "cycles_est_mid", "cycles, estimated", "number", "cycles_est_low", "cycles_est_high"),
    Axis("cycles", "instructions", "instructions on the microcontroller"),
    Axis("board", "cycles", "cycles, measured on a board"),
    Axis("systolic", "cycles_after", "cycles of a systolic array"),
    Axis("systolic", "error_product", "error of a product (column combining)", "share"),
    Axis("space", "error", "error of the matrix", "share"),
    Axis("time", "product_error", "error of a product against float64", "share"),
)

# What every plot has at first, the README's too: it is what the tables say.
USUAL = tuple(axis for axis in AXES if axis.column in ("bytes", "time_ratio"))


def there(results: Results) -> list[dict[str, Any]]:
    """The axes that some row which went well has a figure for."""
    return [asdict(axis) for axis in AXES if _has(results.rows.get(axis.file, []), axis)]


def _has(rows: list[Row], axis: Axis) -> bool:
    known = any(column.name == axis.column for column in FILES[axis.file]) if axis.file in FILES else False
    return known and any(row["status"] == "ok" and row[axis.column] is not None for row in rows)


def splits(file: str, rows: list[Row]) -> list[str]:
    """The columns that a reader has to choose a value of, so that a cell is one row: the file's own keys, and
    others (``isa``, ``machine``) only where the same cell is there with several values. A name that follows from
    the matrix (its ``layer``) is no choice."""
    seen: dict[tuple[Any, ...], Row] = {}
    more: set[str] = set()
    for row in rows:
        first = seen.setdefault(tuple(row[name] for name in KEYS[file]), row)
        more |= {name for name in equal(file) if row[name] != first[name]}
    own = [name for name in extra_keys(file) if name in COUNTS or not _follows(name, rows)]
    return [*own, *(name for name in equal(file) if name in more)]


def _follows(name: str, rows: list[Row]) -> bool:
    """Whether each matrix has one value of a column, and not all of them the same."""
    pairs = {(row["matrix_sha256"], row[name]) for row in rows}
    return len(pairs) == len({sha for sha, _ in pairs}) and len({value for _, value in pairs}) > 1
