"""What the committed results say of products: counts of a matrix and a payload, and the nanoseconds of a product.

time.csv has real matrices. Their nanoseconds here are the ratio to the reference, which was measured in pairs, times
the reference's nanoseconds of the same matrix: between formats that is steadier than each row's own nanoseconds.

breakeven.csv has curves over shares of zeros, of eight shapes and batches of 1, 8 and 32, as ratios to a dense product
whose nanoseconds it does not say: `ns` of such an observation is the ratio alone until `dotbench.bench.costs.anchors`
has found what it is to be multiplied with. Bytes that a curve's point lacks lie on the line between its neighbours'.
"""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from dotbench import formats
from dotbench.bench.costs.work import Counts
from dotbench.bench.metrics.metric import Row
from dotbench.bench.record import csv_file
from dotbench.formats.value_types import value_type

DENSE_PEER = "blas_dense"  # has no payload: what it reads is the array
PEER_BYTES = 4  # an entry: numpy multiplies in float32
UNSURE = 0.15  # half-width of an interval, as a share, from which on a curve's point says nothing
BREAKEVEN = "breakeven/"
POINT = re.compile(r"([\d.]+):([\d.]+)\(([\d.]+),([\d.]+)\)([\d.]*)")
RIVALS = ("blas_dense", "dense_s8")  # the first dense product of each type: every curve has been held against it
WEIGHT = 0.3  # of a curve's point: seeded matrices, and a scale that is found and not measured


@dataclass(frozen=True)
class Observation:
    """A product that was measured. ``label``: the format with its parameters. ``matrix``: its name, with the share of
    zeros for a point of a curve. ``family``: what is left out together in an evaluation. ``weight``: of its error."""

    matrix: str
    family: str
    label: str
    batch: int
    threads: int
    counts: Counts
    ns: float
    lossless: bool = True
    weight: float = 1.0

    @property
    def is_point(self) -> bool:
        """Whether it comes from a curve of breakeven.csv."""
        return self.family.startswith(BREAKEVEN)


def family(dataset: str) -> str:
    """Matrices that are alike: pruned from one layer or network, or made by one recipe.

    >>> [family(one) for one in ("vgg19/90-0-32", "dlmc/rn50-magnitude-90-final", "census~twin", "tflite/ad01#00_d")]
    ['vgg19', 'dlmc/rn50', 'census', 'zoo']
    """
    head, _, rest = dataset.partition("/")
    if head == "dlmc":
        return f"dlmc/{rest.partition('-')[0]}"
    return "zoo" if head == "tflite" else re.split("[~-]", head)[0]


def label_of(row: Row) -> str:
    """The name of a row's format with its parameters."""
    return f"{row['format']}[{row['params']}]" if row["params"] else f"{row['format']}"


def observations(folder: Path) -> list[Observation]:
    """All of a folder of results, in the order of its rows. OSError, `csv_file.SheetError`: it cannot be read."""
    return [*_timed(_rows(folder, "space"), _rows(folder, "time")), *_points(_rows(folder, "breakeven"))]


def places(folder: Path) -> tuple[str, ...]:
    """Machines, instruction sets and compilers of the timed products, each with its number of rows."""
    counted = Counter((row["machine"], row["isa"], row["compiler"]) for row in _rows(folder, "time"))
    return tuple(f"{', '.join(place)}: {count} rows" for place, count in sorted(counted.items()))


def _rows(folder: Path, file: str) -> list[Row]:
    path = folder / f"{file}.csv"
    if not path.exists() and file == "breakeven":
        return []
    return [row for row in csv_file.read(path.read_text("utf-8"), file).rows() if row["status"] == "ok"]


def _timed(space: list[Row], time: list[Row]) -> Iterator[Observation]:
    sizes = {(row["matrix_sha256"], label_of(row)): row for row in space}
    matrices = {row["matrix_sha256"]: row for row in space}
    own = {_cell(row, label_of(row)): row["ns_per_dot"] for row in time}
    for row in time:
        label, known = label_of(row), matrices.get(row["matrix_sha256"])
        size = sizes.get((row["matrix_sha256"], label))
        if known is None or row["cache"] != "warm" or not row["ns_per_dot"] or not (size or label == DENSE_PEER):
            continue
        if row["format"].startswith("ceiling:") or not (label == DENSE_PEER or row["format"] in formats.kinds()):
            continue
        length = size["bytes"] if size else PEER_BYTES * known["n"] * known["m"]
        counts = Counts(known["n"], known["m"], known["nnz"], known["distinct"], known["dtype"], length)
        reference = own.get(_cell(row, row["reference"]))
        ns = row["time_ratio"] * reference if reference and row["time_ratio"] else row["ns_per_dot"]
        lossless = size is None or size["lossless"] in (True, "true")
        yield Observation(row["dataset"], family(row["dataset"]), label, row["batch"], row["threads"], counts, ns,
                          lossless)  # fmt: skip


def _cell(row: Row, label: str) -> tuple[str, str, int, int, str]:
    return row["matrix_sha256"], label, row["batch"], row["threads"], row["cache"]


def _points(breakeven: list[Row]) -> Iterator[Observation]:
    dense: dict[tuple[int, int, int, str], dict[str, list[float]]] = {}
    first = {(*_asked(row), label_of(row)): _curve(row) for row in breakeven if row["rival"] in RIVALS}
    for row in breakeven:  # what the other dense product takes, of the first one's time, by every format held to both
        mine, other = first.get((*_asked(row), label_of(row))), _curve(row)
        dense.setdefault(_asked(row), {})
        if mine and row["rival"] not in RIVALS and row["rival"] in formats.kinds():
            ratios = [mine[zeros][0] / other[zeros][0] for zeros in sorted(mine.keys() & other.keys())]
            dense[_asked(row)].setdefault(row["rival"], []).extend(ratios)
    points: dict[tuple[int, int, int, str], set[float]] = {}
    for (n, m, batch, dtype, label), curve in first.items():
        for zeros, (ratio, half_width, length) in curve.items():
            if half_width <= UNSURE:
                points.setdefault((n, m, batch, dtype), set()).add(zeros)
                yield _point((n, m, batch, dtype), zeros, label, ratio, length, WEIGHT)
    for asked, found in points.items():
        known = {name: statistics.median(some) for name, some in dense[asked].items()}
        for label, ratio in {RIVALS[asked[3] == "int8"]: 1.0, **known}.items():
            for zeros in sorted(found):
                yield _point(asked, zeros, label, ratio, None, WEIGHT / len(found))


def _point(
    asked: tuple[int, int, int, str], zeros: float, label: str, ratio: float, share: float | None, weight: float
) -> Observation:
    n, m, batch, dtype = asked
    array = n * m * value_type(dtype).dtype.itemsize
    nnz = round(n * m * (100 - zeros) / 100)
    counts = Counts(n, m, nnz, DISTINCT, dtype, array if share is None else share * array)
    return Observation(f"random/{n}x{m}-{dtype}@{zeros:g}", f"{BREAKEVEN}{n}x{m}", label, batch, 1, counts, ratio,
                       weight=weight)  # fmt: skip


DISTINCT = 32  # values of every matrix in breakeven.csv (`bench.breakeven.shapes`)


def _asked(row: Row) -> tuple[int, int, int, str]:
    return row["n"], row["m"], row["batch"], row["dtype"]


def _curve(row: Row) -> dict[float, tuple[float, float, float]]:
    """By percentage of zeros: ratio, half-width of its interval, and bytes as a share of the array's."""
    read = [tuple(float(one) if one else math.nan for one in point) for point in POINT.findall(row["curve"])]
    sizes = sorted((point[0], point[4]) for point in read if not math.isnan(point[4]))
    return {
        zeros: (ratio, math.sqrt(high / low) - 1, _between(sizes, zeros) if math.isnan(share) else share)
        for zeros, ratio, low, high, share in read
        if sizes
    }


def _between(known: list[tuple[float, float]], zeros: float) -> float:
    """On the straight lines between known points; beyond them the outermost."""
    for (left, above), (right, below) in pairwise(known):
        if left <= zeros <= right:
            return above + (below - above) * (zeros - left) / (right - left)
    return known[0][1] if zeros < known[0][0] else known[-1][1]
