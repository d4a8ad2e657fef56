"""Products between addresses: those of `Payload.dot`, bit for bit."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from dotbench import formats
from dotbench.formats.payloads import addressed, product
from dotbench.formats.payloads.addressed import Addressed


def matrix(n: int, m: int, density: float = 0.1) -> np.ndarray:
    random = np.random.default_rng(0)
    return np.where(random.random((n, m)) < density, random.integers(1, 17, (n, m)), 0).astype(np.float32)


def multiplied(call: Addressed, X: np.ndarray, threads: int = 1) -> np.ndarray:
    """The product, and what lies behind it is not written to."""
    _, m = call.kernel.shape
    y = np.full(len(X) * m + 8, -77, np.float32)
    call(X.ctypes.data, y.ctypes.data, len(X), threads)
    assert (y[len(X) * m :] == -77).all()
    return y[: len(X) * m].reshape(len(X), m)


@pytest.mark.parametrize("label", [str(one) for one in formats.standard("float32")])
@pytest.mark.parametrize("batch", [0, 1, 2, 9])
def test_every_format(label: str, batch: int) -> None:
    payload = formats.parse(label).encode(matrix(70, 50))
    X = np.random.default_rng(1).random((batch, 70), np.float32)
    call = Addressed(payload)
    for _ in range(2):  # a second call has the first one's memory
        assert np.array_equal(multiplied(call, X), payload.dot(X))


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("batch", [1, 3])
def test_threads(threads: int, batch: int) -> None:
    """Of a product that is long enough for several."""
    payload = formats.get("csc").encode(matrix(1500, 1500, 0.6))
    X = np.random.default_rng(1).random((batch, 1500), np.float32)
    assert np.array_equal(multiplied(Addressed(payload), X, threads), payload.dot(X))


@pytest.mark.parametrize("batch", [1, 4])
def test_long_products_go_in_pieces(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that Ctrl-C ends them."""
    payload = formats.get("csc").encode(matrix(300, 400))
    X = np.random.default_rng(1).random((batch, 300), np.float32)
    expected = payload.dot(X)
    calls = []

    def pieces(begin: int, end: int, steps: int) -> list[tuple[int, int]]:
        calls.append(found := list(product.pieces(begin, end, steps)))
        return found

    for module in (product, addressed):
        monkeypatch.setattr(module, "PIECE_STEPS", 20_000)
    monkeypatch.setattr(addressed, "pieces", pieces)
    assert np.array_equal(multiplied(Addressed(payload), X), expected)
    assert len(calls) == 1 and len(calls[0]) > 3


def test_large_scratch_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    payload = formats.get("sham").encode(matrix(70, 50))
    X = np.random.default_rng(1).random((1, 70), np.float32)
    for limit, kept in ((product.KEPT_SCRATCH, 1), (-1, 0)):
        monkeypatch.setattr(addressed, "KEPT_SCRATCH", limit)
        call = Addressed(payload)
        assert np.array_equal(multiplied(call, X), payload.dot(X)) and len(call._idle) == kept


def test_callers_at_once() -> None:
    payload = formats.get("ham").encode(matrix(400, 300))
    call, inputs = Addressed(payload), np.random.default_rng(1).random((4, 100, 400), np.float32)
    expected = np.stack([payload.dot(X) for X in inputs])
    found = np.zeros_like(expected)

    def work(number: int) -> None:
        for at in range(len(inputs[number])):
            found[number, at] = multiplied(call, inputs[number, at : at + 1])[0]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_integers_are_refused() -> None:
    with pytest.raises(ValueError, match="is multiplied by int8, and this needs one of floats"):
        Addressed(formats.get("dense_s8").encode(np.eye(4, dtype=np.int8)))


def test_damaged_payloads_are_refused() -> None:
    payload = formats.get("csc").encode(matrix(70, 50))
    bad = formats.Payload(payload.format, payload.data[:-1].copy())
    with pytest.raises(formats.PayloadError):
        Addressed(bad)
