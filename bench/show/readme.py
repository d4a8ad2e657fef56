"""The README's tables, and its plot (`bench.show.picture`), from results/: ``nox -s docs``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from bench.compare.results import of_folder
from bench.matrix_names import by_matrix
from bench.show.picture import plot
from cdot import build

ROOT = build.FOLDER.parent
DATASET = "vgg19/90-0-32"
INT8 = "tflite/vww_96_int8#16_conv1x1"
TABLES = {"table": DATASET, "int8": INT8}  # by their place in the README
PICTURE = Path("docs/space-time.svg")

Row = dict[str, Any]
Rows = dict[str, list[Row]]  # of space.csv, time.csv, cycles.csv, by name


def table(rows: Rows, dataset: str = DATASET) -> str:
    """The matrix's table as a narrow terminal shows it, without colours."""
    import io

    from rich.console import Console

    from bench.show.table import matrix_table

    measured = {
        file: [row for row in rows.get(file, []) if row["status"] == "ok"] for file in ("space", "time", "cycles")
    }
    own = by_matrix(measured)[dataset]
    out = io.StringIO()
    Console(file=out, width=90).print(matrix_table(own, 90))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def replace_between(text: str, name: str, content: str) -> str:
    """Puts ``content`` between a page's markers of that name."""
    pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
    if not re.search(pattern, text, re.DOTALL):
        raise ValueError(f"the page has no place between <!-- {name} --> and <!-- /{name} -->")
    return re.sub(pattern, lambda match: match[1] + content + "\n" + match[2], text, flags=re.DOTALL)


def with_tables(text: str, rows: Rows) -> str:
    """The README with its tables drawn from these rows."""
    for name, dataset in TABLES.items():
        text = replace_between(text, name, "```\n" + table(rows, dataset) + "\n```")
    return text


def main() -> None:
    """Writes the tables and the plot."""
    results, readme = ROOT / "results", ROOT / "README.md"
    rows = of_folder(results, str(results)).rows
    plot(rows, ROOT / PICTURE)
    readme.write_text(with_tables(readme.read_text(), rows))


if __name__ == "__main__":
    main()
