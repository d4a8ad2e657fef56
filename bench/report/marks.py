"""What each format looks like, the same in every plot: a colour and a symbol, never a colour alone."""

from __future__ import annotations

from typing import Any

import formats
from bench.compare.results import Results
from bench.rows import Row
from bench.show.grid import SECTIONS, is_lossy, label, section, short

# Eight colours and eleven symbols have no common divisor: 88 pairs before one comes again. Colours are numbers
# of Okabe and Ito's palette, which `assets/style.css` names; symbols are plotly's, and assets/symbols.js draws them.
COLOURS = 8
SYMBOLS = (
    "circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "x", "pentagon", "star",
    "triangle-right", "hexagon",
)  # fmt: skip


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
    for place, name in enumerate(sorted(rows, key=lambda name: _order(rows[name]))):
        found[name] = {
            "short": short(name),
            "section": SECTIONS[section(rows[name])],
            "lossy": name in losing,
            "colour": place % COLOURS,
            "symbol": SYMBOLS[place % len(SYMBOLS)],
        }
    return found


def _order(row: Row) -> tuple[int, int, str]:
    """Sections in turn, formats as they are registered: adding one leaves the looks of those before it."""
    names = list(formats.names())
    place = names.index(row["format"]) if row["format"] in names else len(names)
    return section(row), place, label(row)
