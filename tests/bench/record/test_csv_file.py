"""Results files read by whoever only looks: what may differ, and what is named with its line."""

from __future__ import annotations

import pytest

from dotbench.bench.metrics import registry
from dotbench.bench.metrics.column import COMMON
from dotbench.bench.record import csv_file

SPACE = ",".join(csv_file.columns_of("space"))
LINE = "orsreg_1,ab12,mirror,csc,,ok,,c0de,4,5,6,3,float32,true,0,108,32,0,43.20000000,144.00000000,0.7407,,,"
OLD = f"{','.join(column.name for column in COMMON)},bytes"  # of a version that knew no more


def test_order_and_what_an_older_version_did_not_have() -> None:
    (row,) = csv_file.read(
        f"bytes,{','.join(column.name for column in COMMON)}\n108,d,ab,mirror,csc,,ok,,c0de\n", "space"
    ).rows()
    assert (row["dataset"], row["bytes"], row["scratch_bytes"], row["dtype"]) == ("d", 108, None, "")


def test_what_spreadsheets_do() -> None:
    (row,) = csv_file.read(f"\ufeff{SPACE}\r\n{LINE}\r\n", "space").rows()
    assert row["dataset"] == "orsreg_1" and row["bytes"] == 108


def test_only_wanted_rows_are_looked_at() -> None:
    text = f"{SPACE}\n{LINE}\n{LINE.replace('orsreg_1', 'other').replace('108', 'many')}\n"
    (row,) = csv_file.read(text, "space").rows(lambda fields: fields["dataset"] == "orsreg_1")
    assert row["bytes"] == 108


def test_cells_may_be_told_apart_by_more() -> None:
    header = ",".join([*[column.name for column in COMMON], "batch", "threads", "cache", "isa"])
    text = f"{header}\n" + "".join(f"d,ab,mirror,csc,,ok,,c0de,1,1,warm,{isa}\n" for isa in ("avx2", "sse2"))
    assert len(csv_file.read(text, "time").rows(apart=("isa",))) == 2
    with pytest.raises(csv_file.SheetError, match="line 3: the same cell as line 2"):
        csv_file.read(text, "time").rows()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{SPACE},joules\n", "line 1: column joules is unknown in space.csv: a newer version of dotbench wrote it"),
        (f"{SPACE},a,b,c,d,e,f\n", "line 1: columns a, b, c, d, e, ... are unknown"),
        (f"{SPACE},\n", "line 1: column (no name) is unknown"),
        (f"{SPACE},n,m\n", "line 1: columns m, n are there more than once"),
        (SPACE.replace("matrix_sha256,", "") + "\n", "line 1: column matrix_sha256 is missing, and rows of space.csv"),
        ("", "line 1: columns dataset, matrix_sha256, format, params, status, ... are missing"),
        (f"{SPACE}\n{LINE}\n=======\n", "line 3: a merge conflict. Resolve it"),
        (f"{SPACE}\n{LINE},\n", "line 2: 25 fields, and there are 24 columns"),
        (f"{SPACE}\n{LINE.replace(',108,', ',many,')}\n", "line 2: column bytes: 'many' is no whole number"),
        (f"{SPACE}\n{LINE.replace('0.7407', 'nan')}\n", "line 2: column ratio: 'nan' is no number"),
        (f"{SPACE}\n{LINE.replace('0.7407', '-inf')}\n", "line 2: column ratio: '-inf' is no number"),
        (f"{SPACE}\n{LINE.replace(',ok,', ',done,')}\n", "line 2: column status: 'done' is none of ok, failed"),
        (f"{SPACE}\n{LINE}\n{LINE}\n", "line 3: the same cell as line 2; delete one of them"),
    ],
)
def test_what_is_wrong_is_named(text: str, words: str) -> None:
    with pytest.raises(csv_file.SheetError) as error:
        csv_file.read(text, "space").rows()
    assert str(error.value).startswith(words)


@pytest.mark.parametrize("file", registry.names())
def test_keys_are_needed(file: str) -> None:
    for name in registry.get(file).all_keys:
        header = ",".join(column for column in csv_file.columns_of(file) if column != name)
        with pytest.raises(csv_file.SheetError, match=f"column {name} is missing"):
            csv_file.read(f"{header}\n", file)


HEADER = ",".join(csv_file.columns_of("space"))


@pytest.mark.parametrize(("letter", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_what_a_spreadsheet_has_saved_is_named(letter: str, name: str) -> None:
    """Its numbers may have decimal commas by now: nothing is guessed."""
    for exact in (True, False):
        with pytest.raises(
            csv_file.SheetError, match=f"line 1: its columns are separated by {name}: a spreadsheet has"
        ):
            csv_file.read(HEADER.replace(",", letter) + "\n", "space", exact)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_that_was_cut_short_is_named(end: str) -> None:
    """Wherever it was cut but at a line's end: the last figure may have lost digits."""
    line = "d,aa,mirror,csc,,ok,,c0de,4,5,6,3,float32,true,0,108,32,0,43.20000000,144.00000000,0.7407,,,1.2345"
    whole = f"{HEADER}{end}{line}{end}"
    assert csv_file.read(whole, "space", exact=True).rows()[0]["x_bound"] == 1.2345
    for at in range(len(HEADER) + len(end) + 1, len(whole) - len(end) + 1):
        with pytest.raises(
            csv_file.SheetError, match="line 2: the last line does not end: the file was cut short there"
        ):
            csv_file.read(whole[:at], "space", exact=True)
