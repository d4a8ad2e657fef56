"""One table of symbols: what each format looks like in every plot, of the README and of the report.

A symbol and a colour, never a colour alone. Colours are Okabe and Ito's, which people who confuse colours can tell
apart; symbols are called as plotly calls them, and `MARKERS` has matplotlib's names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# The last one is the report's --mark-7, which has a lighter value on dark pages: see assets/style.css.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#f0e442", "#6b727a")
RIM = "#14171a"  # the line around a symbol, so that yellow is seen on white
MARKERS = {
    "circle": "o", "square": "s", "triangle-up": "^", "diamond": "D", "cross": "P", "triangle-down": "v", "x": "X",
    "pentagon": "p", "star": "*", "triangle-right": ">", "hexagon": "h",
}  # fmt: skip


@dataclass(frozen=True)
class Symbol:
    """``shape``: a key of `MARKERS`; ``colour``: an index of `COLOURS`."""

    shape: str
    colour: int

    @property
    def marker(self) -> str:
        """matplotlib's name."""
        return MARKERS[self.shape]

    @property
    def hex(self) -> str:
        return COLOURS[self.colour]


# Kin have one shape (dense: squares, csc: circles, codebooks: diamonds, Huffman: triangles), and differ in colour.
SYMBOLS = {
    "dense": Symbol("square", 7),
    "nested": Symbol("square", 5),
    "bsr": Symbol("square", 0),
    "csc": Symbol("circle", 0),
    "csc_min": Symbol("circle", 5),
    "csc_palette": Symbol("circle", 1),
    "im": Symbol("diamond", 3),
    "im_packed": Symbol("diamond", 6),
    "cells": Symbol("diamond", 0),
    "bitmap": Symbol("star", 1),
    "bitmap[values=codebook]": Symbol("star", 6),
    "cser": Symbol("triangle-right", 2),
    "eie": Symbol("pentagon", 3),
    "eie[coding=huffman]": Symbol("pentagon", 4),
    "ham": Symbol("triangle-up", 4),
    "sham": Symbol("triangle-up", 2),
    "column_combined": Symbol("x", 2),
    "dense_s8": Symbol("square", 4),
    "csr16": Symbol("circle", 2),
    "bcsr2x2": Symbol("square", 2),
    "rle4": Symbol("triangle-down", 0),
    "rel15": Symbol("triangle-down", 5),
    "psr8": Symbol("cross", 0),
    "dcsr": Symbol("cross", 1),
    "rice": Symbol("hexagon", 4),
    "rice[values=coded]": Symbol("hexagon", 6),
    "zstd": Symbol("hexagon", 7),
    "mlw": Symbol("hexagon", 3),
    "blas_dense": Symbol("x", 7),
    "scipy_csc": Symbol("cross", 7),
    "scipy_csr": Symbol("cross", 3),
}


def symbols(labels: Iterable[str]) -> Mapping[str, Symbol]:
    """The symbols of labels. A format with parameters that the table has not looks like the format where that is
    not taken; what is left gets the pairs that no other has, and after 88 they come again.

    >>> found = symbols(["ham", "ell", "bsr[block=8]"])
    >>> found["ham"] == SYMBOLS["ham"], found["bsr[block=8]"] == SYMBOLS["bsr"], found["ell"] in SYMBOLS.values()
    (True, True, False)
    """
    names = list(dict.fromkeys(labels))
    found = {name: SYMBOLS[name] for name in names if name in SYMBOLS}
    for name in names:
        own = SYMBOLS.get(name.partition("[")[0])
        if name not in found and own and own not in found.values():
            found[name] = own
    pairs = [Symbol(shape, colour) for colour in range(len(COLOURS)) for shape in MARKERS]
    table, used = set(SYMBOLS.values()), set(found.values())
    free = sorted(set(pairs) - used, key=lambda pair: (pair in table, pairs.index(pair)))  # the table's own last
    rest = [name for name in names if name not in found]
    for number, name in enumerate(rest):
        found[name] = free[number] if number < len(free) else pairs[number % len(pairs)]
    return {name: found[name] for name in names}
