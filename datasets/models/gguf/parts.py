"""Models in several .gguf files: ``NAME-00001-of-00003.gguf`` and so on, in one folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from dotbench.datasets.errors import DataError

NUMBERED = re.compile(r"(.+)-(\d{5})-of-(\d{5})(\.gguf)", re.I | re.S)
MOST_PARTS = 99_999  # that five digits can count


def others(path: Path, pairs: dict[str, Any]) -> list[Path]:
    """The other parts of a model of which this is the first, in order; none of a model in one file, or of a later part.

    DataError where one is not there, or is no file of the same folder.
    """
    count = pairs.get("split.count", 1)
    if type(count) is not int or type(pairs.get("split.no", 0)) is not int or not 0 <= count <= MOST_PARTS:
        raise DataError(f"{path} cannot be read as a model: split.count is {count!r:.40}, a number of files")
    if count < 2 or pairs.get("split.no"):
        return []
    numbered = NUMBERED.fullmatch(path.name)
    if numbered is None or int(numbered[2]) != 1 or int(numbered[3]) != count:
        raise DataError(
            f"{path} is the first of {count} files of a model: its name has to end in -00001-of-{count:05}.gguf, as it "
            "was written, so that the others are found beside it"
        )
    found = []
    for number in range(2, count + 1):
        part = path.with_name(f"{numbered[1]}-{number:05}-of-{count:05}{numbered[4]}")
        if not part.is_file():
            raise DataError(f"{path} is the first of {count} files of a model, and {part.name} is not beside it")
        if part.is_symlink() and part.resolve().parent != path.resolve().parent:
            raise DataError(f"{part} is a link out of its folder, and is not followed: copy the file there")
        found.append(part)
    return found
