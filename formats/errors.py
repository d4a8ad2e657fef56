"""Errors of encoders that callers may want to tell from others."""

from __future__ import annotations


class TooMuchWork(ValueError):
    """A matrix that a format could store if anybody waited for it: how much work it is, and what to do."""
