"""Columns of a table for rows of cycles.csv: thousands of estimated cycles, by where the payload lies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]
NOTE = "kcycles: thousands of estimated cycles (mid) of one product on a Cortex-M55; docs/cycles.md"


def columns(rows: Iterable[Row], wide: bool) -> dict[str, dict[str, float]]:
    """Figures by title and label: a product with one vector; ``wide``: also that of a layer's pixels, by pixel.

    >>> columns([], wide=True)
    {}
    """
    out: dict[str, dict[str, float]] = {}
    for row in rows:
        if row["status"] != "ok" or row["cycles_est_mid"] is None:
            continue
        place = str(row["placement"]).partition("@")[0]
        title = {"dot": f"kcycles {place}", "pixels": f"a pixel, {place}" if wide else ""}.get(row["kernel"], "")
        if title:
            name = f"{row['format']}[{row['params']}]" if row["params"] else str(row["format"])
            out.setdefault(title, {})[name] = row["cycles_est_mid"] / 1e3 / (row["pixels"] or 1)
    return dict(sorted(out.items(), key=lambda column: (column[0].startswith("a pixel"), "tcm" not in column[0])))
