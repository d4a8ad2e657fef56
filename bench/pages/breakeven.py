"""The table of docs/breakeven.md from results/breakeven.csv: ``nox -s docs``. What is not measured it says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dotbench.bench.breakeven import rows as files
from dotbench.bench.breakeven import shapes
from dotbench.bench.breakeven.thresholds import Threshold
from dotbench.bench.metrics.metric import Row
from dotbench.bench.pages.limits import markdown
from dotbench.bench.pages.readme import replace_between
from dotbench.bench.show.breakeven import interval, percent
from dotbench.bench.show.grid import label, short
from dotbench.cdot import build

PAGE = build.FOLDER.parent / "docs" / "breakeven.md"
TITLES = (
    "shape",
    "type",
    "smaller",
    *(f"faster, batch {batch}" for batch in shapes.BATCHES),
    "where such a layer stands",
)
NOT_YET = "not measured yet"
NAMED = 2  # formats that a field has room for


def table(known: Sequence[Row]) -> str:
    """A line a shape and type: the format that wins with the fewest zeros, in bytes and in time; then what is
    missing."""
    lines = []
    for shape, where in shapes.SHAPES.items():
        for question in shapes.asked(shape):
            own = shapes.of_question(question, known)
            faster = [first([row for row in own if row["batch"] == batch], "time") for batch in shapes.BATCHES]
            lines.append((shape.replace("x", " x "), question.dtype, first(own, "bytes"), *faster, where))
    machines = sorted({f"{row['machine']}, {row['isa']}, {row['compiler']}" for row in known})
    return "\n\n".join([markdown(TITLES, lines), lack(known), *(f"Measured on {one}." for one in machines)])


def first(rows: Sequence[Row], which: str) -> str:
    """Who wins with the fewest zeros among rows of one matrix; ``which``: ``bytes`` or ``time``. Of two
    dense rivals the one counts that is harder to beat.

    >>> first([], "time")
    'not measured yet'
    """
    found: dict[str, Threshold] = {}
    for row in rows:
        known = files.threshold_of(row, which)
        if known and (label(row) not in found or known.least > found[label(row)].least):
            found[label(row)] = known
    if not found:
        return NOT_YET
    least = min(known.least for known in found.values())
    names = sorted(short(name) for name, known in found.items() if known.least == least)
    known = next(known for known in found.values() if known.least == least)
    if known.answer == "never":
        return f"none below {known.end:g} % zeros"
    said = ", ".join(f"`{name}`" for name in names[:NAMED])
    said += f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    if known.answer == "always":
        return f"{said}: always" + (f" ({interval(known)})" if interval(known) else "")
    reach = f" ({interval(known)})" if known.low != known.high else ""
    return f"{said}: from {percent(known.zeros or 0.0)} %{reach}"


def lack(known: Sequence[Row]) -> str:
    """What the table lacks, in a sentence."""
    left = [
        f"{shape} {question.dtype}"
        for shape in shapes.SHAPES
        for question in shapes.asked(shape)
        if not shapes.of_question(question, known)
    ]
    if not left:
        return "All shapes have rows."
    if len(left) == len(shapes.SHAPES) * len(shapes.DTYPES):
        return "**Nothing of this table is measured yet.** `nox -s breakeven` measures it, shape by shape."
    return f"**Not measured yet: {', '.join(left)}.** `nox -s breakeven` goes on with them."


def page(text: str, known: Sequence[Row]) -> str:
    """docs/breakeven.md with its table from these rows; its prose stays."""
    return replace_between(text, "shapes", table(known))


def main(path: Path = PAGE, results: Path = shapes.FILE) -> None:
    """Writes the table."""
    path.write_text(page(path.read_text(), files.read(results)))


if __name__ == "__main__":
    main()
