"""Gives a packed model's tensors back, bit for bit, as a .safetensors file."""

from __future__ import annotations

from pathlib import Path

from dotbench.formats.packs.pack import Pack
from dotbench.formats.packs.writer import Part, by_alignment, write


def unpack(path: Path, out: Path, *, threads: int = 2, force: bool = False, trusted: bool = False) -> int:
    """Writes all tensors of the pack ``path`` with their bits, shapes, types and texts; the length of ``out``.

    One layer is in memory at a time. PackError and PayloadError where the pack is damaged or newer, or ``out`` exists
    and ``force`` is not given; then nothing is left behind.
    """
    with Pack(path, trusted) as pack:
        parts = [
            Part(name, pack.dtype(name), pack.shape(name), lambda name=name: [pack.raw(name, threads)])  # type: ignore[misc]
            for name in pack.names
        ]
        return write(out, by_alignment(parts), pack.metadata, force)
