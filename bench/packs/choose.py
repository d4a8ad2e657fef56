"""The format in which a product of a model takes the fewest bytes, or none where it stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy.typing as npt

from dotbench import formats
from dotbench.bench.packs.section import list_bytes, most_bytes
from dotbench.cdot.bfloat16 import name_of
from dotbench.datasets.models.model_file import ModelTensor
from dotbench.formats.costs.bounds import lower_bound
from dotbench.formats.costs.counts import Counts, counts_of
from dotbench.formats.costs.positions import predicted_from_positions
from dotbench.formats.format import Format
from dotbench.formats.packs.negative_zeros import zeros_of
from dotbench.formats.parts import rice_ranks
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.rank import Rank

Chosen = Format | Payload | None  # a payload: of the matrix, encoded already
Choose = Callable[[ModelTensor, npt.NDArray[Any]], Chosen]
RICE = Rank("rice")
DEFAULT = {  # by type: those that were smallest for some real layer
    "float32": ("ham", "sham", "bitmap", "bitmap[values=codebook]", "csc_min", "csc_palette", "im_packed"),
    "bfloat16": ("rank[coding=rice]", "rank", "sham", "csc_min"),
    "float16": ("sham", "csc_min"),
    "int8": ("ham", "sham", "bitmap", "bitmap[values=codebook]", "csc_palette", "rice", "rice[values=coded]"),
}


def candidates(dtype: str) -> tuple[Format, ...]:
    """The formats that are tried for matrices of a type, unless others are asked for.

    >>> [str(one) for one in candidates("float16")]
    ['sham', 'csc_min']
    """
    return tuple(map(formats.parse, DEFAULT.get(dtype, ())))


def smallest(asked: Sequence[Format] | None = None, threads: int = 1) -> Choose:
    """A choice by bytes among ``asked`` (those that are lossless and store the matrix's type) or `candidates`.

    Sizes are computed from counts of the entries, or from where nonzeros are, and only the smallest is encoded; the
    others of a format that nobody can compute. The section of negative zeros counts where a format stores them without
    sign.
    """

    def choose(tensor: ModelTensor, matrix: npt.NDArray[Any]) -> Payload | None:
        dtype = name_of(matrix.dtype)
        fitting = [one for one in (candidates(dtype) if asked is None else asked) if fits(one, dtype)]
        array = tensor.array()
        zeros = zeros_of(array)
        if not fitting or not zeros.entries or not zeros.finite:
            return None
        counts, signs = counts_of(matrix), list_bytes(zeros)
        least = {one: _least(one, matrix, counts) for one in fitting}
        order = sorted((size + (0 if one.bitwise else signs), str(one), one) for one, size in least.items() if size)
        best, payload = most_bytes(array.nbytes) + 1, None
        for bound, _, one in order:
            if bound >= best:
                break
            made = _encoded(one, matrix, threads)
            if made is not None and (size := made.nbytes + (0 if one.bitwise else signs)) < best:
                best, payload = size, made
        return payload

    return choose


def _least(one: Format, matrix: npt.NDArray[Any], counts: Counts) -> int | None:
    """Bytes of a format's payload, or what it has at the least; None where it does not store the matrix."""
    try:
        exact = predicted_from_positions(one, matrix, counts)
        return exact if exact is not None else lower_bound(one, counts)
    except ValueError:
        return None


def fits(format_: Format, dtype: str) -> bool:
    """Whether a format keeps matrices of a type as they are."""
    return format_.lossless and dtype in format_.value_types


def _encoded(format_: Format, matrix: npt.NDArray[Any], threads: int) -> Payload | None:
    """None where a matrix is beyond what a format stores (too long a code, too many columns)."""
    try:
        if format_ == RICE:
            return rice_ranks.encode(matrix, threads)  # the same bytes, sooner
        return format_.encode(matrix, threads=threads)
    except ValueError:
        return None
