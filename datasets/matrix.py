"""What a loaded matrix is."""

from __future__ import annotations

from dataclasses import dataclass

from dotbench.cdot.bfloat16 import name_of
from dotbench.datasets.cache import CachedSource


@dataclass(frozen=True)
class Matrix:
    """A matrix and what rows say of it: ``name`` (with ~twin for one), ``source`` (mirror, url, subset, twin, file,
    model or seed), hashes of content and file, and in ``reason`` what else should be known.

    Formats that live on repeated rows or neighbours have nothing to show where ``source`` is twin.
    """

    name: str
    source: str
    matrix: CachedSource
    file_sha256: str = ""
    reason: str = ""

    @property
    def matrix_sha256(self) -> str:
        return self.matrix.matrix_sha256

    @property
    def dtype(self) -> str:
        """What its values are: ``float32``, ``int8`` of layers, ``bfloat16`` or ``float16``."""
        return name_of(self.matrix.dtype)
