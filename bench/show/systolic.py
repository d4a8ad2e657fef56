"""What column combining does to a matrix in words: utilization never stands without its error."""

from __future__ import annotations

from typing import Any

from dotbench.bench.show.grid import label

Row = dict[str, Any]


def lines(rows: list[Row]) -> list[str]:
    """One line for each format of systolic.csv: its first array, the one with the fewest inputs.

    >>> row = {"format": "column_combined", "params": "", "status": "ok", "array": "32x32", "input_length": 1}
    >>> row |= {"word_cycles": 1, "groups": 16, "utilization_before": 9.9976, "utilization_after": 64.8438}
    >>> row |= {"error_frobenius": 0.28, "error_product": 0.281, "cycles_before": 1040, "cycles_after": 220}
    >>> lines([row])[0]
    'column_combined on 32x32, 1 input: 1040 to 220 cycles, 10.0 to 64.8 % used; error 28.0 % of W, 28.1 % of XW'
    """
    good = [row for row in rows if row["status"] == "ok"]
    good.sort(key=lambda row: (row["input_length"], row["word_cycles"]), reverse=True)
    first = {label(row): row for row in good}  # the last one written stays
    return [_line(first[name]) for name in sorted(first)]


def _line(row: Row) -> str:
    count = row["input_length"]
    serial = f", {row['word_cycles']} cycles a word" if row["word_cycles"] > 1 else ""
    used = f"{row['utilization_before']:.1f} to {row['utilization_after']:.1f} % used"
    errors = f"error {row['error_frobenius']:.1%} of W, {row['error_product']:.1%} of XW".replace("%", " %")
    return (
        f"{label(row)} on {row['array']}, {count} input{'s' if count > 1 else ''}{serial}: "
        f"{row['cycles_before']} to {row['cycles_after']} cycles, {used}; {errors}"
    )
