"""What tells a file that was changed from one that was not, without reading it.

Size and time of change are not enough: ``cp -p``, ``rsync -t`` and ``tar`` put back the time of another file. The
system's own time of the last change to a file's content or attributes, and the file's number, nobody can set. But
clocks tick: of a file that was changed a moment ago nothing is certain, for the next change may have the same time.
"""

from __future__ import annotations

import time
from pathlib import Path

Stamp = list[int]
MOMENT_NS = 2_000_000_000  # longer than any file system's tick


def stamp_of(path: Path) -> Stamp:
    """Size, both times of change in nanoseconds, and the file's numbers; OSError where there is none."""
    state = path.stat()
    return [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino, state.st_dev]


def is_certain(stamp: Stamp) -> bool:
    """Whether the file was last changed long enough ago for another change to be seen."""
    return abs(time.time_ns() - stamp[2]) > MOMENT_NS
