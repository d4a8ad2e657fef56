"""What a call of `dot` does around the kernel: standing threads, kept memory, forks, ends, interruptions."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from dotbench import formats
from dotbench.cdot.errors import KernelError
from dotbench.cdot.pools import StandingPools, cores, standing_pools
from dotbench.formats.payloads import parallel, product
from dotbench.formats.payloads.nested_matrix import NestedMatrix

ROOT = Path(__file__).resolve().parent.parent.parent
N, M = 90, 700


def matrix() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 3, (N, M)).astype(np.float32)


def vectors(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(-9, 9, (count, N)).astype(np.float32)


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandingPools]:
    """Pools of this test's own."""
    pools = StandingPools()
    monkeypatch.setattr(product, "standing_pools", lambda: pools)
    yield pools
    pools.close()


def program(text: str, *arguments: str) -> str:
    """What a Python program prints that ends by itself, with status 0, within two minutes."""
    done = subprocess.run(
        [sys.executable, "-c", text, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_one_pool_stands_for_each_number_of_threads(pools: StandingPools) -> None:
    payload, X = formats.get("csc").encode(matrix()), vectors(3)
    taken = []
    for threads in (2, 3, 2, 3, 2):
        assert np.array_equal(payload.dot(X, threads=threads), X @ matrix())
        pool = pools.take(threads)
        assert pool and pool.threads == threads
        taken.append(pool)
        pools.give(pool)
    assert len(set(map(id, taken))) == 2


def test_who_asks_for_a_pool_that_is_lent_multiplies_alone(pools: StandingPools) -> None:
    payload, X = formats.get("sham").encode(matrix()), vectors(8)
    lent = pools.take(2)
    assert lent and pools.take(2) is None
    assert np.array_equal(payload.dot(X, threads=2), X @ matrix())
    pools.give(lent)
    assert pools.take(2) is lent


def test_without_new_threads_a_product_is_one_thread_s(pools: StandingPools, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(threads: int) -> None:
        raise KernelError(f"{threads} threads could not be started")

    monkeypatch.setattr("dotbench.cdot.pools.Pool", refused)
    assert np.array_equal(formats.get("csc").encode(matrix()).dot(vectors(2), threads=2), vectors(2) @ matrix())


def test_a_pool_comes_back_from_a_product_that_fails(pools: StandingPools, monkeypatch: pytest.MonkeyPatch) -> None:
    payload = formats.get("csc").encode(matrix())
    payload.dot(vectors(2), threads=2)

    def fails(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(payload.kernel, "dot", fails)
    with pytest.raises(KeyboardInterrupt):
        payload.dot(vectors(2), threads=2)
    assert pools.take(2)


def test_a_pool_that_was_lost_on_the_way_is_replaced(pools: StandingPools) -> None:
    """Ctrl-C may come between two steps, behind the lending and in front of what gives back."""
    lost = pools.take(2)
    assert lost and pools.take(2) is None
    del lost
    again = pools.take(2)
    assert again and again.threads == 2


def test_a_signal_handler_multiplies_while_a_pool_is_lent(pools: StandingPools) -> None:
    """Its thread has the lock already, and is not kept waiting for itself."""
    payload, X = formats.get("csc").encode(matrix()), vectors(3)
    with pools._lock:
        assert np.array_equal(payload.dot(X, threads=2), X @ matrix())


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_of_python_call_at_once(pools: StandingPools, threads: int) -> None:
    """Vectors that share kept memory, and batches that ask for the same pool."""
    W, X = matrix(), vectors(64)
    payloads = [formats.get(name).encode(W) for name in ("csc", "sham", "ham")]

    def ask(number: int) -> bool:
        x, payload = X[number % 64], payloads[number % 3]
        one, many = payload.dot(x, threads=threads), payload.dot(X[: number % 5], threads=threads)
        return bool(np.array_equal(one, x @ W) and np.array_equal(many, X[: number % 5] @ W))

    with ThreadPoolExecutor(6) as callers:
        assert all(callers.map(ask, range(600)))


FORKED = """
import os, numpy as np
from dotbench import formats
from dotbench.formats.payloads import parallel
parallel.ENOUGH, parallel.cores = 1, lambda: 4
W = np.random.default_rng(0).integers(0, 3, (90, 700)).astype(np.float32)
payload, X = formats.get("csc").encode(W), np.ones((3, 90), np.float32)
right = lambda: all(np.array_equal(payload.dot(X, threads=threads), X @ W) for threads in (2, 3, 2))
assert right() and np.array_equal(payload.dot(X[0]), W.sum(0))
child = os.fork()
if child == 0:
    os._exit(0 if right() and np.array_equal(payload.dot(X[0]), W.sum(0)) else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 and right()
child = os.fork()
if child == 0:
    raise SystemExit(0 if right() else 1)  # with all that is to be done at an end
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
from dotbench.cdot.kernel import Pool
pool = Pool(3)
child = os.fork()
if child == 0:
    pool.close()  # of threads that are the parent's
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
pool.close()
pool.close()
print("well")
"""


def test_a_forked_child_has_threads_of_its_own() -> None:
    assert program(FORKED) == "well"


ENDS = """
import threading, numpy as np
from dotbench import formats
from dotbench.formats.payloads import parallel
parallel.ENOUGH, parallel.cores = 1, lambda: 4
W = np.ones((90, 700), np.float32)
payload, X = formats.get("csc").encode(W), np.ones((3, 90), np.float32)
payload.dot(X, threads=3)
def busy():
    while True:
        payload.dot(X, threads=2)
threading.Thread(target=busy, daemon=True).start()
payload.dot(X, threads=4)
print("well")
"""


def test_a_process_ends_with_idle_and_with_busy_pools() -> None:
    assert program(ENDS) == "well"


SLEEPS = """
import os, time, numpy as np
from dotbench import formats
from dotbench.formats.payloads import parallel
parallel.ENOUGH, parallel.cores = 1, lambda: 4
payload = formats.get("csc").encode(np.ones((90, 700), np.float32))
before = set(os.listdir("/proc/self/task"))
payload.dot(np.ones((3, 90), np.float32), threads=3)
workers = set(os.listdir("/proc/self/task")) - before
state = lambda task: open(f"/proc/self/task/{task}/stat").read().rpartition(")")[2].split()[0]
while any(state(task) != "S" for task in workers):
    time.sleep(0.01)
print(len(workers))
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads' states are in /proc: Linux brings it")
def test_idle_threads_go_to_sleep() -> None:
    assert program(SLEEPS) == "2"


def test_how_many_threads_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "cores", lambda: 6)
    monkeypatch.setattr(parallel, "ENOUGH", 500_000)
    rng = np.random.default_rng(0)
    many = formats.get("csc").encode((rng.random((1000, 2000)) < 0.7).astype(np.float32))  # 1.4 of 2 million, 11 MB
    few = formats.get("csc").encode(np.eye(200, dtype=np.float32))
    taken = parallel.threads_taken
    assert [taken(many.kernel, 1, 2000, threads) for threads in (1, 2, 4, 99)] == [1, 2, 4, 4]
    assert taken(many.kernel, 8, 2000, 99) == 4  # of 2.8 million there is work for 5, and no pool of 5
    assert taken(many.kernel, 8, 2000, 5) == 5  # unless it is asked for
    assert taken(many.kernel, 32, 2000, 99) == 6  # cores
    assert taken(many.kernel, 1, 200, 99) == 1
    assert taken(few.kernel, 1, 200, 99) == taken(few.kernel, 64, 200, 99) == 1
    assert taken(few.kernel, 1, 0, 99) == 1
    nested = NestedMatrix(formats.get("nested").encode(np.ones((1000, 1500), np.float32)))
    assert taken(nested.kernel, 1, 1500, 99) == 2
    assert taken(nested.kernel, 1, 1500, 3) == 3
    nested.adapt(0)
    assert taken(nested.kernel, 1, nested.kernel.shape[1], 99) == 1


def test_cores_are_counted() -> None:
    assert cores() >= 1
    assert standing_pools() is standing_pools()


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_vectors_take_the_short_way_and_the_long_one_alike(dtype: str) -> None:
    W = np.random.default_rng(0).integers(-3, 3, (40, 30)).astype(dtype)
    payload = formats.get("sham").encode(W)
    expected = (np.arange(-20, 20) @ W.astype(np.int64)).tolist()
    x = np.arange(-20, 20).astype(dtype)
    read_only, apart = x.copy(), np.repeat(x, 2)[::2]
    read_only.flags.writeable = False
    shifted = np.frombuffer(b"." + x.tobytes(), dtype, offset=1)
    first = payload.dot(x)
    for same in (x, read_only, apart, shifted, x.view(type("Own", (np.ndarray,), {})), x[None][0], list(x)):
        if isinstance(same, list):
            same = np.array(same, dtype)
        for threads in (1, 2):
            assert payload.dot(same, threads=threads).tolist() == expected
        assert payload.dot(same[None]).tolist() == [expected]
        assert payload.dot(same, columns=(0, 30)).tolist() == expected
    assert first.tolist() == expected and first.flags.owndata  # nobody wrote to it again


def test_what_is_no_vector_is_refused_on_both_ways() -> None:
    payload = formats.get("csc").encode(np.eye(4, dtype=np.float32))
    payload.dot(np.ones(4, np.float32))
    for wrong, error, words in (
        (np.ones(5, np.float32), ValueError, "x has 5 entries"),
        (np.ones(4), TypeError, "x is float64"),
        (np.ma.masked_array(np.ones(4, np.float32), [1, 0, 0, 0]), TypeError, r"masked .* x.filled\(0\)"),
    ):
        with pytest.raises(error, match=words):
            payload.dot(wrong)
    for threads in (0, -1):
        with pytest.raises(ValueError, match=f"{threads} threads: at least 1"):
            payload.dot(np.ones(4, np.float32), threads=threads)


def test_a_call_in_a_call_has_memory_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a signal's handler has that multiplies with the payload of whom it interrupts."""
    W = np.diag([1, 2, 3]).astype(np.float32)
    payload = formats.get("csc").encode(W)
    kernel, asked = payload.kernel, []
    vector = kernel.vector

    class Interrupted(type(kernel)):  # type: ignore[misc]
        @property
        def vector(self) -> object:
            def call(job: object) -> int:
                if not asked:
                    asked.append(None)
                    assert payload.dot(np.full(3, 7, np.float32)).tolist() == [7, 14, 21]
                return int(vector(job))

            return call

    monkeypatch.setattr(kernel, "__class__", Interrupted)
    assert payload.dot(np.ones(3, np.float32)).tolist() == [1, 2, 3]
    assert asked


@pytest.mark.parametrize("name", ["csc", "ham", "im_packed", "cser"])
def test_a_long_product_comes_in_pieces(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product, "PIECE_STEPS", 4000)
    W, X = matrix(), vectors(9)
    payload, calls = formats.get(name).encode(W), []
    run = payload.kernel.dot
    monkeypatch.setattr(payload.kernel, "dot", lambda *all_: (calls.append(all_[2]), run(*all_)))
    for x in (X[0], X[:1], X):
        assert np.array_equal(payload.dot(x), x @ W)
        assert len(calls) > 1 and calls[0][0] == 0 and calls[-1][1] == M
        assert all(end == begin and end % 64 == 0 for (_, end), (begin, _) in pairwise(calls))
        calls.clear()
    assert np.array_equal(payload.dot(X, columns=(65, 301)), (X @ W)[:, 65:301])
    assert payload.dot(X, columns=(7, 7)).shape == (9, 0)


def test_short_products_are_one_piece() -> None:
    assert list(product.pieces(3, 900, 10**8)) == [(3, 900)]
    assert list(product.pieces(0, 0, 0)) == []
    assert list(product.pieces(0, 10, 2**40)) == [(0, 10)]  # a group of columns is not cut


LONG = """
import signal, struct, sys, numpy as np
from dotbench import formats
from dotbench.cdot.kernel import crc
data = formats.get("im_packed").encode(np.zeros((8, 8), np.float32)).data.copy()
data[8:16] = np.frombuffer(struct.pack("<II", 1 << 20, 1 << 20), np.uint8)
data[24:28] = 0
data[24:28] = np.frombuffer(struct.pack("<I", crc(data)), np.uint8)
payload = formats.load(data.tobytes(), limits=None)
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.2)
try:
    payload.dot(np.ones(1 << 20, np.float32))
except KeyboardInterrupt:
    print("stopped")
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no setitimer: a Unix brings it")
def test_a_product_of_hours_is_stopped_by_ctrl_c() -> None:
    """2^40 entries in 40 bytes."""
    assert program(LONG) == "stopped"
