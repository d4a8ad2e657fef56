"""Headers of .safetensors files: what is written, what the library reads, what is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from dotbench.formats.packs import header
from dotbench.formats.packs.dtypes import BITS
from dotbench.formats.packs.errors import PackError
from dotbench.formats.packs.header import Entry

GOOD: dict[str, Any] = {
    "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
    "b": {"dtype": "I8", "shape": [], "data_offsets": [24, 25]},
    "empty": {"dtype": "F16", "shape": [0, 4], "data_offsets": [25, 25]},
}


def file(told: Any, data: int = 25) -> np.ndarray:
    raw = told if isinstance(told, bytes) else json.dumps(told).encode()
    return np.frombuffer(len(raw).to_bytes(8, "little") + raw + bytes(data), np.uint8)


def test_a_header_is_read_as_it_was_written() -> None:
    entries = [Entry("ä", "BF16", (3, 5), 0, 30), Entry("s", "U8", (), 30, 31)]
    raw = header.written(entries, {"format": "pt"})
    assert len(raw) % 64 == 0 and raw.endswith(b"}" + b" " * (len(raw) - len(raw.rstrip(b" "))))
    found = header.read(np.frombuffer(raw + bytes(31), np.uint8), "it")
    assert [*found.entries.values()] == entries and found.metadata == {"format": "pt"} and found.start == len(raw)


def test_what_the_library_takes_is_taken() -> None:
    safetensors = pytest.importorskip("safetensors", reason="no safetensors: pip install -e '.[models]' brings it")
    found = header.read(file(GOOD), "it")
    names = {name for name, _ in safetensors.deserialize(file(GOOD).tobytes())}
    assert names == found.entries.keys() == GOOD.keys()
    assert found.entries["b"] == Entry("b", "I8", (), 24, 25) and found.entries["empty"].nbytes == 0


def changed(name: str, **more: Any) -> dict[str, Any]:
    return {**GOOD, name: {**GOOD[name], **more}}


TWICE = b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'
BAD = {
    "no length": (np.zeros(7, np.uint8), "less than the length of a header"),
    "a length beyond the file": (np.frombuffer((500).to_bytes(8, "little") + b"{}", np.uint8), "ends behind 508"),
    "an enormous length": (np.full(64, 255, np.uint8), "at most 10\\^8"),
    "no brace": (file(b" {}", 0), "does not start with a brace"),
    "no JSON": (file(b"{x", 0), "no JSON"),
    "deep JSON": (file(b'{"a":' + b"[" * 100_000, 0), "no JSON"),
    "no text": (file(b'{"\xff":1}', 0), "no JSON"),
    "a name twice": (file(TWICE, 1), "'a' is in it twice"),
    "NaN": (file(b'{"a":NaN}', 0), "NaN is no number"),
    "an entry that is a list": (file({"a": []}, 0), "not all there"),
    "an entry without shape": (file({"a": {"dtype": "U8", "data_offsets": [0, 1]}}, 1), "not all there"),
    "a type that is none": (file(changed("a", dtype="F33")), "the type 'F33' is not known"),
    "a type that is a list": (file(changed("a", dtype=["F32"])), "is not known"),
    "a negative side": (file(changed("a", shape=[-2, -3])), "make no sense"),
    "a side that is true": (file(changed("b", shape=[True])), "make no sense"),
    "a side that is 1.0": (file(changed("b", shape=[1.0])), "make no sense"),
    "a hundred sides": (file(changed("b", shape=[1] * 100)), "make no sense"),
    "three places": (file(changed("a", data_offsets=[0, 24, 24])), "make no sense"),
    "an end before the begin": (file(changed("a", data_offsets=[24, 0])), "make no sense"),
    "another size": (file(changed("a", shape=[2, 4])), "does not take 24 bytes"),
    "an enormous size": (file(changed("a", shape=[2**40, 2**40])), "does not take 24 bytes"),
    "an overlap": (file(changed("b", data_offsets=[23, 24])), "overlaps"),
    "a hole": (file(changed("b", data_offsets=[25, 26]), 26), "leaves bytes before it"),
    "a tail": (file(GOOD, 26), "26 bytes of data, and its tensors take 25"),
    "cut data": (file(GOOD, 24), "24 bytes of data, and its tensors take 25"),
    "metadata of numbers": (file({**GOOD, "__metadata__": {"a": 1}}), "no text"),
    "metadata that is a list": (file({**GOOD, "__metadata__": []}), "no text"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_refused(what: str) -> None:
    data, words = BAD[what]
    with pytest.raises(PackError, match=words):
        header.read(data, "m.safetensors")


def test_types_have_the_library_s_sizes() -> None:
    safetensors = pytest.importorskip("safetensors", reason="no safetensors: pip install -e '.[models]' brings it")
    for name, bits in BITS.items():
        told = {"a": {"dtype": name, "shape": [8], "data_offsets": [0, bits]}}
        header.read(file(told, bits), "it")
        try:
            assert len(safetensors.deserialize(file(told, bits).tobytes())[0][1]["data"]) == bits
        except Exception as error:  # types that this version of the library does not know yet
            assert "variant" in str(error), name
