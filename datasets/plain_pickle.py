"""Python pickles read as data: lists, dicts, numbers, strings, and stand-ins for whatever else they name.

`pickletools` reads the opcodes, and a small machine of our own does what they say. Python's unpickler is not used: a
memo's index alone can make it reserve gigabytes, and a key or an argument can be an object whose hash or text takes
for ever. Here a memo is a dict, keys are strings or numbers, no foreign object is ever printed, and nothing that is
called comes from the file: each global is a stand-in of ours, of which published archives may name four
(`dotbench.datasets.pickled_numpy`), and PyTorch's files others (`dotbench.datasets.models.torch.pickle`).
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from dotbench.datasets.errors import DataError
from dotbench.datasets.pickled_numpy import ADMITTED, Array, PickleError, Stand

CONSTANTS = (
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
)
EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple, "EMPTY_SET": list}
VALUES = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
IGNORED = {"PROTO", "FRAME", "STOP"}
# What archives of numbers need not, and checkpoints of models do.
OF_OBJECTS = frozenset(
    (
        "EMPTY_SET",
        "ADDITEMS",
        "FROZENSET",
        "DUP",
        "NEWOBJ",
        "NEWOBJ_EX",
        "INST",
        "OBJ",
        "PERSID",
        "BINPERSID",
        "BYTEARRAY8",
    )
)
NO_KEYS = "the keys of a dict are not all strings or plain numbers"
LONGEST_SHOWN = 60
LARGEST_KEY = 1 << 60
MOST_STEPS = 4_000_000  # some seconds, and a few hundred megabytes at worst: a tensor's name and place take a hundred
CALL_STEPS = 20  # besides its opcode: what it makes is larger than a list or a number


class Machine:
    """The stack, the marks in it, and the memo of one pickle; kinds of pickles say what they admit (``refused``,
    `find_global`, `persistent`, `key`). Sets are lists here: nothing that a file holds is ever hashed."""

    refused = OF_OBJECTS

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._below: list[list[Any]] = []  # stacks under marks
        self._memo: dict[int, Any] = {}
        self._steps = 0
        self._does: dict[str, Callable[[Any], None]] = {
            **dict.fromkeys(CONSTANTS, self._push),
            **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), self._put),
            **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda index: self._push(self._memo[index])),
            **{name: partial(self._make, make) for name, make in EMPTY.items()},
            **{name: partial(self._value, value) for name, value in VALUES.items()},
            **{f"TUPLE{count}": partial(self._tuple, count) for count in (1, 2, 3)},
            **dict.fromkeys(IGNORED, lambda _: None),
            "MARK": lambda _: self._mark(),
            "POP": lambda _: self._pop(),
            "POP_MARK": lambda _: self._drop(),
            "MEMOIZE": lambda _: self._put(len(self._memo)),
            "TUPLE": lambda _: self._push(tuple(self._marked())),
            "LIST": lambda _: self._push(self._marked()),
            "DICT": lambda _: self._push(self._filled({}, self._marked())),
            "APPEND": lambda _: self._append(self._pops(1)),
            **dict.fromkeys(("APPENDS", "ADDITEMS"), lambda _: self._append(self._marked())),
            "FROZENSET": lambda _: self._push(self._marked()),
            "DUP": lambda _: self._push(self.stack[-1]),
            "SETITEM": lambda _: self._set(self._pops(2)),
            "SETITEMS": lambda _: self._set(self._marked()),
            "GLOBAL": lambda name: self._push(self._global(*str(name).split(" ", 1))),
            "STACK_GLOBAL": lambda _: self._push(self._global(*self._pops(2))),
            "REDUCE": lambda _: self._reduce(*self._pops(2)),
            "NEWOBJ": lambda _: self._reduce(*self._pops(2)),
            "NEWOBJ_EX": lambda _: self._reduce(*self._pops(3)[:2]),
            "INST": lambda name: self._reduce(self._global(*str(name).split(" ", 1)), tuple(self._marked())),
            "OBJ": lambda _: self._object(self._marked()),
            "PERSID": lambda name: self._push(self.persistent(name)),
            "BINPERSID": lambda _: self._push(self.persistent(self._pop())),
            "BUILD": lambda _: self._build(self._pop()),
        }

    def run(self, data: bytes | IO[bytes]) -> Any:
        """What the pickle holds, whose bytes these are, or which starts where a file is read next."""
        for opcode, argument, _ in pickletools.genops(data):
            does = self._does.get(opcode.name)
            if does is None or opcode.name in self.refused:
                raise PickleError(f"it uses {opcode.name}, and an archive of numbers needs no such thing: refused")
            self.charge(1)
            does(argument)
        return self._pop()

    def charge(self, steps: int) -> None:
        """Counts opcodes, and entries that a call copies: of what a memo holds a few bytes make another copy."""
        self._steps += steps
        if self._steps > MOST_STEPS:
            raise PickleError(f"its pickle takes more than {MOST_STEPS} steps")

    def find_global(self, module: str, name: str) -> Any:
        """The stand-in for what a pickle asks for by name; KeyError where it may not."""
        return ADMITTED[module, name]()

    def persistent(self, number: Any) -> Any:
        """What a pickle says is kept elsewhere."""
        raise PickleError("it refers to what is not in it")

    def key(self, key: Any) -> str | int | float:
        """A key of a dict: strings and floats, and whole numbers of which no two have the same hash."""
        if type(key) in (str, float) or (type(key) is int and abs(key) < LARGEST_KEY):
            return key  # type: ignore[no-any-return]
        raise PickleError(NO_KEYS)

    def _push(self, value: Any) -> None:
        self.stack.append(value)

    def _make(self, make: Callable[[], Any], _: Any) -> None:
        self._push(make())

    def _value(self, value: Any, _: Any) -> None:
        self._push(value)

    def _tuple(self, count: int, _: Any) -> None:
        self._push(tuple(self._pops(count)))

    def _pop(self) -> Any:
        return self.stack.pop()

    def _pops(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise PickleError("it takes more than it has")
        taken = self.stack[-count:]
        del self.stack[-count:]
        return taken

    def _mark(self) -> None:
        self._below.append(self.stack)
        self.stack = []

    def _marked(self) -> list[Any]:
        """All since the last mark, which goes."""
        taken, self.stack = self.stack, self._below.pop()
        return taken

    def _drop(self) -> None:
        self._marked()

    def _put(self, index: Any) -> None:
        self._memo[int(index)] = self.stack[-1]

    def _append(self, values: list[Any]) -> None:
        if isinstance(self.stack[-1], Stand):
            self.stack[-1].append(values)
        elif type(self.stack[-1]) is list:
            self.stack[-1].extend(values)
        else:
            raise PickleError("it appends to what is no list")

    def _set(self, pairs: list[Any]) -> None:
        if isinstance(self.stack[-1], Stand):
            self.stack[-1].set(self._filled({}, pairs))
        elif type(self.stack[-1]) is dict:
            self._filled(self.stack[-1], pairs)
        else:
            raise PickleError("it sets the keys of what is no dict")

    def _filled(self, known: dict[str | int | float, Any], pairs: list[Any]) -> dict[str | int | float, Any]:
        keys, values = pairs[::2], pairs[1::2]
        if len(keys) != len(values):
            raise PickleError(NO_KEYS)
        known.update(zip(map(self.key, keys), values, strict=True))
        return known

    def _global(self, module: Any, name: Any = "") -> Any:
        if type(module) is not str or type(name) is not str:
            raise PickleError("it asks for something whose name is no text")
        try:
            return self.find_global(module, name)
        except KeyError:
            asked = f"{module}.{name}"[:LONGEST_SHOWN]
            raise PickleError(f"it asks for {asked}, and an archive of numbers needs no such thing: refused") from None

    def _reduce(self, called: Any, arguments: Any) -> None:
        if not isinstance(called, Stand) or type(arguments) is not tuple:
            raise PickleError("it calls what is not callable here")
        self.charge(CALL_STEPS + len(arguments))
        self._push(called.call(*arguments))

    def _object(self, parts: list[Any]) -> None:
        self._reduce(parts[0], tuple(parts[1:]))

    def _build(self, state: Any) -> None:
        if isinstance(self.stack[-1], Stand):
            self.stack[-1].build(state)
        elif type(self.stack[-1]) is not dict:  # attributes of a kind of dict are left out
            raise PickleError("it sets the state of what has none")


def load(path: Path) -> Any:
    """What a pickle holds (arrays as `Array`); DataError where it is cut short, no pickle, or asks for code."""
    try:
        return Machine().run(path.read_bytes())
    except Exception as error:  # a hostile pickle can raise nearly anything
        why = str(error)[:200] or type(error).__name__
        raise DataError(f"{path} cannot be read as a published archive: {why}") from error


def flat(value: object, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """An `Array` or a list of numbers as a 1-D array of integers or of floats; TypeError for all else.

    Lists in lists are refused before numpy sees them: a few of them, each naming the one before ten
    times, are a small file and a huge array.
    """
    whole = np.dtype(dtype).kind in "iu"
    if isinstance(value, Array) and value.dtype.kind in ("iu" if whole else "iuf"):
        return value.values().astype(dtype)
    if isinstance(value, list) and set(map(type, value)) <= ({int} if whole else {int, float}):
        return np.array(value, dtype)
    raise TypeError(f"{type(value).__name__} where a list of {'integers' if whole else 'numbers'} should be")
