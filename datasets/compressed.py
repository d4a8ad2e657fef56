"""Files as bytes, decompressed by what their name ends in."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def opened(path: Path) -> Any:
    """The file, open for reading; what is decompressed on the way is .gz, .bz2 and .xz."""
    return OPENERS.get(path.suffix.lower(), open)(path, "rb")
