"""Compressed formats of weight matrices: encode one, multiply with it, look at its bytes.

>>> import numpy as np
>>> from dotbench import formats
>>> W = np.array([[0, 1.5, 0], [2, 0, 0], [0, 1.5, 0]], np.float32)
>>> payload = formats.get("sham").encode(W)
>>> payload.dot(np.array([1, 10, 100], np.float32))
array([ 20. , 151.5,   0. ], dtype=float32)
>>> payload.nbytes, sum(payload.sections.values())
(79, 79)
>>> bool((payload.decode() == W).all())
True
"""

if __name__ != "dotbench.formats":  # in a checkout this folder can be seen by its bare name, too
    raise ImportError("this is dotbench.formats: from dotbench import formats")

from dotbench.cdot.bfloat16 import bfloat16_from_bits, to_bfloat16
from dotbench.cdot.errors import PayloadError
from dotbench.cdot.limits import LIMITS, Limits
from dotbench.formats.errors import TooMuchWork
from dotbench.formats.format import Format
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.registry import (
    LOSSY,
    UnknownFormat,
    broken,
    get,
    kinds,
    load,
    names,
    parse,
    standard,
    standard_of_all,
)
from dotbench.formats.sources.source import Columns, Histogram, Source, as_source, matrix_sha256

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
    "bfloat16_from_bits",
    "broken",
    "get",
    "kinds",
    "load",
    "matrix_sha256",
    "names",
    "parse",
    "standard",
    "standard_of_all",
    "to_bfloat16",
]
