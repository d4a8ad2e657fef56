"""Where a tensor's negative zeros are: payloads store zeros without signs, and pruned models (w * mask) are full of
them.

A section of a pack holds it in one of two codings, whichever is shorter:

- ``bits``: a bit for each zero of the tensor, in C order, the lowest of a byte first: 1 where it is negative;
- ``gaps``: the place of the first negative zero among all entries in C order, then how far it is to each next one, in
  the smallest of the types U8, U16, U32, U64: ``numpy.cumsum`` gives the places.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench.cdot.bfloat16 import is_bfloat16
from dotbench.formats.packs.errors import PackError
from dotbench.formats.payloads.header import unsigned

BITS, GAPS = "bits", "gaps"
CODINGS = (BITS, GAPS)
BLOCK = 1 << 20  # entries that are looked at together
Words = npt.NDArray[Any]


@dataclass(frozen=True)
class Zeros:
    """Of a tensor: how many ``nonzeros``, zeros and ``negative`` ones it has, and whether all is ``finite``."""

    entries: int
    nonzeros: int
    negative: int
    finite: bool


def words_of(tensor: npt.NDArray[Any]) -> Words:
    """The entries as unsigned integers of their bits, (entries,), a view where the tensor is contiguous."""
    return np.ascontiguousarray(tensor).reshape(-1).view(f"<u{tensor.dtype.itemsize}")


def is_float(dtype: np.dtype[Any]) -> bool:
    """Whether there are two zeros."""
    return dtype.kind == "f" or is_bfloat16(dtype)


def _blocks(words: Words) -> Iterator[tuple[int, Words]]:
    return ((at, words[at : at + BLOCK]) for at in range(0, len(words), BLOCK))


def _infinity(dtype: np.dtype[Any]) -> int:
    """The bits of the exponent, that are all set in infinities and NaN."""
    if is_bfloat16(dtype):
        return 0x7F80
    return int(np.array(np.inf, dtype).view(f"u{dtype.itemsize}"))


def zeros_of(tensor: npt.NDArray[Any]) -> Zeros:
    """What is to be known of zeros before a tensor is encoded, in one pass; of float16, bfloat16, float32, float64 and
    whole numbers."""
    words = words_of(tensor)
    if not is_float(tensor.dtype):
        return Zeros(len(words), int(np.count_nonzero(words)), 0, True)
    kind = words.dtype.type
    sign, infinity = 1 << (8 * words.dtype.itemsize - 1), _infinity(tensor.dtype)
    nonzeros, negative, finite = 0, 0, True
    for _, block in _blocks(words):
        magnitude = block & kind(sign - 1)
        inside = int(np.count_nonzero(magnitude))
        nonzeros += inside
        finite = finite and not (len(magnitude) and int(magnitude.max()) >= infinity)
        if inside < len(block):
            negative += int(np.count_nonzero(block == kind(sign)))
    return Zeros(len(words), nonzeros, negative, finite)


def coded(tensor: npt.NDArray[Any], zeros: Zeros) -> tuple[str, npt.NDArray[Any]]:
    """The shorter coding of a tensor's negative zeros, and the section."""
    of_bits = -(-(zeros.entries - zeros.nonzeros) // 8)
    if zeros.negative < of_bits:  # a gap takes a byte or more
        gaps = _gaps(tensor, zeros)
        if gaps.nbytes < of_bits:
            return GAPS, gaps
    return BITS, _bits(tensor, zeros)


def _sign(words: Words) -> Any:
    return words.dtype.type(1 << (8 * words.dtype.itemsize - 1))


def _gaps(tensor: npt.NDArray[Any], zeros: Zeros) -> npt.NDArray[Any]:
    words = words_of(tensor)
    places = np.concatenate([at + np.flatnonzero(block == _sign(words)) for at, block in _blocks(words)])
    gaps = np.diff(places, prepend=0)
    return gaps.astype(unsigned(int(gaps.max())))


def _bits(tensor: npt.NDArray[Any], zeros: Zeros) -> npt.NDArray[np.uint8]:
    words = words_of(tensor)
    signs, at = np.zeros(zeros.entries - zeros.nonzeros, bool), 0
    for _, block in _blocks(words):
        of_zeros = block[(block & (_sign(words) - words.dtype.type(1))) == 0] != 0
        signs[at : at + len(of_zeros)] = of_zeros
        at += len(of_zeros)
    return np.packbits(signs, bitorder="little")


def section_dtypes(coding: str) -> tuple[str, ...]:
    """Types that a section of a coding may have."""
    return ("U8",) if coding == BITS else ("U8", "U16", "U32", "U64")


def restore(tensor: npt.NDArray[Any], coding: str, count: int, section: npt.NDArray[Any], what: str) -> None:
    """Makes the zeros of ``tensor`` (C order, positive zeros) negative where a section says so; PackError where it says
    something of entries that are no zeros, or of another number than ``count``."""
    words = tensor.reshape(-1).view(f"<u{tensor.dtype.itemsize}")
    done = (_restore_bits if coding == BITS else _restore_gaps)(words, section, what)
    if done != count:
        raise PackError(f"{what} marks {done} negative zeros, and {count} are announced: it is damaged, copy it again")


def _restore_gaps(words: Words, gaps: npt.NDArray[Any], what: str) -> int:
    limit = len(words)
    if len(gaps) and (int(gaps.max()) >= limit or not gaps[1:].all()):
        raise PackError(f"{what} leads outside the tensor's {limit} entries, or nowhere: it is damaged, copy it again")
    at = 0
    for begin in range(0, len(gaps), BLOCK):
        places = at + np.cumsum(gaps[begin : begin + BLOCK], dtype=np.int64)  # each < 2^20 times 2^42
        if int(places[-1]) >= limit or words[places].any():
            raise PackError(f"{what} marks entries that are no zeros: it is damaged, copy it again")
        words[places] = _sign(words)
        at = int(places[-1])
    return len(gaps)


def _restore_bits(words: Words, packed: npt.NDArray[np.uint8], what: str) -> int:
    zeros = sum(len(block) - int(np.count_nonzero(block)) for _, block in _blocks(words))
    if len(packed) != -(-zeros // 8):
        raise PackError(
            f"{what} has {len(packed)} bytes, and the tensor has {zeros} zeros: it is damaged, copy it again"
        )
    at = done = 0
    for _, block in _blocks(words):
        places = np.flatnonzero(block == 0)
        first, lead = divmod(at, 8)
        bits = np.unpackbits(packed[first : first + -(-(lead + len(places)) // 8)], bitorder="little")
        negative = places[bits[lead : lead + len(places)].astype(bool)]
        block[negative] = _sign(words)
        at += len(places)
        done += len(negative)
    return done
