"""What the levels of a nested matrix are made of: importances, shares of multiplications, widths."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dotbench.cdot.encode.dense import add_sizes
from dotbench.formats.sources.source import Source, blocks

MOST_LEVELS = 15  # below the full one: a byte each behind their number, 16 bytes of fields
WITHOUT_SHARES = ("none", "given")  # only the full level; widths that came from outside
Width = tuple[int, int]  # rows (inputs) and columns (outputs) of a level
Floats = npt.NDArray[np.float64]


def parse_shares(text: str) -> tuple[int, ...]:
    """Percentages from ``25+50+75``; ValueError for what is none, out of order, or written in another way.

    >>> parse_shares("25+50+75"), parse_shares("none")
    ((25, 50, 75), ())
    """
    if text in WITHOUT_SHARES:
        return ()
    shares = [int(part) if part.isascii() and part.isdigit() else 0 for part in text.split("+")]
    rising = all(low < high for low, high in pairwise([0, *shares, 100]))
    if not rising or "+".join(map(str, shares)) != text or len(shares) > MOST_LEVELS:
        raise ValueError(
            f"levels={text}: levels are whole percentages from 1 to 99 in rising order, joined by +, at most "
            f"{MOST_LEVELS} of them (25+50+75; the full level is always there), or none"
        )
    return tuple(shares)


def equal_share(n: int, m: int, percent: int) -> Width:
    """The largest equal share of rows and columns that keeps to ``percent`` of the n m multiplications.

    Shares are rounded down, to one row and one column at the least; 0 by 0 where not even these keep to it.

    >>> equal_share(4096, 4096, 25), equal_share(250, 144, 50), equal_share(1, 70, 25)
    ((2048, 2048), (177, 101), (1, 17))
    """

    def widths(share: int) -> Width:  # in units of 1 / (n m), in which both widths change at integers
        return max(1, share // m), max(1, share // n)

    def fits(share: int) -> bool:
        rows, columns = widths(share)
        return 100 * rows * columns <= percent * n * m

    if n == 0 or m == 0 or not fits(0):
        return 0, 0
    low, high = 0, n * m  # the first fits, the last does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return widths(low)


def importances(source: Source) -> tuple[Floats, Floats]:
    """The sum of |w| of each row (n,) and of each column (m,), float64, added column by column."""
    n, m = source.shape
    rows, columns = np.zeros(n), np.zeros(m)
    for begin, end, block in blocks(source):
        add_sizes(block.rows, block.values, block.indptr, rows, columns[begin:end])
    return rows, columns


def checked_importance(what: str, importance: npt.ArrayLike, count: int, of: str) -> Floats:
    """As float64 (count,); ValueError for another length or what is not finite."""
    found = np.asarray(importance, np.float64)
    if found.shape != (count,):
        raise ValueError(f"{what} has shape {found.shape}, and W has {count} {of}: pass one number for each")
    if not np.isfinite(found).all():
        at = int(np.argmin(np.isfinite(found)))
        raise ValueError(f"{what} is {found[at]} at {at}: importances are finite numbers")
    return found


def check_widths(widths: Sequence[Width], n: int, m: int) -> None:
    """ValueError unless the widths rise in both directions and stay within n by m."""
    if len(widths) > MOST_LEVELS:
        raise ValueError(f"{len(widths)} levels below the full one: at most {MOST_LEVELS}")
    for level, (low, high) in enumerate(pairwise([(0, 0), *widths, (n, m)])):
        if low[0] > high[0] or low[1] > high[1]:
            raise ValueError(
                f"level {level} is {high[0]} by {high[1]}, and the one before it {low[0]} by {low[1]}: levels are "
                f"(rows, columns) from (0, 0) on, rising in both, to the whole matrix ({n} by {m})"
            )
