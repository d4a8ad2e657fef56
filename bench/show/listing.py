"""What ``dotbench list`` prints: one line for each format and each data set; whole, those that are asked for."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from dotbench import datasets, formats
from dotbench.bench.show import terminal
from dotbench.bench.show.about import parameters
from dotbench.bench.show.escape import visible
from dotbench.bench.show.fitted import Column, fitted
from dotbench.bench.show.plural import counted
from dotbench.bench.show.table import WIDE
from dotbench.bench.targets import peers
from dotbench.bench.targets.peer import Peer
from dotbench.cdot.places import results_folder
from dotbench.datasets.errors import ReaderFault
from dotbench.datasets.models import names as model_names
from dotbench.formats.value_types import value_type_names

REFERENCES = """Rows of results besides, which come by themselves:
bound:h0, bound:huffman, bound:positions_values: sizes that no code goes below
ceiling:memcpy, ceiling:decode: copying a format's payload, decoding it alone"""
HINT = "a format whole: dotbench list formats NAME"
DATASET_HINT = "whole, with the values in use: dotbench list datasets NAME, or 'vgg19/*'"
FAMILY = 5  # matrices of one family that a narrow terminal shows in a line
Fields = Sequence[str]


def brief(text: str, width: int) -> str:
    """A text in one line, cut between words where it is too long.

    >>> brief("canonical Huffman code of all entries", 24), brief("short", 24)
    ('canonical Huffman code …', 'short')
    """
    if len(text) <= width:
        return text
    return f"{text[: max(width - 1, 1)].rpartition(' ')[0].rstrip(' ,;:(')} …"


def _table(titles: Fields, rows: Sequence[Fields], width: int, whole: bool) -> RenderableType:
    """A line each, the last column as long as there is room; ``whole``: in as many lines as it takes."""
    if not whole:
        before = [max(len(row[at]) for row in (titles, *rows)) + 2 for at in range(len(titles) - 1)]
        rows = [(*row[:-1], brief(row[-1], max(width - sum(before), 12))) for row in rows]
    columns = [Column(title, words=whole and at == len(titles) - 1) for at, title in enumerate(titles)]
    return fitted(columns, rows, width).table


def brief_values(names: Sequence[str]) -> str:
    """Value types in a word or two.

    >>> brief_values(["float32", "float16", "bfloat16"]), brief_values(["float32", "int8"]), brief_values(["int8"])
    ('floats', 'float32, int8', 'int8')
    """
    whole = value_type_names()
    floats = [name for name in whole if name != "int8"]
    return {tuple(sorted(whole)): "all", tuple(sorted(floats)): "floats"}.get(tuple(sorted(names)), ", ".join(names))


def format_table(width: int = terminal.PIPED) -> RenderableType:
    """Name, of which values, and what is stored; in a pipe parameters, too. Then bounds and ceilings."""
    narrow = width < WIDE
    rows: list[Fields] = []
    kinds: tuple[type[formats.Format] | type[Peer], ...] = (*formats.kinds().values(), *peers.kinds().values())
    for kind in kinds:
        lossy = " ≈" if not getattr(kind, "lossless", True) else ""
        summary = kind.summary if issubclass(kind, formats.Format) else f"peer: {kind.summary}"
        values = ", ".join(kind.value_types)
        if narrow:
            rows.append((kind.name + lossy, brief_values(kind.value_types), summary))
        else:
            rows.append((kind.name, parameters(kind), values, "no" if lossy else "yes", summary))
    titles = ("format", "values", "stores") if narrow else ("format", "parameters", "values", "lossless", "stores")
    return Group(_table(titles, rows, width, whole=False), Text(), Text(REFERENCES), Text(HINT))


def dataset_table(names: Sequence[str] = (), width: int = terminal.PIPED) -> RenderableType:
    """Name, shape, where it would come from now, and what it is; without ``names`` models in a line each."""
    known = distinct_values()
    rows: list[Fields] = []
    listed = datasets.resolve(names) if names else [*datasets.names(), *datasets.seeded.entries()]
    families = {} if names or width >= WIDE else _families(listed)
    for name in listed:
        shape, source, what = _dataset(name)
        family = name.partition("/")[0]
        if family not in families:
            rows.append((_shown(name), shape, source, f"{known[name]} values, {what}" if name in known else what))
        elif name == families[family][0]:
            rows.append((f"{family}/*", f"{len(families[family])} matrices", source, _about_all(families[family])))
    for model, line in datasets.zoo.models().items() if not names else ():
        layers = datasets.zoo.matching(datasets.zoo.PREFIX + model)
        what = f"{line['what']}, int8, {line['licence']}"
        rows.append((datasets.zoo.PREFIX + model, counted(len(layers), "layer"), datasets.source_now(layers[0]), what))
    if not names:
        rows += [(model, *_package(model, line)) for model, line in datasets.packages.models().items()]
        rows += _recipes(narrow=width < WIDE)
    table = _table(("data set", "shape", "from", "what it is, licence"), rows, width, whole=bool(names))
    return table if names or width >= WIDE else Group(table, Text(), Text(DATASET_HINT))


def _recipes(narrow: bool) -> list[Fields]:
    """Layers that were changed by a recipe; where there is little room a line a recipe."""
    names = [*datasets.recipes.entries()]
    if not narrow:
        return [(name, *_dataset(name)) for name in names]
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.rpartition("~")[2], []).append(name)
    return [
        (f"*~{recipe}", counted(len(members), "layer"), "recipe", "layers of packages, pruned and shared")
        for recipe, members in found.items()
    ]


def _package(model: str, line: dict[str, str]) -> tuple[str, str, str]:
    """Of a model that a package brings: how many layers, from where, and what it is."""
    layers = datasets.packages.matching(model)
    what = f"{line['what']}, {line['package']} {line['version']}, {line['licence']}"
    return counted(len(layers), "layer"), datasets.source_now(layers[0]), what


def _families(names: Sequence[str]) -> dict[str, list[str]]:
    """Names that begin alike, where there are several, by what stands before the stroke."""
    found: dict[str, list[str]] = {}
    for name in names:
        if "/" in name:
            found.setdefault(name.partition("/")[0], []).append(name)
    return {family: members for family, members in found.items() if len(members) >= FAMILY}


def _about_all(names: Sequence[str]) -> str:
    return " and ".join(dict.fromkeys(datasets.describe(name).summary.partition(", ")[0] for name in names))


def distinct_values(folder: Path | None = None) -> dict[str, int]:
    """How many different nonzero values a matrix has, by name, as far as results say: a layer of "32 clusters" may
    have fewer left when it is pruned."""
    path = (folder or results_folder()) / "space.csv"
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as stream:
        rows = csv.DictReader(stream)
        return {row["dataset"]: int(row["distinct"]) for row in rows if (row.get("distinct") or "").isdigit()}


def _shown(name: str) -> str:
    """A name in a table; of a file without its folder, which whoever asked knows."""
    if datasets.source_now(name) != "model":
        return visible(name, keep="")
    path, layer = model_names.split(name)
    return visible(f"{Path(path).name}#{layer}", keep="")


def _dataset(name: str) -> tuple[str, str, str]:
    source = datasets.source_now(name)
    if source == "model":
        path, member = model_names.split(name)
        return _layer(Path(path), member)
    if source == "file":
        return "?", source, "a file"
    entry = datasets.describe(name)
    what = f"{entry.summary}, {entry.licence}"
    if source == "twin":
        what += f" (a twin: {datasets.how_to_get(entry)})"
    if source == "nowhere":
        what += f" ({datasets.how_to_get(entry)})"
    return f"{entry.shape[0]} x {entry.shape[1]}", source, what


def _layer(path: Path, member: str) -> tuple[str, str, str]:
    """Of a layer of a model file."""
    if model_names.has_tensors(path):
        tensor = model_names.find_tensor(path, member)
        n, m = tensor.matrix_shape
        vectors = f", {counted(tensor.pixels, 'vector')} an inference" if tensor.pixels else ""
        note = f", {visible(tensor.note)}" if tensor.note else ""
        return f"{n} x {m}", "model", f"{tensor.role}, {tensor.dtype}{vectors}{note}"
    layer = model_names.find(path, member)
    n, m = layer.weights.shape
    what = f"{layer.nnz} nonzeros, {layer.weights.dtype}, {layer.pixels} pixels, {visible(layer.tensor)}"
    return f"{n} x {m}", "model", what


def skipped(names: Sequence[str]) -> Iterator[str]:
    """A line for each operator of the named files whose weights are not read; none for single layers by name."""
    asked = (model_names.split(name) for name in names)
    for path in dict.fromkeys(path for path, layer in asked if not layer or any(c in layer for c in "*?[")):
        if model_names.is_model(path) and Path(path).is_file():
            with contextlib.suppress(ReaderFault):  # which the run says of the file itself
                yield from [f"{path}: skipped {line}" for line in model_names.skipped(Path(path))]
