"""Errors of encoders that callers may want to tell from others."""

from __future__ import annotations


class TooMuchWork(ValueError):
    """A matrix that a format could store if anybody waited for it: how much work it is, and what to do."""


class TooManyValues(TooMuchWork):
    """A matrix with more distinct entries than a format has codes for, and which format has them. Runs leave out what
    raises it, as they do where `TooMuchWork` is raised."""


def is_refusal(reason: str) -> bool:
    """Whether a reason, an error's name and words, is of one of these: nothing is broken.

    >>> is_refusal("TooManyValues: cells has 64 codes"), is_refusal("ValueError: no room")
    (True, False)
    """
    return reason.startswith((f"{TooMuchWork.__name__}: ", f"{TooManyValues.__name__}: "))
