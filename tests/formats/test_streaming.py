"""Encoders stream: the same bytes whatever the blocks, the threads, and the array's dtype and order."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from dotbench import formats
from dotbench.formats.errors import TooMuchWork
from dotbench.formats.sources.source import Columns, ranges
from dotbench.formats.sources.streaming import Threaded, streamed

sys.path.insert(0, str(Path(__file__).parent.parent))
from matrices import SMALL, VARIANTS

LABELS = [*formats.names("float32"), *VARIANTS]
KEYS = ["ordinary", "mixed_lengths", "long_codes", "every_bit", "no_zero", "all_zero", "one_row"]


@pytest.mark.parametrize("key", [key for key in KEYS if key in SMALL])
@pytest.mark.parametrize("label", LABELS)
def test_blocks_and_threads_change_no_byte(label: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    W = SMALL[key]()
    whole = formats.parse(label).encode(W).data
    for entries in (1, 700, 5000):
        monkeypatch.setattr(ranges, "__defaults__", (entries,))
        for threads in (1, 3):
            assert np.array_equal(formats.parse(label).encode(W, threads).data, whole), (entries, threads)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g", ">f4", ">i2", "i1", "u1", "i2", "i4", "i8", "?"])
@pytest.mark.parametrize("order", ["C", "F", "reversed", "every_second", "transposed_slice"])
def test_arrays_of_any_dtype_and_order(dtype: str, order: str) -> None:
    """Their columns against numpy's own search for nonzeros."""
    rng = np.random.default_rng(7)
    W = np.where(rng.random((70, 90)) < 0.2, rng.integers(1, 100, (70, 90)), 0).astype(dtype)
    if np.dtype(dtype).kind == "f":
        W[3, :40] = -0.0  # which is 0
    W = {
        "C": W, "F": np.asfortranarray(W), "reversed": W[::-1, ::-1], "every_second": W[::2, ::2],
        "transposed_slice": W.T[5:60, 3:],
    }[order]  # fmt: skip
    columns = formats.as_source(W).columns(2, W.shape[1] - 1)
    column, row = np.nonzero(W[:, 2:-1].T)
    assert columns.rows.dtype == np.int32 and columns.values.dtype == np.float32
    assert np.array_equal(columns.rows, row) and np.array_equal(columns.column_of_each(), column)
    assert np.array_equal(columns.values, W[:, 2:-1].T[column, row].astype(np.float32))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300, 0.1, 2.0**24 + 1])
def test_the_place_of_a_value_that_cannot_be_stored(value: float) -> None:
    W = np.zeros((50, 40))
    W[41, 33] = value
    with pytest.raises(ValueError, match="at row 41, column 33 is"):
        formats.get("ham").encode(W, threads=2)


def test_columns_come_in_order_and_several_are_in_work() -> None:
    """Two blocks meet in a barrier, which one thread alone would wait at for ever."""
    W = np.eye(8, 12, dtype=np.float32)
    meeting = threading.Barrier(2, timeout=20)

    def work(begin: int, before: int, columns: Columns) -> tuple[int, int]:
        meeting.wait()
        return before, columns.nnz

    patched = ranges.__defaults__
    try:
        ranges.__defaults__ = (16,)
        made = list(streamed(Threaded(formats.as_source(np.asfortranarray(W)), 2), work))
    finally:
        ranges.__defaults__ = patched
    assert made == [(at, at + 2, (min(at, 8), max(0, min(2, 8 - at)))) for at in range(0, 12, 2)]


def test_an_encoder_within_an_encoder_keeps_its_threads() -> None:
    """What was looked at is not looked at again: a check in between would hide that blocks may be read at once."""
    source = Threaded(formats.as_source(np.eye(3)), 2)
    assert formats.as_source(source) is source


def test_an_error_in_a_thread_is_the_callers() -> None:
    class Broken:
        shape, dtype = (4, 4), np.dtype(np.float32)

        def histogram(self) -> formats.Histogram:
            return formats.Histogram(np.ones(1, np.float32), np.ones(1, np.int64))

        def columns(self, begin: int, end: int) -> Columns:
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        formats.get("csc").encode(Broken(), threads=2)
    with pytest.raises(ValueError, match="0 threads: at least 1"):
        formats.get("csc").encode(np.eye(3), threads=0)


@pytest.mark.parametrize("label", ["ham", "sham", "im", "csc_palette", "cser", "eie"])
def test_a_source_that_contradicts_itself(label: str) -> None:
    class Liar:
        shape, dtype = (4, 4), np.dtype(np.float32)

        def histogram(self) -> formats.Histogram:
            return formats.Histogram(np.float32([1, 2]), np.array([2, 2]))

        def columns(self, begin: int, end: int) -> Columns:
            return formats.as_source(3 * np.eye(4)).columns(begin, end)

    with pytest.raises(ValueError, match="contradicts itself"):
        formats.parse(label).encode(Liar())


def test_grouping_that_would_take_hours_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    W = SMALL["ordinary"]()
    monkeypatch.setattr("dotbench.formats.parts.combining.MOST_COMPARISONS", 10)
    with pytest.raises(TooMuchWork, match="take a larger alpha"):
        formats.get("column_combined").encode(W)
