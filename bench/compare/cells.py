"""Names of cells: ``FILE:DATASET:FORMAT:KEY=VALUE,...``, with globs, as `dotbench log` takes them.

``time:vgg19/90-0-32:sham:batch=8`` is one cell; ``SiNa:sham`` are all of that matrix and format, in all files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from dotbench.bench.compare.errors import CompareError, near
from dotbench.bench.metrics import registry
from dotbench.bench.metrics.metric import Row
from dotbench.bench.plan.labels import written
from dotbench.bench.record.columns import extra_keys

USUAL = {"threads": "1", "cache": "warm"}  # goes without saying in a cell's name


def label(row: Row) -> str:
    """Format and parameters as people write them."""
    return f"{row['format']}[{row['params']}]" if row["params"] else str(row["format"])


def name_of(file: str, row: Row) -> str:
    """The cell's name, which finds it again."""
    extra = {name: str(row[name]) for name in extra_keys(file)}
    said = ",".join(f"{name}={value}" for name, value in extra.items() if USUAL.get(name) != value)
    return ":".join([file, str(row["dataset"]), label(row), *([said] if said else [])])


@dataclass(frozen=True)
class Cells:
    """What a name stands for: patterns with ``*`` and ``?``; ``extra``: of the file's other keys."""

    files: tuple[str, ...]
    dataset: str
    label: str
    extra: tuple[tuple[str, str], ...] = ()

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        return pattern(self.dataset), pattern(self.label)

    def has(self, fields: dict[str, str]) -> bool:
        """Whether a row of the CSV is one of these cells."""
        dataset, format_ = self._patterns
        return bool(
            dataset.fullmatch(fields["dataset"])
            and format_.fullmatch(label(fields))
            and all(pattern(value).fullmatch(fields[name]) for name, value in self.extra)
        )

    @property
    def word(self) -> str:
        """Text that is in the line of each of these cells; what is quoted in a CSV does not count."""
        return max(re.split(r'[*?",\[\]]', f"{self.dataset},{self.label}"), key=len)


def pattern(glob: str) -> re.Pattern[str]:
    """A glob as a regular expression: brackets belong to names of formats, and are no classes of characters."""
    return re.compile(re.escape(glob).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def parse(text: str) -> Cells:
    """The cells of a name; CompareError says how one is written.

    >>> parse("time:SiNa:ceiling:decode[format=ham]:batch=8")
    Cells(files=('time',), dataset='SiNa', label='ceiling:decode[format=ham]', extra=(('batch', '8'),))
    """
    parts = re.split(r":(?![^\[]*\])", text)  # not within brackets
    files = (parts.pop(0),) if registry.is_known(parts[0]) else registry.names()
    extra: list[tuple[str, str]] = []
    if len(parts) > 1 and "=" in parts[-1] and "[" not in parts[-1]:
        extra = [_pair(pair, text) for pair in parts.pop().split(",")]
    if not parts or not all(parts):
        raise CompareError(f"{text!r} names no cell: write FILE:DATASET:FORMAT, as in space:vgg19/90-0-32:sham")
    files = tuple(file for file in files if all(name in extra_keys(file) for name, _ in extra))
    if not files:
        keys = sorted({key for file in registry.names() for key in extra_keys(file)})
        raise CompareError(f"{text!r}: no such key in that file; there are {', '.join(keys)} in one or another")
    return Cells(files, parts[0], written(":".join(parts[1:])) if parts[1:] else "*", tuple(extra))


def _pair(text: str, cell: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise CompareError(f"{cell!r}: {text!r} is not of the form batch=8")
    return name.strip(), value.strip()


def nearest(cells: Cells, known: Iterable[tuple[str, Row]], text: str) -> str:
    """That no row is one of these cells, and which names come near; ``known``: (file, row)."""
    rows = [(file, row) for file, row in known if file in cells.files]
    datasets = list(dict.fromkeys(str(row["dataset"]) for _, row in rows))
    there = [name for name in datasets if pattern(cells.dataset).fullmatch(name)]
    if not there:
        return f"no cell {text}: no data set {cells.dataset!r} in these files{near(cells.dataset, datasets)}"
    rows = [(file, row) for file, row in rows if row["dataset"] in there]
    labels = list(dict.fromkeys(label(row) for _, row in rows))
    if not any(pattern(cells.label).fullmatch(one) for one in labels):
        return f"no cell {text}: no format {cells.label!r} there{near(cells.label, labels)}"
    names = [name_of(file, row) for file, row in rows if pattern(cells.label).fullmatch(label(row))]
    return f"no cell {text}: there are {', '.join(names[:5])}"


def count(number: int, what: str) -> str:
    """``1 cell``, ``2 cells``."""
    return f"{number} {what}" + ("" if number == 1 else "s")
