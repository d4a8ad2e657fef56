"""Why there are no kernels: one kind of error, whose message says what to do."""

from __future__ import annotations


class BuildError(RuntimeError):
    """The kernels could not be compiled; the message has the compiler's words."""


class NoCompiler(BuildError):
    """There is none, and the message has the line that brings it."""


class Rejected(BuildError):
    """C files that cannot be used: the compiler's words on them, or ours."""
