"""Lists of data sets on the command line: separated by commas, which names of files may hold too."""

from __future__ import annotations

from bench.plan import split_names
from datasets.plain_names import is_file


def split_files(text: str) -> list[str]:
    """The names in a list; parts that are a file's name together are one.

    >>> split_files("orsreg_1, vgg19/90*")
    ['orsreg_1', 'vgg19/90*']
    """
    if is_file(text):
        return [text]
    parts = text.split(",")
    names: list[str] = []
    while parts:
        count = next((count for count in range(len(parts), 1, -1) if is_file(",".join(parts[:count]).strip())), 1)
        names.append(",".join(parts[:count]).strip())
        parts = parts[count:]
    return split_names(",".join(names)) if all("," not in name for name in names) else [name for name in names if name]
