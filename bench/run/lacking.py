"""What cannot be used here, and why: kernels of other packages, of which cells say it, and dtypes."""

from __future__ import annotations

from functools import cache

from dotbench import formats
from dotbench.bench.record import identity
from dotbench.cdot import build, library, plugin_kernels
from dotbench.cdot.places import brings
from dotbench.formats.value_types import value_type


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


def dtype(name: str) -> str:
    """Why matrices of a dtype cannot be measured here, or "": what numpy has no numbers of has no products to compare.

    >>> dtype("float32")
    ''
    """
    if value_type(name).dtype.name == name:
        return ""
    return f"numpy has no {name} without ml_dtypes, which is not installed: {brings('bf16')}"


def _status(error: Exception) -> str:
    return "unavailable" if isinstance(error, build.NoCompiler) else "failed"
