"""Formats of other packages whose kernels cannot be used here: their cells say why, and all others are measured."""

from __future__ import annotations

from functools import cache

from dotbench import formats
from dotbench.bench.record import identity
from dotbench.cdot import build, library, plugin_kernels


@cache
def kernels(label: str) -> tuple[str, str] | None:
    """Status and reason of all cells of a format whose kernels cannot be used, or whose code cannot be hashed; None
    for all others."""
    source = identity.kernel_source(label)
    if source is None:
        return None
    try:
        build.build(plugin=source)
    except build.BuildError as error:
        return _status(error), str(error)
    try:
        library.decoder(formats.parse(label).name, source)  # of this version of the contract
        identity.space_sha(formats.parse(label))
    except (build.BuildError, LookupError, ValueError) as error:
        return _status(error), str(plugin_kernels.named(source, error))
    return None


def _status(error: Exception) -> str:
    return "unavailable" if isinstance(error, build.NoCompiler) else "failed"
