"""Where a matrix's payloads are cached: by content of the matrix, by format and by the code that wrote them."""

from __future__ import annotations

from pathlib import Path

import formats
from bench import identity, peers


def folder(home: Path, matrix_sha256: str) -> Path:
    """All payloads of a matrix, and the products that kernels are held against."""
    return home / "payloads" / matrix_sha256[:16]


def path(matrix: Path, label: str) -> Path | None:
    """A format's payload, or what a peer stores, in the matrix's folder; None for peers that store nothing."""
    if not peers.is_peer(label):
        return matrix / f"{label.replace('/', '_')}-{identity.space_sha(formats.parse(label))}.dbp"
    peer = peers.parse(label)
    return matrix / f"{label}-{identity.peer_sha(peer)}.stored" if peer.stored else None
