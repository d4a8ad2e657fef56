"""nested: bytes by hand, widths of shares, levels against masked matrices, no copies, refusals."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotbench import formats
from dotbench.cdot import build
from dotbench.cdot.errors import KernelError, PayloadError
from dotbench.cdot.kernel import aligned, crc
from dotbench.cdot.library import ffi, library
from dotbench.cdot.nested import LevelKernel
from dotbench.formats.nested import Nested
from dotbench.formats.parts.nested_levels import equal_share
from dotbench.formats.payloads.nested_matrix import NestedMatrix
from dotbench.formats.sources.source import as_source

sys.path.insert(0, str(Path(__file__).parent.parent))
from matrices import SMALL

# Sums of |w|: rows 2, 3, 7; columns 5, 7. So both orders are turned round.
HAND = np.array([[1, -1], [0, 3], [-4, 3]], np.float32)


def test_bytes_by_hand() -> None:
    """3 by 2 at 50 %: one row and one column make 1 of 6, a share of 2/3 makes 2 of 6, of 1 all."""
    payload = formats.get("nested", levels="50").encode(HAND)
    assert payload.sections == {"header": 48 + 1 + 2, "values": 24, "row_order": 3, "column_order": 2, "widths": 16}
    assert payload.data[32:48].tolist() == [1, 50] + 14 * [0]
    assert payload.section("row_order").tolist() == [2, 1, 0]
    assert payload.section("column_order").tolist() == [1, 0]
    assert payload.section("values").tolist() == [3, 3, -1, -4, 0, 1]
    assert payload.section("widths").tolist() == [2, 1, 3, 2]
    assert payload.format.paper_bits(as_source(HAND)) == 32 * 6
    assert payload.scratch_bytes == (3 + 2) * 4 + 4096 * 4  # places of rows and columns; one piece of a column


@pytest.mark.parametrize(
    ("n", "m", "percent", "widths"),
    [
        (4096, 4096, 25, (2048, 2048)),
        (4096, 4096, 50, (2896, 2896)),  # 4096 / sqrt 2 = 2896.3
        (192, 1024, 75, (166, 888)),  # 147 408 of 147 456; one column more is over
        (1, 70, 25, (1, 17)),
        (1, 1, 75, (0, 0)),
        (0, 5, 50, (0, 0)),
    ],
)
def test_equal_shares(n: int, m: int, percent: int, widths: tuple[int, int]) -> None:
    assert equal_share(n, m, percent) == widths


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 99))
def test_equal_shares_are_the_largest(n: int, m: int, percent: int) -> None:
    """Against all shares at which a width changes, in exact fractions."""
    shares = sorted({Fraction(i, n) for i in range(n)} | {Fraction(j, m) for j in range(m)})
    all_widths = [(max(1, int(share * n)), max(1, int(share * m))) for share in shares]
    fitting = [(rows, columns) for rows, columns in all_widths if 100 * rows * columns <= percent * n * m]
    assert equal_share(n, m, percent) == (fitting[-1] if fitting else (0, 0))


@pytest.mark.parametrize("isa", build.instruction_sets())
@pytest.mark.parametrize("key", sorted(SMALL))
def test_levels_are_the_masked_matrix(key: str, isa: str) -> None:
    """The sliced output within 1e-5 of sum |w||x| of the product with everything else set to zero."""
    W = SMALL[key]()
    payload = formats.get("nested", levels="1+25+50+75").encode(W)
    matrix = NestedMatrix(payload)
    matrix.kernel = LevelKernel(payload.data, isa)
    assert matrix.levels == (*(equal_share(*W.shape, share) for share in (1, 25, 50, 75)), W.shape)
    rng = np.random.default_rng(0)
    for level in (2, 0, 4, 3, 1):
        rows, columns = matrix.row_order[: matrix.levels[level][0]], matrix.column_order[: matrix.levels[level][1]]
        masked = np.zeros(W.shape)
        masked[np.ix_(rows, columns)] = W[np.ix_(rows, columns)]
        for batch in (1, 3, 8):
            X = rng.standard_normal((batch, len(W))).astype(np.float32)
            Y = matrix.dot(X[:, rows], level)
            scale = np.abs(X).astype(np.float64) @ np.abs(masked)
            limit = 1e-5 * scale[:, columns] + np.finfo(np.float32).tiny
            assert Y.shape == (batch, len(columns))
            assert (np.abs(Y - (X.astype(np.float64) @ masked)[:, columns]) <= limit).all()
            assert np.array_equal(matrix.dot(X[:, rows], threads=3), Y)


def test_no_copies() -> None:
    """All levels read the payload's own bytes, rows of the whole apart; a change there is a change here."""
    W = SMALL["ordinary"]()
    payload = formats.get("nested").encode(W)
    matrix = NestedMatrix(payload)
    start = payload.section("values").ctypes.data
    assert [matrix.levels[level] for level in range(4)] == [(150, 100), (212, 141), (260, 173), (300, 200)]
    for level, (rows, columns) in enumerate(matrix.levels):
        matrix.adapt(level)
        weights = matrix.weights
        assert weights.shape == (columns, rows) and weights.strides == (4 * 300, 4)
        assert weights.ctypes.data == start == int(ffi.cast("uintptr_t", matrix.kernel.view.section[1]))
        assert np.shares_memory(weights, payload.data)
        before = matrix.dot(np.ones(rows, np.float32))
        weights[7, 3] += 1000
        changed = matrix.dot(np.ones(rows, np.float32)) - before
        assert changed[7] == pytest.approx(1000) and np.count_nonzero(changed) == 1
        weights[7, 3] -= 1000


def test_adapt_writes_two_integers() -> None:
    matrix = NestedMatrix(formats.get("nested").encode(SMALL["ordinary"]()))
    view = ffi.buffer(matrix.kernel.view)
    whole, workspace, payload = bytes(view), matrix.kernel.workspace.copy(), matrix.kernel.data.copy()
    matrix.adapt(0)
    at = ffi.offsetof("cdot_view", "n")
    changed = np.flatnonzero(np.frombuffer(whole, np.uint8) != np.frombuffer(view, np.uint8))
    assert ffi.offsetof("cdot_view", "m") == at + 4 and set(changed) <= set(range(at, at + 8)) and len(changed)
    assert np.array_equal(matrix.kernel.workspace, workspace) and np.array_equal(matrix.kernel.data, payload)
    matrix.adapt(3)
    assert bytes(view) == whole


def test_layers_ordered_alike_compute_the_same_function() -> None:
    """The order of a hidden layer goes into its columns and the next layer's rows (REDS): by 1e-4."""
    rng = np.random.default_rng(1)
    first, second = (rng.standard_normal(shape).astype(np.float32) for shape in ((20, 30), (30, 7)))
    hidden = rng.random(30)
    even = {"row_importance": np.ones(20), "column_importance": np.ones(7)}
    widths = [[(20, 10), (20, 25)], [(10, 7), (25, 7)]]
    one = Nested().encode_with(first, even["row_importance"], hidden, widths[0])
    two = Nested().encode_with(second, hidden, even["column_importance"], widths[1])
    x = rng.standard_normal((5, 20)).astype(np.float32)
    layers = NestedMatrix(one), NestedMatrix(two)
    kept = np.argsort(-hidden)
    for level, units in enumerate((10, 25, 30)):
        y = layers[1].dot(np.maximum(layers[0].dot(x, level), 0), level)
        exact = np.maximum(x.astype(np.float64) @ first[:, kept[:units]], 0) @ second[kept[:units]]
        assert np.allclose(y, exact, atol=1e-4)
    assert layers[0].row_order.tolist() == list(range(20)) and np.array_equal(one.decode(), first)


def test_a_payload_says_its_levels() -> None:
    for text in (
        "nested",
        "nested[levels=10]",
        "nested[levels=none]",
        "nested[levels=1+2+3+4+5+6+7+8+9+10+11+12+13+14+15]",
    ):
        format_ = formats.parse(text)
        assert str(format_) == text and formats.parse(str(format_)) == format_
        loaded = formats.load(format_.encode(SMALL["n_257"]()).data.tobytes())
        assert loaded.format == format_ and np.array_equal(loaded.decode(), SMALL["n_257"]())
    own = Nested("none").encode_with(SMALL["n_257"](), widths=[(3, 1), (3, 20)])
    loaded = formats.load(own.data.tobytes())
    assert str(loaded.format) == "nested[levels=given]" and NestedMatrix(loaded).levels == ((3, 1), (3, 20), (257, 20))
    assert str(Nested().encode_with(SMALL["n_257"](), widths=[]).format) == "nested[levels=none]"


@pytest.mark.parametrize(
    "text",
    ["75+50", "50+50", "0+50", "50+100", "-5", "25,50", "", "25.5", "025", "some", "+".join(map(str, range(1, 17)))],
)
def test_levels_out_of_order(text: str) -> None:
    with pytest.raises(ValueError, match=r"whole percentages from 1 to 99 in rising order, joined by \+, at most 15"):
        Nested(text)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"row_importance": np.ones(4)}, r"row_importance has shape \(4,\), and W has 3 rows \(inputs\)"),
        ({"column_importance": np.ones((2, 1))}, r"column_importance has shape \(2, 1\), and W has 2 columns"),
        ({"column_importance": [1, np.nan]}, "column_importance is nan at 1"),
        ({"row_importance": [np.inf, 0, 0]}, "row_importance is inf at 0"),
        ({"widths": [(2, 2), (1, 2)]}, r"level 1 is 1 by 2, and the one before it 2 by 2: levels are .* rising"),
        ({"widths": [(1, 3)]}, r"level 1 is 3 by 2, and the one before it 1 by 3: .*whole matrix \(3 by 2\)"),
        ({"widths": [(-1, 1)]}, "level 0 is -1 by 1"),
        ({"widths": [(1, 1)] * 16}, "16 levels below the full one: at most 15"),
    ],
)
def test_bad_importances_and_widths(arguments: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Nested().encode_with(HAND, **arguments)


def test_bad_calls() -> None:
    with pytest.raises(ValueError, match="has no widths of its own: call encode_with"):
        Nested("given").encode(HAND)
    with pytest.raises(TypeError, match="payload of csc has no levels"):
        NestedMatrix(formats.get("csc").encode(HAND))
    matrix = NestedMatrix(Nested("50").encode(HAND))
    for level in (-1, 2):
        with pytest.raises(ValueError, match=f"level {level}: the levels of this matrix are 0 to 1"):
            matrix.adapt(level)
    with pytest.raises(ValueError, match="x has 3 entries, and W has 2 rows"):
        matrix.dot(np.ones(3, np.float32), level=0)
    whole = Nested().encode(HAND).kernel
    assert library().nested_adapt(whole.view, 0) == -4  # not by level
    assert library().bench_nested_adapt(whole.view, 1) == -4
    assert library().nested_by_level(formats.get("csc").encode(HAND).kernel.view) == -4
    with pytest.raises(KernelError, match="error -10"):
        matrix.kernel.adapt(2)


def test_the_timing_driver_ends_at_the_full_level() -> None:
    matrix = NestedMatrix(Nested().encode(SMALL["ordinary"]()))
    matrix.adapt(1)
    assert matrix.kernel.bench_adapt(1001) > 0 and matrix.kernel.shape == (300, 200)


def resealed(payload: formats.Payload) -> bytes:
    """The payload's bytes with the checksum that fits what was changed in them."""
    data = aligned(payload.nbytes)
    data[:] = payload.data
    data[24:28] = np.frombuffer(struct.pack("<I", crc(data)), np.uint8)
    return data.tobytes()


@pytest.mark.parametrize(
    ("section", "at", "damage", "says"),
    [
        ("row_order", 0, lambda order: 300, "an index in it is out of range"),  # there are 300 rows
        ("row_order", 2, lambda order: order[5], "an index in it is out of range"),
        ("column_order", 3, lambda order: order[7], "an index in it is out of range"),
        ("widths", 0, lambda widths: widths[2] + 1, "out of order"),
        ("widths", 6, lambda widths: widths[6] - 1, "out of order"),
    ],
)
def test_damaged_orders_and_widths(section: str, at: int, damage: Callable, says: str) -> None:
    """A place that occurs twice would leave another one undefined; a width too large would read beyond."""
    payload = formats.get("nested").encode(SMALL["ordinary"]())
    payload.section(section)[at] = damage(payload.section(section))
    with pytest.raises(PayloadError, match=says):
        formats.load(resealed(payload)).decode()


def test_damaged_shares() -> None:
    payload = formats.get("nested").encode(HAND)
    payload.data[33:35] = [50, 25]
    with pytest.raises(PayloadError, match=r"cannot be read as nested: levels=50\+25\+75"):
        formats.load(resealed(payload))
