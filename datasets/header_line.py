"""Whether the first line of a table is a header: words, and nothing that may have been a number."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:inf|infinity|nan)", re.ASCII | re.IGNORECASE)
WORD = re.compile(r"[\W_]*[^\W\d_]")  # its first letter or digit is a letter
MISSING = frozenset(["na", "n/a", "#n/a", "nan", "nil", "none", "null", "nul", "missing", "inf", "infinity"])
SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "bars"}
LONGEST_SHOWN = 40


def is_header(fields: Sequence[str], dropped: Collection[int] = ()) -> bool:
    """True for words, False for numbers; ValueError, with the field, for what is neither.

    Fields whose numbers (from 0) are in ``dropped`` may be anything.

    >>> is_header(["a", "b 1"]), is_header(["1", " 2.5e3"])
    (True, False)
    """
    found = [(at, field.strip()) for at, field in enumerate(fields, 1) if at - 1 not in dropped]
    numbers = [NUMBER.fullmatch(field) is not None for _, field in found]
    words = [_is_word(field) for _, field in found]
    if all(numbers) or all(words):
        return not all(numbers)
    at, field = found[(numbers if any(numbers) else words).index(False)]
    if any(numbers):
        raise ValueError(f"field {at}: {_shown(field)} is not a number{_hint(field)}, and other fields are")
    raise ValueError(
        f"field {at}: {_shown(field)} is neither a number nor a header's word{_hint(field)}: write numbers like 1.5e3, "
        "or words that begin with a letter"
    )


def _is_word(field: str) -> bool:
    return WORD.match(field) is not None and field.lower() not in MISSING


def _shown(field: str) -> str:
    return ascii(field) if len(field) <= LONGEST_SHOWN else f"{field[:LONGEST_SHOWN]!a}..."


def _hint(field: str) -> str:
    for separator, name in SEPARATORS.items():
        if separator in field:
            return f" ({name} stand between its parts, where commas have to)"
    return "" if field else " (it is empty)"
