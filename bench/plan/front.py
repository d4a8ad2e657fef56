"""Which cells of a matrix are timed first: those of formats that may be on the front of bytes and time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dotbench.bench.plan.cell import Cell

SMALLEST = 4  # formats
QUICKEST = ("csc", "csc_min", "dense", "dense_s8", "csr16", "blas_dense", "scipy_csc", "scipy_csr")
WORTH = 12  # cells from which on two groups are worth the starts of more processes


def front_first(cells: Sequence[Cell], spaces: Sequence[dict[str, Any]]) -> Iterator[list[Cell]]:
    """The cells in one or two groups: first one vector, one thread, the smallest formats and those that are usually
    fast; then all others. ``spaces``: the matrix's rows of space.csv."""
    if len(cells) < WORTH:
        yield list(cells)
        return
    sizes = {(row["format"], row["params"]): row["bytes"] for row in spaces if row["status"] == "ok"}
    formats = [at for at in sorted(sizes, key=sizes.__getitem__) if ":" not in at[0]]
    wanted = {*formats[:SMALLEST], *((name, "") for name in QUICKEST)}
    least = min((cell.batch for cell in cells), default=1)
    first = [cell for cell in cells if (cell.format, cell.params) in wanted and cell.batch == least]
    first = [cell for cell in first if cell.threads == first[0].threads and cell.cache == first[0].cache]
    others = [cell for cell in cells if cell not in first]
    yield from filter(None, (first, others))
