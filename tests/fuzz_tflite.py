"""Damages models at random, and holds the reader of .tflite files against them; `nox -s fuzz` takes part in it.

A model, tiny ones of our own and those of the mirror, is changed: bits, bytes, whole numbers that look like offsets or
lengths, truncations, parts copied over others, tables named over and over. The reader has to give layers or a
DataError, within seconds.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from tflite_files import build, network, packed  # noqa: E402

from dotbench.datasets import DataError  # noqa: E402
from dotbench.datasets.models import parse  # noqa: E402
from dotbench.datasets.models.tflite import tensors as tflite_tensors  # noqa: E402
from dotbench.datasets.models.tflite.guard import GROWN_MOST, GROWTH  # noqa: E402

SECONDS_EACH = 10
NUMBERS = (0, 1, 2, 4, 127, 128, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 4)


def seeds() -> list[bytes]:
    """Tiny models, and the smaller ones of the mirror where there is one."""
    graph, codes = network()
    found = [build([graph], codes), build([graph, graph], codes), *packed()]
    mirror = Path(os.environ.get("DOTBENCH_DATA") or ROOT.parent / "shared" / "data")
    return found + [path.read_bytes() for path in sorted(mirror.glob("*/*.tflite")) if path.stat().st_size < 100_000]


def mutate(data: bytes, rng: random.Random) -> bytes:
    """One to eight changes; tables lie at both ends of a file, weights between them."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 8))):
        change = rng.choice((_bit, _byte, _number, _number, _move, _copy, _offset))
        change(out, rng)
    if rng.random() < 0.1:
        del out[rng.randrange(len(out)) :]
    return bytes(out)


def _place(out: bytearray, rng: random.Random, width: int = 1) -> int:
    end = max(1, len(out) - width)
    near = min(end, 4096)
    return rng.choice((rng.randrange(end), rng.randrange(near), end - 1 - rng.randrange(near))) // width * width


def _bit(out: bytearray, rng: random.Random) -> None:
    out[_place(out, rng)] ^= 1 << rng.randrange(8)


def _byte(out: bytearray, rng: random.Random) -> None:
    out[_place(out, rng)] = rng.randrange(256)


def _number(out: bytearray, rng: random.Random) -> None:
    at = _place(out, rng, 4)
    number = rng.choice((*NUMBERS, len(out), len(out) - at, rng.randrange(2**32)))
    out[at : at + 4] = number.to_bytes(4, "little")


def _offset(out: bytearray, rng: random.Random) -> None:
    """A number a little larger or smaller: offsets that lead into the middle of things."""
    at = _place(out, rng, 4)
    number = int.from_bytes(out[at : at + 4], "little") + rng.choice((-64, -8, -4, -1, 1, 4, 8, 64))
    out[at : at + 4] = (number % 2**32).to_bytes(4, "little")


def _move(out: bytearray, rng: random.Random) -> None:
    """The same table named many times: a vector filled with one offset, each counted from its own place."""
    at, target, count = _place(out, rng, 4), _place(out, rng, 4), rng.randrange(1, 300)
    for place in range(at, min(at + 4 * count, len(out) - 4), 4):
        out[place : place + 4] = ((target - place) % 2**32).to_bytes(4, "little")
    out[max(0, at - 4) : at] = count.to_bytes(4, "little")[: min(at, 4)]


def _copy(out: bytearray, rng: random.Random) -> None:
    size = rng.randrange(1, 64)
    source, target = _place(out, rng, size), _place(out, rng, size)
    part = bytes(out[source : source + size])
    out[target : target + len(part)] = part


def check(data: bytes) -> str:
    """``read`` or the start of the error; whatever else happens is raised."""
    before = signal.signal(signal.SIGALRM, _hang)
    signal.setitimer(signal.ITIMER_REAL, SECONDS_EACH)
    try:
        _tensors(data)
        for layer in parse(data, "fuzzed").layers:
            assert layer.weights.nbytes <= min(GROWTH * len(data), GROWN_MOST) and layer.nnz <= layer.weights.size
        return "read"
    except DataError as error:
        return " ".join(str(error).split()[7:11])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _tensors(data: bytes) -> None:
    """The other way into a file, by which more is read: where there is a tensor, its numbers are as many as it says."""
    with suppress(DataError):
        for tensor in tflite_tensors.parse(data, Path("fuzzed")).tensors:
            with suppress(DataError):
                found = tensor.array()
                assert found.shape == tensor.shape and found.nbytes <= max(min(GROWTH * len(data), GROWN_MOST), 64)


def _hang(*_: object) -> None:
    raise RuntimeError(f"the reader has not ended after {SECONDS_EACH} seconds")
