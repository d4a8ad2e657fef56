"""Numbers with their words."""

from __future__ import annotations


def counted(number: int, word: str) -> str:
    """A number and a word that takes an s where there are not one.

    >>> counted(1, "cell"), counted(0, "cell"), counted(1_000, "row")
    ('1 cell', '0 cells', '1000 rows')
    """
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
