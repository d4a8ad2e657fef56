"""Numbers of formats in payloads' headers: whose they are. Each format's class has its own; no number is given twice.

Formats of floats 1 to 31 (in use up to 14), of int8 32 to 63 (up to 39), and from 64 on those of this project that
keep more than one type: stamps 64, tuples 65, planes 66, rank 67, cells 68, dictionary 69, symmetric 70, kept for them.
From 0x8000 on they are other packages' own.
"""

from __future__ import annotations

FLOATS = range(1, 32)
BYTES = range(32, 64)
OWN = range(64, 128)
OTHERS = range(0x8000, 0x10000)
ALL = range(1, 0x10000)  # what the header has room for; 0 is none
KEPT = {64: "stamps", 65: "tuples", 66: "planes", 67: "rank", 68: "cells", 69: "dictionary", 70: "symmetric"}
