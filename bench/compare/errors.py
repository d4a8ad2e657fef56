"""What goes wrong when results are compared: one class for the command line, and one way to name what was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CompareError(RuntimeError):
    """Results that cannot be read or found; the message says where and what to do."""


def near(name: str, known: Iterable[str]) -> str:
    """``: did you mean ...?`` with the nearest names, whatever their case."""
    by_lower = {one.lower(): one for one in known}
    found = difflib.get_close_matches(name.lower(), by_lower, 3, 0.4)
    return f": did you mean {' or '.join(by_lower[one] for one in found)}?" if found else ""
