"""The columns of the CSV files: names, types, how numbers print, what identifies a row.

One declaration a column; adding a file is adding one line to `COLUMNS` and one to `KEYS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
STATUSES = ("ok", "failed", "timeout", "skipped", "unavailable")


@dataclass(frozen=True)
class Column:
    """``read`` turns a CSV's text into a value; ``text`` a value into the CSV's text."""

    name: str
    read: Callable[[str], Any]
    text: Callable[[Any], str]


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text == "true"


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is no number")
    return value


def _error(value: float) -> str:
    return "0" if value == 0 else f"{value:.3e}"


def plain_word(value: object) -> str:
    """As a word's column has it: in a line, with single blanks.

    >>> plain_word("my  w.npy")
    'my w.npy'
    """
    return " ".join(str(value).split())


def _word(name: str) -> Column:
    return Column(name, str, plain_word)


def _integer(name: str) -> Column:
    return Column(name, int, lambda value: str(int(value)))


def _number(name: str, decimals: int) -> Column:
    return Column(name, _finite, lambda value: f"{value:.{decimals}f}")


def _kind(name: str) -> Column:
    """The column of a name: what its figures look like follows from what they are."""
    if name in WORDS:
        return _word(name)
    if name == "lossless":
        return Column(name, _boolean, lambda value: "true" if value else "false")
    if name in ERRORS:
        return Column(name, _finite, _error)
    if name in JOULES:
        return Column(name, _finite, lambda value: f"{value:.6e}")
    return _number(name, DECIMALS[name]) if name in DECIMALS else _integer(name)


COMMON = "dataset matrix_sha256 source format params status reason code_sha"
WORDS = frozenset(
    f"{COMMON} dtype cache isa compiler reference reference_sha stop machine kind array columns_share "
    "model layer kernel runner placement".split()
)
ERRORS = frozenset(["error", "product_error", "error_frobenius", "error_product"])
BITS = "bits_per_entry bits_per_nonzero paper_bits_per_entry entropy_bits_per_entry model_pj_per_entry"
RATIOS = (
    "ratio x_bound time_ratio ratio_low ratio_high speedup probe_speedup utilization_before utilization_after "
    "energy_relative sharing_gain prefix_ratio instructions_per_nonzero pruned_share importance_kept "
    "prefix_low prefix_high"
)
DECIMALS = {
    **dict.fromkeys(BITS.split(), 8),
    **dict.fromkeys(RATIOS.split(), 4),
    "ns_per_dot": 1,
    "ns_per_nonzero": 4,
    "gmac_per_s": 3,
    "encode_seconds": 4,
    "open_us": 1,
    "call_ns": 1,
    "adapt_ns": 1,
}
JOULES = frozenset(
    ["joules_per_dot", "joules_low", "joules_high", "net_joules_per_dot", "dram_joules_per_dot", "psys_joules_per_dot"]
)

# What stands behind the columns that all files have.
COLUMNS = {
    "space": "n m nnz distinct dtype lossless error bytes header_bytes scratch_bytes bits_per_entry "
    "bits_per_nonzero ratio paper_bits_per_entry entropy_bits_per_entry x_bound",
    "time": "batch threads cache isa compiler reference reference_sha time_ratio ratio_low ratio_high "
    "ns_per_dot ns_per_nonzero gmac_per_s encode_seconds open_us passes stop machine "
    "call_ns product_error speedup probe_speedup",
    "instructions": "batch isa compiler instructions_per_dot instructions_per_nonzero columns_counted columns_share "
    "decode_instructions_per_dot multiply_instructions_per_dot",
    "energy": "batch threads kind windows joules_per_dot joules_low joules_high net_joules_per_dot "
    "dram_joules_per_dot psys_joules_per_dot model_pj_per_entry machine",
    "systolic": "array input_length word_cycles groups utilization_before utilization_after tiles_before "
    "tiles_after cycles_before cycles_after pruned_share error_frobenius error_product energy_relative",
    "levels": "level rows columns multiplications multiplications_paper active_bytes sharing_gain "
    "prefix_ratio adapt_ns peak_activation_bytes importance_kept lossless error product_error "
    "prefix_low prefix_high isa machine",
    "cycles": "model layer kernel runner placement instructions instructions_fvp cycles_est_low cycles_est_mid "
    "cycles_est_high code_bytes data_bytes scratch_bytes pixels",
    "board": "model layer kernel runner placement cycles machine",
}
FILES: dict[str, tuple[Column, ...]] = {
    name: tuple(_kind(column) for column in f"{COMMON} {columns}".split()) for name, columns in COLUMNS.items()
}
MATRIX = ("dataset", "matrix_sha256")  # a name is not an identity: files are replaced, twins are made anew
# What tells the cells of a file apart besides matrix, format and parameters.
_MORE_KEYS: dict[str, tuple[str, ...]] = {
    "space": (),
    "time": ("batch", "threads", "cache"),
    "instructions": ("batch",),
    "energy": ("batch", "threads"),
    "systolic": ("array", "input_length", "word_cycles"),
    "levels": ("level",),
    "cycles": ("kernel", "placement", "runner"),
    "board": ("kernel", "placement", "runner"),
}
# What makes a row the same cell in two exports. Code, machine and instruction set are of the
# measurement, not of the cell: measured again, or elsewhere, it is the same row.
KEYS = {file: (*MATRIX, "format", "params", *more) for file, more in _MORE_KEYS.items()}
COUNTS = frozenset(["batch", "threads", "input_length", "word_cycles", "level"])  # of the keys, those that are numbers


def key(file: str, row: Row) -> tuple[Any, ...]:
    """What identifies a row in its file, and the order of rows: names as text, counts as numbers."""
    return _values(row, KEYS[file])


def place(file: str, row: Row) -> tuple[Any, ...]:
    """The same without the matrix's hash: where a row of the matrix that has the name now, or of another, stands."""
    return _values(row, tuple(name for name in KEYS[file] if name != "matrix_sha256"))


def _values(row: Row, names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(int(row[name]) if name in COUNTS else str(row[name]) for name in names)


def extra_keys(file: str) -> tuple[str, ...]:
    """What tells a file's cells apart besides matrix, format and parameters."""
    return tuple(name for name in KEYS[file] if name not in (*MATRIX, "format", "params"))


def as_text(file: str, row: Row) -> list[str]:
    """A row's fields for the CSV, in the file's order; None and what is missing are empty."""
    return ["" if row.get(one.name) is None else one.text(row[one.name]) for one in FILES[file]]


def typed(file: str, fields: dict[str, str]) -> Row:
    """A row with values from a CSV's text; ValueError names the column that does not fit."""
    row: Row = {}
    for column in FILES[file]:
        text = fields[column.name]
        optional = text == "" and column.name not in WORDS
        try:
            row[column.name] = None if optional else column.read(text)
        except ValueError as error:
            what = f"{text!r} is no whole number" if column.read is int else error
            raise ValueError(f"column {column.name}: {what}") from error
    if row["status"] not in STATUSES:
        raise ValueError(f"column status: {row['status']!r} is none of {', '.join(STATUSES)}")
    return row
