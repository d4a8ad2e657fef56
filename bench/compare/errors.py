"""What goes wrong when results are compared: one class, so that the command line has one message for it."""

from __future__ import annotations


class CompareError(RuntimeError):
    """Results that cannot be read or found; the message says where and what to do."""
