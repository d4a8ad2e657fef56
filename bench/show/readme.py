"""The README's tables and plot, from the committed results: ``nox -s docs``.

The plot has no date and a fixed hash salt, so that a difference in the file is a difference in results.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

from bench.matrix_names import by_matrix, matrix_of, names
from bench.show.grid import label, short
from cdot import build

ROOT = build.FOLDER.parent
DATASET = "vgg19/90-0-32"
INT8 = "tflite/vww_96_int8#16_conv1x1"
PANELS = ("orsreg_1", "SiNa", "vgg19/90-0-32", "deepdta/80-0-16")
PICTURE = Path("docs/space-time.svg")
# Marker, colour (Okabe and Ito's palette, which the colour-blind can tell apart), filled or not. Lossy formats
# are left out, and `nested`, which is dense.
STYLES = {
    "dense": ("s", "#000000", True),
    "csc": ("o", "#0072B2", True),
    "csc_min": ("v", "#56B4E9", True),
    "csc_palette": ("v", "#0072B2", False),
    "bsr": ("s", "#0072B2", False),
    "im": ("D", "#CC79A7", True),
    "im_packed": ("D", "#CC79A7", False),
    "bitmap": ("*", "#E69F00", True),
    "bitmap[values=codebook]": ("*", "#E69F00", False),
    "cser": (">", "#009E73", False),
    "eie": ("p", "#D55E00", True),
    "eie[coding=huffman]": ("p", "#D55E00", False),
    "ham": ("^", "#D55E00", True),
    "sham": ("P", "#009E73", True),
    "zstd": ("d", "#666666", False),
    "blas_dense": ("x", "#666666", True),
    "scipy_csc": ("+", "#666666", True),
}

Row = dict[str, Any]


def read(results: Path, name: str) -> list[Row]:
    """Rows of one results file that went well."""
    with (results / name).open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["status"] == "ok"]


def points(spaces: list[Row], times: list[Row], dataset: str) -> dict[str, tuple[float, float]]:
    """Bits per nonzero and nanoseconds per nonzero (batch 1, one thread, warm) of what has a style, in its order."""
    named = names([*spaces, *times])
    sizes = {label(row): float(row["bits_per_nonzero"]) for row in spaces if named[matrix_of(row)] == dataset}
    sizes |= {peer: sizes[own] for peer, own in (("blas_dense", "dense"), ("scipy_csc", "csc")) if own in sizes}
    found = {}
    for row in times:
        where = (named[matrix_of(row)], row["batch"], row["threads"], row["cache"])
        name = label(row)
        if where == (dataset, "1", "1", "warm") and name in sizes:
            found[name] = (sizes[name], float(row["ns_per_nonzero"]))
    return {name: found[name] for name in STYLES if name in found}


def plot(results: Path, picture: Path) -> None:
    """Bits per nonzero against time per nonzero, one panel a matrix."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.hashsalt": "dotbench", "svg.fonttype": "path", "font.size": 9})
    spaces, times = read(results, "space.csv"), read(results, "time.csv")
    figure, axes = plt.subplots(1, len(PANELS), figsize=(11, 3.6), layout="constrained")
    for axis, dataset in zip(axes, PANELS, strict=True):
        name = dataset if any(row["dataset"] == dataset for row in spaces) else f"{dataset}~twin"
        found = points(spaces, times, name)
        for format_, (bits, nanoseconds) in found.items():
            marker, colour, filled = STYLES[format_]
            face = {} if marker in "x+" else {"facecolors": colour if filled else "none", "edgecolors": colour}
            more = face or {"color": colour}
            axis.scatter(bits, nanoseconds, marker=marker, s=42, label=short(format_), **more)
        axis.set(xscale="log", yscale="log", title=name, xlabel="bits per nonzero")
        for numbers, values in zip((axis.xaxis, axis.yaxis), zip(*found.values(), strict=True), strict=True):
            _plain_numbers(numbers, max(values) / min(values))
        axis.grid(which="major", color="#dddddd", linewidth=0.6)
        axis.set_axisbelow(True)
    axes[0].set_ylabel("ns per nonzero, batch 1")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=9, frameon=False)
    picture.parent.mkdir(exist_ok=True)
    figure.savefig(picture, metadata={"Date": None, "Creator": "dotbench"})


def _plain_numbers(axis: Any, span: float) -> None:
    """1, 2, 5, 10 on a short logarithmic axis, powers of ten on a long one; no exponents."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if span < 100 else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def table(results: Path, dataset: str = DATASET) -> str:
    """The matrix's table as a narrow terminal shows it, without colours."""
    import io

    from rich.console import Console

    from bench.rows import typed
    from bench.show.table import matrix_table

    known = {name: read(results, f"{name}.csv") for name in ("space", "time", "cycles")}
    rows = {name: [typed(name, row) for row in found] for name, found in by_matrix(known)[dataset].items()}
    out = io.StringIO()
    Console(file=out, width=90).print(matrix_table(rows, 90))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def replace_between(text: str, name: str, content: str) -> str:
    """Puts ``content`` between a page's markers of that name."""
    pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
    if not re.search(pattern, text, re.DOTALL):
        raise ValueError(f"the page has no place between <!-- {name} --> and <!-- /{name} -->")
    return re.sub(pattern, lambda match: match[1] + content + "\n" + match[2], text, flags=re.DOTALL)


def main() -> None:
    """Writes all three."""
    results, readme = ROOT / "results", ROOT / "README.md"
    plot(results, ROOT / PICTURE)
    text = readme.read_text()
    for name, dataset in (("table", DATASET), ("int8", INT8)):
        text = replace_between(text, name, "```\n" + table(results, dataset) + "\n```")
    readme.write_text(text)


if __name__ == "__main__":
    main()
