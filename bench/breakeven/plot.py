"""Break-even points as a picture: time over that of the dense product, and bytes, against the share of zeros.

Symbols and axes are those of the README's plot; it has no date, so that a difference in the file is one of figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dotbench.bench.breakeven.measure import Answer, Curve
from dotbench.bench.pages.picture import GREY, in_order, plain_numbers, pyplot
from dotbench.bench.record import export
from dotbench.bench.show.answer import vectors
from dotbench.bench.show.grid import short
from dotbench.bench.show.symbols import RIM, Symbol, symbols

WIDTH, HEIGHT = 4.6, 4.0  # inches of a panel
EDGE, MARGIN = 0.08, 1.5  # room beside the points: in powers of ten of nonzeros, and as a factor


def draw(found: Sequence[Answer], picture: Path) -> None:
    """A panel of bytes for each type, one of times for each type, rival and batch; ExportError where it cannot be
    written."""
    plt = pyplot()
    labels = in_order(str(one) for answer in found for one in answer.sizes)
    looks = symbols(labels)
    panels = [panel for answer in found for panel in _panels(answer)]
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    size = (WIDTH * columns, HEIGHT * rows + 0.6)
    figure, places = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    handles: dict[str, Any] = {}
    for place, (title, ylabel, lines) in zip(places.flat, panels, strict=False):
        for name in labels:
            if name in lines:
                handles[name] = _line(place, lines[name], looks[name])
        _axes(place, title, ylabel, lines)
    for place in places.flat[len(panels) :]:
        place.set_visible(False)
    shown = [name for name in labels if name in handles]
    figure.legend(
        [handles[name] for name in shown],
        map(short, shown),
        loc="outside lower center",
        ncols=3 * columns,
        frameon=False,
    )
    try:
        figure.savefig(picture, format="svg", metadata={"Date": None, "Creator": "dotbench"})
    except OSError as error:
        raise export.ExportError(f"{picture} cannot be written: {error.strerror}. Choose another file") from error
    finally:
        plt.close(figure)


Lines = dict[str, list[tuple[float, float, float, float]]]  # zeros, figure, and the ends of its interval


def _panels(found: Answer) -> list[tuple[str, str, Lines]]:
    """Title, name of the axis and lines of each panel."""
    asked = found.question
    what = f"{asked.shape[0]} x {asked.shape[1]}, {asked.dtype}"
    sizes: Lines = {
        str(one): [(zeros, bytes_ / asked.dense_bytes, 0.0, 0.0) for zeros, bytes_ in size.bytes.items()]
        for one, size in found.sizes.items()
        if size.bytes
    }
    out = [(f"{what}: size", "bytes / bytes of the dense array", sizes)]
    for rival, batch in dict.fromkeys((rival, batch) for _, rival, batch in found.curves):
        own = {
            str(one): _points(curve)
            for (one, name, many), curve in found.curves.items()
            if (name, many) == (rival, batch) and curve.points
        }
        out.append((f"{what}: {vectors(batch)}", f"time of a product / time with {rival}", own))
    return out


def _points(curve: Curve) -> list[tuple[float, float, float, float]]:
    return [(point.zeros, point.ratio.ratio, point.ratio.low, point.ratio.high) for point in curve.points]


def _line(place: Any, points: list[tuple[float, float, float, float]], look: Symbol) -> Any:
    """A format's points, joined, with their intervals where they have some."""
    zeros, figures, lows, highs = zip(*points, strict=True)
    if any(highs):
        place.vlines(zeros, lows, highs, color=look.hex, linewidth=1.0, zorder=2)
    drawn = {"marker": look.marker, "markerfacecolor": look.hex, "markeredgecolor": RIM, "markeredgewidth": 0.6}
    return place.plot(zeros, figures, color=look.hex, linewidth=1.1, markersize=5, zorder=3, **drawn)[0]


def _axes(place: Any, title: str, ylabel: str, lines: Lines) -> None:
    """Zeros are on a scale that has room for what happens close to 100 %: that of the nonzeros, logarithmic."""
    place.set_yscale("log")
    place.set_xscale("function", functions=(_to_axis, _from_axis))
    every = sorted({point[0] for line in lines.values() for point in line})
    ticks = [zeros for zeros in (0, 50, 80, 90, 95, 99, 99.9, 99.99) if every and every[0] <= zeros <= every[-1]]
    place.set_xticks(ticks, [f"{zeros:g}" for zeros in ticks])
    place.minorticks_off()
    place.set(title=title, xlabel="zeros in %", ylabel=ylabel)
    figures = [point[1] for line in lines.values() for point in line]
    if figures:
        place.set_xlim(_from_axis(_to_axis(every[0]) - EDGE), _from_axis(_to_axis(every[-1]) + EDGE))
        place.set_ylim(min(*figures, 1.0) / MARGIN, max(*figures, 1.0) * MARGIN)  # wide intervals are cut off
        plain_numbers(place.yaxis, max(figures) / min(figures), lambda value: f"{value:g}")
    place.axhline(1.0, color=GREY, linewidth=1.2, linestyle=(0, (5, 3)), zorder=1)
    place.grid(which="major", color="#dddddd", linewidth=0.6)
    place.set_axisbelow(True)


def _to_axis(zeros: Any) -> Any:
    import numpy as np

    return -np.log10(np.maximum(100.0 - np.asarray(zeros, float), 1e-6))


def _from_axis(place: Any) -> Any:
    import numpy as np

    return 100.0 - 10.0 ** -np.asarray(place, float)
