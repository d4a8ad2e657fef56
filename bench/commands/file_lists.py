"""Lists of data sets on the command line: separated by commas, which names of files may hold too."""

from __future__ import annotations

from dotbench.bench.plan.plan import split_names
from dotbench.datasets.own_files import TRANSPOSED
from dotbench.datasets.plain_names import is_file


def split_files(text: str) -> list[str]:
    """The names in a list; parts that are a file's name together are one.

    >>> split_files("orsreg_1, vgg19/90*")
    ['orsreg_1', 'vgg19/90*']
    """
    parts = text.split(",")
    names: list[str] = []
    joined = False
    while parts:
        count = next((count for count in range(1, len(parts) + 1) if _is_of_file(",".join(parts[:count]))), 1)
        names.append(",".join(parts[:count]).strip())
        parts, joined = parts[count:], joined or count > 1
    return [name for name in names if name] if joined else split_names(text)


def _is_of_file(name: str) -> bool:
    """Whether a name is that of a file, or of a part of one (``a,b.npz#fc1``)."""
    plain = name.strip().removesuffix(TRANSPOSED)
    return is_file(plain) or is_file(plain.rpartition("#")[0])
