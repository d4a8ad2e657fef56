"""The entropy-coding paper (HAM and sHAM): sizes, published streams, and what the published code really stores."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from dotbench import formats
from dotbench.bench.published.at_hand import Data
from dotbench.bench.published.figure import Absent, Figure, Group
from dotbench.formats.ham import Ham
from dotbench.formats.parts.huffman import Code
from dotbench.formats.payloads.header import bits
from dotbench.formats.sham import Sham
from dotbench.formats.sources.source import Source

PAPER = "Marinò, Furia, Malchiodi and Frasca, IEEE Access 11 (2023) 106103, doi 10.1109/ACCESS.2023.3317293"
REPOSITORY = "github.com/AnacletoLAB/sHAM at d6323f3"
FORMULAS = f"{PAPER}: size formulas; figures from this project's specification, formats.md section 1"
STREAMS = f"{REPOSITORY}: cdot_structure and huffman_code of these matrices"
STORED = f"{REPOSITORY}: what its code stores and decodes, from this project's specification, formats.md section 1"
PER_ENTRY = "bits per entry"
VGG, DTA = "vgg19/90-0-32", "deepdta/60-0-256"

CODES: dict[str, Callable[[Source], Code]] = {"ham": Ham().code, "sham": Sham().code}


def entries(source: Source) -> int:
    """All entries of a matrix, zeros included."""
    n, m = source.shape
    return n * m


def claimed_bits(source: Source, format_: str, code: Code) -> int:
    """The published size of HAM or sHAM with any code that covers the matrix."""
    n, m = source.shape
    positions = (source.histogram().nnz + m) * bits(n) if format_ == "sham" else 0
    return code.paper_bits() + positions


def size(name: str, format_: str, data: Data) -> float:
    """Bits per entry by the published formula, with a code of the matrix's own."""
    source = data.matrix(name)
    return formats.get(format_).paper_bits(source) / entries(source)


def network_size(name: str, format_: str, data: Data) -> float:
    """The same with the published code of the whole network."""
    source = data.matrix(name)
    return claimed_bits(source, format_, data.published_code(name, format_)) / entries(source)


def payload_size(name: str, format_: str, data: Data) -> float:
    """Bits per entry of our payload."""
    return 8 * data.payload_bytes(name, format_) / entries(data.matrix(name))


NETWORK, OWN = ", network's code", ", own code"


def _size(name: str, format_: str, published: str, code: str = "") -> Figure:
    compute = network_size if code == NETWORK else size
    beside = partial(payload_size, name, format_)
    return Figure(
        f"{name}: {format_}{code}", FORMULAS, published, partial(compute, name, format_), PER_ENTRY, beside=beside
    )


SIZES = Group(
    "Entropy coding: sizes",
    "Sizes by the paper's formulas (`paper_bits`). Beside them the whole payload that a product of ours needs. "
    "Published layers have the code of their network; a layer of ours has one of its own.",
    (
        _size("orsreg_1", "csc", "0.14678"),
        _size("orsreg_1", "im", "8.00074"),
        _size("orsreg_1", "cser", "0.11527"),
        _size("orsreg_1", "ham", "1.01491"),
        _size("orsreg_1", "sham", "0.06866"),
        _size(VGG, "ham", "1.27180", NETWORK),
        _size(VGG, "sham", "1.90303", NETWORK),
        _size(VGG, "ham", "1.24343", OWN),
        _size(VGG, "sham", "1.87461", OWN),
    ),
    beside="our payload",
)


def own_words(name: str, format_: str, data: Data) -> int:
    """Words of 32 bits that all codewords take, in a code made here."""
    return -(-CODES[format_](data.matrix(name)).stream_bits // 32)


def network_words(name: str, format_: str, data: Data) -> int:
    """The same in the network's code; the counts are those of the matrix here."""
    return -(-data.published_code(name, format_).stream_bits // 32)


def longest(name: str, format_: str, data: Data) -> int:
    """Bits of the longest codeword, in a code made here."""
    return CODES[format_](data.matrix(name)).longest


def _words(name: str, format_: str, published: str, code: str = "") -> Figure:
    compute = network_words if code else own_words
    return Figure(f"{name}: {format_}{code}, stream", STREAMS, published, partial(compute, name, format_), "words")


def _longest(name: str, format_: str, published: str, note: str = "") -> Figure:
    what = f"{name}: {format_}, longest codeword"
    return Figure(what, STREAMS, published, partial(longest, name, format_), "bits", note)


TIES = "taking merged nodes before single symbols on ties would give 19, and as many bits in all."
ARCHIVE = Group(
    "Entropy coding: the published streams",
    "What the published files hold, against codes made here from the matrices. Words have 32 bits.",
    (
        _words("orsreg_1", "ham", "154075"),
        _words("orsreg_1", "sham", "2136"),
        _longest("orsreg_1", "ham", "15"),
        _longest("orsreg_1", "sham", "14"),
        _words("SiNa", "ham", "1067486"),
        _words("SiNa", "sham", "36797"),
        _longest("SiNa", "ham", "18", TIES),
        _longest("SiNa", "sham", "17"),
        _words(VGG, "ham", "83333", NETWORK),
        _words(VGG, "sham", "17797", NETWORK),
        _words(DTA, "ham", "21061", NETWORK),
        _words(DTA, "sham", "14917", NETWORK),
        _words("deepdta/80-0-16", "ham", "11060", NETWORK),
    ),
)


def stored_over_claimed(name: str, data: Data) -> float:
    """Bytes of a published sHAM over its formula's: column ends are left out there, and rows and counts, which
    take 32 bits each, have bits(n)."""
    source, (n, m) = data.matrix(name), data.matrix(name).shape
    claimed = claimed_bits(source, "sham", data.published_code(name, "sham"))
    left_out = 32 * m + (32 - bits(n)) * (source.histogram().nnz + m)
    return (claimed + left_out) / claimed


def wrong_columns(name: str, data: Data) -> int:
    """Columns with entries whose published sHAM stream starts at bit 31 of a word.

    All of orsreg_1 and SiNa come out wrong; of VGG19 some come out right by chance.
    """
    ends = data.archive(name, "sham").ends
    starts = np.append(0, ends[:-1])
    return int(((starts % 32 == 31) & (ends > starts)).sum())


def _stored(name: str, note: str = "") -> Figure:
    what = f"bytes of sham stored over claimed: {name}"
    return Figure(what, STORED, "1.6 to 2.0", partial(stored_over_claimed, name), "x", note, differs=bool(note))


def _wrong(name: str, published: str) -> Figure:
    what = f"columns of sham decoded wrongly: {name}"
    return Figure(what, STORED, published, partial(wrong_columns, name), "columns")


IMPLEMENTATION = Group(
    "Entropy coding: what the published code stores and decodes",
    "Column ends and 32-bit indices are left out of its size formula, and a column whose stream starts at bit 31 "
    "of a word is decoded wrongly.",
    (
        _stored("orsreg_1"),
        _stored("SiNa"),
        _stored(VGG),
        _stored(DTA, "its 192 rows count as 8 bits each, and are stored with 32 as well."),
        _wrong("orsreg_1", "64"),
        _wrong("SiNa", "191"),
    ),
)

GROUPS = (SIZES, ARCHIVE, IMPLEMENTATION)
ABSENT = (Absent("columns of sham decoded wrongly: VGG19's layers", STORED, "8 to 117", "columns", "their kernels"),)
