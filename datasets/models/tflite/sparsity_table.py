"""The table SPARSITY of a .tflite file, as numbers: what they mean is `sparse_tensor`'s."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dotbench.datasets.models.skipped import Skipped
from dotbench.datasets.models.tflite.guard import Guard
from dotbench.datasets.models.tflite.sparse_tensor import Level, Numbers, Sparsity

DENSE, CSR = 0, 1  # the enumeration DimensionType
VECTORS = {1: "Int32Vector", 2: "Uint16Vector", 3: "Uint8Vector"}  # the union SparseIndexVector
WIDTHS = {1: 4, 2: 2, 3: 1}  # bytes of their numbers


def read_sparsity(table: Any, guard: Guard, schema: Any) -> Sparsity:
    """The table's numbers; Skipped where a level is of no kind that is known, or lacks what its kind needs."""
    levels = guard.each(table.DimMetadataLength(), table.DimMetadata)
    return Sparsity(
        tuple(guard.array(table.TraversalOrderAsNumpy()).tolist()),
        tuple(guard.array(table.BlockMapAsNumpy()).tolist()),
        tuple(_level(number, level, guard, schema) for number, level in enumerate(levels)),
    )


def _level(number: int, level: Any, guard: Guard, schema: Any) -> Level:
    if level.Format() == DENSE:
        return Level(level.DenseSize())
    if level.Format() != CSR:
        raise Skipped(f"level {number} of its sparse coding is of kind {level.Format()} (dense and CSR are read)")
    parts = (level.ArraySegmentsType(), level.ArraySegments), (level.ArrayIndicesType(), level.ArrayIndices)
    segments, indices = (_numbers(number, kind, table, guard, schema) for kind, table in parts)
    kinds = (level.ArraySegmentsType(), len(segments)), (level.ArrayIndicesType(), len(indices))
    return Level(segments=segments, indices=indices, nbytes=sum(WIDTHS[kind] * count for kind, count in kinds))


def _numbers(number: int, kind: int, table: Callable[[], Any], guard: Guard, schema: Any) -> Numbers:
    """One of the vectors of a CSR level, in whichever of the three widths it has."""
    found = table()
    if found is None or kind not in VECTORS:
        raise Skipped(f"level {number} of its sparse coding has no segments or no indices of 8, 16 or 32 bits")
    vector = getattr(schema, VECTORS[kind])()
    vector.Init(found.Bytes, found.Pos)
    return guard.array(vector.ValuesAsNumpy()).astype(np.int64)
