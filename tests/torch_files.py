"""Small files as torch.save writes them, pickle by pickle, so that a test can make any part wrong. No PyTorch."""

from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dotbench.datasets.models import names
from dotbench.datasets.models.model_file import ModelFile, ModelTensor

MAGIC = 0x1950A86A20F9469CFC6C
SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
STORAGES = {
    "float32": "FloatStorage", "float64": "DoubleStorage", "float16": "HalfStorage", "bfloat16": "BFloat16Storage",
    "int8": "CharStorage", "uint8": "ByteStorage", "int16": "ShortStorage", "int32": "IntStorage",
    "int64": "LongStorage", "bool": "BoolStorage", "complex64": "ComplexFloatStorage",
}  # fmt: skip


@dataclass
class Global:
    module: str
    name: str


@dataclass
class Call:
    """``function(*arguments)``, and the state that it gets then."""

    function: Any
    arguments: tuple[Any, ...] = ()
    state: Any = None


@dataclass
class Persistent:
    value: Any


@dataclass
class Raw:
    """Opcodes as they are."""

    code: bytes


def pickled(value: Any) -> bytes:
    """A pickle of protocol 2, the one of torch.save."""
    return b"\x80\x02" + _pickled(value) + b"."


def _pickled(value: Any) -> bytes:
    match value:
        case None:
            return b"N"
        case bool():
            return b"\x88" if value else b"\x89"
        case int():
            number = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            return b"\x8a" + bytes([len(number)]) + number
        case float():
            return b"G" + struct.pack(">d", value)
        case str():
            text = value.encode("utf-8", "surrogatepass")
            return b"X" + struct.pack("<I", len(text)) + text
        case bytes():
            return b"B" + struct.pack("<I", len(value)) + value
        case tuple():
            return b"(" + b"".join(map(_pickled, value)) + b"t"
        case list():
            return b"](" + b"".join(map(_pickled, value)) + b"e"
        case dict():
            return b"}(" + b"".join(_pickled(key) + _pickled(one) for key, one in value.items()) + b"u"
        case Global():
            return f"c{value.module}\n{value.name}\n".encode()
        case Call():
            state = b"" if value.state is None else _pickled(value.state) + b"b"
            return _pickled(value.function) + _pickled(value.arguments) + b"R" + state
        case Persistent():
            return _pickled(value.value) + b"Q"
        case Raw():
            return value.code
    raise TypeError(value)


def ordered(state: dict[str, Any]) -> Call:
    """An OrderedDict, with the attribute that state dicts have."""
    pairs = list(state.items())
    return Call(Global("collections", "OrderedDict"), (pairs,), {"_metadata": {"": {"version": 1}}})


@dataclass
class Saved:
    """What is saved with its storages: ``count`` and bytes by key."""

    root: Any = None
    storages: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def storage(self, values: np.ndarray, dtype: str = "", module: str = "torch", kind: str = "") -> tuple[Any, ...]:
        """A new storage's persistent id without its view."""
        key = str(len(self.storages))
        self.storages[key] = values.size, values.tobytes()
        kind = kind or STORAGES[dtype or values.dtype.name]
        return "storage", Global(module, kind), key, "cpu", values.size

    def tensor(
        self,
        values: np.ndarray,
        *,
        offset: Any = 0,
        shape: Any = None,
        strides: Any = None,
        dtype: str = "",
        storage: tuple[Any, ...] | None = None,
        rebuild: str = "_rebuild_tensor_v2",
        more: tuple[Any, ...] | None = None,
        legacy: bool = False,
    ) -> Call:
        """A tensor of all of ``values``, in C order, or of what the arguments say."""
        found = storage or self.storage(values, dtype)
        shape = values.shape if shape is None else shape
        if strides is None:
            strides = tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))
        more = (False, Call(Global("collections", "OrderedDict"))) if more is None else more
        number = (*found, None) if legacy else found
        return Call(Global("torch._utils", rebuild), (Persistent(number), offset, shape, strides, *more))

    def zip(self, members: dict[str, bytes] | None = None, root: str = "archive", packing: int = 0) -> bytes:
        """As since version 1.6; ``members`` come besides or instead, None leaves one out."""
        parts = {"data.pkl": pickled(self.root), "byteorder": b"little"}
        parts |= {f"data/{key}": data for key, (_, data) in self.storages.items()}
        parts |= {"version": b"3\n"} | (members or {})
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", packing) as archive:
            for name, data in parts.items():
                if data is not None:
                    archive.writestr(zipfile.ZipInfo(f"{root}/{name}"), data, packing)
        return file.getvalue()

    def legacy(
        self, system: Any = SYSTEM, keys: list[Any] | None = None, counts: dict[str, int] | None = None
    ) -> bytes:
        """As before version 1.6."""
        keys = [*self.storages] if keys is None else keys
        pickles = b"".join(map(pickled, (MAGIC, 1001, system, self.root, keys)))
        numbers = [
            struct.pack("<q", (counts or {}).get(key, count)) + data for key, (count, data) in self.storages.items()
        ]
        return pickles + b"".join(numbers)


def state_dict(arrays: dict[str, np.ndarray], legacy: bool = False) -> Saved:
    """A state dict of arrays."""
    saved = Saved()
    saved.root = ordered({name: saved.tensor(one, legacy=legacy) for name, one in arrays.items()})
    return saved


def checkpoint(arrays: dict[str, np.ndarray], legacy: bool = False) -> Saved:
    """The same in a dict, with an optimizer's state and an object of a class of nobody's."""
    saved = state_dict(arrays, legacy)
    moments = {0: {"step": 5, "exp_avg": saved.tensor(np.ones((3, 4), np.float32), legacy=legacy)}}
    options = Call(Global("argparse", "Namespace"), (), {"lr": 0.1, "name": "x"})
    saved.root = {"epoch": 3, "state_dict": saved.root, "optimizer": {"state": moments}, "args": options}
    return saved


RNG = np.random.default_rng(6)


def random(*shape: int, dtype: str = "float32") -> np.ndarray:
    return np.asarray(RNG.normal(0, 40, shape)).astype(dtype)


def written(folder: Path, saved: Saved, legacy: bool, name: str = "model.pt") -> Path:
    (folder / name).write_bytes(saved.legacy() if legacy else saved.zip())
    return folder / name


def read(folder: Path, saved: Saved, legacy: bool = False) -> ModelFile:
    return names.tensors(written(folder, saved, legacy))


def by_name(model: ModelFile) -> dict[str, ModelTensor]:
    return {one.name: one for one in model.tensors}
