"""Matrix Market: .mtx, coordinates or an array as text."""

from __future__ import annotations

from dotbench.datasets.matrix_market import read_matrix_market
from dotbench.datasets.reader import Reader

READER = Reader("mtx", "Matrix Market", (".mtx",), lambda path, _: read_matrix_market(path), packed=True)
