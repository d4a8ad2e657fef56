"""Where a matrix's payloads are cached: by content of the matrix, by format and by the code that wrote them."""

from __future__ import annotations

from pathlib import Path

from dotbench import formats
from dotbench.bench.metrics.hashes import stored_sha
from dotbench.bench.plan.cell import BOUNDS, Cell
from dotbench.bench.record import identity
from dotbench.bench.record.sealed import is_as_noted
from dotbench.bench.targets import peers
from dotbench.cdot.errors import PayloadError
from dotbench.cdot.fresh import sweep

PROBE = "probe"  # what threads are held against: it multiplies nothing


def folder(home: Path, matrix_sha256: str) -> Path:
    """All payloads of a matrix, and the products that kernels are held against."""
    return home / "payloads" / matrix_sha256[:16]


def read_by(cell: Cell) -> set[str]:
    """Labels of what a cell multiplies or is held against: of formats and peers, whether these store something or not.

    >>> sorted(read_by(Cell("races", "w", "im", detail="against=csc_min")))
    ['csc_min', 'im']
    """
    other = cell.details().get("against", PROBE)
    return {cell.about, other} - {PROBE, *BOUNDS}


def path(matrix: Path, label: str) -> Path | None:
    """A format's payload, or what a peer stores, in the matrix's folder; None for peers that store nothing."""
    if not peers.is_peer(label):
        return matrix / f"{label.replace('/', '_')}-{identity.space_sha(formats.parse(label))}.dbp"
    peer = peers.parse(label)
    return matrix / f"{label}-{stored_sha(peer)}.stored" if peer.stored else None


def state(path: Path, label: str, shape: tuple[int, int]) -> str:
    """``whole``, ``missing`` or ``damaged``: whether a cached payload, or what a peer stores, is what was written."""
    if not path.exists():
        return "missing"
    if peers.is_peer(label):
        return "whole" if is_as_noted(path) else "damaged"
    try:
        payload = formats.load(path, limits=None)  # our own: whatever it takes
    except (PayloadError, OSError, ValueError):
        return "damaged"
    return "whole" if payload.format == formats.parse(label) and payload.shape == shape else "damaged"


def sweep_folder(matrix: Path) -> None:
    """Removes what runs that were killed have left half-written; older versions called it ``NAME.dbp`` and eight
    letters."""
    for pattern in (".*", "*.dbp????????", "*.stored.new", "*.new.npz"):
        sweep(matrix, pattern)
