"""Compressed formats of weight matrices: encode one, multiply with it, look at its bytes.

>>> import numpy as np, formats
>>> W = np.array([[0, 1.5, 0], [2, 0, 0], [0, 1.5, 0]], np.float32)
>>> payload = formats.get("sham").encode(W)
>>> payload.dot(np.array([1, 10, 100], np.float32))
array([ 20. , 151.5,   0. ], dtype=float32)
>>> payload.nbytes, sum(payload.sections.values())
(79, 79)
>>> bool((payload.decode() == W).all())
True
"""

from cdot.errors import PayloadError
from cdot.limits import LIMITS, Limits
from formats.errors import TooMuchWork
from formats.format import Format
from formats.payload import Payload
from formats.registry import LOSSY, UnknownFormat, broken, get, kinds, load, names, parse, standard, standard_of_all
from formats.source import Columns, Histogram, Source, as_source, matrix_sha256

__all__ = [
    "LIMITS",
    "LOSSY",
    "Columns",
    "Format",
    "Histogram",
    "Limits",
    "Payload",
    "PayloadError",
    "Source",
    "TooMuchWork",
    "UnknownFormat",
    "as_source",
    "broken",
    "get",
    "kinds",
    "load",
    "matrix_sha256",
    "names",
    "parse",
    "standard",
    "standard_of_all",
]
