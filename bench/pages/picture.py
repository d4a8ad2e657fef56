"""The README's plot: size against time, one panel a matrix, with the symbols and axes of the report.

It has no date and a fixed hash salt, so that a difference in the file is a difference in results.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dotbench.bench.pages import drawn
from dotbench.bench.report.axes import axes
from dotbench.bench.show.grid import is_lossy, label, section, short, times_by_batch
from dotbench.bench.show.symbols import RIM, Symbol, symbols

PANELS = ("orsreg_1", "SiNa", "vgg19/90-0-32", "deepdta/80-0-16")
LEFT_OUT = ("nested",)  # it is dense, and levels are its point
GREY, BLUE = "#565f69", "#0072b2"
# Lines of libraries, in dots of their width: as many as there are libraries, each with a pattern of its own.
DASHES = (
    ((5, 3), GREY), ((2, 2), GREY), ((7, 2, 1, 2), GREY), ((12, 3), GREY),
    ((12, 2, 2, 2, 2, 2), BLUE), ((1, 1), BLUE), ((4, 1, 1, 1, 1, 1), BLUE), ((20, 2), BLUE),
)  # fmt: skip

Row = dict[str, Any]
Rows = dict[str, list[Row]]
Point = tuple[float | None, float]


def points(own: Rows) -> dict[str, Point]:
    """Of one matrix's rows: bytes and time ratio (one vector, one thread, warm) of formats and libraries; None for
    the bytes of a library that stores nothing. Lossy formats are left out: their error would have to stand beside."""
    sizes = {label(row): row["bytes"] for row in own.get("space", []) if row["status"] == "ok"}
    timed = times_by_batch(own.get("time", [])).get(1, {})
    found: dict[str, Point] = {}
    for name, row in timed.items():
        if section(row) < 2 and not is_lossy(row) and name not in LEFT_OUT and (name in sizes or section(row) == 1):
            found[name] = sizes.get(name), row["time_ratio"]
    return found


def panels(rows: Rows) -> dict[str, dict[str, Point]]:
    """The points of each panel; a twin where the real matrix is not in the results."""
    names = {row["dataset"] for row in rows.get("space", [])}
    chosen = [name if name in names else f"{name}~twin" for name in PANELS]
    return {name: points(_of(rows, name)) for name in chosen}


def _of(rows: Rows, dataset: str) -> Rows:
    """The rows of a matrix by its name, which is the registry's."""
    return {file: [row for row in own if row["dataset"] == dataset] for file, own in rows.items()}


def plot(rows: Rows, picture: Path) -> None:
    """Draws the panels and one legend, and notes of which rows they are."""
    plt = pyplot()
    known = panels(rows)
    labels = in_order(name for found in known.values() for name in found)
    looks = symbols(labels)
    lines = [name for name in labels if all(found[name][0] is None for found in known.values() if name in found)]
    figure, places = plt.subplots(1, len(known), figsize=(11, 4), layout="constrained")
    handles: dict[str, Any] = {}
    for place, (dataset, found) in zip(places, known.items(), strict=True):
        for name in labels:
            if name in found:
                handles[name] = _draw(place, found[name], looks[name], lines, name)
        _axes(place, dataset, found)
    places[0].set_ylabel(_titles()[1])
    shown = [name for name in labels if name in handles]
    figure.legend(
        [handles[name] for name in shown], map(short, shown), loc="outside lower center", ncols=8, frameon=False
    )
    picture.parent.mkdir(exist_ok=True)
    figure.savefig(picture, metadata={"Date": None, "Creator": "dotbench", "Description": drawn.note(rows)})


def pyplot() -> Any:
    """matplotlib's, for SVG files that are the same for the same figures."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.hashsalt": "dotbench", "svg.fonttype": "path", "font.size": 9})
    return plt


def in_order(names: Iterable[str]) -> list[str]:
    """As the table of symbols has them, which is by kin; others after them."""
    from dotbench.bench.show.symbols import SYMBOLS

    known = list(SYMBOLS)
    return sorted(set(names), key=lambda name: (known.index(name) if name in known else len(known), name))


def _draw(place: Any, point: Point, look: Symbol, lines: list[str], name: str) -> Any:
    """A symbol; a line across for a library that has a time only."""
    size, ratio = point
    if size is None:
        dots, colour = DASHES[lines.index(name) % len(DASHES)]
        return place.axhline(ratio, color=colour, linewidth=1.1, linestyle=(0, dots), zorder=1)
    return place.scatter(size, ratio, marker=look.marker, s=46, facecolors=look.hex, edgecolors=RIM, linewidths=0.8)


def _titles() -> list[str]:
    """Of size and of time, as the report has them at first."""
    return [axis.title for _, axis in axes() if axis.usual]


def _axes(place: Any, dataset: str, found: dict[str, Point]) -> None:
    place.set(xscale="log", yscale="log", title=dataset, xlabel=_titles()[0])
    sizes = [size for size, _ in found.values() if size is not None]
    ratios = [ratio for _, ratio in found.values()]
    plain_numbers(place.xaxis, max(sizes) / min(sizes), _bytes)
    plain_numbers(place.yaxis, max(ratios) / min(ratios), lambda value: f"{value:g}")
    place.grid(which="major", color="#dddddd", linewidth=0.6)
    place.set_axisbelow(True)


def _bytes(value: float) -> str:
    """A tick's text, as in the report.

    >>> _bytes(500), _bytes(20000), _bytes(2e6)
    ('500 B', '20 kB', '2 MB')
    """
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:g} {letter}B"
    return f"{value:g} B"


def plain_numbers(axis: Any, span: float, text: Any) -> None:
    """1, 3, 10, 30 on a short logarithmic axis, 1 and 10 on a long one; no exponents."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 3) if span < 300 else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: text(value)))
    axis.set_minor_formatter(NullFormatter())
