"""A tensor as a file without a graph has it: a name and numbers, before anybody asks what it is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import NAME, bfloat16_dtype
from dotbench.datasets.models.model_file import Scales

LONGEST_NAME = 300  # what a tensor is for is told by its name, and searching a longer one takes its time
READ = ("float32", "float16", "bfloat16", "float64", "int8")  # what matrices are read of


@dataclass(frozen=True, eq=False)
class StoredTensor:
    """``dtype``: numpy's name or the file's; ``nbytes``: in the file; ``array``: its numbers. ``unread``: why they
    cannot be had as weights, "" where they can; ``also``: other names of the same numbers; ``inputs_first``: of packed
    weights, which are surely multiplied, that outputs come last."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    nbytes: int
    array: Callable[[], npt.NDArray[Any]] = field(repr=False)
    unread: str = ""
    note: str = ""
    also: tuple[str, ...] = ()
    scales: Scales | None = None
    inputs_first: bool = False


def numpy_dtype(name: str) -> np.dtype[Any]:
    """numpy's little-endian dtype of a name.

    >>> numpy_dtype("int16"), numpy_dtype("bfloat16").itemsize
    (dtype('int16'), 2)
    """
    return bfloat16_dtype() if name == NAME else np.dtype(np.dtype(name).newbyteorder("<").str)


def why_unread(dtype: str, called: str = "") -> str:
    """Why matrices of a dtype are not read, "" where they are; ``called``: by the file.

    >>> why_unread("float32"), why_unread("float8", "F8_E4M3"), why_unread("int64")
    ('', 'float8 (F8_E4M3) is not read', 'int64 is not read: weights are floats or int8')
    """
    if dtype in READ:
        return ""
    named = f"{dtype} ({called})" if called and called != dtype else dtype
    whole = dtype.startswith(("int", "uint", "bool"))
    return f"{named} is not read{': weights are floats or int8' if whole else ''}"
