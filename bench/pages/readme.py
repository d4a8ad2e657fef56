"""The tables of README and docs/, and the README's plot (`picture`), from results/: ``nox -s docs``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotbench.bench.compare.results import of_folder
from dotbench.bench.pages.picture import plot
from dotbench.bench.record.matrix_names import by_matrix
from dotbench.bench.show.choice import with_rows
from dotbench.cdot import build

ROOT = build.FOLDER.parent
DATASET = "vgg19/90-0-32"
INT8 = "tflite/vww_96_int8#16_conv1x1"
FEW = (
    "eie[huffman]", "ham", "sham", "csc_palette", "csc_min", "csc", "dense", "blas_dense", "mkl_csr",
)  # fmt: skip
PICTURE = Path("docs/space-time.svg")

Row = dict[str, Any]
Rows = dict[str, list[Row]]  # of space.csv, time.csv, cycles.csv, by name


@dataclass(frozen=True)
class Place:
    """A page's place for a matrix's table: between markers of a name; ``rows``: only these, empty for all."""

    name: str
    dataset: str
    rows: tuple[str, ...] = ()


PLACES = {
    Path("README.md"): Place("table", DATASET, FEW),
    Path("docs/results.md"): Place("table", DATASET),
    Path("docs/microcontrollers.md"): Place("int8", INT8),
}


def table(rows: Rows, dataset: str = DATASET, chosen: tuple[str, ...] = ()) -> str:
    """The matrix's table, or the chosen rows of it, as a narrow terminal shows it, without colours."""
    import io

    from rich.console import Console

    from dotbench.bench.show.table import matrix_table

    measured = {
        file: [row for row in rows.get(file, []) if row["status"] == "ok"] for file in ("space", "time", "cycles")
    }
    own = by_matrix(measured)[dataset]
    own = with_rows(own, chosen) if chosen else own
    out = io.StringIO()
    Console(file=out, width=90).print(matrix_table(own, 90))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def replace_between(text: str, name: str, content: str) -> str:
    """Puts ``content`` between a page's markers of that name."""
    pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
    if not re.search(pattern, text, re.DOTALL):
        raise ValueError(f"the page has no place between <!-- {name} --> and <!-- /{name} -->")
    return re.sub(pattern, lambda match: match[1] + content + "\n" + match[2], text, flags=re.DOTALL)


def with_table(page: Path, text: str, rows: Rows) -> str:
    """A page's text with its table drawn from these rows."""
    place = PLACES[page]
    return replace_between(text, place.name, "```text\n" + table(rows, place.dataset, place.rows) + "\n```")


def main() -> None:
    """Writes the tables and the plot."""
    results = ROOT / "results"
    rows = of_folder(results, str(results)).rows
    plot(rows, ROOT / PICTURE)
    for page in PLACES:
        (ROOT / page).write_text(with_table(page, (ROOT / page).read_text(), rows))


if __name__ == "__main__":
    main()
