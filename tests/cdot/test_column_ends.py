"""Where columns end: every number of entries, every width of row indices, batches with and without padding.

Loops read whole vectors that may begin in the column before; nothing of it may show.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dotbench import formats
from dotbench.cdot import build, kernel
from dotbench.cdot.library import decoder, ffi, opened

LENGTHS = (*range(26), 1, 0, 0, 2, 31, 32, 33, 7, 0, 1023, 1024, 1025, 1031, 2049, 3, 4, 0)
BATCHES = (1, 2, 7, 8, 9, 16, 31, 32, 33, 40, 64)
WIDTHS = [("csc_min", 200), ("csc_min", 5000), ("csc_min", 70_000), ("csc", 5000)]
ONE_WAY = "only AVX2 has two ways of fetching: a processor with it brings them, and no DOTBENCH_ISA"


def columns(n: int, seed: int) -> npt.NDArray[np.float32]:
    """(n, m) with LENGTHS nonzeros in its columns, as far as n goes."""
    rng = np.random.default_rng(seed)
    W = np.zeros((n, len(LENGTHS)), np.float32)
    for column, length in enumerate(LENGTHS):
        rows = rng.choice(n, min(length, n), replace=False)
        W[rows, column] = rng.standard_normal(len(rows), np.float32)
    return W


@pytest.fixture(params=["by itself", "singly", "by gather"])
def fetching(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The library as the processor chooses, and with either way of fetching fixed."""
    if request.param != "by itself":
        if build.chosen_isa() != "x86_64_v3":
            pytest.skip(ONE_WAY)
        monkeypatch.setenv("DOTBENCH_CFLAGS", f"-DCDOT_FETCH={int(request.param == 'by gather')}")
        library = opened(ffi, build.build("x86_64_v3"))
        monkeypatch.setattr(kernel, "library", lambda isa=None: library)
        monkeypatch.setattr(kernel, "decoder", lambda name, source, isa=None: library.cdot_find(name.encode()))
    yield request.param


def product(made: Any, X: npt.NDArray[np.float32], begin: int, end: int) -> npt.NDArray[np.float32]:
    Y = np.zeros((len(X), made.shape[1]), np.float32)
    made.dot(X, Y, (begin, end), None, made.scratch(len(X), 1))
    return Y[:, begin:end]


@pytest.mark.parametrize(("name", "n"), WIDTHS)
def test_every_number_of_entries(name: str, n: int, fetching: str) -> None:
    W = columns(n, 3)
    made = kernel.Kernel(name, formats.get(name).encode(W).data)
    for batch in BATCHES if n < 10_000 else (1, 9, 33):
        X = np.random.default_rng(batch).standard_normal((batch, n), np.float32)
        scale = np.abs(X).astype(np.float64) @ np.abs(W) + 1e-30
        assert np.all(np.abs(product(made, X, 0, W.shape[1]) - X.astype(np.float64) @ W) <= 2e-6 * scale), batch


@pytest.mark.parametrize(("name", "n"), WIDTHS)
def test_a_column_has_the_same_bits_in_every_range(name: str, n: int, fetching: str) -> None:
    """Alone, first, among four, last: threads get any range."""
    W = columns(n, 4)
    made, m = kernel.Kernel(name, formats.get(name).encode(W).data), len(LENGTHS)
    for batch in (1, 8, 40):
        X = np.random.default_rng(batch).standard_normal((batch, n), np.float32)
        whole = product(made, X, 0, m)
        for begin, end in [(k, k + 1) for k in range(m)] + [(k, m) for k in range(9)] + [(0, k) for k in range(9)]:
            assert np.array_equal(product(made, X, begin, end), whole[:, begin:end]), (batch, begin, end)


@pytest.mark.parametrize(("name", "n"), WIDTHS)
def test_both_ways_of_fetching_have_the_same_bits(name: str, n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if build.chosen_isa() != "x86_64_v3":
        pytest.skip(ONE_WAY)
    W = columns(n, 5)
    data = formats.get(name).encode(W).data
    X = np.random.default_rng(0).standard_normal((1, n), np.float32)
    found = []
    for way in (0, 1):
        monkeypatch.setenv("DOTBENCH_CFLAGS", f"-DCDOT_FETCH={way}")
        library = opened(ffi, build.build("x86_64_v3"))
        monkeypatch.setattr(kernel, "library", lambda isa=None, library=library: library)
        find = library.cdot_find
        monkeypatch.setattr(kernel, "decoder", lambda name, source, isa=None, find=find: find(name.encode()))
        found.append(product(kernel.Kernel(name, data), X, 0, W.shape[1]))
    assert np.array_equal(found[0], found[1])


@pytest.mark.parametrize("name", ["csc", "csc_min"])
def test_inputs_of_other_columns_do_not_show(name: str, fetching: str) -> None:
    """An infinite input belongs to the columns that have its row, and to no neighbour of theirs."""
    n, lengths = 64, (1, 9, 3, 4, 8, 2, 12, 5)
    W = np.zeros((n, len(lengths)), np.float32)
    rows = np.random.default_rng(1).permutation(n)
    parts = np.split(rows[: sum(lengths)], np.cumsum(lengths)[:-1])
    for column, part in enumerate(parts):
        W[part, column] = 1
    made = kernel.Kernel(name, formats.get(name).encode(W).data)
    for (owner, part), bad, batch in itertools.product(enumerate(parts), (np.inf, np.nan), (1, 8, 12)):
        X = np.ones((batch, n), np.float32)
        X[:, part] = bad
        Y = product(made, X, 0, len(lengths))
        others = np.arange(len(lengths)) != owner
        assert not np.isfinite(Y[:, owner]).any(), owner
        assert np.array_equal(Y[:, others], np.broadcast_to(np.float32(lengths)[others], Y[:, others].shape)), owner


@pytest.mark.parametrize("isa", build.instruction_sets())
@pytest.mark.parametrize(("n", "m"), [(1, 1), (7, 9), (8, 8), (16, 24), (33, 17), (100, 3), (3, 100)])
def test_batches_are_transposed_to_the_bit(n: int, m: int, isa: str) -> None:
    """A product with columns of the identity moves inputs to outputs."""
    W = np.zeros((n, m), np.float32)
    W[np.arange(m) % n, np.arange(m)] = 1
    data = formats.get("csc").encode(W).data
    made = kernel.Kernel("csc", data, isa=isa)
    assert decoder("csc", None, isa) != ffi.NULL
    for batch in BATCHES:
        X = np.random.default_rng(batch).standard_normal((batch, n), np.float32)
        assert np.array_equal(product(made, X, 0, m), X[:, np.arange(m) % n]), batch
