"""What each format of results looks like and is called: symbols are those of `dotbench.bench.show.symbols`."""

from __future__ import annotations

from typing import Any

from dotbench import formats
from dotbench.bench.compare.results import Results
from dotbench.bench.metrics.metric import Row
from dotbench.bench.show.grid import SECTIONS, is_lossy, label, section, short
from dotbench.bench.show.symbols import symbols


def lossy(results: Results) -> set[str]:
    """The labels of lossy formats. A level of a nested matrix may be lossy and its format is not: each of its
    rows says so by itself."""
    rows = (row for file, found in results.rows.items() if file != "levels" for row in found)
    return {label(row) for row in rows if is_lossy(row)}


def marks(results: Results) -> dict[str, dict[str, Any]]:
    """By label: what it is called, its section, whether it is lossy, colour and symbol."""
    rows = {label(row): row for found in results.rows.values() for row in found}
    losing = lossy(results)
    found = {}
    looks = symbols(sorted(rows, key=lambda name: _order(rows[name])))
    for name, look in looks.items():
        found[name] = {
            "short": short(name),
            "section": SECTIONS[section(rows[name])],
            "lossy": name in losing,
            "colour": look.colour,
            "symbol": look.shape,
        }
    return found


def _order(row: Row) -> tuple[int, int, str]:
    """Sections in turn, formats as they are registered."""
    names = list(formats.names())
    place = names.index(row["format"]) if row["format"] in names else len(names)
    return section(row), place, label(row)
