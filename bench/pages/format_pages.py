"""A page per format, docs/formats/NAME.md: what is stored, drawn from a real payload, and when it wins.

Written by ``nox -s docs`` from docstrings, payloads and results/; a test holds the files against what
this module gives of the committed rows (`dotbench.bench.pages.drawn`), so a page cannot grow old.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench import formats
from dotbench.bench.compare.results import of_folder
from dotbench.bench.pages import drawn
from dotbench.bench.record.identity import kernel_file
from dotbench.bench.record.matrix_names import by_matrix
from dotbench.bench.show.grid import label
from dotbench.cdot import build
from dotbench.formats.format import Format
from dotbench.formats.payloads.header import offsets
from dotbench.formats.payloads.payload import Payload

ROOT = build.FOLDER.parent
FOLDER = ROOT / "docs" / "formats"
EXAMPLE = np.array(
    [
        [0, 0.5, 0, 0, -1, 0],
        [2, 0, 0, 0, 0, 0.5],
        [0, 0.5, 0, 0, 0.5, 0],
        [0, 0, 0, 0, -1, 0],
        [2, 0, 0.5, 0, 0, 0.5],
    ],
    np.float32,
)
INT8_EXAMPLE = (2 * EXAMPLE).astype(np.int8)
BYTES_SHOWN, ITEMS_SHOWN = 16, 12
Row = dict[str, Any]


def names() -> list[str]:
    """The built-in formats: each has a page."""
    return [kind.name for kind in formats.registry.BUILT_IN]


def page(name: str, results: dict[str, list[Row]]) -> str:
    """The page of a format in Markdown."""
    format_ = formats.get(name)
    payload = format_.encode(example(format_))
    parts = [
        f"# {name}",
        f"{format_.summary[0].upper()}{format_.summary[1:]}.",
        _facts(format_),
        description(format_),
        "## The bytes of a small matrix",
        f"{_matrix(example(format_))}\n\nIts payload has {payload.nbytes} bytes; numbers are little-endian.",
        f"```text\n{layout(payload)}\n```",
        "## When it wins",
        wins(name, results),
        "---\n\nWritten by `nox -s docs`; do not edit.",
    ]
    return "\n\n".join(parts) + "\n"


def _facts(format_: Format) -> str:
    kind = type(format_)
    parameters = ", ".join(f"`{field.name}` (default {field.default})" for field in dataclasses.fields(kind))
    lines = [
        "| | |",
        "|---|---|",
        f"| values | {', '.join(kind.value_types)} |",
        f"| lossless | {'yes' if kind.lossless else 'no'} |",
        f"| parameters | {parameters or 'none'} |",
        f"| work | {kind.complexity or 'see the description'} |",
        f"| format id | {kind.format_id} |",
        f"| sources | `formats/{kind.name}.py`, `{kernel_file(kind.name).relative_to(ROOT)}` |",
    ]
    return "\n".join(lines)


def description(format_: Format) -> str:
    """The class docstring as Markdown: its literals, its example as code."""
    text = inspect.cleandoc(type(format_).__doc__ or "")
    prose, _, example = text.partition("\n>>> ")
    prose = re.sub(r"``(.+?)``", r"`\1`", prose.strip())
    return prose + (f"\n\n```python\n>>> {example.strip()}\n```" if example else "")


def example(format_: Format) -> npt.NDArray[Any]:
    """The matrix of a format's page: of float32 where it stores that."""
    return EXAMPLE if "float32" in format_.value_types else INT8_EXAMPLE


def _matrix(matrix: npt.NDArray[Any]) -> str:
    n, m = matrix.shape
    lines = ["  ".join(f"{value:>4g}" if value else "   ." for value in row) for row in matrix]
    text = "\n".join(lines)
    return f"{n} x {m}, {np.count_nonzero(matrix)} nonzeros:\n\n```text\n{text}\n```"


def layout(payload: Payload) -> str:
    """Offset, length and content of header, fields and sections."""
    header, fields = payload.header, payload.fields
    sections = payload.format.layout(header, fields)
    starts, _ = offsets(sections, len(fields))
    words = (
        f"DOTB, layout {header.layout}, value type {header.value_type}, format {header.format_id}, "
        f"n {header.n}, m {header.m}, nnz {header.nnz}, CRC-32C {header.crc:08x}, fields {header.fields_bytes}"
    )
    lines = ["offset  bytes  what", *_entry(0, 32, "header", payload.data[:32], words)]
    if fields:
        lines += _entry(32, len(fields), "fields", payload.data[32 : 32 + len(fields)], "")
    at = 32 + len(fields)
    for section, start in zip(sections, starts, strict=True):
        if start > at:
            lines += _entry(at, start - at, "padding", payload.data[at:start], "")
        data = payload.data[start : start + section.nbytes]
        lines += _entry(start, section.nbytes, section.name, data, _items(data.view(section.dtype)))
        at = start + section.nbytes
    return "\n".join(lines)


def _entry(start: int, size: int, name: str, data: npt.NDArray[np.uint8], words: str) -> list[str]:
    shown = " ".join(f"{byte:02x}" for byte in data[:BYTES_SHOWN])
    lines = [f"{start:6}  {size:5}  {name}" + (f": {words}" if words else "")]
    if size:
        lines.append(f"{'':15}{shown}{' ...' if size > BYTES_SHOWN else ''}")
    return lines


def _items(items: npt.NDArray[Any]) -> str:
    shown = " ".join(f"{item:g}" if items.dtype.kind == "f" else str(item) for item in items[:ITEMS_SHOWN])
    return f"{len(items)} x {items.dtype.name}" + (f": {shown}" if len(items) else "")


# ---- when it wins


def wins(name: str, results: dict[str, list[Row]]) -> str:
    """On which matrices of results/ a format is the smallest, the fastest, or on the front of both."""
    found = {"smallest": [], "fastest": [], "on the front of bytes and time": []}  # type: dict[str, list[str]]
    measured = 0
    for dataset, rows in by_matrix({file: results.get(file, []) for file in ("space", "time")}).items():
        points = _points(rows)
        own = [point for own_label, point in points.items() if own_label.partition("[")[0] == name]
        if not own:
            continue
        measured += 1
        if any(point[0] == min(other[0] for other in points.values()) for point in own):
            found["smallest"].append(dataset)
        if any(point[1] == min(other[1] for other in points.values()) for point in own):
            found["fastest"].append(dataset)
        if any(not any(_beats(other, point) for other in points.values()) for point in own):
            found["on the front of bytes and time"].append(dataset)
    if any(row["format"] == name and not row["lossless"] for row in results.get("space", []) if row["status"] == "ok"):
        return "It changes weights (`error` in `results/space.csv`), so it is not held against those that keep them."
    if not measured:
        return "There are no results of it yet."
    lines = [f"Among the lossless formats of `results/`, on {measured} matrices (time: batch 1, one thread, warm):", ""]
    for what, where in found.items():
        lines.append(f"- {what}: {', '.join(where) if where else 'nowhere'}")
    return "\n".join(lines)


def _points(rows: dict[str, list[Row]]) -> dict[str, tuple[float, float]]:
    """Bytes and time ratio of each lossless format on a matrix, by label, from the matrix's rows."""
    sizes = {
        label(row): row["bytes"]
        for row in rows["space"]
        if row["status"] == "ok" and row["lossless"] and row["format"] in names()
    }
    return {
        label(row): (sizes[label(row)], row["time_ratio"])
        for row in rows["time"]
        if row["status"] == "ok" and label(row) in sizes
        if (row["batch"], row["threads"], row["cache"]) == (1, 1, "warm")
    }


def _beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] <= other[0] and one[1] <= other[1] and one != other


def index(note: str) -> str:
    """docs/formats/README.md: a line a format, and which rows the pages are drawn from."""
    lines = [f"- [{name}]({name}.md): {formats.get(name).summary}" for name in names()]
    return "# Formats\n\n" + "\n".join(lines) + f"\n\nWritten by `nox -s docs` {note}; do not edit.\n"


def rendered(rows: dict[str, list[Row]]) -> dict[Path, str]:
    """All pages by file."""
    pages = {FOLDER / f"{name}.md": page(name, rows) for name in names()}
    return pages | {FOLDER / "README.md": index(drawn.note(rows))}


def main() -> None:
    """Writes the pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    results = ROOT / "results"
    for path, text in rendered(of_folder(results, str(results)).rows).items():
        path.write_text(text)


if __name__ == "__main__":
    main()
