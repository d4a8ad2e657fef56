"""Which format is chosen: the smallest of those that are tried, none that would not give the tensor back."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from dotbench import formats
from dotbench.bench.packs import choose
from dotbench.bench.packs.choose import DEFAULT, candidates, smallest
from dotbench.bench.packs.section import list_bytes
from dotbench.formats.packs.negative_zeros import zeros_of
from dotbench.formats.payloads.payload import Payload

sys.path.insert(0, str(Path(__file__).parents[2]))
import made_models
from made_models import pruned

RANDOM = np.random.default_rng(5)


def layers() -> list[np.ndarray]:
    """Matrices, outputs by inputs, of all types: dense and pruned, of few values and of many, small and larger."""
    gauss = RANDOM.standard_normal((300, 260)).astype(np.float32)
    found = [gauss, pruned((300, 260)), pruned((20, 20), 0.5), np.round(gauss * 2), np.round(pruned((200, 500)) * 4)]
    found += [np.zeros((30, 30), np.float32), np.ones((30, 30), np.float32), pruned((1000, 300), 0.9)]
    found += [formats.to_bfloat16(one).astype(np.float32) for one in (gauss,)]
    return [
        *found,
        *(formats.to_bfloat16(one) for one in found),
        *(one.astype(np.float16) for one in found),
        *(np.clip(one * 10, -127, 127).astype(np.int8) for one in found),
    ]


def test_the_smallest_is_chosen() -> None:
    for w in layers():
        tensor, zeros = made_models.tensor("w.weight", w), zeros_of(w)
        made = {format_: format_.encode(tensor.matrix()) for format_ in candidates(tensor.dtype)}
        sizes = {one: payload.nbytes + (0 if one.bitwise else list_bytes(zeros)) for one, payload in made.items()}
        chosen = smallest()(tensor, tensor.matrix())
        if min(sizes.values()) <= 0.98 * w.nbytes:
            assert isinstance(chosen, Payload) and sizes[chosen.format] == min(sizes.values())  # type: ignore[index]
        else:
            assert chosen is None


def test_few_formats_are_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a dense matrix of bfloat16 or int8 one, of one of float32 none."""
    tried: list[str] = []
    encoded = choose._encoded
    monkeypatch.setattr(choose, "_encoded", lambda one, *more: tried.append(str(one)) or encoded(one, *more))
    gauss = RANDOM.standard_normal((800, 400)).astype(np.float32)
    whole = np.clip(gauss * 40, -127, 127).astype(np.int8)
    for w, expected in ((formats.to_bfloat16(gauss), ["rank[coding=rice]"]), (gauss, []), (whole, ["ham"])):
        tensor = made_models.tensor("w.weight", w)
        smallest()(tensor, tensor.matrix())
        assert tried == expected
        tried.clear()


def test_default_formats_are_lossless_and_store_their_type() -> None:
    for dtype, labels in DEFAULT.items():
        assert [str(one) for one in candidates(dtype)] == [*labels]
        assert all(choose.fits(one, dtype) for one in candidates(dtype))
    assert candidates("float64") == ()


def test_formats_that_are_asked_for(tmp_path: Path) -> None:
    w = {"w.weight": pruned((100, 100))}
    asked = smallest([formats.get("csc"), formats.get("column_combined"), formats.get("rank")])
    assert made_models.packed(tmp_path, w, asked).lines[0].format == "csc"


@pytest.mark.parametrize("label", ["column_combined", "dense_w8", "rank", "csr16"])
def test_a_choice_that_would_lose_bits_is_refused(label: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"w\.weight is float32, and .* does not give that back"):
        made_models.packed(tmp_path, {"w.weight": pruned((50, 50))}, lambda *_: formats.get(label))
    assert not (tmp_path / "pack.safetensors").exists()


def test_a_payload_of_another_matrix_is_refused(tmp_path: Path) -> None:
    other = formats.get("csc").encode(pruned((9, 9)))
    with pytest.raises(ValueError, match="was chosen for w"):
        made_models.packed(tmp_path, {"w.weight": pruned((50, 50))}, lambda *_: other)


def test_negative_zeros_count(tmp_path: Path) -> None:
    """A matrix that a format would make 6 % smaller, and the places of its zeros 7 % larger."""
    random = np.random.default_rng(0)
    values = random.standard_normal((100, 100)).astype(np.float32)
    few = np.where(random.random((100, 100)) < 0.905, values, np.float32(0.0))
    assert made_models.packed(tmp_path, {"w.weight": few}).lines[0].format == "bitmap"
    signed = np.where(few == 0, np.float32(-0.0), few)
    (tmp_path / "2").mkdir()
    line = made_models.packed(tmp_path / "2", {"w.weight": signed}).lines[0]
    assert line.packed - 100 * 100 * 0.1 / 8 < 40_000 and (line.format in ("", "bitmap"))
