"""Fields of canonical Huffman codes from how often symbols occur: exact, or of a code that is surely no longer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dotbench.formats.parts.huffman import GROUP_SHIFT, NO_BASES, Code, Fields, seek_shift
from dotbench.formats.sources.source import Histogram

ONE_BASE = 63  # a binary logarithm that no number of groups reaches: one base for all of them


def code_of(counts: npt.NDArray[np.int64]) -> Code:
    """The code of symbols with falling counts; what the symbols are is of no matter to its lengths."""
    return Code.of(Histogram(np.zeros(len(counts), np.float32), counts))


def fields_of(code: Code, n: int, m: int) -> Fields:
    """Of the only code of a payload."""
    return Fields.of(code, n, seek_shift(m, code))


def least_fields(code: Code, m: int, alone: bool = True) -> Fields:
    """What is at least needed by a matrix whose values are those of ``code`` or finer classes of them.

    A finer code has as many bits or more, and so as many seek points or more; its longest codeword may be shorter, but
    not than that of a code in which all are equally long. ``alone``: there is no other code in the payload, whose
    stream may be shorter and leave room for fewer seek points.
    """
    symbols, stream = len(code.counts), code.stream_bits
    shift = seek_shift(m, code) if alone else GROUP_SHIFT
    base_shift = ONE_BASE if stream >= Fields.BASES_FROM else NO_BASES
    words = -(-stream // 32) + 1 if stream else 0
    return Fields(symbols, max(symbols - 1, 0).bit_length(), shift, base_shift, words)


ONE_SYMBOL = Fields(1, 0, GROUP_SHIFT, NO_BASES, 0)  # a code that needs no bits
