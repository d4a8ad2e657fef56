"""What stands for PyTorch in a pickle that is read as data.

PyTorch is neither needed nor reached: tensors are made by stand-ins (`torch_tensor`), storages are places in the
file, and every other global, whatever it is, becomes an `Inert`: it takes arguments, entries and a state, keeps them,
and runs nothing. Which unknown ones were named is kept in `TorchMachine.unknown`.
"""

from __future__ import annotations

import re
from typing import Any

from dotbench.datasets.models.torch.numpy import NUMPY
from dotbench.datasets.models.torch.tensor import Storage, TorchTensor, quantiser, tensor
from dotbench.datasets.models.torch.types import ALIASES, ITEMSIZE, STORAGES
from dotbench.datasets.pickled_numpy import PickleError, Stand
from dotbench.datasets.plain_pickle import Machine

STORAGE_MODULES = ("torch", "torch.cuda", "torch.storage")
# Globals that say nothing by which somebody should be warned: containers, numbers, PyTorch's own layers.
HARMLESS = re.compile(
    r"torch\.(nn|optim)\.[\w.]+|torch\.(device|Size|strided|sparse_\w+|per_\w+|contiguous_format|preserve_format)"
    r"|torch\.serialization\._get_layout|torch\.(_utils|_tensor)\._\w+|torch\.Tensor|torch\.storage\._load_from_bytes"
    r"|collections\.\w+|argparse\.Namespace|copy_?reg\._reconstructor|pathlib\.\w+|datetime\.\w+"
    r"|(__builtin__|builtins)\.(set|frozenset|list|dict|tuple|object|int|float|str|bool|bytes|bytearray|complex|slice|range)"
    r"|numpy(\.\w+)*"
)
LISTS, DICTS = ("list", "tuple", "set", "frozenset", "Size", "deque"), ("dict", "OrderedDict", "defaultdict", "Counter")
MOST_ARGUMENTS = 16  # of what makes a tensor
CONTAINERS = ("builtins", "__builtin__", "collections", "torch")


class Inert(Stand):
    """Something that a pickle names and that is not run: what it was given is kept."""

    def __init__(self, name: str, arguments: tuple[Any, ...] = ()) -> None:
        self.name, self.arguments = name, arguments
        self.entries: list[Any] = []
        self.items: dict[Any, Any] = {}
        self.state: Any = None

    def call(self, *arguments: Any) -> Any:
        return Inert(self.name, arguments)

    def build(self, state: Any) -> None:
        self.state = state

    def append(self, values: list[Any]) -> None:
        self.entries += values

    def set(self, pairs: dict[Any, Any]) -> None:
        self.items.update(pairs)


class Reconstructor(Stand):
    """``copyreg._reconstructor(class, base, state)``: an object of a class."""

    def call(self, *arguments: Any) -> Any:
        kind = arguments[0] if arguments else None
        return Inert(kind.name if isinstance(kind, Inert) else "", arguments[2:])


class Container(Stand):
    """A list or a dict of Python's, whatever it is called."""

    def __init__(self, make: type[list[Any]] | type[dict[Any, Any]], machine: Machine) -> None:
        self._make, self._machine = make, machine

    def call(self, *arguments: Any) -> Any:
        """Of a list of entries or of pairs; a defaultdict's first argument, which makes values, is left out."""
        given = next((one for one in reversed(arguments) if type(one) in (list, tuple, dict)), ())
        self._machine.charge(len(given))
        if self._make is list:
            return tuple(given)
        if type(given) is dict:
            return dict(given)
        return {self._machine.key(one[0]): one[1] for one in given if type(one) in (list, tuple) and len(one) == 2}


class Encode(Stand):
    """``_codecs.encode(text, "latin1")``: bytes, which stay text here."""

    def call(self, *arguments: Any) -> Any:
        return arguments[0] if arguments and type(arguments[0]) is str else ""


class StorageType(Stand):
    """A class of storages."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype


class TorchDtype(Stand):
    """A dtype, which is only named."""

    def __init__(self, name: str) -> None:
        self.name = name


class Rebuild(Stand):
    """``_rebuild_tensor`` and its later kin, of a storage, offset, size and strides."""

    def call(self, *arguments: Any) -> Any:
        return tensor(*arguments[:4])


class RebuildV3(Stand):
    """Of a storage of bytes, with the dtype as the seventh argument."""

    def call(self, *arguments: Any) -> Any:
        if len(arguments) < 7 or not isinstance(arguments[6], TorchDtype):
            raise PickleError("a tensor is made of bytes without a dtype")
        storage, offset, shape, strides = arguments[:4]
        return tensor(storage, offset, shape, strides, dtype=arguments[6].name)


class RebuildQuantised(Stand):
    """Whole numbers with a scale."""

    def call(self, *arguments: Any) -> Any:
        found = tensor(*arguments[:4])
        found.quantiser = quantiser(arguments[4] if len(arguments) > 4 else None)
        return found


class RebuildParameter(Stand):
    """A parameter is its tensor."""

    def call(self, *arguments: Any) -> Any:
        return arguments[0]


class RebuildSubclass(Stand):
    """``_rebuild_from_type_v2(function, class, arguments, state)``: what the function makes, if it is one of ours."""

    def call(self, *arguments: Any) -> Any:
        function, _, given, *_ = arguments
        if not isinstance(function, Stand) or type(given) is not tuple or len(given) > MOST_ARGUMENTS:
            raise PickleError("a kind of tensor is made by what is not callable here")
        return function.call(*given)


class RebuildUnread(Stand):
    """Tensors that are not read: sparse ones, and those of packages, with all that they are made of."""

    def __init__(self, what: str) -> None:
        self._what = what

    def call(self, *arguments: Any) -> Any:
        parts = [part if type(part) is tuple else (part,) for part in arguments[:MOST_ARGUMENTS]]
        inner = [one for part in parts for one in (part[:MOST_ARGUMENTS], *part[:MOST_ARGUMENTS])]
        nbytes = sum(one.nbytes for one in inner if isinstance(one, TorchTensor))
        sizes = [one for one in inner if type(one) is tuple and 0 < len(one) < MOST_ARGUMENTS]
        shape = next((one for one in sizes if all(type(size) is int and size >= 0 for size in one)), (0, 0))
        return TorchTensor(None, self._what, 0, shape, (0,) * len(shape), f"{self._what} is not read", nbytes=nbytes)


KNOWN: dict[tuple[str, str], Stand] = {
    **{("torch._utils", name): Rebuild() for name in ("_rebuild_tensor", "_rebuild_tensor_v2")},
    **{("torch._utils", name): RebuildParameter() for name in ("_rebuild_parameter", "_rebuild_parameter_with_state")},
    ("torch._utils", "_rebuild_tensor_v3"): RebuildV3(),
    ("torch._utils", "_rebuild_qtensor"): RebuildQuantised(),
    ("torch._utils", "_rebuild_sparse_tensor"): RebuildUnread("a sparse tensor of PyTorch"),
    ("torch._utils", "_rebuild_sparse_csr_tensor"): RebuildUnread("a sparse tensor of PyTorch"),
    ("torch._utils", "_rebuild_nested_tensor"): RebuildUnread("a nested tensor of PyTorch"),
    ("torch._utils", "_rebuild_wrapper_subclass"): RebuildUnread("a tensor of a package (torchao or the like)"),
    ("torch._utils", "_rebuild_meta_tensor_no_storage"): RebuildUnread("a tensor without numbers (device meta)"),
    ("torch._tensor", "_rebuild_from_type_v2"): RebuildSubclass(),
    ("_codecs", "encode"): Encode(),
    ("copyreg", "_reconstructor"): Reconstructor(),
    ("copy_reg", "_reconstructor"): Reconstructor(),
    **{("torch", name): TorchDtype(name) for name in ITEMSIZE},
    **{("torch", alias): TorchDtype(name) for alias, name in ALIASES.items()},
    **{(module, name): StorageType(dtype) for module in STORAGE_MODULES for name, dtype in STORAGES.items()},
    **NUMPY,
}


class TorchMachine(Machine):
    """Reads the pickles of PyTorch's files. ``storages``: by key, all that were named; ``unknown``: globals that are
    neither PyTorch's nor Python's containers, by name."""

    refused = frozenset()

    def __init__(self) -> None:
        super().__init__()
        self.storages: dict[str, Storage] = {}
        self.unknown: dict[str, None] = {}
        self._keys = 0

    def find_global(self, module: str, name: str) -> Any:
        if (module, name) in KNOWN:
            return KNOWN[module, name]
        if module in CONTAINERS and name in (*LISTS, *DICTS):
            return Container(list if name in LISTS else dict, self)
        called = f"{module}.{name}"
        if not HARMLESS.fullmatch(called):
            self.unknown[called] = None
        return Inert(called)

    def key(self, key: Any) -> str | int | float:
        """Keys that are no strings or numbers get a name of their own: hashing what a file holds can take for ever."""
        try:
            return super().key(key)
        except PickleError:
            self._keys += 1
            return f"({type(key).__name__} {self._keys})"

    def persistent(self, number: Any) -> Any:
        """A storage, or in older files a class with its source."""
        if type(number) is not tuple or not number:
            raise PickleError("it refers to something that is no storage")
        if number[0] == "module" and len(number) > 1:
            return number[1]
        if number[0] != "storage" or len(number) < 5 or not isinstance(number[1], StorageType):
            raise PickleError("it refers to something that is no storage")
        _, kind, key, _, count, *view = number
        if type(key) is not str or type(count) is not int or not 0 <= count < 1 << 62:
            raise PickleError("a storage has no key or no count")
        found = Storage(key, kind.dtype, count, *_view(view[0] if view else None, count))
        known = self.storages.setdefault(key, found)
        if (known.dtype, known.count) != (found.dtype, found.count):
            raise PickleError(f"the storage {key!r:.20} is described in two ways")
        return found


def _view(view: Any, count: int) -> tuple[int, int]:
    """Start and size of a part of a storage: (key, start, size), or None for all of it."""
    if view is None:
        return 0, count
    if type(view) is not tuple or len(view) != 3 or not all(type(one) is int and one >= 0 for one in view[1:]):
        raise PickleError("a view of a storage is none")
    if view[1] + view[2] > count:
        raise PickleError("a view of a storage leads outside of it")
    return view[1], view[2]
