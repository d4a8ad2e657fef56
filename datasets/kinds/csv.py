"""Tables of numbers as text: .csv, and whatever ends like nothing else of the registry's own files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dotbench.datasets.reader import Reader, Streamed, Wanted
from dotbench.datasets.tables import read_table

ROUNDED = "float64 rounded to float32"


def read(path: Path, wanted: Wanted) -> Streamed:
    """The table, without the columns that are dropped; its rows are put aside in ``scratch``."""
    table, changed = read_table(path, wanted.drop, wanted.scratch)
    return Streamed(table, ROUNDED if changed else "")


READER = Reader(
    "csv",
    "a table of numbers, a line a row",
    (".csv",),
    read,
    packed=True,
    write=lambda path, W: np.savetxt(path, W, delimiter=","),
)
