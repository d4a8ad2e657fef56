"""Products whose nanoseconds are made, and folders of results with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dotbench.bench.costs.observed import Observation
from dotbench.bench.costs.work import Counts, steps
from tests.made_results import space, timed, written

SHAPES = ((64, 64), (64, 512), (512, 64), (128, 256), (512, 512), (256, 1024), (1024, 256), (1024, 1024))
DENSITIES = (0.05, 0.2, 0.7)
NS = {  # nanoseconds a step
    "dense": {"product": 40.0, "column": 2.0, "entry": 0.05},
    "csc": {"product": 30.0, "column": 3.0, "nonzero": 0.2},
    "bsr": {"product": 30.0, "column": 2.5, "byte": 0.03},
    "cells": {"product": 60.0, "column": 2.0, "entry": 0.09},
}
BYTES = {"dense": (4.0, 0.0), "csc": (0.0, 8.0), "bsr": (4.2, 0.0), "cells": (0.75, 0.0)}  # an entry, a nonzero


def counts(label: str, n: int, m: int, nnz: int) -> Counts:
    entry, nonzero = BYTES[label]
    filling = 1 + (7 * n + 13 * m + nnz) % 11 / 20  # so that bytes tell themselves from nonzeros and entries
    return Counts(n, m, nnz, 9, "float32", int(filling * (entry * n * m + nonzero * nnz)) + 40)


def ns(label: str, one: Counts) -> float:
    """What the steps of `NS` add up to."""
    return sum(NS[label].get(step, 0.0) * count for step, count in steps(label, one).items())


def products(label: str) -> list[Observation]:
    """One of each shape and density."""
    every = [counts(label, n, m, int(share * n * m)) for n, m in SHAPES for share in DENSITIES]
    return [Observation(str(number), "made", label, 1, 1, one, ns(label, one)) for number, one in enumerate(every)]


def folder(place: Path, slower: dict[tuple[str, str], float]) -> Path:
    """Results with the products of all formats, each shape a family of its own. ``slower``: by matrix and format, by
    what their nanoseconds are multiplied."""
    found: dict[str, list[dict[str, Any]]] = {"space": [], "time": []}
    for number, (n, m) in enumerate(SHAPES):
        for share in DENSITIES:
            name = f"made{number}/{share:g}"
            base = {"dataset": name, "matrix_sha256": f"{len(found['space']):064x}", "source": "seed", "params": "",
                    "status": "ok", "reason": "", "code_sha": "0" * 16}  # fmt: skip
            nnz = int(share * n * m)
            taken = {label: ns(label, counts(label, n, m, nnz)) * slower.get((name, label), 1) for label in NS}
            for label, one in taken.items():
                own = counts(label, n, m, nnz)
                row = base | {"format": label}
                found["space"].append(space(row, n, m, int(own.bytes)) | {"nnz": nnz, "distinct": 9})
                found["time"].append(timed(row, 1.0, 1, nnz) | {"time_ratio": one / taken["csc"], "ns_per_dot": one})
    return written(found, place)
