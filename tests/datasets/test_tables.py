"""Tables as text: what is read, how errors say where, and that no table is whole in memory."""

from __future__ import annotations

import bz2
import gzip
import lzma
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dotbench import datasets
from dotbench.datasets import tables
from dotbench.datasets.cache import write_cache
from dotbench.datasets.spill import Spill
from dotbench.datasets.tables import read_table
from dotbench.formats.sources.source import as_source, matrix_sha256

W = np.array([[0, 1.5, 0], [2, 0, -3], [0, 0, 0.25], [7, 0, 0]], np.float32)
TEXT = b"0,1.5,0\n2,0,-3\n-0.0,0,0.25\n7,0,0\n"


def load(path: Path, tmp_path: Path) -> datasets.Matrix:
    return datasets.load(str(path), cache_dir=tmp_path / "cache")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("plain.csv", TEXT),
        ("header.csv", b'first,"second, with a comma",third\n' + TEXT),
        ("windows.csv", TEXT.replace(b"\n", b"\r\n")),
        ("empty-lines.csv", b"\n\n" + TEXT.replace(b"\n", b"\n\n")),
        ("header-below-empty-lines.csv", b"\n\na,b,c\n" + TEXT),
        ("bom.csv", b"\xef\xbb\xbf" + TEXT),
        ("no-end.csv", TEXT[:-1]),
        ("spaces-and-quotes.csv", TEXT.replace(b"7,0", b'" 7",0 ')),
        ("a.csv.gz", gzip.compress(TEXT, mtime=0)),
        ("a.csv.xz", lzma.compress(TEXT)),
        ("A.CSV.BZ2", bz2.compress(TEXT)),
    ],
)
def test_tables(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    found = load(tmp_path / name, tmp_path)
    assert found.matrix_sha256 == matrix_sha256(as_source(W))
    assert (found.source, found.reason, found.matrix.shape) == ("file", "", (4, 3))


def test_rounding_is_said(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("0.1,1\n")
    for _ in range(2):
        assert load(tmp_path / "w.csv", tmp_path).reason == "float64 rounded to float32"


def test_columns_that_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "w.csv"
    path.write_text("id,a,b,label\nx,1,2,cat\ny,3,0,dog\n")
    source, changed = read_table(path, (0, -1))
    assert source.columns(0, 2).dense(2).tolist() == [[1, 3], [2, 0]] and not changed
    with pytest.raises(datasets.DataError, match="has 1 columns, all of which are to be dropped"):
        (tmp_path / "one.csv").write_text("1\n")
        read_table(tmp_path / "one.csv", (0,))


def test_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("a,b\n")
    with pytest.raises(datasets.DataError, match=r"w.csv has no rows: its first line is a header"):
        load(tmp_path / "w.csv", tmp_path)


BAD = {
    "few": (b"1,2\n\n3\n", "line 3, has 1 fields where the first line has 2"),
    "many": (b"a,b\n1,2\n\n\n3,4,5\n", "line 5, has 3 fields where the first line has 2"),
    "word": (b"1,2\n3,x\n", r"line 2, field 2: 'x' is not a number \(fields stand between commas, none empty\)"),
    "nothing": (b"1,2\n3,\n", "line 2, field 2: '' is not a number"),
    "half-header": (b"1,b\n3,4\n", "line 1, field 2: 'b' is not a number"),
    "semicolons": (b"1;2\n3;4\n", r"line 1, field 1: '1;2' is neither a number nor .*\(semicolons stand between"),
    "nan": (b"a,b\n\n1,2\n3,nan\n", "line 4: nan is not a finite number"),
    "inf": (b"1,2\n-inf,4\n", "line 2: -inf is not a finite number"),
    "large": (b"1,2\n3,1e39\n", r"line 2: 1e\+39 is beyond float32's range"),
    "empty": (b"", "is empty"),
    "binary": (b"\x00\x01\x02,\xff\n1,2\n\xfe,3\n", "is no text: it holds zero bytes"),
    "quote": (b'1,"2\n3,4\n', "bad.csv"),
    "long": (b"1,2\n3," + b"9" * 9_000_000 + b"\n", "a line of more than 64 bytes a field"),
    "mac": (b"1,2\r3,4\r", "lines end in a carriage return alone, as on old Macs"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_and_where(what: str, tmp_path: Path) -> None:
    data, words = BAD[what]
    (tmp_path / "bad.csv").write_bytes(data)
    with pytest.raises(datasets.DataError, match=words):
        load(tmp_path / "bad.csv", tmp_path)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.name != "files.json" and path.is_file()]


def test_a_line_in_a_later_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "BLOCK_BYTES", 256)
    for last, words in (
        ("5,y", "line 5002, field 2: 'y'"),
        ("5", "line 5002, has 1 fields"),
        ("5,nan", "line 5002: nan"),
    ):
        (tmp_path / "w.csv").write_text("a,b\n" + "1,2\n" * 5000 + last + "\n6,7\n")
        with pytest.raises(datasets.DataError, match=words):
            load(tmp_path / "w.csv", tmp_path)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_damaged_compressed_tables(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / f"w.csv.{'gz' if pack is gzip.compress else 'xz'}"
    data = pack(b"".join(b"%d,%d\n" % (i, i * i) for i in range(3000)))
    for broken in (data[: len(data) // 2], data[:2000] + bytes(byte ^ 0x5A for byte in data[2000:2100]) + data[2100:]):
        path.write_bytes(broken)
        with pytest.raises(datasets.DataError, match=r"w.csv"):
            load(path, tmp_path)


# ---- rows put aside


@settings(deadline=None)
@given(st.lists(st.integers(0, 7), max_size=6), st.integers(1, 9), st.integers(0, 2**32))
def test_rows_come_back_as_columns(heights: list[int], m: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-1, 2, (sum(heights), m)).astype(np.float32)
    spill = Spill(m, None)
    for block in np.split(matrix, np.cumsum(heights)):
        spill.add(np.ascontiguousarray(block.T))
    assert spill.shape == matrix.shape and matrix_sha256(spill) == matrix_sha256(as_source(matrix))
    begin, end = sorted(rng.integers(0, m + 1, 2).tolist())
    expected = as_source(matrix).columns(begin, end)
    found = spill.columns(begin, end)
    assert found.rows.tolist() == expected.rows.tolist() and found.indptr.tolist() == expected.indptr.tolist()
    assert spill.histogram().counts.tolist() == as_source(matrix).histogram().counts.tolist()
    with pytest.raises(ValueError, match="are not a range"):
        spill.columns(0, m + 1)


def test_a_full_disk_while_rows_are_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "w.csv"
    path.write_text("1,2,3,4,5,6,7,8\n" * 20_000)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limit[1]))
        with pytest.raises(datasets.DataError, match="put aside in .*File too large. Make room, or set DOTBENCH_HOME"):
            load(path, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.name != "files.json" and path.is_file()]


def test_a_place_where_no_rows_can_be_put(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(datasets.DataError, match="no rows can be put aside in .*Make room"):
        Spill(3, tmp_path / "file")


PEAK = """
import resource, sys
from pathlib import Path
from dotbench.datasets import tables
from dotbench.datasets.cache import write_cache
from dotbench.formats.sources import source
tables.BLOCK_BYTES = 1 << 18
source.blocks.__defaults__ = (1 << 18,)
folder = Path(sys.argv[1])
write_cache(tables.read_table(folder / sys.argv[2], scratch=folder)[0], folder / sys.argv[3])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_table(tmp_path: Path) -> None:
    """Four times the rows, 19 MB more text and 66 MB more of cache: less than 32 MiB more at the peak."""
    line = ",".join(str(j % 7) for j in range(100)) + "\n"
    peaks = []
    for name, rows in (("small.csv", 32_000), ("large.csv", 128_000)):
        (tmp_path / name).write_text(line * rows)
        command = [sys.executable, "-c", PEAK, str(tmp_path), name, name + ".cache"]
        done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
    assert peaks[1] - peaks[0] < 32 * 1024, peaks


def test_the_cache_of_a_table_is_that_of_its_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "BLOCK_BYTES", 1000)
    rng = np.random.default_rng(5)
    matrix = np.where(rng.random((500, 23)) < 0.3, rng.integers(-9, 10, (500, 23)), 0).astype(np.float32)
    np.savetxt(tmp_path / "w.csv", matrix, delimiter=",", fmt="%g")
    source, _ = read_table(tmp_path / "w.csv", scratch=tmp_path)
    cached = write_cache(source, tmp_path / "m")
    assert cached.matrix_sha256 == matrix_sha256(as_source(matrix)) == matrix_sha256(cached)
    histogram, expected = cached.histogram(), as_source(matrix).histogram()
    assert (
        histogram.values.tolist() == expected.values.tolist() and histogram.counts.tolist() == expected.counts.tolist()
    )
