"""The modelled energy of a product by the published per-operation table: exact, and of no machine.

A format's energy is the sum over the reads, additions and multiplications of its product
(Marino et al.; formats.md, "Modelled energy"). `published` has the same as the authors' code computes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from dotbench.bench.energy.costs import ADD, MULTIPLY_ADD, VALUE, access
from dotbench.formats.cser import counts
from dotbench.formats.format import Format
from dotbench.formats.ham import Ham
from dotbench.formats.parts.huffman import Code
from dotbench.formats.payloads.header import bits
from dotbench.formats.sham import Sham
from dotbench.formats.sources.source import Source


def model_pj_per_entry(format_: Format, source: Source) -> float | None:
    """Picojoules of a product of one vector, per entry of W; None without a formula or without entries.

    There are formulas for the source paper's formats, and for `dense` and `csc_min`, whose products
    read, add and multiply as `csc`'s does. The table has no cost for indices that straddle bytes,
    so formats that pack them have no formula.

    >>> import numpy as np
    >>> from dotbench import formats
    >>> round(model_pj_per_entry(formats.get("dense"), formats.as_source(np.eye(4))), 8)
    15.85
    """
    formula = FORMULAS.get(format_.name)
    n, m = source.shape
    if formula is None or n * m == 0:
        return None
    return formula(source) / (n * m)


def multiply_nonzeros(source: Source) -> float:
    """Each nonzero reads its input, multiplies and adds; each column writes its output."""
    n, m = source.shape
    nnz = source.histogram().nnz
    return nnz * (MULTIPLY_ADD + access(n, VALUE)) + m * access(m, VALUE)


def dense(source: Source) -> float:
    """nm (e_s + e_m + A(nm, b) + A(n, b)) + m A(m, b): every entry is read, multiplied and added."""
    n, m = source.shape
    return n * m * (MULTIPLY_ADD + access(n * m, VALUE) + access(n, VALUE)) + m * access(m, VALUE)


def csc(source: Source) -> float:
    """Row indices and pointers of bits(n), as the published size of CSC counts them."""
    width = bits(source.shape[0])
    return sparse_columns(source, width, width)


def csc_min(source: Source) -> float:
    """csc's formula with the widths that `csc_min` stores: bits(n - 1) for rows, 32 for pointers."""
    return sparse_columns(source, bits(max(source.shape[0] - 1, 0)), 32)


def sparse_columns(source: Source, row_bits: int, pointer_bits: int) -> float:
    """snm (e_s + e_m + A(snm, rows) + A(snm, b) + A(n, b)) + m (A(m, pointers) + A(m, b))."""
    nnz, m = source.histogram().nnz, source.shape[1]
    reads = nnz * (access(nnz, row_bits) + access(nnz, VALUE))
    return multiply_nonzeros(source) + reads + m * access(m, pointer_bits)


def im(source: Source) -> float:
    """nm (A(K, b) + A(nm, bits(K))), and the products of the nonzeros."""
    n, m = source.shape
    K = len(source.histogram().by_frequency(zeros=n * m - source.histogram().nnz).values)
    return n * m * (access(K, VALUE) + access(n * m, bits(K))) + multiply_nonzeros(source)


def cser(source: Source) -> float:
    """snm (e_s + A(n, b) + A(snm, bits(n))) + |OI| (e_s + e_m + A(|OPtr|, bits(snm)) + A(K, bits(K)))
    + m (A(m, b) + A(|rowPtr|, bits(|OPtr|))).

    The source takes zero for the most frequent value: elsewhere cser stores |colI|, not snm, indices.
    """
    n, m = source.shape
    nnz, known = source.histogram().nnz, counts(source)
    group = MULTIPLY_ADD + access(known.group_pointers, bits(nnz)) + access(known.symbols, bits(known.symbols))
    return (
        nnz * (ADD[VALUE] + access(n, VALUE) + access(nnz, bits(n)))
        + known.groups * group
        + m * (access(m, VALUE) + access(known.column_pointers, bits(known.group_pointers)))
    )


def decode(code: Code) -> float:
    """coded A(K, b) + N A(N, b) + coded A(2^t, bits(lmax)) + (coded + D log2 lmax) A(lmax + 2, bits(lmax)).

    N words of stream; D the coded entries whose codeword is longer than the t bits of the partial table.
    Where t is 0 there is no such table.
    """
    coded = int(code.counts.sum())
    return coded * access(len(code.values), VALUE) + stream(code)


def stream(code: Code) -> float:
    """`decode` without the reads of the codebook."""
    coded, longest = int(code.counts.sum()), code.longest
    words = -(-code.stream_bits // 32)
    t = (longest - 1).bit_length() if longest > 1 else 0
    beyond = int(code.counts[code.lengths > t].sum())
    searched = coded + beyond * (math.log2(longest) if longest else 0.0)
    table = coded * access(1 << t, bits(longest)) if t else 0.0
    return words * access(words, VALUE) + table + searched * access(longest + 2, bits(longest))


def ham(source: Source) -> float:
    """Decoding all entries, and the products of the nonzeros."""
    return decode(Ham().code(source)) + multiply_nonzeros(source)


def sham(source: Source) -> float:
    """Decoding the nonzeros, reading their rows (snm A(snm, bits(n))), and their products."""
    nnz = source.histogram().nnz
    rows = nnz * access(nnz, bits(source.shape[0]))
    return decode(Sham().code(source)) + rows + multiply_nonzeros(source)


FORMULAS: dict[str, Callable[[Source], float]] = {
    "dense": dense,
    "csc": csc,
    "csc_min": csc_min,
    "im": im,
    "cser": cser,
    "ham": ham,
    "sham": sham,
}
