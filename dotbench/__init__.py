"""In which compressed format should this weight matrix be stored, and what does a product with it cost?

What people import; the rooms are subpackages (`dotbench.formats`, `dotbench.bench`, ...), and nothing heavy is
imported before one of these is used::

    >>> import numpy as np
    >>> W = np.eye(4, dtype=np.float32)
    >>> payload = encode(W, "sham")
    >>> payload.dot(np.arange(4, dtype=np.float32)).tolist()
    [0.0, 1.0, 2.0, 3.0]
    >>> "sham" in names()
    True
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dotbench.formats.packs.pack import Pack
    from dotbench.formats.payloads.payload import Payload

__all__ = ["encode", "load", "names", "open_pack"]

ROOMS = ("bench", "cdot", "datasets", "firmware", "formats")

if not all((Path(__file__).parent / room).is_dir() for room in ROOMS):
    raise ImportError(  # archives, and file systems without links, make text files of them
        "this checkout has lost the links of its folder dotbench/ to the folders beside it. In the checkout: "
        f"ln -sfn {' '.join(f'../{room}' for room in ROOMS)} dotbench/"
    )


def encode(W: Any, format: str = "csc", *, threads: int = 1) -> Payload:
    """A matrix in a format: its bytes, and products with them.

    ``W``: an array or a scipy sparse matrix of shape (n, m), float32 or int8 (float64 is rounded to float32, with a
    warning where it is not exact), or a source. ``format``: a name of `names`, with parameters as
    ``"column_combined[alpha=8,gamma=0.5]"``. ``threads``: of the encoder.

    ValueError: no such format, or a matrix that it does not take; the message says which and why.

    >>> import numpy as np
    >>> encode(np.eye(64, dtype=np.float32), "csc_min").nbytes
    612
    """
    from dotbench import formats  # numpy, cffi and the kernels: when they are needed

    return formats.parse(format).encode(W, threads=threads)


def load(payload: str | Path | bytes | bytearray | memoryview, *, trusted: bool = False) -> Payload:
    """A payload from a file, which is mapped, or from bytes; its checksum is verified.

    ``trusted``: it may ask for more memory and work than its length explains, as an all-zero matrix of a million
    rows and columns does. PayloadError (a ValueError): damaged, cut short, or of a format that is not installed.

    >>> import numpy as np
    >>> load(bytes(encode(np.eye(4, dtype=np.float32), "csc").data)).format.name
    'csc'
    """
    from dotbench import formats  # as above
    from dotbench.cdot.limits import LIMITS

    return formats.load(payload, limits=None if trusted else LIMITS)


def names() -> list[str]:
    """The names of all formats, those that other packages bring included.

    >>> {"csc", "ham", "sham"} <= set(names())
    True
    """
    from dotbench import formats  # as above

    return formats.names()


def open_pack(path: str | Path, *, trusted: bool = False) -> Pack:
    """A whole model that `dotbench pack` has put into one .safetensors file, mapped; only its header is read.

    ``pack["layer"]`` is the payload of a product, W of n inputs by m outputs, verified when it is first asked for;
    ``pack.tensor("layer.weight")`` any tensor, bit for bit as it was; ``pack.names`` all of them, ``pack.formats()``
    the format of each payload. Close it, or use it in a ``with``.

    ``trusted``: as of `load`; tensors may be far larger than the pack, too. PackError and PayloadError (ValueErrors):
    it is no pack, damaged, or newer than this version::

        with dotbench.open_pack("model.dotb.safetensors") as pack:
            y = pack["fc1"].dot(x) + pack.tensor("fc1.bias")
    """
    from dotbench.formats.packs.pack import Pack  # as above

    return Pack(path, trusted)
