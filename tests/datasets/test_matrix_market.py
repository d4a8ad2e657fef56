"""Matrix Market files: every token to its end, or an error with its line; a cut file never gives another number."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.sparse

from dotbench.datasets import DataError, files, matrix_market
from dotbench.datasets.matrix_market import read_matrix_market

REAL = "%%MatrixMarket matrix coordinate real general\n"


def read(tmp_path: Path, text: str | bytes, name: str = "w.mtx") -> Any:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_matrix_market(path)


def banner(form: str = "coordinate", field: str = "real", symmetry: str = "general") -> str:
    return f"%%MatrixMarket matrix {form} {field} {symmetry}\n"


GOOD = {
    "Fortran's exponents": (REAL + "2 2 2\n1 1 1.5D+01\n2 2 2.5d-1\n", [[15, 0], [0, 0.25]]),
    "plus signs": (REAL + "2 2 2\n1 +1 +1.5\n2 2 +1e+1\n", [[1.5, 0], [0, 10]]),
    "points at ends": (REAL + "1 2 2\n1 1 5.\n1 2 -.5\n", [[5, -0.5]]),
    "leading zeros": (REAL + "1 1 1\n01 001 007.50\n", [[7.5]]),
    "capitals": (REAL.upper() + "1 1 1\n1 1 5\n", [[5]]),
    "the mark of UTF-8": (b"\xef\xbb\xbf" + REAL.encode() + b"1 1 1\n1 1 5\n", [[5]]),
    "late comments": (REAL + "%\n1 1 1\n% 1 1 9D\n  % 1 1 8\n\n1 1 5\n%9\n", [[5]]),
    "comments in another alphabet": (REAL.encode() + b"% \xff\xe9\n1 1 1\n%\xff\n1 1 5\n", [[5]]),
    "tabs and blanks": (REAL + "1 1\t1\n\t1  1 \t5 \n", [[5]]),
    "lines of Windows": (REAL.replace("\n", "\r\n") + "1 1 1\r\n1 1 5\r\n\r\n", [[5]]),
    "duplicates": (REAL + "1 1 2\n1 1 5\n1 1 6\n", [[11]]),
    "integers": (banner(field="integer") + "1 2 2\n1 1 -7\n1 2 +16777216\n", [[-7, 16777216]]),
    "integers without a sign": (banner(field="unsigned-integer") + "1 1 1\n1 1 7\n", [[7]]),
    "a pattern": (banner(field="pattern") + "2 2 2\n1 2\n2 1\n", [[0, 1], [1, 0]]),
    "symmetric": (banner(symmetry="symmetric") + "2 2 2\n1 1 4\n2 1 5\n", [[4, 5], [5, 0]]),
    "skew": (banner(symmetry="skew-symmetric") + "2 2 1\n2 1 5\n", [[0, -5], [5, 0]]),
    "no entries": (REAL + "2 1 0\n", [[0], [0]]),
    "an array": (banner("array") + "2 2\n1\n2\n3\n4.5\n", [[1, 3], [2, 4.5]]),
    "a symmetric array": (banner("array", symmetry="symmetric") + "2 2\n1\n2\n3\n", [[1, 2], [2, 3]]),
    "a skew array": (banner("array", symmetry="skew-symmetric") + "3 3\n1\n2\n3\n", [[0, -1, -2], [1, 0, -3], [2, 3, 0]]),
}  # fmt: skip


@pytest.mark.parametrize("what", GOOD)
def test_what_is_read(what: str, tmp_path: Path) -> None:
    text, expected = GOOD[what]
    found = read(tmp_path, text)
    assert (found.toarray() if scipy.sparse.issparse(found) else found).tolist() == expected


BAD = {
    "a decimal comma": (REAL + "2 2 2\n1 1 1,5\n2 2 1\n", "line 3: '1,5' is no real number: a decimal point is needed"),
    "a fraction of integers": (banner(field="integer") + "1 1 1\n1 1 7.5\n", "line 3: '7.5' is no integer number"),
    "an exponent of integers": (banner(field="integer") + "1 1 1\n1 1 1e3\n", "line 3: '1e3' is no integer number"),
    "a negative unsigned": (banner(field="unsigned-integer") + "1 1 1\n1 1 -1\n", "'-1' is no unsigned-integer"),
    "too many fields": (REAL + "2 2 1\n1 1 5 9\n", "line 3: '1 1 5 9' has 4 fields, a real entry has 3"),
    "too few fields": (REAL + "2 2 1\n%\n\n1 1\n", "line 5: '1 1' has 2 fields, a real entry has 3"),
    "a pattern with values": (banner(field="pattern") + "2 2 1\n1 1 7\n", "line 3: .* a pattern entry has 2: row, column"),
    "hexadecimal": (REAL + "1 1 1\n1 1 0x10\n", "line 3: '0x10' is no real number"),
    "nan": (REAL + "1 1 1\n1 1 nan\n", "line 3: 'nan' is no real number: it is not a finite number"),
    "inf": (REAL + "1 1 1\n1 1 -inf\n", "line 3: '-inf' is no real number: it is not a finite number"),
    "an overflow": (REAL + "1 1 1\n1 1 1e999\n", "line 3: '1 1 1e999': it is beyond float32's range"),
    "an exponent that ends": (REAL + "1 1 1\n1 1 1e\n", "line 3: '1e' is no real number"),
    "Fortran without a letter": (REAL + "1 1 1\n1 1 1.5+100\n", "line 3: '1.5.100' is no real number"),
    "underscores": (REAL + "1 1 1\n1 1 1_000\n", "line 3: '1_000' is no real number"),
    "a fraction of a row": (REAL + "1 1 1\n1.0 1 5\n", "line 3: '1.0' is no row"),
    "a sign of a row": (REAL + "1 1 1\n1 -1 5\n", "line 3: '-1' is no column"),
    "from 0": (REAL + "2 2 2\n1 1 5\n%\n0 1 5\n", "line 5: '0 1 5': its place lies outside of 1 to 2, 1 to 2"),
    "outside": (REAL + "2 2 1\n1 3 5\n", "line 3: '1 3 5': its place lies outside"),
    "far outside": (REAL + "2 2 1\n1 99999999999999999999999 5\n", "line 3: .* its place lies outside"),
    "more entries": (REAL + "2 2 1\n1 1 5\n\n2 2 6\n", "line 5: '2 2 6': more than 1 entries"),
    "fewer entries": (REAL + "2 2 3\n1 1 5\n", "it ends after 1 of 3 entries; the file is cut short"),
    "both triangles": (banner(symmetry="symmetric") + "2 2 3\n1 1 4\n2 1 5\n1 2 5\n", "line 5: '1 2 5': it lies above"),
    "not square": (banner(symmetry="symmetric") + "2 3 1\n2 1 5\n", "line 2: a symmetric matrix is square, .* 2 x 3"),
    "not square array": (banner("array", symmetry="symmetric") + "2 3\n1\n2\n3\n", "line 2: a symmetric matrix is square"),
    "a skew diagonal": (banner(symmetry="skew-symmetric") + "2 2 1\n1 1 5\n", "line 3: .* lies on the diagonal"),
    "a skew pattern": (banner(field="pattern", symmetry="skew-symmetric") + "2 2 1\n2 1\n", "line 1: a pattern has"),
    "a pattern of an array": (banner("array", "pattern") + "1 1\n1\n", "line 1: a pattern has positions and no values"),
    "complex": (banner(field="complex") + "1 1 1\n1 1 1 0\n", "line 1: complex numbers cannot be encoded"),
    "another field": (banner(field="quaternion") + "1 1 1\n1 1 1\n", "line 1: 'quaternion' is no field: there are real"),
    "another form": (banner("list") + "1 1 1\n", "line 1: 'list' is no form"),
    "another symmetry": (banner(symmetry="upper") + "1 1 1\n", "line 1: 'upper' is no symmetry"),
    "a vector": ("%%MatrixMarket vector coordinate real general\n", "line 1: .* is not the first line of a matrix"),
    "no banner": ("1 1 1\n1 1 5\n", "line 1: '1 1 1' is not the first line of a matrix, like %%MatrixMarket"),
    "a banner that goes on": (REAL[:-1] + " please\n1 1 1\n1 1 5\n", "line 1: .* is not the first line"),
    "no sizes": (REAL + "% nothing\n", "ends before its line of sizes"),
    "sizes of an array": (REAL + "1 1\n1 1 5\n", "line 2: '1 1' are not the 3 sizes"),
    "a fraction of a size": (REAL + "1.0 1 1\n1 1 5\n", "line 2: '1.0 1 1' are not the 3 sizes"),
    "a negative size": (REAL + "-1 1 1\n", "line 2: '-1 1 1' are not the 3 sizes"),
    "an array with two in a line": (banner("array") + "2 1\n1 2\n", "line 3: '1 2' has 2 fields, a real entry has 1"),
    "a large integer": (banner(field="integer") + "1 1 1\n1 1 9007199254740993\n", "whole numbers are read below"),
    "UTF-16": ((REAL + "1 1 1\n1 1 5\n").encode("utf-16"), "is text in UTF-16: save it as UTF-8"),
    "UTF-16 without a mark": ((REAL + "1 1 1\n1 1 5\n").encode("utf-16-le"), "is text in UTF-16"),
    "lines of old Macs": ((REAL + "1 1 1\n1 1 5\n").replace("\n", "\r"), "lines end in a carriage return alone"),
    "a .npy": (b"\x93NUMPY\x01\x00", "is a .npy file of numpy, and its name ends in .mtx: rename it"),
    "zero bytes": (REAL.encode() + b"1 1 1\n1 1 5\0\n", "no text: it holds zero bytes"),
    "a claim of columns": (REAL + "1 2147483647 1\n1 1 1.0\n", "claims 1 x 2147483647 .* in 69 bytes: .*DOTBENCH_READ_BYTES"),
    "an endless line": (REAL + "1 1 1\n" + "1" * 6_000_000, "a line of more than 1048576 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_is_refused_and_where(what: str, tmp_path: Path) -> None:
    text, words = BAD[what]
    with pytest.raises(DataError, match=words) as caught:
        read(tmp_path, text)
    assert str(tmp_path / "w.mtx") in str(caught.value)


@pytest.mark.parametrize("field", ["real", "integer", "pattern"])
def test_a_file_that_is_cut_gives_no_other_matrix(field: str, tmp_path: Path) -> None:
    """scipy's parser ended the process on some of these, and read others as another number."""
    value = {"real": "-1.2345678901234567e-03", "integer": "123456", "pattern": ""}[field]
    text = banner(field=field) + "20 20 3\n" + "".join(f"{i} {i + 1} {value}\n" for i in (10, 11, 12))
    whole = read(tmp_path, text).toarray()
    for cut in range(1, 65):
        try:
            found = read(tmp_path, text[:-cut])
        except DataError as error:
            assert "w.mtx" in str(error)
        else:
            assert np.array_equal(found.toarray(), whole)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_last_line_without_an_end_behind_a_checksum(pack: Any, tmp_path: Path) -> None:
    ending = {"gzip": "gz", "bz2": "bz2", "lzma": "xz"}[pack.__module__]
    data = pack((REAL + "1 1 1\n1 1 5").encode())
    assert read(tmp_path, data, f"w.mtx.{ending}").toarray().tolist() == [[5]]
    with pytest.raises(DataError, match=f"w.mtx.{ending} cannot be read as a matrix: .* cut short or damaged"):
        read(tmp_path, data[:-6], f"w.mtx.{ending}")


@pytest.mark.parametrize("block", [16, 100, 1 << 20])
def test_blocks_of_lines_are_one_file(block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix_market, "BLOCK_BYTES", block)
    rng = np.random.default_rng(3)
    matrix = scipy.sparse.random_array((40, 30), density=0.2, rng=rng)
    scipy.io.mmwrite(tmp_path / "w.mtx", matrix, precision=17)
    assert np.array_equal(read_matrix_market(tmp_path / "w.mtx").toarray(), matrix.toarray())
    lines = (tmp_path / "w.mtx").read_text().splitlines()
    lines[150] = "1 1 x"
    with pytest.raises(DataError, match="line 151: 'x' is no real number"):
        read(tmp_path, "\n".join(lines) + "\n")


def test_what_scipy_writes_is_read_as_it_was(tmp_path: Path) -> None:
    """All digits of float64, on all scales."""
    rng = np.random.default_rng(4)
    values = rng.standard_normal(3000) * 10.0 ** rng.integers(-30, 30, 3000)
    matrix = scipy.sparse.coo_array((values, (np.arange(3000) % 60, np.arange(3000) // 60)), shape=(60, 50))
    for written in (matrix, matrix.toarray()):
        scipy.io.mmwrite(tmp_path / "w.mtx", written, precision=17)
        found = read_matrix_market(tmp_path / "w.mtx")
        assert np.array_equal(found.toarray() if scipy.sparse.issparse(found) else found, matrix.toarray())


def test_whole_numbers_that_float32_does_not_hold(tmp_path: Path) -> None:
    (tmp_path / "w.mtx").write_text(banner(field="integer") + "1 2 2\n1 1 3\n1 2 16777217\n")
    with pytest.raises(DataError, match=r"16777217 at row 0, column 1 is no float32, which holds whole numbers up to"):
        files.read(tmp_path / "w.mtx")


OUTCOMES = {  # of files that went wrong elsewhere: the sum of the matrix, or words
    "bom": 5.0, "upper_banner": 5.0, "plus_sign": 2.5, "fortran_d": 16.0, "decimal_comma": "line 3", "m_cols": "claims",
    "extra_column": "line 3", "integer_with_fraction": "line 3", "pattern_with_values": "line 3",
    "symmetric_both_triangles": "line 5", "symmetric_not_square": "line 2",
}  # fmt: skip


@pytest.mark.real_data("faults")
@pytest.mark.parametrize("name", OUTCOMES)
def test_files_that_went_wrong(mirror: Path, name: str) -> None:
    expected = OUTCOMES[name]
    if isinstance(expected, float):
        assert read_matrix_market(mirror / "faults" / f"{name}.mtx").sum() == expected
    else:
        with pytest.raises(DataError, match=f"{name}.mtx.*{expected}"):
            read_matrix_market(mirror / "faults" / f"{name}.mtx")
