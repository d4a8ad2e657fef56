"""Flatbuffers from strangers: what is asked of a file is counted, and what leads outside of it is an error.

The library's Python classes check no more than that a number lies in the file, and a small file can name the
same table a million times over (a hundred tables of a hundred references are ten thousand visits). So every visit
counts, and a file may be asked for a few times its own size.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from dotbench.datasets.errors import DataError
from dotbench.datasets.models.skipped import Skipped

T = TypeVar("T")

GROWTH = 512  # what a file's weights may take when they are written out, as a multiple of its size,
GROWN_MOST = 1 << 30  # and in bytes

VISIT_BYTES = 32  # what one table, or one field that is named by a number, counts: no real one is smaller
FREE_BYTES = 1 << 15
MOST_BYTES = 1 << 26  # two million visits: most of a minute


class Guard:
    """The allowance of one file of ``size`` bytes."""

    def __init__(self, size: int) -> None:
        self._left = min(4 * size + FREE_BYTES, MOST_BYTES)
        self._room = min(GROWTH * size, GROWN_MOST)

    def charge(self, amount: int) -> None:
        """Takes ``amount`` bytes from the allowance; DataError where it is used up."""
        self._left -= amount
        if self._left < 0:
            raise DataError("it names its own parts again and again, many times its size: no honest model does")

    def grow(self, amount: int) -> None:
        """Takes ``amount`` bytes from what weights may take that are stored in fewer; Skipped where it is too much."""
        if amount > self._room:
            raise Skipped(
                f"written out it takes {amount} bytes, and {self._room} are left: all that is packed in a file may "
                f"take {GROWTH} times the file's size, and {GROWN_MOST >> 30} GiB at most"
            )
        self._room -= amount

    def each(self, count: int, get: Callable[[int], T]) -> list[T]:
        """``get(0)`` to ``get(count - 1)``: the tables of a vector, charged before the first is visited."""
        self.charge(count * VISIT_BYTES)
        return [get(number) for number in range(count)]

    def array(self, found: Any) -> npt.NDArray[Any]:
        """A vector of numbers as the library gives it: a view of the file, or 0 where there is none."""
        array = found if isinstance(found, np.ndarray) else np.zeros(0, np.int64)
        self.charge(VISIT_BYTES + array.nbytes)
        return array

    def one(self, what: str, number: int, count: int, get: Callable[[int], T]) -> T:
        """Number ``number`` of ``count``, as the file names it somewhere else."""
        if not 0 <= number < count:
            raise DataError(f"{what} {number} is named, and there are {count}")
        self.charge(VISIT_BYTES)
        return get(number)


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Errors of a file under its name: our own, and those that offsets out of it lead to."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{name} cannot be read as a model: {error}") from error
    except (struct.error, ValueError, TypeError, IndexError, OverflowError) as error:
        raise DataError(
            f"{name} cannot be read as a model: it is cut short or damaged, and names what lies outside of it ({error})"
        ) from error
