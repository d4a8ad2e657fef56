"""What tensors of a .onnx file are called: by their names, or by their operators where an exporter has counted them."""

from __future__ import annotations

import re
from collections.abc import Iterable

# what exporters make up: 123, onnx::MatMul_123, const_fold_opt__664, /encoder/Constant_5_output_0, Const_24:0 is none
COUNTED = re.compile(r"\d+|onnx::\w+?_\d+|const_fold_opt__\d+|.*/Constant(_\d+)?(_output_\d+)?|")
LONGEST = 200  # letters


def is_counted(name: str) -> bool:
    """Whether an exporter has made a name up.

    >>> [is_counted(name) for name in ("123", "onnx::MatMul_123", "", "encoder.0.weight", "val_49_q")]
    [True, True, True, False, False]
    """
    return COUNTED.fullmatch(name) is not None


def name_of(stored: str, node: str) -> str:
    """A tensor's name, of its operator's ``node`` where that says more.

    >>> name_of("onnx::MatMul_9", "/layer.0/attention/MatMul"), name_of("fc.weight", "/fc/Gemm"), name_of("9", "")
    ('/layer.0/attention/MatMul', 'fc.weight', '9')
    """
    return printable(node.partition(";")[0] if is_counted(stored) and node else stored)


def printable(name: str) -> str:
    """Without what a terminal would not show, or a command would take for a layer's name."""
    return "".join(letter if letter.isprintable() and letter != "#" else "_" for letter in name[:LONGEST])


def unique(names: Iterable[str]) -> list[str]:
    """The same, numbered where they are not the only ones.

    >>> unique(["a", "b", "a", "a_2", ""])
    ['a', 'b', 'a_3', 'a_2', 'tensor']
    """
    wanted = [name or "tensor" for name in names]
    taken, counts, found = set(wanted), dict.fromkeys(wanted, 0), []
    for name in wanted:
        counts[name] += 1
        given, number = name, counts[name]
        while number > 1 and given in taken:
            given, number = f"{name}_{number}", number + 1
        if given != name:
            taken.add(given)
            counts[name] = number - 1
        found.append(given)
    return found
