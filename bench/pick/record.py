"""What was picked, as a file beside rows: ``pick.csv``, a line a layer, which ``dotbench diff`` compares by layer."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from dotbench.bench.compare.errors import CompareError
from dotbench.bench.compare.results import PICKS
from dotbench.bench.pick.answer import Answer
from dotbench.bench.record.export import write_whole
from dotbench.bench.show.escape import csv_text, from_csv_text

NAME = PICKS


@dataclass(frozen=True)
class Line:
    """One layer: ``dataset`` as `run` calls it, ``take`` the format, ``bytes`` of its payload and of the dense one's;
    ``time_ratio`` over dense, "" where nobody knows, ``how`` it is known; ``goal`` what was asked."""

    dataset: str
    n: int
    m: int
    dtype: str
    density: float
    distinct: int
    take: str
    bytes: int
    dense_bytes: int
    time_ratio: str
    how: str
    goal: str

    @property
    def layer(self) -> str:
        """The name without the file's, for models of two files have the same layers."""
        return self.dataset.rpartition("#")[2] or self.dataset


def lines(answer: Answer) -> list[Line]:
    """Of every layer that did not fail."""
    found = []
    for layer in answer.layers:
        if layer.failed or layer.weights.shape is None:
            continue
        pick, (n, m) = layer.chosen, layer.weights.shape
        known = None if layer.stays_dense else pick.time
        ratio = f"{known.ratio:.4f}" if known else "1" if layer.stays_dense else ""
        figures = round(layer.density, 6), layer.distinct, layer.pick, pick.bytes, layer.dense.bytes
        how, goal = known.how if known else "", str(answer.question.goal)
        found.append(Line(layer.weights.dataset, n, m, layer.weights.dtype, *figures, ratio, how, goal))
    return found


def write(answer: Answer, folder: Path) -> Path:
    """The file, whole or not at all; ExportError where it cannot be written."""
    text = io.StringIO()
    names = [field.name for field in fields(Line)]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for line in lines(answer):
        known = asdict(line)
        writer.writerow([csv_text(known[name]) if isinstance(known[name], str) else known[name] for name in names])
    path = folder / NAME
    write_whole(path, text.getvalue().encode())
    return path


def read(path: Path) -> list[Line]:
    """The layers of a file; CompareError names the line where it is not what it should be."""
    names = [field.name for field in fields(Line)]
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.reader(stream)
            if next(reader, None) != names:
                raise ValueError(f"line 1: its columns are not {','.join(names)}")
            return [_line(reader.line_num, record) for record in reader]
    except (OSError, ValueError, csv.Error) as error:  # UnicodeDecodeError is a ValueError
        raise CompareError(f"{path}: {error}") from error


def _line(number: int, record: list[str]) -> Line:
    known = fields(Line)
    if len(record) != len(known):
        raise ValueError(f"line {number}: {len(record)} fields, not {len(known)}")
    try:
        return Line(*(_typed(str(field.type), text) for field, text in zip(known, record, strict=True)))
    except ValueError as error:
        raise ValueError(f"line {number}: {error}") from None


def _typed(kind: str, text: str) -> Any:
    if kind == "str":
        return from_csv_text(text)
    return int(text) if kind == "int" else float(text)
