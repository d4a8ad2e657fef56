"""The plots of what is no trade of size against speed: systolic arrays, nested levels, microcontrollers.

Each is a strip of dots, a line a row; `assets/strips.js` draws it. A chart is there where its file is.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from dotbench.bench.compare.results import Results
from dotbench.bench.metrics import registry


def there(results: Results) -> list[dict[str, Any]]:
    """The charts that have something to show, with the figures that some row has."""
    found = []
    for metric in registry.shown():
        rows = [row for row in results.rows.get(metric.name, []) if row["status"] == "ok"]
        if metric.chart is None or not rows:
            continue
        strips = [one for one in metric.chart.strips if any(row.get(one.column) is not None for row in rows)]
        if strips:
            drawn = {
                "strips": [asdict(strip) for strip in strips],
                "lines": [one for one in metric.chart.lines if one in metric.keys],
            }
            found.append({"file": metric.name, **asdict(metric.chart)} | drawn)
    return found
