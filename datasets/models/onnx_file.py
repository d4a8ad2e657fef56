"""A .onnx file as the message that it is: read whole, without external data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dotbench.datasets.errors import CUT, DataError

MOST = (1 << 31) - 1  # bytes: what a message of protobuf may have
STARTS = {  # of other kinds of files, which protobuf may take for unknown fields
    b"PK\x03\x04": "it is a zip archive (a .pt, .keras or .npz?)",
    b"GGUF": "it is a .gguf",
    b"\x89HDF": "it is HDF5 (a .h5?)",
    b"\x93NUM": "it is a .npy",
    b"vers": "it is a pointer of Git LFS: fetch the file itself (git lfs pull)",
    b"ORTM": "it is of ONNX Runtime's own format: convert it, or take the .onnx that it was made of",
}


def load(path: Path) -> tuple[Any, int]:
    """The ModelProto in a file, and the file's size; DataError where there is none."""
    try:
        size = path.stat().st_size
        if size > MOST:
            raise DataError(
                f"{path} has {size} bytes, and a .onnx file at most {MOST}: save larger models with external data "
                "(onnx.save_model(model, PATH, save_as_external_data=True))"
            )
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    return parse(data, str(path)), len(data)


def parse(data: bytes, name: str) -> Any:
    """The same from a file's bytes."""
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    if why := next((why for start, why in STARTS.items() if data.startswith(start)), ""):
        raise DataError(f"{name} cannot be read as a model of ONNX: {why}")
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except (DecodeError, RecursionError) as error:
        raise DataError(
            f"{name} cannot be read as a model of ONNX: it is no message of protobuf ({error}); {CUT}"
        ) from error
    if not model.HasField("graph"):
        raise DataError(f"{name} cannot be read as a model of ONNX: it has no graph; {CUT}")
    return model
