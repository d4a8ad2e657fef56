"""A .onnx file as tensors: what operators do with each says what it is for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from dotbench.datasets.errors import DataError
from dotbench.datasets.models.model_file import ModelFile, ModelTensor, Role
from dotbench.datasets.models.onnx import file as onnx_file
from dotbench.datasets.models.onnx import names as onnx_names
from dotbench.datasets.models.onnx import types as onnx_types
from dotbench.datasets.models.onnx.graph import Walk
from dotbench.datasets.models.onnx.matrix import Lying, lying
from dotbench.datasets.models.onnx.operators import Use
from dotbench.datasets.models.onnx.tensor import Stored

ORDER: tuple[Role, ...] = ("product", "depthwise", "gather", "unsure", "vector")  # which of several uses decides
STEERING = ("int64", "bool", "string")  # types of shapes, axes and indices
COUNTS = (*STEERING, "int32", "int16", "uint16", "uint32", "uint64")  # hardly ever weights
SHOWN = 3  # nodes in a note


def read(path: Path) -> ModelFile:
    """All tensors of a file: initializers, constants of subgraphs and functions, too; DataError for a damaged one."""
    file = onnx_file.load(path)
    walk = Walk(path, file.size)
    walk.model(file.model, file.pieces)
    uses: dict[int, list[Use]] = defaultdict(list)
    for use in walk.uses:
        uses[id(use.view.root)].append(use)
    found = [(one, _tensor(one, uses[id(one)])) for one in walk.tensors if not _is_steering(one)]
    serving = {id(root) for use in walk.uses for scaling in use.view.scalings for root in scaling.sources}
    kept = [one for stored, one in found if uses[id(stored)] or id(stored) not in serving]
    names = onnx_names.unique(one.name for one in kept)
    tensors = tuple(replace(one, name=name) for one, name in zip(kept, names, strict=True))
    pieces = [one.piece.path for one in walk.tensors if one.piece is not None and one.piece.path != path]
    return ModelFile(path, "onnx", (path, *dict.fromkeys(pieces)), tensors, _notes(walk.tensors))


def _is_steering(stored: Stored) -> bool:
    return len(stored.shape) < 2 and stored.type.name in STEERING


def _notes(tensors: Sequence[Stored]) -> tuple[str, ...]:
    count = sum(map(_is_steering, tensors))
    return (f"{count} shapes, axes and indices are left out",) if count else ()


def _tensor(stored: Stored, uses: Sequence[Use]) -> ModelTensor:
    """What operators take a tensor for, and how it lies then."""
    by_role = {role: [use for use in uses if use.role == role] for role in ORDER}
    role = next((role for role in ORDER if by_role[role]), None)
    if role in (None, "vector") or min(stored.shape, default=0) < 1:
        return _vector(stored, uses)
    deciding = by_role[role]
    use = next((one for one in deciding if one.view.base_is_whole), deciding[0])
    if role == "unsure" and stored.type.name in COUNTS:
        return _vector(stored, uses)
    if use.view.trouble:
        return _unread(stored, use, use.view.trouble)
    seen = lying(use)
    if seen.view.trouble or seen.view.base.dtype not in onnx_types.MATRICES:
        why = seen.view.trouble or f"numbers of type {stored.type.name} are not read as a matrix"
        return _unread(stored, use, why)
    if not seen.view.base_is_whole:
        return replace(
            _as_stored(stored, use),
            note=_joined(f"multiplied in parts of other shapes by {_nodes(deciding)}", use.note),
        )
    if sum(size > 1 for size in seen.shape) < 2 and len(stored.shape) < 2:
        return _vector(stored, uses)
    tied = role == "product" and bool(by_role["gather"])
    return ModelTensor(
        onnx_names.name_of(stored.name, use.node.name),
        "tied" if tied else role,
        stored.type.name,
        seen.shape,
        stored.nbytes,
        seen.array,
        seen.orientation,
        seen.scales,
        _joined(*_remarks(stored, use, seen, deciding)),
        _pixels(deciding),
    )


def _unread(stored: Stored, use: Use, why: str) -> ModelTensor:
    def array() -> npt.NDArray[Any]:
        raise DataError(f"{stored.name} is not read: {why}")

    name = onnx_names.name_of(stored.name, use.node.name)
    return ModelTensor(name, "unread", stored.type.name, stored.shape, stored.nbytes, array, note=why)


def _vector(stored: Stored, uses: Sequence[Use]) -> ModelTensor:
    """One that is no matrix, or of which no operator says what it is."""
    unused = not uses and len(stored.shape) > 1 and min(stored.shape) > 0
    role: Role = "unread" if stored.trouble else "unsure" if unused else "vector"
    if role == "unsure" and stored.dtype not in onnx_types.MATRICES:
        role = "vector"
    note = stored.trouble or ("no operator takes it" if not uses else "")
    node = uses[0].node.name if uses and len(stored.shape) > 1 else ""
    name = onnx_names.name_of(stored.name, node)
    return ModelTensor(
        name,
        role,
        stored.type.name,
        stored.shape,
        stored.nbytes,
        stored.array,
        note=_joined(note, _called(stored, name)),
    )


def _as_stored(stored: Stored, use: Use) -> ModelTensor:
    found = _vector(stored, ())
    name = onnx_names.name_of(stored.name, use.node.name)
    return replace(found, name=name)


def _remarks(stored: Stored, use: Use, seen: Lying, uses: Sequence[Use]) -> list[str]:
    """What should be known of a matrix, in a line."""
    found = [use.note, *seen.view.notes, _called(stored, onnx_names.name_of(stored.name, use.node.name))]
    if stored.is_sparse:
        found.append("sparse in the file")
    if any(not one.view.takes_all for one in uses):
        found.append("multiplied in slices")
    if use.view.scalings and stored.type.is_float:
        found.append(f"scaled by {max(one.count for one in use.view.scalings)} constants before")
    other = [one for one in uses if _differs(one, seen)]
    if other:
        found.append(f"also multiplied the other way by {_nodes(other)}")
    return found


def _differs(use: Use, seen: Lying) -> bool:
    """Whether a use has inputs and outputs elsewhere."""
    other = lying(use)
    return use.view.base_is_whole and (other.orientation, other.shape) != (seen.orientation, seen.shape)


def _pixels(uses: Sequence[Use]) -> int:
    """Of all uses; 0 where one is not known."""
    counts = [use.pixels for use in uses]
    return sum(counts) if all(counts) else 0


def _called(stored: Stored, name: str) -> str:
    return (
        f"called {stored.name[: onnx_names.LONGEST]!r} in the file"
        if stored.name and onnx_names.printable(stored.name) != name
        else ""
    )


def _nodes(uses: Sequence[Use]) -> str:
    names = [onnx_names.printable(use.node.name or use.node.operator) for use in uses]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _joined(*notes: str) -> str:
    return "; ".join(dict.fromkeys(note for note in notes if note))
