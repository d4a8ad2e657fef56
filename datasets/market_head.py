"""The first lines of a Matrix Market file: what is stored, how, and how much of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotbench.datasets.errors import CUT, DataError
from dotbench.datasets.plain_text import HEAD_BYTES, skip_mark

FIELDS = ("real", "double", "integer", "unsigned-integer", "pattern")
SYMMETRIES = ("general", "symmetric", "skew-symmetric", "hermitian")  # the last two of real numbers
LONGEST_LINE = 1 << 20
SIZE = re.compile(rb"\+?[0-9]{1,19}")
BANNER = "%%MatrixMarket matrix coordinate real general"


@dataclass(frozen=True)
class Head:
    """``entries`` are the lines that follow; ``lines`` those that have been read."""

    path: Path
    coordinate: bool
    field: str
    symmetry: str
    shape: tuple[int, int]
    entries: int
    lines: int

    @property
    def whole(self) -> bool:
        """Whether values are whole numbers."""
        return self.field in ("integer", "unsigned-integer")


def read_head(path: Path, file: Any) -> Head:
    """Reads up to the line of sizes; DataError, with the line, for what the format does not have."""
    head = file.peek(HEAD_BYTES)
    file.read(skip_mark(path, head))
    form, field, symmetry = _banner(path, file.readline(LONGEST_LINE))
    number, line = 1, b"%"
    while not line.strip() or line.lstrip().startswith(b"%"):
        number, line = number + 1, file.readline(LONGEST_LINE)
        if not line:
            raise DataError(f"{path} cannot be read as a matrix: it ends before its line of sizes; {CUT}")
    sizes = line.split()
    wanted = 3 if form == "coordinate" else 2
    if len(sizes) != wanted or not all(map(SIZE.fullmatch, sizes)) or not line.endswith(b"\n"):
        names = "rows, columns and entries" if wanted == 3 else "rows and columns"
        raise DataError(f"{path}, line {number}: {shown(line)} are not the {wanted} sizes ({names}) of a {form} file")
    n, m, *rest = map(int, sizes)
    if symmetry != "general" and n != m:
        raise DataError(f"{path}, line {number}: a {symmetry} matrix is square, this one has {n} x {m} entries")
    count = rest[0] if rest else _stored(n, m, symmetry)
    return Head(path, form == "coordinate", field, symmetry, (n, m), count, number)


def _stored(n: int, m: int, symmetry: str) -> int:
    """Numbers in the array form: of symmetric matrices the lower triangle, of skew ones without the diagonal."""
    if symmetry == "general":
        return n * m
    return n * (n - 1) // 2 if symmetry == "skew-symmetric" else n * (n + 1) // 2


def _banner(path: Path, line: bytes) -> tuple[str, str, str]:
    words = line.decode("latin-1").lower().split()
    if len(words) != 5 or words[0] != "%%matrixmarket" or words[1] != "matrix":
        raise DataError(f"{path}, line 1: {shown(line)} is not the first line of a matrix, like {BANNER}")
    form, field, symmetry = words[2:]
    if field == "complex":
        raise DataError(f"{path}, line 1: complex numbers cannot be encoded: weights are real numbers")
    allowed = {"form": ("coordinate", "array"), "field": FIELDS, "symmetry": SYMMETRIES}
    for what, word in (("form", form), ("field", field), ("symmetry", symmetry)):
        if word not in allowed[what]:
            raise DataError(
                f"{path}, line 1: {shown(word.encode())} is no {what}: there are {', '.join(allowed[what])}"
            )
    if field == "pattern" and (form == "array" or symmetry == "skew-symmetric"):
        raise DataError(f"{path}, line 1: a pattern has positions and no values, so it is no {form} {symmetry} file")
    return form, field, symmetry


def shown(line: bytes) -> str:
    """A piece of a file in an error: short, on one line, printable."""
    text = ascii(line.strip()[:60].decode("latin-1"))
    return text if len(line.strip()) <= 60 else f"{text[:-1]}...'"
