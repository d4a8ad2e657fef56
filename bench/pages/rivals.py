"""The tables of docs/limits.md that hold formats against other libraries, from results/time.csv: ``nox -s docs``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dotbench.bench.metrics.metric import Row
from dotbench.bench.pages.limits import markdown
from dotbench.bench.pages.readme import replace_between
from dotbench.bench.record import export
from dotbench.bench.show.grid import is_lossy, label, short
from dotbench.bench.show.plural import counted
from dotbench.bench.targets import peers
from dotbench.cdot import build

ROOT = build.FOLDER.parent
PAGE, FILE = ROOT / "docs" / "limits.md", ROOT / "results" / "time.csv"
SPARSE_RIVAL = "mkl_csr"  # a line that has it was raced with all libraries
WORST = 12  # rows of the second table
TITLES = ("matrix", "batch", "threads", "fastest library", "our fastest", "its time over the library's", "csc's")
WORST_TITLES = ("matrix", "batch", "threads", "fastest library", "format", "its time over the library's")
NOT_YET = "Nothing is measured against them yet: `nox -s peers` does it."


@dataclass(frozen=True)
class Line:
    """Rows of one matrix, batch, number of threads and state of the cache that were raced with all libraries.

    All of them are ratios to one reference, so that of two is their quotient; its interval is at the worst what the
    ends of both give.
    """

    rows: tuple[Row, ...]

    @property
    def library(self) -> Row:
        """The fastest product of a library."""
        return min((row for row in self.rows if peers.is_peer(row["format"])), key=lambda row: row["time_ratio"])

    @property
    def own(self) -> list[Row]:
        """Lossless formats, the fastest first."""
        found = [row for row in self.rows if not peers.is_peer(row["format"]) and not is_lossy(row)]
        return sorted(found, key=lambda row: row["time_ratio"])

    def over(self, row: Row) -> tuple[float, float, float]:
        """A row's time over the library's, with the ends of its interval."""
        rival = self.library
        ratio = row["time_ratio"] / rival["time_ratio"]
        return ratio, row["ratio_low"] / rival["ratio_high"], row["ratio_high"] / rival["ratio_low"]

    def fields(self, row: Row) -> tuple[str, ...]:
        """What and who, and a row's time over the library's."""
        middle, low, high = self.over(row)
        names = (f"`{self.library['format']}`", f"`{short(label(row))}`")
        known = (row["dataset"], str(row["batch"]), str(row["threads"]))
        return (*known, *names, f"{middle:.2f} ({low:.2f} to {high:.2f})")


def lines(rows: Iterable[Row]) -> Iterator[Line]:
    """The lines that were raced with all libraries."""
    found: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        if row["status"] == "ok" and ":" not in row["format"]:  # no ceilings
            found.setdefault(tuple(row[name] for name in ("dataset", "batch", "threads", "cache")), []).append(row)
    for known in found.values():
        line = Line(tuple(known))
        if any(row["format"] == SPARSE_RIVAL for row in known) and line.own:
            yield line


def tables(rows: Iterable[Row]) -> str:
    """Who is fastest, line by line, of one thread first, the worst first; then the slowest formats."""
    raced = sorted(lines(rows), key=lambda line: (line.own[0]["threads"], -line.over(line.own[0])[0]))
    if not raced:
        return NOT_YET
    first = [(*line.fields(line.own[0]), _of(line, "csc")) for line in raced]
    every = [(line.over(row)[0], line.fields(row)) for line in raced for row in line.own]
    worst = [fields for _, fields in sorted(every, key=lambda one: -one[0])[:WORST]]
    machines = sorted({f"{row['machine']}, {row['isa']}, {row['compiler']}" for line in raced for row in line.own})
    return "\n\n".join(
        (
            f"Our fastest takes no longer than the fastest library {_counted(raced)}, the worst first. "
            f"Measured on {'; '.join(machines)}.",
            markdown(TITLES, first),
            f"The {len(worst)} slowest rows of these lines:",
            markdown(WORST_TITLES, worst),
        )
    )


def _counted(raced: Sequence[Line]) -> str:
    """On how many lines, by the number of threads."""
    said = []
    for threads in sorted({line.own[0]["threads"] for line in raced}):
        ratios = [line.over(line.own[0]) for line in raced if line.own[0]["threads"] == threads]
        met, surely = sum(middle <= 1 for middle, _, _ in ratios), sum(high < 1 for _, _, high in ratios)
        longer = sum(low > 1 for _, low, _ in ratios)
        said.append(
            f"on {met} of {len(ratios)} lines of {counted(threads, 'thread')} (surely less on {surely}, surely longer "
            f"on {longer})"
        )
    return ", and ".join(said)


def _of(line: Line, name: str) -> str:
    found = [row for row in line.own if label(row) == name]
    return f"{line.over(found[0])[0]:.2f}" if found else ""


def page(text: str, rows: Sequence[Row]) -> str:
    """docs/limits.md with these tables from rows of time.csv; its prose stays."""
    return replace_between(text, "rivals", tables(rows))


def main(path: Path = PAGE, file: Path = FILE) -> None:
    """Writes the tables."""
    path.write_text(page(path.read_text(), export.read(file, "time")))


if __name__ == "__main__":
    main()
