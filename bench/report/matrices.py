"""The matrices of results: one for each name and content hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dotbench.bench.compare.results import Results
from dotbench.bench.show.grid import label
from dotbench.bench.show.plural import counted

SOURCES = {
    "url": "downloaded from its canonical address",
    "mirror": "read from a local mirror of its canonical address",
    "subset": "real rows of a larger matrix that could not be had as a whole",
    "twin": "synthetic: the real one's shape, density and values; stands in where that could not be had",
    "file": "somebody's own file",
    "model": "a layer of a model file",
    "seed": "made here from a fixed seed",
    "package": "a layer of a model that a package for Python brings",
    "recipe": "such a layer, pruned and shared here by a fixed recipe",
}


@dataclass(frozen=True)
class Matrix:
    """``n`` inputs by ``m`` outputs, as space.csv says; None where it has no row of the matrix."""

    dataset: str
    sha256: str
    source: str
    n: int | None = None
    m: int | None = None
    nnz: int | None = None
    distinct: int | None = None

    @property
    def twin(self) -> bool:
        return self.source == "twin" or self.dataset.endswith("~twin")

    @property
    def density(self) -> float | None:
        """Share of entries that are not zero."""
        return self.nnz / (self.n * self.m) if self.n and self.m and self.nnz is not None else None

    @property
    def shape(self) -> str:
        """In words, empty where it is not known.

        >>> Matrix("w", "00", "file", 10, 20, 50).shape
        '10 × 20, 25.0 % nonzero'
        >>> Matrix("w", "00", "file", 10, 20, 50, 1).shape
        '10 × 20, 25.0 % nonzero, 1 distinct value'
        """
        if self.n is None or self.m is None:
            return ""
        share = f", {self.density:.{1 if self.density >= 0.01 else 2}%}" if self.density is not None else ""
        values = f", {counted(self.distinct, 'distinct value')}" if self.distinct is not None else ""
        return f"{self.n} × {self.m}" + share.replace("%", " % nonzero") + values


NETWORKS = ("vgg19/", "deepdta/", "dlmc/", "tflite/")  # groups of the registry that are layers of networks
EXAMPLE = "vgg19/90-0-32"  # the README's


def is_layer(matrix: Matrix) -> bool:
    """Whether it is a layer of a network: of the registry's, or of somebody's model (``model.tflite#dense``).

    >>> is_layer(Matrix("vgg19/90-0-32", "00", "url")), is_layer(Matrix("orsreg_1", "00", "url"))
    (True, False)
    """
    return matrix.dataset.startswith(NETWORKS) or "#" in matrix.dataset


def start(known: list[Matrix], results: Results) -> int:
    """The matrix that a reader sees first: one with sizes and times, rather a network's layer, rather the README's,
    rather a real one, with the most formats."""
    labels = {file: _labels(results, file) for file in ("space", "time") if results.rows.get(file)}

    def points(matrix: Matrix) -> int:
        own = [found.get((matrix.dataset, matrix.sha256), set()) for found in labels.values()]
        return len(set.intersection(*own)) if own else 0

    def rank(index: int) -> tuple[bool, bool, bool, bool, int]:
        matrix = known[index]
        example = matrix.dataset.removesuffix("~twin") == EXAMPLE
        return points(matrix) > 0, is_layer(matrix), example, not matrix.twin, points(matrix)

    return max(range(len(known)), key=rank, default=0)


def _labels(results: Results, file: str) -> dict[tuple[str, str], set[str]]:
    """By matrix: what went well in a file."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in results.rows[file]:
        if row["status"] == "ok":
            found.setdefault((row["dataset"], row["matrix_sha256"]), set()).add(label(row))
    return found


def matrices(results: Results) -> list[Matrix]:
    """All matrices, by name."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for rows in results.rows.values():
        for row in rows:
            known = found.setdefault((row["dataset"], row["matrix_sha256"]), {"source": row["source"]})
            known.update({name: row[name] for name in ("n", "m", "nnz", "distinct") if row.get(name) is not None})
    return [Matrix(*key, **found[key]) for key in sorted(found)]
