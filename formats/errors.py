"""Errors of encoders that callers may want to tell from others."""

from __future__ import annotations


class TooMuchWork(ValueError):
    """A matrix that a format could store if anybody waited for it: how much work it is, and what to do."""


class TooManyValues(TooMuchWork):
    """A matrix with more distinct entries than a format has codes for, and which format has them. Runs leave out what
    raises it, as they do where `TooMuchWork` is raised."""
