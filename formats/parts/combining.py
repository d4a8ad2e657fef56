"""Column combining: which inputs share a packed column, and which of their weights stay.

Kung, McDanel and Zhang (ASPLOS 2019) write a layer as filters by inputs; ours is its transpose, so their
columns are our rows (inputs) and their rows our columns (outputs). A group is a set of inputs. An output
with k > 1 nonzeros in a group is k - 1 conflicts; the largest weight stays, the others are pruned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dotbench.cdot.encode.combining import Combining
from dotbench.formats.errors import TooMuchWork
from dotbench.formats.sources.source import Columns, Source, blocks

if TYPE_CHECKING:
    import scipy.sparse

ORDERS = ("index", "dense")
MOST_COMPARISONS = 2 * 10**10  # of words: some ten seconds


def check_work(comparisons: int) -> None:
    """TooMuchWork where groups would take minutes or hours to find."""
    if comparisons > MOST_COMPARISONS:
        raise TooMuchWork(
            f"column combining compares every group with every kind of input, here about {comparisons:.0e} words "
            f"({MOST_COMPARISONS:.0e} at the most): take a larger alpha, a matrix with fewer inputs, or another format"
        )


@dataclass(frozen=True)
class Groups:
    """``group`` int32 (n,): of each input, -1 for one without a nonzero. ``place`` uint32 (n,): its place in
    the group, by time of merging. ``outputs`` uint32 (groups,): outputs that have a nonzero in each group.

    >>> import numpy as np
    >>> from dotbench.formats.sources.source import as_source
    >>> combine(as_source(np.eye(3)), alpha=2, gamma=0.0, order="index").lists()
    [[0, 1], [2]]
    """

    group: npt.NDArray[np.int32]
    place: npt.NDArray[np.uint32]
    outputs: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.outputs)

    @property
    def nnz(self) -> int:
        """Weights that stay: one for each output and group with a nonzero."""
        return int(self.outputs.sum(dtype=np.int64))

    def sizes(self) -> npt.NDArray[np.int64]:
        """Inputs of each group, int64 (groups,)."""
        return np.bincount(self.group[self.group >= 0], minlength=len(self))

    def members(self) -> npt.NDArray[np.int64]:
        """The inputs of all groups, one group after the other."""
        order = np.lexsort((self.place, self.group))
        return order[self.group[order] >= 0]

    def lists(self) -> list[list[int]]:
        """The inputs of each group."""
        parts = np.split(self.members(), np.cumsum(self.sizes())[:-1]) if len(self) else []
        return [part.tolist() for part in parts]


def combine(source: Source, alpha: int, gamma: float, order: str) -> Groups:
    """Groups of at most ``alpha`` inputs and int(gamma m) conflicts.

    ``order`` "index": in order of inputs, each group is filled with the input that leaves the fewest
    outputs empty (tie: the lowest). "dense": inputs by falling nonzeros, each goes to the group whose
    union with it has the most outputs (tie: opened first). Memory: n m bits. Time: n^2 / 2 set
    intersections of m bits at the most; inputs with the same outputs count once. TooMuchWork where that is more
    than `MOST_COMPARISONS`.
    """
    n, m = source.shape
    columns = Combining(n, m)
    for begin, _, block in blocks(source):
        columns.occupy(begin, block.rows, block.indptr)
    check_work(columns.comparisons(min(alpha, max(n, 1)), order == "index"))
    limit = min(int(gamma * m), n * m)  # no set has more conflicts than nonzeros
    run = columns.by_index if order == "index" else columns.by_density
    count = run(min(alpha, max(n, 1)), limit)
    return Groups(columns.group, columns.place, columns.rows[:count].copy())


def survivors(columns: Columns, groups: Groups) -> npt.NDArray[np.bool_]:
    """Which nonzeros stay: of each output and group the largest |w|, on a tie the lowest input."""
    cell = columns.column_of_each() * len(groups) + groups.group[columns.rows]
    size = np.abs(columns.values)
    largest = np.zeros((len(columns.indptr) - 1) * len(groups), size.dtype)
    np.maximum.at(largest, cell, size)
    ties = np.flatnonzero(size == largest[cell])
    winner = np.zeros(len(largest), np.int64)
    winner[cell[ties[::-1]]] = ties[::-1]  # rows rise inside a column, and the last one written stays
    stays = np.zeros(columns.nnz, np.bool_)
    stays[winner[cell]] = True
    return stays


def prune(columns: Columns, groups: Groups) -> Columns:
    """The nonzeros that stay."""
    stays = survivors(columns, groups)
    kept = np.append(0, np.cumsum(stays))[columns.indptr]
    return Columns(columns.rows[stays], columns.values[stays], kept)


def pruned(source: Source, groups: Groups) -> scipy.sparse.csc_array:
    """The whole matrix without the weights that conflict pruning takes. ImportError without scipy."""
    import scipy.sparse  # an optional package: encoding does without it

    parts = [prune(columns, groups) for _, _, columns in blocks(source)]
    counts = np.concatenate([np.zeros(1, np.int64), *[part.counts() for part in parts]])
    values = np.concatenate([np.zeros(0, source.dtype), *[part.values for part in parts]])
    rows = np.concatenate([np.zeros(0, np.int32), *[part.rows for part in parts]])
    return scipy.sparse.csc_array((values, rows, np.cumsum(counts)), shape=source.shape)


def pack(columns: Columns, groups: Groups) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint32]]:
    """Packed values float32 (columns, groups), 0 where empty, and the place in its group that each is of."""
    kept = prune(columns, groups)
    values = np.zeros((len(kept.indptr) - 1, len(groups)), np.float32)
    places = np.zeros(values.shape, np.uint32)
    at = kept.column_of_each(), groups.group[kept.rows]
    values[at] = kept.values
    places[at] = groups.place[kept.rows]
    return values, places
