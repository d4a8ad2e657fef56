"""One mapping of a file that numbers are views of, and one kind of error for whatever a damaged file leads to."""

from __future__ import annotations

import mmap
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.errors import CUT, DataError
from dotbench.datasets.pickled_numpy import PickleError


class Opened:
    """A regular file, mapped: nothing is read before it is asked for. DataError where it cannot be opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            if not stat.S_ISREG(path.stat().st_mode):  # a pipe would wait for its other end
                raise DataError(f"{path} is no regular file")
            with path.open("rb") as file:
                self.size = path.stat().st_size
                # an empty file cannot be mapped
                self.data: mmap.mmap | bytes = (
                    mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if self.size else b""
                )
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
        self.size = len(self.data)

    def bytes(self, offset: int, count: int) -> bytes:
        """A copy of ``count`` bytes, of fewer where the file ends before."""
        return bytes(self.data[offset : offset + count])

    def numbers(self, dtype: np.dtype[Any], offset: int, count: int) -> npt.NDArray[Any]:
        """``count`` numbers from a byte on, a view that cannot be written to; DataError where the file ends before."""
        if offset < 0 or count < 0 or offset + count * dtype.itemsize > self.size:
            raise DataError(f"{self.path} has no {count} numbers of {dtype} at byte {offset}; {CUT}")
        if not count:
            return np.zeros(0, dtype)
        return np.frombuffer(self.data, dtype, count, offset)


def aligned(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same numbers where a processor wants them: a copy only where they lie elsewhere in the file."""
    return array if array.flags.aligned else array.copy()


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Errors of a file under its name: our own, and whatever else a damaged one leads to."""
    try:
        yield
    except DataError as error:
        if str(path) in str(error):
            raise
        raise DataError(f"{path} cannot be read as a model: {error}") from error
    except PickleError as error:  # ours says itself what to do
        raise DataError(f"{path} cannot be read as a model: {error}") from error
    except Exception as error:  # damaged files raise nearly anything
        why = str(error)[:200] or type(error).__name__
        raise DataError(f"{path} cannot be read as a model: {why} ({CUT})") from error
