"""The harness: plan, measure, journal, export, compare, show. For use from Python: `load`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ != "dotbench.bench" and sys.argv[0] != "-m":  # `python -m bench`, in a checkout
    raise ImportError("this is dotbench.bench: from dotbench import bench")

if TYPE_CHECKING:
    import pandas as pd


def load(path: str | Path) -> pd.DataFrame:
    """Results as one tidy pandas frame: a row a cell, a column a variable, missing values as NA.

    ``path``: a results folder (all its files), one CSV file, or a revision of this checkout (``"HEAD~3"``).

    - ``metric``: the row's file, ``space``, ``time``, ``instructions``, ...
    - ``dataset matrix_sha256 source format params status reason code_sha``: text, in all files.
    - ``figure value low high``: the headline figure of the metric (bytes, time_ratio, instructions_per_dot,
      joules_per_dot, cycles_after, active_bytes), by the name of its column, with its 99 % interval where it was
      measured and not counted.
    - The files' other columns, NA in rows of other files: text, counts (Int64), measures (float64), ``lossless``
      (boolean). Units are in the names: ``bytes``, ``ns_per_dot``.

    dotbench.bench.compare.errors.CompareError: there is no such thing, or a line of it is not what it should be::

        frame = bench.load("results")
        frame[frame.metric == "space"].pivot(index="dataset", columns=["format", "params"], values="value")
        frame[(frame.metric == "time") & (frame.batch == 1)].groupby("format").value.median()
    """
    from dotbench.bench.machine.extras import missing  # what follows imports packages of the extra

    if lack := missing(("report",), "dotbench.bench.load"):
        raise ImportError(lack)
    from dotbench.bench.interop.frame import load as loaded

    return loaded(path)
