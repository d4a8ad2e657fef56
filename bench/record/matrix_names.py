"""Which matrix a row is of: its data set's name and the hash of its content.

A name alone is no identity: a file is replaced, two folders have a file of one name each, a twin is made anew. What
shows rows shows those of one matrix together, and tells two matrices of one name apart by their hashes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Row = dict[str, Any]
Matrix = tuple[str, str]  # data set, matrix_sha256


def matrix_of(row: Mapping[str, Any]) -> Matrix:
    """What tells a row's matrix from every other one."""
    return str(row["dataset"]), str(row.get("matrix_sha256") or "")


def by_matrix(results: Mapping[str, Iterable[Row]]) -> dict[str, dict[str, list[Row]]]:
    """Rows of results by matrix, then by file, in the order in which matrices come.

    The keys are for people: the data set's name, with the hash's first digits where several matrices have it. A row
    without a hash, of a matrix that could not be read, is with the only matrix of its name.
    """
    named = names(row for rows in results.values() for row in rows)
    found: dict[str, dict[str, list[Row]]] = {}
    for file, rows in results.items():
        for row in rows:
            mine = found.setdefault(named[matrix_of(row)], {name: [] for name in results})
            mine[file].append(row)
    return found


def names(rows: Iterable[Mapping[str, Any]]) -> dict[Matrix, str]:
    """What each matrix of some rows is called.

    >>> names([{"dataset": "w.npy", "matrix_sha256": sha * 64} for sha in "ab"]).values()
    dict_values(['w.npy (matrix aaaaaaaa)', 'w.npy (matrix bbbbbbbb)'])
    """
    hashes: dict[str, dict[str, None]] = {}
    for row in rows:
        dataset, sha256 = matrix_of(row)
        hashes.setdefault(dataset, {})[sha256] = None
    return {(dataset, sha256): _name(dataset, sha256, known) for dataset, known in hashes.items() for sha256 in known}


def _name(dataset: str, sha256: str, known: Iterable[str]) -> str:
    if sum(map(bool, known)) < 2:
        return dataset
    return f"{dataset} (matrix {sha256[:8]})" if sha256 else f"{dataset} (matrix not known)"
