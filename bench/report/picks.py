"""What was picked for a model's layers, as a table of the page, with the sum over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from dotbench.bench.pick.record import Line
from dotbench.bench.show.answer import grouped
from dotbench.bench.show.grid import short
from dotbench.bench.show.plural import counted

TITLES = ("Layer", "Shape", "Type", "Zeros", "Take", "Bytes", "Dense", "Smaller", "Time / dense")
WORDS = (0, 2, 4)  # columns that are no figures


def section(lines: Sequence[Line]) -> str:
    """The section; empty where nothing was picked."""
    if not lines:
        return ""
    goal = " and ".join(sorted({line.goal for line in lines}))
    rows = "".join(_row([*_fields(line)]) for line in lines)
    head = _row(TITLES, 'th scope="col"', "th")
    foot = _row(_sum(lines))
    return (
        '<section id="picks" aria-labelledby="picks-title"><h2 id="picks-title">Layers, and what each takes</h2>'
        f'<p class="text">The goal was {escape(goal)}: dotbench pick.</p>'
        '<div class="box" tabindex="0" role="group" aria-labelledby="picks-title"><table class="plain">'
        f"<thead>{head}</thead><tbody>{rows}</tbody><tfoot>{foot}</tfoot></table></div></section>"
    )


def _fields(line: Line) -> Sequence[str]:
    time = f"{'~' * (line.how == 'predicted')}{float(line.time_ratio):.2f}" if line.time_ratio else ""
    return (
        line.layer, f"{line.n} × {line.m}", line.dtype, f"{100 * (1 - line.density):.1f} %", short(line.take),
        grouped(line.bytes), grouped(line.dense_bytes), _smaller(line.bytes, line.dense_bytes), time,
    )  # fmt: skip


def _sum(lines: Sequence[Line]) -> Sequence[str]:
    size, dense = sum(line.bytes for line in lines), sum(line.dense_bytes for line in lines)
    return (
        f"All {counted(len(lines), 'layer')}",
        "",
        "",
        "",
        "",
        grouped(size),
        grouped(dense),
        _smaller(size, dense),
        "",
    )


def _smaller(size: int, dense: int) -> str:
    return f"{dense / size:.2f} ×" if size else ""


def _row(fields: Sequence[str], opening: str = "td", closing: str = "td") -> str:
    cells = []
    for at, field in enumerate(fields):
        figure = "" if at in WORDS else ' class="figure"'
        cells.append(f"<{opening}{figure}>{escape(field)}</{closing}>")
    return f"<tr>{''.join(cells)}</tr>"
