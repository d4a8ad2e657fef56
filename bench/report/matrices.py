"""The matrices of results: one for each name and content hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.compare.results import Results

SOURCES = {
    "url": "downloaded from its canonical address",
    "mirror": "read from a local mirror of its canonical address",
    "subset": "real rows of a larger matrix that could not be had as a whole",
    "twin": "synthetic: the real one's shape, density and values; stands in where that could not be had",
    "file": "somebody's own file",
    "model": "a layer of a model file",
    "seed": "made here from a fixed seed",
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
        """
        if self.n is None or self.m is None:
            return ""
        share = f", {self.density:.{1 if self.density >= 0.01 else 2}%}" if self.density is not None else ""
        return f"{self.n} × {self.m}" + (share.replace("%", " % nonzero"))


def matrices(results: Results) -> list[Matrix]:
    """All matrices, by name."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for rows in results.rows.values():
        for row in rows:
            known = found.setdefault((row["dataset"], row["matrix_sha256"]), {"source": row["source"]})
            known.update({name: row[name] for name in ("n", "m", "nnz") if row.get(name) is not None})
    return [Matrix(*key, **found[key]) for key in sorted(found)]
