"""The limits as tables: at a terminal, and in docs/limits.md (``nox -s docs``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from dotbench.bench.pages.readme import replace_between
from dotbench.bench.show.fitted import Column, fitted, left_out
from dotbench.cdot import build

DOCS = build.FOLDER.parent / "docs"
GOAL_TITLES = ("what", "measured", "99 % interval", "goal", "")
COUNT_TITLES = (
    "matrix", "format", "bytes", "bits / nz", "instr / nz", "instr / entry", "ns / nz", "memcpy", "decode",
)  # fmt: skip
NAMES = ("matrix", "format")
Known = dict[str, Any]


def _figure(value: float, unit: str) -> str:
    return f"{value:.3f}" if unit == "x" else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def goal_line(row: Known) -> tuple[str, ...]:
    """A goal's fields; where it could not be measured the reason is in the place of the interval.

    >>> goal_line({"what": "w", "unit": "ms", "goal": "at most 50 ms", "measured": 61.23, "low": 60, "high": 62.5,
    ...            "verdict": "not met", "reason": ""})
    ('w', '61.2 ms', '60.0 to 62.5', 'at most 50 ms', 'not met')
    """
    if row["measured"] is None:
        return row["what"], "", row["reason"], row["goal"], row["verdict"]
    low, middle, high = (_figure(row[name], row["unit"]) for name in ("low", "measured", "high"))
    return (
        row["what"],
        middle + ("" if row["unit"] == "x" else " ") + row["unit"],
        f"{low} to {high}",
        row["goal"],
        row["verdict"],
    )


def count_line(row: Known) -> tuple[str, ...]:
    """A format's fields: what bounds it, per nonzero and per entry."""

    def share(value: float | None, by: int, decimals: int) -> str:
        return "" if value is None or not by else f"{value / by:.{decimals}f}"

    nonzeros = row["nonzeros"]
    return (
        row["dataset"],
        row["label"],
        str(row["bytes"]),
        share(8 * row["bytes"], nonzeros, 2),
        share(row["instructions"], nonzeros, 2),
        share(row["instructions"], row["entries"], 3),
        share(row["ns"], nonzeros, 3),
        share(row["memcpy"], 1, 3),
        share(row["decode"], 1, 3),
    )


def render(known: Known, console: Console) -> None:
    """Both tables at a terminal; what memcpy and decode are is said below."""
    for titles, lines in (
        (GOAL_TITLES, map(goal_line, known["goals"])),
        (COUNT_TITLES, map(count_line, known["counted"])),
    ):
        if rows := list(lines):
            made = fitted([_column(title, titles is GOAL_TITLES) for title in titles], rows, console.width)
            console.print(made.table, highlight=False)
            if made.left_out:
                console.print(Text(left_out(made.left_out, console.width, "--save"), "dim"))
            console.print()
    if known["counted"]:
        console.print(CEILINGS, highlight=False)


def _column(title: str, goals: bool) -> Column:
    """Of goals, all columns are words, and the measured one is a figure."""
    words = title in (("what", "99 % interval", "goal") if goals else NAMES)
    return Column(title, not goals and title not in NAMES, words)


CEILINGS = (
    "nz: nonzero. instr: instructions (callgrind). memcpy and decode: copying the payload and decoding it without "
    "multiplying, as shares of the product's time. One vector, one thread."
)


def markdown(titles: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    rows = [titles, tuple("---" for _ in titles), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def page(text: str, known: Known) -> str:
    """docs/limits.md with its tables from a measurement; its prose stays."""
    where = f"{known['machine']}, {known['isa']}, {known['compiler']}"
    goals = [goal_line(row) for row in known["goals"]]
    counted = [count_line(row) for row in known["counted"]]
    text = replace_between(text, "goals", f"Measured on {where}.\n\n{markdown(GOAL_TITLES, goals)}")
    return replace_between(text, "counted", f"{markdown(COUNT_TITLES, counted)}\n\n{CEILINGS}")


def save(known: Known, folder: Path = DOCS) -> None:
    """Keeps a measurement beside the page, and writes the page's tables."""
    (folder / "limits.json").write_text(json.dumps(known, indent=1) + "\n")
    write(folder)


def write(folder: Path = DOCS) -> None:
    """The page's tables anew from the measurement that is kept, if there is one."""
    path, kept = folder / "limits.md", folder / "limits.json"
    if kept.exists():
        path.write_text(page(path.read_text(), json.loads(kept.read_text())))


if __name__ == "__main__":
    write()
