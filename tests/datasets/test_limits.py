"""Small files that unpack to, or claim, a lot: stated limits, which an environment variable raises."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dotbench.datasets import DataError, files, limits
from dotbench.datasets.limits import check_sides, check_unpacked

PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("ending", PACKERS)
@pytest.mark.parametrize("kind", ["csv", "mtx"])
def test_text_that_unpacks_to_too_much(ending: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LEAST_TEXT", 1 << 16)
    monkeypatch.setattr(check_unpacked, "__defaults__", (1 << 16,))
    monkeypatch.setattr(limits, "TIMES", 2)
    pack: Callable[[bytes], bytes] = PACKERS[ending]
    head = b"%%MatrixMarket matrix array real general\n120000 1\n" if kind == "mtx" else b""
    path = tmp_path / f"w.{kind}.{ending}"
    path.write_bytes(pack(head + b"1\n" * 120_000))
    with pytest.raises(DataError, match=rf"w.{kind}.{ending} unpacks to more than .* DOTBENCH_READ_BYTES"):
        files.read(path)
    monkeypatch.setenv("DOTBENCH_READ_BYTES", "1000000")
    assert files.read(path)[0].shape == (120_000, 1)


def test_limits_are_stated() -> None:
    check_unpacked("w", 1000, (32 << 20) + 200_000)
    with pytest.raises(
        DataError, match="w unpacks to more than 33754432 bytes, from 1000: at most 33554432 and 200 times"
    ):
        check_unpacked("w", 1000, (32 << 20) + 200_001)
    check_sides("w", (1 << 17, 5), 0)
    with pytest.raises(DataError, match="w claims 5 x 131081 entries in 1 bytes: at most 131072 rows or columns and 8"):
        check_sides("w", (5, (1 << 17) + 9), 1)


def test_the_variable_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("1e9", "-1", "much", "٣"):
        monkeypatch.setenv("DOTBENCH_READ_BYTES", wrong)
        with pytest.raises(DataError, match="DOTBENCH_READ_BYTES=.* is no number of bytes: write 1000000000"):
            check_unpacked("w", 1, 1)


def test_the_variable_raises_what_a_message_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "w.mtx").write_text("%%MatrixMarket matrix coordinate real general\n1 200000 1\n1 200000 1\n")
    with pytest.raises(DataError, match="set DOTBENCH_READ_BYTES to 1600000$"):
        files.read(tmp_path / "w.mtx")
    monkeypatch.setenv("DOTBENCH_READ_BYTES", "1600000")
    source, _ = files.read(tmp_path / "w.mtx")
    assert source.shape == (1, 200_000) and np.array_equal(source.columns(199_999, 200_000).values, [1])
