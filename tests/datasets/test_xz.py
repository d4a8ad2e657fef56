"""Unpacking .xz: streams one after the other, damage, and headers that ask for memory."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from dotbench.datasets import DataError, files, xz
from dotbench.datasets.compressed import opened

TEXT = b"1,2\n3,4\n" * 30_000


def packed(folder: Path, data: bytes) -> Path:
    path = folder / "w.csv.xz"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("between", [b"", bytes(4), bytes(8)], ids=["joined", "padded", "more"])
def test_streams_one_after_the_other(tmp_path: Path, between: bytes) -> None:
    path = packed(tmp_path, lzma.compress(TEXT) + between + lzma.compress(b"5,6\n") + between)
    with opened(path) as file:
        assert file.read() == TEXT + b"5,6\n"


def test_it_is_read_as_what_is_in_it(tmp_path: Path) -> None:
    source, _ = files.read(packed(tmp_path, lzma.compress(b"1,2\n3,4\n")), scratch=tmp_path)
    assert source.columns(0, 2).dense(2).tolist() == [[1, 3], [2, 4]]


@pytest.mark.parametrize("preset", [0, 6, 9])
def test_all_presets_of_xz_fit_the_limit(tmp_path: Path, preset: int) -> None:
    with opened(packed(tmp_path, lzma.compress(TEXT, preset=preset))) as file:
        assert file.read() == TEXT


def test_cut_short_and_damaged(tmp_path: Path) -> None:
    whole = lzma.compress(TEXT)
    for damaged in (whole[:-1], whole[:40], whole[:30] + b"\xff" + whole[31:], whole + b"word"):
        with pytest.raises(DataError), opened(packed(tmp_path, damaged)) as file:
            file.read()


def test_a_dictionary_out_of_proportion_is_refused(tmp_path: Path) -> None:
    """The old form of the file has no checksum of its header, and no file of a matrix is of it."""
    old = bytes.fromhex("5d00ffffffffffffffffffffffffffffffff")
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 29}]
    new = lzma.compress(b"1,2\n", filters=filters)
    for data, words in ((old, "w.csv.xz"), (new, "more than 128 MB to be unpacked")):
        with pytest.raises(DataError, match=words) as caught:
            files.read(packed(tmp_path, data), scratch=tmp_path)
        assert not isinstance(caught.value.__cause__, MemoryError)


def test_the_file_is_closed(tmp_path: Path) -> None:
    with opened(packed(tmp_path, lzma.compress(TEXT))) as file:
        file.read(1)
    assert file.closed and xz.MEMORY == 1 << 27


@pytest.mark.parametrize("between", [xz.PIECE, 3 * xz.PIECE + 4])
def test_padding_that_fills_whole_pieces(tmp_path: Path, between: int) -> None:
    first = lzma.compress(TEXT)
    for padding in (between, between - len(first) % between):
        path = packed(tmp_path, first + bytes(padding) + lzma.compress(b"5,6\n"))
        with opened(path) as file:
            assert file.read() == TEXT + b"5,6\n"
