"""The Deep Learning Matrix Collection's .smtx: positions without values."""

from __future__ import annotations

from dotbench.datasets.patterns import read_pattern
from dotbench.datasets.reader import Reader

READER = Reader("smtx", "positions of the DLMC", (".smtx",), lambda path, _: read_pattern(path), own=False)
