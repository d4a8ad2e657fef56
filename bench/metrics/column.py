"""A column of a results file: its name, how its values are read and printed, their unit, and what they mean."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def plain_word(value: object) -> str:
    """As a column of text has it: in a line, with single blanks.

    >>> plain_word("my  w.npy")
    'my w.npy'
    """
    return " ".join(str(value).split())


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text == "true"


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no whole number") from error


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is no number")
    return value


LONGEST = 2**63  # of whole numbers: pandas has 64 bits for them


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    """A finite one that a float can be; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -sys.float_info.max <= value <= sys.float_info.max


def _is_whole(value: Any) -> bool:
    return _is_number(value) and value == int(value) and -LONGEST <= value < LONGEST


@dataclass(frozen=True)
class Kind:
    """What the values of a column are.

    ``words``: for people. ``read``: from a CSV's text to a value, ValueError where it does not fit; ``text``: from a
    value to the CSV's text. ``fits``: whether a value is one of them. ``pandas``: the type in `bench.load`.
    ``half_unit``: half of the last decimal that is printed, 0 where figures are exact or have as many digits as they
    need.
    """

    words: str
    read: Callable[[str], Any]
    text: Callable[[Any], str]
    fits: Callable[[Any], bool]
    pandas: str
    half_unit: float = 0.0


TEXT = Kind("text", str, plain_word, _is_text, "string")
TRUTH = Kind("true or false", _boolean, lambda value: "true" if value else "false", _is_truth, "boolean")
WHOLE = Kind("whole number", _whole, lambda value: str(int(value)), _is_whole, "Int64")
ERROR = Kind("0, or 4 digits", _finite, lambda value: "0" if value == 0 else f"{value:.3e}", _is_number, "float64")
JOULES = Kind("7 digits", _finite, lambda value: f"{value:.6e}", _is_number, "float64")


def _decimals(count: int) -> Kind:
    """Numbers with a fixed count of decimals."""
    plural = "" if count == 1 else "s"
    half_unit = 0.5 * 10.0**-count
    return Kind(
        f"{count} decimal{plural}", _finite, lambda value: f"{value:.{count}f}", _is_number, "float64", half_unit
    )


DECIMALS = {count: _decimals(count) for count in (1, 3, 4, 8)}


@dataclass(frozen=True)
class Column:
    """``unit``: of its values, empty where they have none; ``meaning``: a sentence for docs/columns.md."""

    name: str
    kind: Kind
    unit: str
    meaning: str

    @property
    def is_text(self) -> bool:
        """Whether it holds words, so that an empty cell is an empty word and no missing figure."""
        return self.kind is TEXT

    def read(self, text: str) -> Any:
        """The value behind a CSV's text; None for an empty cell of a figure; ValueError names the column."""
        if text == "" and not self.is_text:
            return None
        try:
            return self.kind.read(text)
        except ValueError as error:
            raise ValueError(f"column {self.name}: {error}") from error

    def fault(self, value: Any) -> str:
        """Why a value cannot stand in this column, in words; empty where it can, as None."""
        if value is None or self.kind.fits(value):
            return ""
        what = {TEXT: "no text", TRUTH: "neither true nor false", WHOLE: "no whole number of 64 bits"}
        return f"column {self.name}: {value!r:.80} is {what.get(self.kind, 'no finite number')}"

    def text(self, value: Any) -> str:
        """The CSV's text; None is empty."""
        return "" if value is None else self.kind.text(value)


def word(name: str, meaning: str) -> Column:
    """A column of text."""
    return Column(name, TEXT, "", meaning)


def truth(name: str, meaning: str) -> Column:
    """A column of ``true`` and ``false``."""
    return Column(name, TRUTH, "", meaning)


def count(name: str, unit: str, meaning: str) -> Column:
    """A column of whole numbers."""
    return Column(name, WHOLE, unit, meaning)


def number(name: str, decimals: int, unit: str, meaning: str) -> Column:
    """A column of numbers with 1, 3, 4 or 8 decimals."""
    return Column(name, DECIMALS[decimals], unit, meaning)


def error(name: str, meaning: str) -> Column:
    """A column of relative errors: 0, or four digits."""
    return Column(name, ERROR, "share", meaning)


def joules(name: str, meaning: str) -> Column:
    """A column of energies, seven digits."""
    return Column(name, JOULES, "J", meaning)


COMMON = (  # what all files have, first
    word("dataset", "name of the data set or file; `~twin` at its end: a synthetic stand-in"),
    word("matrix_sha256", "SHA-256 of the matrix's shape, dtype and nonzeros: what tells it from any other"),
    word("source", "where it came from: url, mirror, package, subset, twin, seeded, file or model"),
    word("format", "the format, peer, `ceiling:` or `bound:` that is measured"),
    word("params", "its parameters, sorted; empty where all are the default"),
    word("status", "ok, failed, timeout, skipped or unavailable"),
    word("reason", "why there is no figure, or what else should be known"),
    word("code_sha", "hash of the code that the figure depends on"),
)
