"""Column combining from Python: `combining.c` with its memory and types."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.encode.sparse import SparseColumns, checked
from dotbench.cdot.library import ffi, library, pointer

NONE = 0x7FFFFFFF  # COMBINING_NONE


class Combining:
    """Columns to be grouped by the rows that they occupy: bit sets, filled by `occupy`.

    ``counts`` uint32 (columns,): rows that each occupies. After `by_index` or `by_density`: ``group`` int32
    and ``place`` uint32 (columns,), -1 and 0 where a column has no nonzero; ``rows`` uint32 (groups,).
    """

    def __init__(self, columns: int, rows: int) -> None:
        self._words = -(-rows // 64)
        self._occupied = np.zeros((columns, self._words), np.uint64)
        self.counts = np.zeros(columns, np.uint32)
        self.group = np.full(columns, -1, np.int32)
        self.place = np.zeros(columns, np.uint32)
        self.rows = np.zeros(columns, np.uint32)

    def _struct(self, alpha: int = 0, limit: int = 0) -> Any:
        return ffi.new(
            "combining *",
            {
                "occupied": pointer(self._occupied, "uint64_t *"),
                "counts": pointer(self.counts, "const uint32_t *"),
                "columns": len(self.counts),
                "words": self._words,
                "alpha": alpha,
                "limit": limit,
                "group": pointer(self.group, "int32_t *"),
                "place": pointer(self.place, "uint32_t *"),
                "rows": pointer(self.rows, "uint32_t *"),
            },
        )

    def occupy(self, begin: int, columns: npt.NDArray[np.int32], indptr: npt.NDArray[np.int64]) -> None:
        """Row begin + k has nonzeros in ``columns[indptr[k]:indptr[k + 1]]``, each named once."""
        sparse = SparseColumns(columns, indptr, len(self.counts), len(columns))
        checked(library().combining_occupy(self._struct(), begin, sparse.struct))
        self.counts += np.bincount(columns, minlength=len(self.counts)).astype(np.uint32)

    @cached_property
    def _alike(self) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
        """Columns that occupy the same rows as chains: heads by falling counts, and who follows whom."""
        kept = np.flatnonzero(self.counts)
        bits = self._occupied[kept].view(np.dtype((np.void, 8 * self._words))).ravel()
        kind = np.unique(bits, return_inverse=True)[1]
        order = np.argsort(kind, kind="stable")
        chain, same = kept[order].astype(np.uint32), np.diff(kind[order]) == 0
        following = np.full(len(self.counts), NONE, np.uint32)
        following[chain[:-1][same]] = chain[1:][same]
        heads = chain[np.append(True, ~same)]
        return heads[np.argsort(-self.counts[heads].astype(np.int64), kind="stable")], following

    def comparisons(self, alpha: int, by_index: bool) -> int:
        """Words that are compared if groups are full: those of every group with every kind of column."""
        kept = int(np.count_nonzero(self.counts))
        kinds = len(self._alike[0]) if by_index and kept else kept
        return kept * kinds * self._words // alpha

    def by_index(self, alpha: int, limit: int) -> int:
        """Groups in column order; their number."""
        if not self.counts.any():
            return 0
        heads, following = self._alike
        heads = heads.copy()  # it is used up
        bounds, taken = np.empty(len(heads), np.int64), np.empty(self._words, np.uint64)
        return int(
            library().combine_by_index(
                self._struct(alpha, limit),
                pointer(heads, "uint32_t *"),
                len(heads),
                pointer(following, "const uint32_t *"),
                pointer(bounds, "int64_t *"),
                pointer(taken, "uint64_t *"),
            )
        )

    def by_density(self, alpha: int, limit: int) -> int:
        """Groups in the order in which columns of falling counts open them; their number. Uses up the bit sets."""
        order = np.argsort(-self.counts.astype(np.int64), kind="stable").astype(np.uint32)
        kept = int(np.count_nonzero(self.counts))
        first, opened, size = (np.empty(kept, np.uint32) for _ in range(3))
        room = np.empty(kept, np.uint64)
        memory = [pointer(array, "uint32_t *") for array in (first, opened, size)]
        return int(
            library().combine_by_density(
                self._struct(alpha, limit),
                pointer(order, "const uint32_t *"),
                kept,
                *memory,
                pointer(room, "uint64_t *"),
            )
        )
