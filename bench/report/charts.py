"""The plots of what is no trade of size against speed: systolic arrays, nested levels, microcontrollers.

Each is a strip of dots, a line a row; `assets/strips.js` draws it. A chart is there where its file is.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from dotbench.bench.compare.figures import extra_keys
from dotbench.bench.compare.results import Results
from dotbench.bench.record.columns import FILES


@dataclass(frozen=True)
class Strip:
    """A figure. ``before``: the column it is compared with; ``low``, ``high``: its interval; ``kind`` as in axes."""

    column: str
    title: str
    kind: str = "number"
    before: str = ""
    low: str = ""
    high: str = ""


@dataclass(frozen=True)
class Chart:
    """``lines``: keys that make lines of their own; a value of each of the file's other keys is chosen.
    ``beside``: the column without which no other figure may stand."""

    file: str
    title: str
    text: str
    strips: tuple[Strip, ...]
    lines: tuple[str, ...] = field(default=())
    beside: str = ""


CHARTS = (
    Chart(
        "systolic",
        "Column combining on a systolic array",
        "Column combining packs several sparse columns into one and drops weights that collide. The array is used "
        "better, and the product is no longer exact: utilization is never shown without its error.",
        (
            Strip("utilization_after", "utilization, %", before="utilization_before"),
            Strip("cycles_after", "cycles", before="cycles_before"),
            Strip("tiles_after", "tiles", before="tiles_before"),
            Strip("error_product", "error of the product", "share"),
            Strip("error_frobenius", "error of the matrix", "share"),
            Strip("pruned_share", "share of weights dropped", "share"),
            Strip("energy_relative", "energy relative to before", "ratio"),
        ),
        beside="error_product",
    ),
    Chart(
        "levels",
        "Nested sub-networks, level by level",
        "One stored matrix holds several: each level is a smaller product that a device can switch to at run time. "
        "Below the full level it is another matrix (marked ≈), and its error stands beside every figure.",
        (
            Strip("multiplications", "multiplications"),
            Strip("active_bytes", "bytes of weights that are read", "bytes"),
            Strip("importance_kept", "sum of |w| that is kept", "share"),
            Strip("prefix_ratio", "time / time of a compact copy", "ratio", low="prefix_low", high="prefix_high"),
            Strip("adapt_ns", "time to change to the level", "ns"),
            Strip("sharing_gain", "weights of separate copies / weights here", "ratio"),
            Strip("peak_activation_bytes", "bytes of input and output", "bytes"),
            Strip("error", "error of the matrix", "share"),
        ),
        ("level",),
        beside="error",
    ),
    Chart(
        "cycles",
        "On the microcontroller: counted and estimated",
        "Instructions are exact counts of the same C sources built for a Cortex-M55. Cycles are estimated from them "
        "(low to high); they are no measurement.",
        (
            Strip("cycles_est_mid", "cycles, estimated", low="cycles_est_low", high="cycles_est_high"),
            Strip("instructions", "instructions"),
            Strip("data_bytes", "bytes of data", "bytes"),
            Strip("code_bytes", "bytes of code", "bytes"),
            Strip("scratch_bytes", "bytes of workspace", "bytes"),
        ),
        ("layer", "kernel"),
    ),
    Chart(
        "board",
        "On the microcontroller: measured on a board",
        "Cycles that a real board's counter measured.",
        (Strip("cycles", "cycles, measured"),),
        ("layer", "kernel"),
    ),
)


def there(results: Results) -> list[dict[str, Any]]:
    """The charts that have something to show, with the figures that some row has."""
    found = []
    for chart in CHARTS:
        if chart.file not in FILES:
            continue
        rows = [row for row in results.rows.get(chart.file, []) if row["status"] == "ok"]
        strips = [strip for strip in chart.strips if any(row.get(strip.column) is not None for row in rows)]
        if strips:
            lines = [name for name in chart.lines if name in extra_keys(chart.file)]
            found.append(asdict(chart) | {"strips": [_known(chart.file, strip) for strip in strips], "lines": lines})
    return found


def _known(file: str, strip: Strip) -> dict[str, str]:
    """The strip without companions that this version's file has not."""
    names = {column.name for column in FILES[file]}
    known = asdict(strip)
    return known | {name: known[name] if known[name] in names else "" for name in ("before", "low", "high")}
