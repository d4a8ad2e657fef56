"""A .onnx file as the message that it is, without external data; large numbers stay in the file and are mapped."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotbench.datasets.errors import CUT, DataError
from dotbench.datasets.models.onnx import wire as onnx_wire
from dotbench.datasets.models.onnx.external import Piece

MOST = (1 << 31) - 1  # bytes: what a message of protobuf may have
STARTS = {  # of other kinds of files, which protobuf may take for unknown fields
    b"PK\x03\x04": "it is a zip archive (a .pt, .keras or .npz?)",
    b"GGUF": "it is a .gguf",
    b"\x89HDF": "it is HDF5 (a .h5?)",
    b"\x93NUM": "it is a .npy",
    b"vers": "it is a pointer of Git LFS: fetch the file itself (git lfs pull)",
    b"ORTM": "it is of ONNX Runtime's own format: convert it, or take the .onnx that it was made of",
}


@dataclass(frozen=True, eq=False)
class File:
    """``model`` is a ModelProto. Of its initializers those in ``pieces``, by their numbers, have no ``raw_data``: it is
    mapped. ``size`` of the file in bytes."""

    path: Path
    size: int
    model: Any
    pieces: dict[int, Piece]


def load(path: Path) -> File:
    """DataError where there is no model."""
    try:
        size = path.stat().st_size
        if size > MOST:
            raise DataError(
                f"{path} has {size} bytes, and a .onnx file at most {MOST}: save larger models with external data "
                "(onnx.save_model(model, PATH, save_as_external_data=True))"
            )
        if size < onnx_wire.LARGE:
            return File(path, size, _parsed(path.read_bytes(), path), {})
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            data, spans = _stripped(mapped)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    pieces = {number: Piece(path, offset, length) for number, (offset, length) in spans.items()}
    return File(path, size, _parsed(data, path), pieces)


def _stripped(mapped: mmap.mmap) -> tuple[bytes, onnx_wire.Spans]:
    """All of it where it is no message: protobuf's own reader says so."""
    with memoryview(mapped) as data:
        try:
            return onnx_wire.without_numbers(data)
        except ValueError:
            return bytes(data), {}


def _parsed(data: bytes, path: Path) -> Any:
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    if why := next((why for start, why in STARTS.items() if data.startswith(start)), ""):
        raise DataError(f"{path} cannot be read as a model of ONNX: {why}")
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except (DecodeError, RecursionError) as error:
        raise DataError(
            f"{path} cannot be read as a model of ONNX: it is no message of protobuf ({error}); {CUT}"
        ) from error
    if not model.HasField("graph"):
        raise DataError(f"{path} cannot be read as a model of ONNX: it has no graph; {CUT}")
    return model
