"""Tables of one matrix for the terminal: bytes beside time, the best of each column in bold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from bench import peers

Row = dict[str, Any]
SECTIONS = {1: "libraries", 2: "ceilings", 3: "bounds"}
NARROW = 100  # columns of a terminal below which a table leaves some out


def label(row: Row) -> str:
    return f"{row['format']}[{row['params']}]" if row["params"] else str(row["format"])


def short(name: str) -> str:
    """How a table calls it: ``decode: ham`` for ``ceiling:decode[format=ham]``."""
    match = re.fullmatch(r"ceiling:(\w+)\[format=(.*)\]", name)
    return f"{match[1]}: {match[2]}" if match else name.removeprefix("bound:")


def kind(row: Row) -> int:
    """Sections of a table: formats, other people's libraries, ceilings, bounds."""
    first = str(row["format"]).partition(":")[0]
    if first in ("ceiling", "bound"):
        return 2 if first == "ceiling" else 3
    return 1 if peers.is_peer(first) else 0


def times_by_batch(rows: Iterable[Row]) -> dict[int, dict[str, Row]]:
    """Rows of time.csv that went well (one thread, warm), by batch and label."""
    out: dict[int, dict[str, Row]] = {}
    for row in rows:
        if row["status"] == "ok" and row["threads"] == 1 and row["cache"] == "warm":
            out.setdefault(int(row["batch"]), {})[label(row)] = row
    return out


def matrix_table(rows: dict[str, list[Row]], width: int = 80) -> Table:
    """One line a format: bytes, bits per nonzero, times smaller, and each batch's time against csc."""
    spaces = {label(row): row for row in rows["space"] if row["status"] == "ok"}
    times = times_by_batch(rows["time"])
    batches = sorted(times)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("format", no_wrap=True, min_width=13)
    titles = ["bytes", "bits/nonzero", "smaller"]
    for batch in batches:
        titles += [f"time/csc b{batch}", f"ns/nonzero b{batch}"] if width >= NARROW else [f"time/csc b{batch}"]
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    best, section = _best(spaces, times), 0
    for which, name in sorted({(kind(row), label(row)) for row in _all(rows)}, key=_order(rows)):
        if which != section:
            table.add_row(Text(SECTIONS[which], "dim"))
            section = which
        cells = _space_cells(spaces.get(name), best)
        for batch in batches:
            cells += _time_cells(times[batch].get(name), best[f"b{batch}"], width)
        table.add_row(Text(short(name)), *cells)  # brackets are no markup here
    return table


def _all(rows: dict[str, list[Row]]) -> list[Row]:
    return [row for part in rows.values() for row in part]


def _order(rows: dict[str, list[Row]]) -> Any:
    """Formats by their size, then libraries, then ceilings."""
    sizes = {label(row): row["bytes"] for row in rows["space"] if row["status"] == "ok"}
    return lambda entry: (entry[0], sizes.get(entry[1], float("inf")), entry[1])


def _best(spaces: dict[str, Row], times: dict[int, dict[str, Row]]) -> dict[str, float]:
    """Smallest size, and fastest product of each batch (ceilings are no products)."""
    best = {"bytes": min((row["bytes"] for row in spaces.values() if kind(row) < 2), default=0.0)}
    for batch, found in times.items():
        products = [row["time_ratio"] for row in found.values() if kind(row) < 2]
        best[f"b{batch}"] = min(products, default=0.0)
    return best


def _space_cells(row: Row | None, best: dict[str, float]) -> list[Text]:
    if row is None:
        return [Text("")] * 3
    style = "bold" if row["bytes"] == best["bytes"] else ""
    per_nonzero = row["bits_per_nonzero"]
    return [
        Text(f"{row['bytes']:,}".replace(",", " "), style),
        Text("" if per_nonzero is None else f"{per_nonzero:.2f}", style),
        Text(f"{row['ratio']:.2f} x", style),
    ]


def _time_cells(row: Row | None, best: float, width: int) -> list[Text]:
    if row is None:
        return [Text("")] * (2 if width >= NARROW else 1)
    style = "bold" if row["time_ratio"] == best else ""
    reach = (row["ratio_high"] / row["ratio_low"]) ** 0.5 - 1
    width_text = f"±{reach:.0%}" if reach < 1 else "±wide"  # few passes, or a busy machine: no more than a hint
    cells = [Text(f"{row['time_ratio']:.2f} {width_text}", style)]
    if width >= NARROW:
        nanoseconds = row["ns_per_nonzero"]
        cells.append(Text("" if nanoseconds is None else f"{nanoseconds:.3f}", style))
    return cells
