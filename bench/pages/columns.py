"""docs/columns.md: every column of every results file, with its unit and meaning, as the metrics say it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from dotbench.bench.metrics import registry
from dotbench.bench.metrics.column import COMMON, Column
from dotbench.bench.metrics.figure import Figure
from dotbench.bench.metrics.metric import WHOSE, Metric
from dotbench.cdot import build

PAGE = build.FOLDER.parent / "docs" / "columns.md"
HEAD = """# The columns of results/

One CSV file a metric, one row a cell. An empty cell: it was not measured, or there is nothing of it. Text is in one
line; numbers print the same way every time. [results.md](results.md) says how files are read and compared,
[measurement.md](measurement.md) how each figure comes about.
"""


def _table(columns: Iterable[Column]) -> Iterator[str]:
    yield "| column | holds | unit | meaning |"
    yield "|---|---|---|---|"
    for one in columns:
        meaning = one.meaning.replace("|", "\\|")
        yield f"| `{one.name}` | {one.kind.words} | {one.unit} | {meaning} |"


def _compared(figure: Figure) -> str:
    """How `diff` takes a figure.

    >>> _compared(Figure("bytes", limit="0%")), _compared(Figure("x", name="y", low="a", high="b", gates=False))
    ('`bytes` (fails a build beyond 0 %)', '`x` with its interval, as `y` (never fails a build)')
    """
    how = "" if figure.exact else " with its interval"
    name = f", as `{figure.name}`" if figure.name else ""
    limit = f" (fails a build beyond {figure.limit.replace('%', ' %')})" if figure.limit else ""
    return f"`{figure.column}`{how}{name}{limit or ('' if figure.gates else ' (never fails a build)')}"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def section(metric: Metric) -> str:
    """A file's part of the page."""
    lines = [f"## {metric.name}.csv", "", f"{metric.summary[:1].upper()}{metric.summary[1:]}.", ""]
    lines += [f"- a row for each {_names((*WHOSE, *metric.keys))}; of matrices of {', '.join(metric.dtypes)}"]
    lines += [f"- `dotbench diff` compares {', '.join(map(_compared, metric.figures))}"]
    lines += [f"- only where {_names(metric.equal)} agree"] if metric.equal else []
    lines += [f"- no run makes its rows: {metric.made_by}"] if metric.made_by else []
    return "\n".join([*lines, "", *_table(metric.columns)])


def page() -> str:
    """The whole page."""
    common = "\n".join(["## All files", "", "First, in every file:", "", *_table(COMMON)])
    end = "Written by `nox -s docs`; do not edit."
    return "\n\n".join([HEAD.rstrip(), common, *map(section, registry.shown()), end]) + "\n"


def main(path: Path = PAGE) -> None:
    """Writes the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page())


if __name__ == "__main__":
    main()
