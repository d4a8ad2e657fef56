"""How a tensor of a model file lies as a matrix: `dotbench.formats.sources.orientation`, for packs have it, too."""

from __future__ import annotations

from dotbench.formats.sources.orientation import (
    CHANNELS_FIRST,
    INPUTS_FIRST,
    ORIENTATIONS,
    OUTPUTS_FIRST,
    matrix_shape,
    to_matrix,
    to_tensor,
)

__all__ = [
    "CHANNELS_FIRST",
    "INPUTS_FIRST",
    "ORIENTATIONS",
    "OUTPUTS_FIRST",
    "matrix_shape",
    "to_matrix",
    "to_tensor",
]
