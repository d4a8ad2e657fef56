"""Matrix Market files (.mtx): every line held against the grammar, to its end, before it becomes numbers.

A file that is cut short inside a number would otherwise give another number: a last line has to have its end.
Fortran's exponents (1.5D+01) are read, and comments and empty lines wherever they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.compressed import OPENERS, opened
from dotbench.datasets.errors import CUT, DataError
from dotbench.datasets.limits import check_sides
from dotbench.datasets.market_head import LONGEST_LINE, Head, read_head, shown
from dotbench.formats.sources.source import MAX_DIMENSION

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

BLOCK_BYTES = 4 << 20
EXACT = 2**53  # whole numbers beyond are not all float64
COUNT = rb"\+?+[0-9]++"
WHOLE = rb"[+-]?+[0-9]++"
REAL = rb"[+-]?+(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)(?:[eEdD][+-]?+[0-9]++)?+"
VALUES = {"real": REAL, "double": REAL, "integer": WHOLE, "unsigned-integer": COUNT}
FORTRAN = bytes.maketrans(b"dD", b"ee")
COMMENT = re.compile(rb"^[ \t]*%[^\n]*$", re.MULTILINE)


def read_matrix_market(path: Path) -> Any:
    """A scipy sparse array, or a numpy array of the array form; symmetric storage expanded.

    Values are float64, int64 where the file says that they are whole, and ones of float32 for a pattern.
    """
    with opened(path) as file:
        head = read_head(path, file)
        check_sides(path, head.shape, path.stat().st_size)
        if max(head.shape) > MAX_DIMENSION:
            raise DataError(f"{path} has {head.shape[0]} x {head.shape[1]} entries: at most {MAX_DIMENSION} of each")
        numbers = list(_Body(head).numbers(file))
    table = np.concatenate(numbers) if numbers else np.zeros((0, len(_kinds(head))))
    if len(table) < head.entries:
        raise DataError(
            f"{path} cannot be read as a matrix: it ends after {len(table)} of {head.entries} entries; {CUT}"
        )
    return _sparse(head, table) if head.coordinate else _dense(head, table[:, 0])


def _kinds(head: Head) -> list[bytes]:
    """The grammar of each number in a line."""
    return [COUNT, COUNT] * head.coordinate + [VALUES[one] for one in (head.field,) if one != "pattern"]


@dataclass
class _Body:
    """The lines behind the head, in blocks; ``line`` is how many lines have gone by, ``count`` how many entries."""

    head: Head
    line: int = 0
    count: int = 0
    pattern: re.Pattern[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.line = self.head.lines
        parts = _kinds(self.head)
        entry = rb"[ \t]*+(?:" + rb"[ \t]++".join(parts) + rb"[ \t]*+)?+\r?+\n"
        self.pattern = re.compile(rb"(?:" + entry + rb"|[ \t]*+%[^\n]*+\n)*+")

    def numbers(self, file: Any) -> Iterator[Floats]:
        """The numbers of some lines at a time, a row each."""
        for text in _lines(self.head.path, file):
            end = self.pattern.match(text).end()  # type: ignore[union-attr]  # it matches nothing, too
            if end < len(text):
                raise self._error(text[:end], self._why(text[end : text.index(b"\n", end)]))
            plain = COMMENT.sub(b"", text) if b"%" in text else text
            if plain.strip():
                yield self._checked(plain, _parsed(plain).reshape(-1, len(_kinds(self.head))))
            self.line += text.count(b"\n")

    def _checked(self, text: bytes, rows: Floats) -> Floats:
        head, (n, m) = self.head, self.head.shape
        if self.count + len(rows) > head.entries:
            self._refuse(text, np.arange(len(rows)) >= head.entries - self.count, f"more than {head.entries} entries")
        self.count += len(rows)
        if head.coordinate:
            i, j = rows[:, 0], rows[:, 1]
            self._refuse(text, (i < 1) | (i > n) | (j < 1) | (j > m), f"its place lies outside of 1 to {n}, 1 to {m}")
            if head.symmetry != "general":
                self._refuse(text, j > i, f"it lies above the diagonal, of which a {head.symmetry} file has no entries")
            if head.symmetry == "skew-symmetric":
                self._refuse(text, j == i, "it lies on the diagonal, which is zero in a skew-symmetric matrix")
        if head.whole:
            self._refuse(text, np.abs(rows[:, -1]) >= EXACT, f"whole numbers are read below {EXACT}")
        self._refuse(text, ~np.isfinite(rows[:, -1]), "it is beyond float32's range")
        return rows

    def _refuse(self, text: bytes, wrong: Mask, why: str) -> None:
        if not wrong.any():
            return
        left = int(np.argmax(wrong))
        at = 0
        for line in text.split(b"\n"):
            left -= bool(line.strip())
            if left < 0:
                raise self._error(text[:at], f"{shown(line)}: {why}")
            at += len(line) + 1

    def _error(self, before: bytes, why: str) -> DataError:
        number = self.line + before.count(b"\n") + 1
        return DataError(f"{self.head.path}, line {number}: {why}")

    def _why(self, line: bytes) -> str:
        """What is wrong with a line that the grammar does not have."""
        head, words = self.head, line.split()
        names = ["row", "column"] * head.coordinate + [f"{head.field} number"] * (head.field != "pattern")
        if len(words) != len(names):
            return f"{shown(line)} has {len(words)} fields, a {head.field} entry has {len(names)}: {', '.join(names)}"
        for word, name, kind in zip(words, names, _kinds(head), strict=True):
            if not re.fullmatch(kind, word):
                return f"{shown(word)} is no {name}{_hint(word)}"
        return f"{shown(line)} is no entry"


def _hint(word: bytes) -> str:
    if word.lower().lstrip(b"+-") in (b"nan", b"inf", b"infinity"):
        return ": it is not a finite number"
    return ": a decimal point is needed, not a comma" if b"," in word else ""


def _lines(path: Path, file: Any) -> Iterator[bytes]:
    """Blocks of whole lines. What has no end is one only where it cannot have been cut: behind a checksum."""
    rest = b""
    while block := file.read(BLOCK_BYTES):
        text = rest + block
        cut = text.rfind(b"\n") + 1
        rest = text[cut:]
        if len(rest) > LONGEST_LINE:
            raise DataError(f"{path} has a line of more than {LONGEST_LINE} bytes: it is no Matrix Market file")
        if cut:
            yield text[:cut]
    if rest.strip() and path.suffix.lower() not in OPENERS:
        raise DataError(
            f"{path} cannot be read as a matrix: its last line, {shown(rest)}, has no end; {CUT}, or add a line feed "
            "if this is all of it"
        )
    if rest.strip():
        yield rest + b"\n"


def _parsed(text: bytes) -> Floats:
    """All numbers of a text that keeps to the grammar."""
    if b"D" in text or b"d" in text:
        text = text.translate(FORTRAN)
    return np.asarray(np.fromstring(text.decode("ascii"), np.float64, sep=" "))


def _typed(head: Head, values: Floats) -> npt.NDArray[Any]:
    return values.astype(np.int64) if head.whole else values


def _sparse(head: Head, table: Floats) -> Any:
    import scipy.sparse  # slow to import, and a process that measures reads the cache alone

    i, j = (table[:, at].astype(np.int32) - np.int32(1) for at in (0, 1))
    values = np.ones(len(table), np.float32) if head.field == "pattern" else _typed(head, table[:, 2])
    if head.symmetry != "general":
        off = i != j
        sign = -1 if head.symmetry == "skew-symmetric" else 1
        i, j = np.concatenate((i, j[off])), np.concatenate((j, i[off]))
        values = np.concatenate((values, sign * values[off]))
    return scipy.sparse.coo_array((values, (i, j)), shape=head.shape)


def _dense(head: Head, values: Floats) -> npt.NDArray[Any]:
    """Numbers stand column by column."""
    n, m = head.shape
    if head.symmetry == "general":
        return _typed(head, values).reshape(m, n).T
    skew = head.symmetry == "skew-symmetric"
    out = np.zeros((n, n), np.int64 if head.whole else np.float64)
    column, row = np.triu_indices(n, 1 if skew else 0)  # of the transpose: down the columns of the lower triangle
    out[column, row] = -values if skew else values
    out[row, column] = values
    return out
