"""The last model that was read, for layers are asked for one by one: kept as long as none of its files changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from dotbench.datasets.stamps import MOMENT_NS, Stamp, stamp_of

T = TypeVar("T")


class LastRead(Generic[T]):
    """Calls with a path give what ``read`` makes of it, from memory where nothing can have changed.

    ``files``: all that it was made from, shards and external data too. What was changed a moment before it was read, or
    since, is not kept.
    """

    def __init__(self, read: Callable[[Path], T], files: Callable[[T], Sequence[Path]]) -> None:
        self._read, self._files = read, files
        self._kept: tuple[Path, dict[Path, Stamp], T] | None = None

    def __call__(self, path: Path) -> T:
        if self._kept is not None:
            known, stamps, value = self._kept
            if known == path and all(_stamp(file) == stamp for file, stamp in stamps.items()):
                return value
        start = time.time_ns()
        value = self._read(path)
        stamps = {file: stamp for file in (path, *self._files(value)) if (stamp := _stamp(file))}
        settled = all(start - stamp[2] > MOMENT_NS for stamp in stamps.values())
        self._kept = (path, stamps, value) if stamps and settled else None
        return value


def _stamp(path: Path) -> Stamp:
    """Empty where there is no file."""
    try:
        return stamp_of(path)
    except OSError:
        return []
