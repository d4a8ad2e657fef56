"""Headers of .gguf files: what is skipped, what claims more than the file has, several parts, damage."""

from __future__ import annotations

import random
import struct
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from dotbench.datasets import DataError, files, reader_calls
from dotbench.datasets.kinds.gguf import READER
from dotbench.datasets.models.gguf.blocks import NUMBERS

sys.path.insert(0, str(Path(__file__).parent.parent))
from gguf_files import F32, Q4_0, Q4_K, Tensor, build, network, of, pair, tensors, text, words


def refused(data: bytes, tmp_path: Path, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        tensors(data, tmp_path)
    assert "w.gguf" in str(caught.value)


# Headers


def test_vocabularies_and_other_values_are_skipped(tmp_path: Path) -> None:
    nested = struct.pack("<IQ", 9, 2) + 2 * (struct.pack("<IQ", 0, 3) + b"abc")
    pairs = [
        words("tokenizer.ggml.tokens", [str(number) for number in range(1000)]),
        pair("tokenizer.ggml.scores", 9, struct.pack("<IQ", 6, 3) + bytes(12)),
        pair("x.nested", 9, nested),
        *(pair(f"x.{kind}", kind, bytes(width)) for kind, width in ((0, 1), (3, 2), (5, 4), (7, 1), (10, 8), (12, 8))),
        pair("general.alignment", 4, struct.pack("<I", 64)),
        pair("general.name", 8, text(b"\xff" * 70_000)),
        pair("general.tags", 9, struct.pack("<IQ", 8, 1) + text("a")),
    ]
    W = np.arange(6, dtype=np.float32).reshape(2, 3)
    for version in (2, 3):
        model = tensors(build([of("a.weight", W), of("b.weight", W)], pairs, 64, version), tmp_path)
        assert np.array_equal(model.tensors[1].array(), W)


def test_an_empty_model_and_empty_tensors(tmp_path: Path) -> None:
    assert tensors(build([]), tmp_path).tensors == ()
    found = tensors(build([Tensor("a", (0, 4), b""), Tensor("b", (), bytes(4))]), tmp_path).tensors
    assert [one.array().shape for one in found] == [(4, 0), ()]


SOME = of("a.weight", np.ones((2, 8), np.float32))
HUGE = 1 << 62
NAN_KEY = pair("k", 5, bytes(4))
HOSTILE = {
    "is empty": b"",
    "does not start with GGUF": b"GGML" + bytes(60),
    "ends within its header": b"GGUF\3",
    "claims 8 bytes from byte 8": build([])[:10],
    "big-endian": b"GGUF" + struct.pack(">I", 3) + bytes(40),
    "of version 1, and 2 and 3 are read": build([], version=1),
    f"claims {HUGE} tensors and 0 pairs": build([], counts=(HUGE, 0)),
    f"claims 0 tensors and {HUGE} pairs": build([], counts=(0, HUGE)),
    "claims 8 bytes from byte 24 on, of 24": build([], counts=(5, 0))[:24],
    "claims 0 x 33554432 entries in 96 bytes": build([Tensor("a", (0, 1 << 25), b"")]),
    "the key 'k' is given twice": build([SOME], [NAN_KEY, NAN_KEY]),
    "the text at byte 32 is no UTF-8": build([SOME], [pair(b"\xff", 0, b"0")]),
    f"claims {HUGE} bytes": build([], [struct.pack("<Q", HUGE)]),
    "a name or a text of 70000 bytes": build([SOME], [pair("k" * 70_000, 0, b"0")]),
    "of type 13, which is not known": build([SOME], [pair("k", 13, bytes(9))]),
    "an array too deep": build([SOME], [pair("k", 9, struct.pack("<IQ", 9, 1) * 9 + bytes(90))]),
    f"claims {HUGE * 8} bytes": build([SOME], [pair("k", 9, struct.pack("<IQ", 10, HUGE))]),
    "claims 9 strings from byte": build([SOME], [pair("k", 9, struct.pack("<IQ", 8, 9) + text("a"))])[:80],
    "more than 4194304 strings": build([SOME], [pair("k", 9, struct.pack("<IQ", 8, HUGE))]),
    "more than 4194304 strings and": build([SOME], [pair("k", 9, struct.pack("<IQ", 9, HUGE))]),
    "general.alignment is 0": build([SOME], [pair("general.alignment", 4, bytes(4))]),
    "general.alignment is 24": build([SOME], [pair("general.alignment", 4, struct.pack("<I", 24))]),
    "general.alignment is 'x'": build([SOME], [pair("general.alignment", 8, text("x"))]),
    "general.alignment is True": build([SOME], [pair("general.alignment", 7, b"\1")]),
    "have the same name": build([SOME, SOME]),
    "has the name ''": build([Tensor("", (2,), bytes(8))]),
    "has the name 'a.x1b\\[2J'": build([Tensor("a\x1b[2J", (2,), bytes(8))]),
    "a name or a text of 2000 bytes": build([Tensor("a" * 2000, (2,), bytes(8))]),
    "a has 5 dimensions": build([Tensor("a", (1,) * 5, bytes(4))]),
    f"a claims {1 << 40} x {1 << 40} numbers": build([Tensor("a", (1 << 40, 1 << 40), bytes(8))]),
    f"a takes {1 << 42} bytes from 0 on, of 8": build([Tensor("a", (1 << 20, 1 << 20), bytes(8))]),
    "a takes 12 bytes from 0 on, of 8": build([Tensor("a", (3,), bytes(8))]),
    "a starts at 8, which is no multiple of 32": build([Tensor("a", (2,), bytes(16), offset=8)]),
    "a takes 8 bytes from 64 on, of 8": build([Tensor("a", (2,), bytes(8), offset=64)]),
    f"a takes 8 bytes from {HUGE} on": build([Tensor("a", (2,), bytes(8), offset=HUGE)]),
    "b lies over a": build([Tensor("a", (12,), bytes(48)), Tensor("b", (2,), bytes(8), offset=32)]),
    "b lies over a: it starts at 0": build([Tensor("a", (12,), bytes(48)), Tensor("b", (12,), bytes(48), offset=0)]),
    "a has rows of 48 numbers, which blocks of Q4_0": build([Tensor("a", (48, 2), bytes(54), Q4_0)]),
    "a has rows of 1 numbers, which blocks of Q4_K": build([Tensor("a", (), bytes(144), Q4_K)]),
    f"a takes 0 bytes from {1 << 20} on": build([Tensor("a", (0, 2), b"", 77, offset=1 << 20)]),
    "split.count is -1": build([SOME], [pair("split.count", 5, struct.pack("<i", -1))]),
}  # fmt: skip


@pytest.mark.parametrize("words", HOSTILE)
def test_what_a_file_has_not_is_refused(words: str, tmp_path: Path) -> None:
    tracemalloc.start()
    refused(HOSTILE[words], tmp_path, words)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_a_file_that_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    data = network()
    for length in (*range(0, 700, 7), *range(700, len(data), 31)):
        refused(data[:length], tmp_path, "cannot be read as a model")


# Several parts


def part(number: int, count: int, name: str) -> bytes:
    pairs = [pair("split.no", 2, struct.pack("<H", number)), pair("split.count", 2, struct.pack("<H", count))]
    return build([of(name, np.full((2, 3), number, np.float32))], pairs)


def write_parts(tmp_path: Path, *given: bytes) -> Path:
    for number, data in enumerate(given, 1):
        (tmp_path / f"m-{number:05}-of-{len(given):05}.gguf").write_bytes(data)
    return tmp_path / f"m-00001-of-{len(given):05}.gguf"


def test_a_model_in_several_files(tmp_path: Path) -> None:
    first = write_parts(tmp_path, part(0, 3, "token_embd.weight"), part(1, 3, "a.weight"), part(2, 3, "output.weight"))
    model = reader_calls.tensors(READER, first)
    assert [path.name[:7] for path in model.files] == ["m-00001", "m-00002", "m-00003"]
    assert [(one.name, one.role, one.array()[0, 0]) for one in model.tensors] == [
        ("token_embd.weight", "gather", 0), ("a.weight", "product", 1), ("output.weight", "product", 2),
    ]  # fmt: skip
    later = reader_calls.tensors(READER, model.files[1])
    assert len(later.tensors) == 1 and later.notes[1] == "part 2 of 3: name the first for the whole model"


def test_parts_that_do_not_fit(tmp_path: Path) -> None:
    def fails(words: str, *given: bytes) -> None:
        with pytest.raises(DataError, match=words):
            reader_calls.tensors(READER, write_parts(tmp_path, *given))

    fails("is not part 2 of", part(0, 2, "a.weight"), part(0, 2, "b.weight"))
    fails("the tensor a.weight is in two of its parts", part(0, 2, "a.weight"), part(1, 2, "a.weight"))
    fails("m-00002-of-00002.gguf cannot be read", part(0, 2, "a.weight"), part(1, 2, "b.weight")[:-9])
    fails("has to end in -00001-of-00003.gguf", part(0, 3, "a.weight"), part(1, 2, "b.weight"))
    (tmp_path / "m-00002-of-00002.gguf").unlink()
    with pytest.raises(DataError, match="m-00002-of-00002.gguf is not beside it"):
        tensors(part(0, 2, "a.weight"), tmp_path, "m-00001-of-00002.gguf")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "b").write_bytes(part(1, 2, "b.weight"))
    (tmp_path / "m-00002-of-00002.gguf").symlink_to(elsewhere / "b")
    with pytest.raises(DataError, match="a link out of its folder"):
        tensors(part(0, 2, "a.weight"), tmp_path, "m-00001-of-00002.gguf")


# Damage


def damaged(data: bytes, rng: random.Random) -> bytes:
    """One to four changes, most of them in the header."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(min(len(out) - 8, 600) if rng.random() < 0.9 else len(out) - 8)
        change = rng.randrange(4)
        if change == 0:
            out[at] ^= 1 << rng.randrange(8)
        elif change == 1:
            out[at] = rng.randrange(256)
        elif change == 2:
            number = rng.choice((0, 1, 7, 255, len(out), 1 << 31, (1 << 63) - 1, (1 << 64) - 1))
            out[at : at + 8] = number.to_bytes(8, "little")
        else:
            size = rng.randrange(1, 40)
            out[at : at + size] = out[rng.randrange(len(out) - size) :][:size]
    return bytes(out if rng.random() < 0.9 else out[: rng.randrange(len(out))])


def test_damaged_files_are_refused_or_read(tmp_path: Path) -> None:
    rng, good, read = random.Random(7), network(), 0
    path = tmp_path / "w.gguf"
    for _ in range(3000):
        path.write_bytes(damaged(good, rng))
        try:
            model = reader_calls.tensors(READER, path)
        except DataError as error:
            assert "w.gguf" in str(error)
            continue
        read += 1
        for one in model.tensors:
            if one.role != "unread":
                array = one.array()
                assert array.shape == one.shape and array.size <= 32 * path.stat().st_size
    assert 300 < read < 2900


def test_names_of_files_that_are_no_models(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        reader_calls.tensors(READER, tmp_path / "none.gguf")
    with pytest.raises(DataError):
        files.read(tmp_path / "none.gguf")


def test_types_of_numbers_have_bytes_as_claimed() -> None:
    assert {name: number for number, name in NUMBERS.items()}["float32"] == F32
