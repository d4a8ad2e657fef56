"""Tensors of a file without a graph as `ModelTensor`: what each is for, told by its name, dtype and neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dotbench.datasets.errors import DataError
from dotbench.datasets.models import tied_head
from dotbench.datasets.models.companions import resolved
from dotbench.datasets.models.model_file import ModelFile, ModelTensor, Role
from dotbench.datasets.models.orientation import INPUTS_FIRST, OUTPUTS_FIRST
from dotbench.datasets.models.roles import role_of
from dotbench.datasets.models.shards import Read
from dotbench.datasets.models.stored_tensor import LONGEST_NAME, StoredTensor
from dotbench.datasets.plain_names import shown

PACKED_PARAMETER = "._packed_params._packed_params.0", ".weight"  # what PyTorch calls weights that it has quantised
EMPTY = "it has no entries"
SHOWN_NAMES = 3


def model_file(path: Path, kind: str, read: Read) -> ModelFile:
    """All that was read of a model, described; DataError where two tensors have one name."""
    _check_names(read.tensors)
    found, beside = resolved(read.tensors)
    tensors = [_described(one, one.name in beside) for one in found]
    if tied_head.said_beside(path):
        head = tied_head.of([one.name for one in tensors], [(*one.shape, 0)[0] for one in tensors])
        tensors = [
            replace(one, role="tied") if one.name == head and one.role in ("gather", "product") else one
            for one in tensors
        ]
    return ModelFile(path, kind, read.files, tuple(tensors), read.notes)


def _check_names(tensors: Sequence[StoredTensor]) -> None:
    """Each has a name of its own that can be printed and written."""
    seen: set[str] = set()
    for one in tensors:
        if not one.name or not one.name.isprintable():
            raise DataError(f"a tensor is named {shown(one.name)!r}: names are letters that can be printed")
        if max(len(name) for name in (one.name, *one.also)) > LONGEST_NAME:
            raise DataError(f"a tensor is named {shown(one.name)!r}: at most {LONGEST_NAME} letters are read")
        if one.name in seen:
            raise DataError(f"two tensors are named {shown(one.name)!r}")
        seen.add(one.name)


def _described(tensor: StoredTensor, is_companion: bool) -> ModelTensor:
    role, orientation, note = _role(tensor, is_companion)
    notes = (note, tensor.note if role != "unread" else "", _also(tensor.also))
    return ModelTensor(
        tensor.name,
        role,
        tensor.dtype,
        tensor.shape,
        tensor.nbytes,
        tensor.array,
        orientation,
        tensor.scales if role != "vector" else None,
        "; ".join(one for one in notes if one),
    )


def _role(tensor: StoredTensor, is_companion: bool) -> tuple[Role, str, str]:
    """Role, orientation, and what has to be said of it."""
    if tensor.inputs_first:
        return "product", INPUTS_FIRST, ""
    roles = [role_of(name.replace(*PACKED_PARAMETER), tensor.shape) for name in (tensor.name, *tensor.also)]
    role, orientation = roles[0]
    if is_companion or (role == "vector" and len(tensor.shape) < 2):
        return "vector", OUTPUTS_FIRST, tensor.unread if len(tensor.shape) > 1 else ""
    if tensor.unread and role != "vector":
        return "unread", orientation, tensor.unread
    if 0 in tensor.shape:
        return "vector", OUTPUTS_FIRST, EMPTY
    if {"gather", "product"} <= {one for one, _ in roles}:
        return "tied", OUTPUTS_FIRST, ""
    return role, orientation, ""


def _also(names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return f"also named {', '.join(map(shown, names[:SHOWN_NAMES]))}{more}"
