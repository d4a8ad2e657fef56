"""Tables of numbers as text (.csv): a line a row, fields between commas, parsed in blocks by pyarrow.

A first line of words is a header; one with a field that is neither a number nor a word (empty, a missing mark, a
number written in another way) is an error, for it may be a row. Numbers are read as float64 and rounded to
float32. Nothing but a block is in memory; errors name the line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.places import brings
from dotbench.datasets.compressed import opened
from dotbench.datasets.errors import DataError
from dotbench.datasets.header_line import is_header
from dotbench.datasets.plain_text import HEAD_BYTES, skip_mark
from dotbench.datasets.spill import Spill

BLOCK_BYTES = 4 << 20  # of text, parsed at a time: up to 2 M numbers
FIRST_LINE_BYTES = 64 << 20
FIELD_BYTES = 64  # that a field may have for lines to fit into a block


@dataclass(frozen=True)
class _Layout:
    """Of a file: the ``fields`` of its first line, how many lines stand ``above`` the first row, and the ``mark``
    in front of its text, in bytes."""

    path: Path
    fields: int
    above: int
    mark: int

    def opened(self) -> Any:
        """The file from its first row on."""
        file = opened(self.path)
        file.read(self.mark)
        for _ in range(self.above):
            file.readline(FIRST_LINE_BYTES)
        return file

    def line(self, row: int) -> int:
        """The line of the file, from 1, that holds a row, from 0; empty lines are no rows."""
        with self.opened() as file:
            for number, line in enumerate(file, self.above + 1):
                row -= bool(line.strip(b"\r\n"))
                if row < 0:
                    return number
        raise DataError(f"{self.path} changed while it was read")


def read_table(path: Path, drop: tuple[int, ...] = (), scratch: Path | None = None) -> tuple[Spill, bool]:
    """The matrix in a table, and whether a number changed when it was rounded to float32.

    ``drop`` are columns that are no part of it (-1 is the last); rows are put aside in ``scratch``. DataError
    with the line for one that has more or fewer fields than the first, and for what is no finite number.
    """
    layout = _layout(path, drop)
    kept = sorted(set(range(layout.fields)) - {column % layout.fields for column in drop})
    if not kept:
        raise DataError(f"{path} has {layout.fields} columns, all of which are to be dropped: it is another table")
    spill, changed = Spill(len(kept), scratch), False
    for numbers in _blocks(layout, kept):
        with np.errstate(over="ignore"):
            narrow = numbers.astype(np.float32)
        _check_finite(layout, numbers, narrow, spill.shape[0])
        changed = changed or bool((narrow != numbers).any())
        spill.add(narrow)
    if not spill.shape[0]:
        raise DataError(f"{path} has no rows: its first line is a header, and nothing follows")
    return spill, changed


def _layout(path: Path, drop: tuple[int, ...]) -> _Layout:
    above, line = -1, b"\n"
    with opened(path) as file:
        mark = skip_mark(path, file.peek(HEAD_BYTES))
        file.read(mark)
        while line and not line.strip():
            above, line = above + 1, file.readline(FIRST_LINE_BYTES)
    if not line:
        raise DataError(f"{path} is empty: a table has a line for each row")
    if len(line) == FIRST_LINE_BYTES:
        raise DataError(f"{path}: its first line is longer than {FIRST_LINE_BYTES} bytes, so it is no table")
    try:
        fields = next(csv.reader([line.decode("utf-8", "replace")]))
    except csv.Error as error:
        raise DataError(f"{path}, line {above + 1} is no line of a table: {error}") from error
    try:
        header = is_header(fields, {column % len(fields) for column in drop})
    except ValueError as error:
        raise DataError(f"{path}, line {above + 1}, {error}") from error
    return _Layout(path, len(fields), above + header, mark)


def _pyarrow() -> Any:
    """The optional package that reads large text; DataError with the line that brings it."""
    try:
        import pyarrow  # type: ignore[import-untyped]
        import pyarrow.csv  # type: ignore[import-untyped]
    except ImportError as error:
        raise DataError(f"tables of text are read by pyarrow, which is not installed: {brings('tables')}") from error
    return pyarrow


def _blocks(layout: _Layout, kept: list[int]) -> Iterator[npt.NDArray[np.float64]]:
    """The kept columns of some rows at a time, (columns, rows)."""
    pyarrow = _pyarrow()
    names = [str(column) for column in range(layout.fields)]
    numbers = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pyarrow.float64()),
        null_values=[],
        include_columns=[names[column] for column in kept],
    )
    size = max(BLOCK_BYTES, FIELD_BYTES * layout.fields)
    # one thread: only then do errors say which row it was
    reading = pyarrow.csv.ReadOptions(use_threads=False, block_size=size, column_names=names)
    with layout.opened() as file:
        try:
            for block in pyarrow.csv.open_csv(file, reading, convert_options=numbers):
                yield np.stack([column.to_numpy() for column in block.columns])
        except pyarrow.ArrowInvalid as error:
            if str(error) != "Empty CSV file":  # nothing below the header: no rows
                raise _explained(layout, str(error)) from error


def _explained(layout: _Layout, words: str) -> DataError:
    """pyarrow's words as ours, with the line of the file."""
    row = re.search(r"Row #(\d+)", words)
    where = f"{layout.path}, line {layout.line(int(row[1]) - 1)}," if row else str(layout.path)
    if found := re.search(r"got (\d+)", words):
        return DataError(f"{where} has {found[1]} fields where the first line has {layout.fields}")
    if found := re.search(r"column #(\d+).*invalid value '(.*)'", words, re.DOTALL):
        field, value = int(found[1]) + 1, found[2][:40]
        return DataError(f"{where} field {field}: {value!r} is not a number (fields stand between commas, none empty)")
    if "straddles" in words:
        return DataError(f"{where} has a line of more than {FIELD_BYTES} bytes a field: it is no table of numbers")
    return DataError(f"{where} cannot be read as a table: {words}")


def _check_finite(
    layout: _Layout, numbers: npt.NDArray[np.float64], narrow: npt.NDArray[np.float32], before: int
) -> None:
    if np.isfinite(narrow).all():
        return
    row, column = np.argwhere(~np.isfinite(narrow).T)[0]
    number = numbers[column, row]
    what = "is beyond float32's range" if np.isfinite(number) else "is not a finite number"
    raise DataError(f"{layout.path}, line {layout.line(before + int(row))}: {number} {what}")
