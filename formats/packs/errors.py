"""What goes wrong with packs: one kind of error, whose message says what, where, and what to do."""

from __future__ import annotations


class PackError(ValueError):
    """A file that is no pack, a damaged or newer one, or one that cannot be written."""
