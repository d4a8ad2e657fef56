"""Peers: other people's libraries, timed on the same matrices as the formats."""

from __future__ import annotations

from dotbench.bench.targets.blas_dense import BlasDense
from dotbench.bench.targets.mlw import Mlw
from dotbench.bench.targets.peer import Peer
from dotbench.bench.targets.scipy_sparse import ScipyCsc, ScipyCsr
from dotbench.bench.targets.zstd import Zstd
from dotbench.formats.parameters import split, with_params

ALL: tuple[type[Peer], ...] = (
    BlasDense,
    ScipyCsc,
    ScipyCsr,
    Zstd,
    Mlw,
)
KINDS = {kind.name: kind for kind in ALL}


def is_peer(text: str) -> bool:
    """Whether a name, with or without parameters, is a peer's.

    >>> is_peer("scipy_csc"), is_peer("sham")
    (True, False)
    """
    return text.strip().partition("[")[0] in KINDS


def parse(text: str) -> Peer:
    """The peer of a name with parameters; inverse of ``str``. ValueError for parameters it has not."""
    name, params = split(text)
    peer: Peer = with_params(KINDS[name], params)
    return peer
