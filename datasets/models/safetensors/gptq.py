"""GPTQ's packed weights: whole numbers of 2, 4 or 8 bits in the words of an int32 tensor.

```
qweight  int32 (n / per, m)        per = 32 / bits numbers of one column in a word, the lowest bits first
scales   float (groups, m)
qzeros   int32 (groups, m / per)   zero points, packed along the row; older files store them less 1
g_idx    int32 (n)                 the group of each row; left out where row i is of group i // (n / groups)
```

W[i, j] = scales[g, j] * (q[i, j] - zero[g, j]). What is stored, and read here, are the whole numbers q less half of
their range, -8 to 7 of 4 bits: those of the symmetric kind, whose zero point is that half.
Source: Frantar et al., GPTQ, 2022; the layout is that of AutoGPTQ's files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.models.model_file import Scales
from dotbench.datasets.models.stored_tensor import StoredTensor

PACKED, COMPANIONS = "qweight", ("scales", "qzeros", "g_idx")
BITS = (2, 4, 8)
WORD = 32


def unpacked(tensor: StoredTensor, known: Mapping[str, StoredTensor]) -> StoredTensor:
    """A ``qweight`` with its numbers unpacked, (n, m) as int8; left unread, with the reason, where its companions do
    not fit."""
    base = tensor.name.removesuffix(PACKED)
    scales, zeros, groups_of = (known.get(base + name) for name in COMPANIONS)
    if tensor.dtype != "int32" or len(tensor.shape) != 2:
        return replace(tensor, unread=f"packed weights of {tensor.dtype} are not read: GPTQ's are int32 of rank 2")
    rows, m = tensor.shape
    if scales is None or zeros is None:
        return replace(tensor, unread="packed weights without scales and qzeros are not read")
    if scales.shape[1:] != (m,) and scales.shape[1:] and m and scales.shape[1] % m == 0:
        return replace(tensor, unread="AWQ's packed weights, along the rows, are not read")
    if scales.shape[1:] != (m,) or len(zeros.shape) != 2 or zeros.dtype != "int32" or zeros.shape[0] != scales.shape[0]:
        return replace(tensor, unread=f"GPTQ's scales {scales.shape} or qzeros {zeros.shape} do not fit {tensor.shape}")
    bits = next((one for one in BITS if zeros.shape[1] * WORD == m * one), 0)
    if not bits:
        return replace(tensor, unread="GPTQ's weights of other than 2, 4 or 8 bits are not read")
    n, groups = rows * (WORD // bits), scales.shape[0]
    if not groups or not n or (groups_of is not None and groups_of.shape != (n,)):
        return replace(tensor, unread=f"GPTQ's g_idx or scales do not fit its {n} rows")
    parts = [one for one in (scales, zeros, groups_of) if one is not None]
    per = "output" if groups == 1 else f"group of {-(-n // groups)}"
    return replace(
        tensor,
        dtype=f"int{bits}",
        shape=(n, m),
        array=partial(_numbers, tensor, bits),
        scales=Scales(per, sum(one.nbytes for one in parts), not _is_symmetric(zeros, bits)),
        note=f"GPTQ, {bits} bits, less {1 << (bits - 1)}{_order(groups_of, n, groups)}",
        unread="",
        inputs_first=True,
    )


def _numbers(tensor: StoredTensor, bits: int) -> npt.NDArray[np.int8]:
    words = tensor.array().view(np.uint32)
    per, mask, half = WORD // bits, np.uint32((1 << bits) - 1), np.uint8(1 << (bits - 1))
    numbers = np.empty((per * words.shape[0], words.shape[1]), np.uint8)
    for place in range(per):
        numbers[place::per] = (words >> np.uint32(bits * place)) & mask
    numbers -= half  # wraps around as two's complement does
    return numbers.view(np.int8)


def _is_symmetric(zeros: StoredTensor, bits: int) -> bool:
    """Whether all zero points are half of the range, stored as they are or, as older files do, less 1."""
    numbers: npt.NDArray[Any] = _numbers(zeros, bits)
    return bool((numbers == 0).all() or (numbers == -1).all())


def _order(groups_of: StoredTensor | None, n: int, groups: int) -> str:
    if groups_of is None or np.array_equal(groups_of.array(), np.arange(n) // -(-n // groups)):
        return ""
    return ", rows in the groups that g_idx says"
