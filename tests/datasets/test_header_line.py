"""The first line of a table is words or numbers; what may be either is refused, for a lost row is silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from dotbench.datasets import DataError
from dotbench.datasets.header_line import is_header
from dotbench.datasets.tables import read_table

NUMBERS = ["1,2", " 1 , +2.5", "1e3,-.5", "1.,0", "nan,inf", "-Infinity,1"]
HEADERS = ["a,b", "x1,x2", "# a,b", '"first name","b"', "(mV),b", "größe,重み", "_id,b", "1a".replace("1", "c") + ",b"]
NEITHER = {
    "NA,NA": "field 1: 'NA' is neither", ",b": "field 1: '' is neither .*it is empty", "a,": "field 2: '' is neither",
    "-,-": "field 1: '-'", "$1,$2": r"field 1: '\$1'", "10%,20%": "field 1: '10%'", "1.5D+01,2": "field 1: '1.5D.01' is not",
    "?,?": "field 1", ".,.": "field 1", "n/a,b": "field 1: 'n/a'", "null,b": "field 1", "1_000,2_000": "field 1: '1_000'",
    "1,b": "field 2: 'b' is not a number, and other fields are", "a,2": "field 1: 'a' is not a number, and other fields",
    "0x10,0x20": "field 1: '0x10'", "1st,2nd": "field 1: '1st'", "2020-01-01,b": "field 1", "€1,b": "field 1",
    "1;2": "field 1: '1;2' .*semicolons stand between its parts", "1\t2": "field 1: .*tabs stand between its parts",
    "1|2": "field 1: .*bars stand", "1,5;2,5": "field 2: '5;2' is not a number .*semicolons", "(1),(2)": "field 1", "--,b": "field 1",
    "b,none": "field 2: 'none'", "１,２": "field 1", "#N/A,b": "field 1",
}  # fmt: skip


@pytest.mark.parametrize("line", NUMBERS)
def test_numbers_are_a_row(line: str) -> None:
    assert not is_header(line.split(","))


@pytest.mark.parametrize("line", HEADERS)
def test_words_are_a_header(line: str) -> None:
    assert is_header(line.split(","))


@pytest.mark.parametrize("line", NEITHER)
def test_what_is_neither_is_refused_by_line(line: str, tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text(f"\n{line}\n3,4\n", "utf-8")
    with pytest.raises(DataError, match=f"w.csv, line 2, {NEITHER[line]}"):
        read_table(tmp_path / "w.csv")


def test_columns_that_are_dropped_may_be_anything() -> None:
    assert not is_header(["x", "1", "2", ""], {0, 3})
    assert is_header(["", "a", "b"], {0})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a,b\n", "has no rows: its first line is a header"),
        ("1,2\n3,4\n".encode("utf-16"), "is text in UTF-16: save it as UTF-8"),
        ("1,2\n3,4\n".encode("utf-16-be"), "is text in UTF-16"),
        ("1,2\n3,4\n".encode("utf-32"), "is text in UTF-32"),
        (b"1,2\r3,4\r", "lines end in a carriage return alone"),
        (b"1,2\r", "lines end in a carriage return alone"),
        (b"\x93NUMPY\x01\x00", "is a .npy file of numpy, and its name ends in .csv: rename it"),
        (b"PK\x03\x04....", "is a .npz or other zip archive"),
        (b"\x1f\x8b\x08..", "is a gzip file, and its name ends in .csv"),
        (b"1,2\n1\0,3\n", "is no text: it holds zero bytes"),
        (b"\xef\xbb\xbf", "is empty"),
    ],
)
def test_what_is_no_table(data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_bytes(data)
    with pytest.raises(DataError, match=f"w.csv.*{words}"):
        read_table(tmp_path / "w.csv")
