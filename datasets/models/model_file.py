"""What a reader says of a model file: each tensor of it once, what it is for, and how to get at its numbers.

Nothing is read before it is asked for: `ModelTensor.array` maps a file, or decodes the one tensor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy.typing as npt

from dotbench.datasets.models.orientation import OUTPUTS_FIRST, matrix_shape, to_matrix

Role = Literal["product", "gather", "tied", "depthwise", "vector", "unsure", "unread"]
ROLES: tuple[Role, ...] = get_args(Role)
PRODUCTS: tuple[Role, ...] = ("product", "tied")  # what formats are for
MATRICES: tuple[Role, ...] = ("product", "tied", "gather", "unsure")  # what can be asked for as a matrix


@dataclass(frozen=True)
class Scales:
    """Of whole numbers: ``per`` is ``tensor``, ``output``, ``input`` or ``group of 32``; ``nbytes`` what scales and
    zero points take in the file, ``zero_points`` whether any of these is not 0 (then values are stored without it)."""

    per: str
    nbytes: int
    zero_points: bool = False


@dataclass(frozen=True, eq=False)
class ModelTensor:
    """One tensor, however many uses or names it has.

    ``name``: in the file, or what the reader calls it; ``FILE#NAME`` is a data set. ``role``:

    - ``product``: W of a product, ``tied``: of one whose rows are looked up, too (an embedding table that is the head);
    - ``gather``: a table of which rows are looked up; ``depthwise``: one kernel a channel; ``vector``: biases, norms
      and the like;
    - ``unsure``: names leave in doubt whether it is multiplied; ``unread``: its numbers cannot be had, ``note`` says
      why.

    ``dtype``: as stored, numpy's name where there is one (``bfloat16``, ``int8``), else the file's (``int4``,
    ``Q4_K``). ``shape``: the tensor's, as ``array`` gives it. ``nbytes``: what its numbers take in the file, without
    ``scales``. ``array``: its numbers, a view of the file where they lie there as they are: float32, float16, bfloat16
    (as `dotbench.cdot.bfloat16` has it), float64, int8, or whole numbers of few bits as int8; DataError where they
    cannot be had. ``note``: what else should be known in a line.
    ``pixels``: vectors that one inference multiplies by W, 0 where nobody can say.
    """

    name: str
    role: Role
    dtype: str
    shape: tuple[int, ...]
    nbytes: int
    array: Callable[[], npt.NDArray[Any]] = field(repr=False)
    orientation: str = OUTPUTS_FIRST
    scales: Scales | None = None
    note: str = ""
    pixels: int = 0

    @property
    def matrix_shape(self) -> tuple[int, int]:
        """(n, m): inputs and outputs."""
        return matrix_shape(self.shape, self.orientation)

    def matrix(self) -> npt.NDArray[Any]:
        """W, (n, m), of the dtype of ``array``; a view where the tensor lies as a matrix does."""
        return to_matrix(self.array(), self.orientation)


@dataclass(frozen=True, eq=False)
class ModelFile:
    """A model: ``kind`` the reader's name, ``files`` all that it was read from (shards, external data), the asked one
    first, ``tensors`` in the file's order, ``notes`` what is said of the file as a whole, a line each."""

    path: Path
    kind: str
    files: tuple[Path, ...]
    tensors: tuple[ModelTensor, ...]
    notes: tuple[str, ...] = ()
