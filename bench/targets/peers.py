"""Peers: other people's libraries, timed on the same matrices as the formats. Entry points: ``dotbench.peers``."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint
from typing import Any

from dotbench import formats
from dotbench.bench.targets.blas_dense import BlasDense
from dotbench.bench.targets.graphblas_sparse import GraphblasCsr
from dotbench.bench.targets.mkl_sparse import MklCsr
from dotbench.bench.targets.mlw import Mlw
from dotbench.bench.targets.peer import Peer
from dotbench.bench.targets.peer_faults import faults
from dotbench.bench.targets.scipy_sparse import ScipyCsc, ScipyCsr
from dotbench.bench.targets.torch_products import TorchCsr, TorchDense
from dotbench.bench.targets.zstd import Zstd
from dotbench.cdot.entry_points import Broken, Wrong, in_words, loaded
from dotbench.formats.parameters import split, with_params

GROUP = "dotbench.peers"
ALL: tuple[type[Peer], ...] = (
    BlasDense,
    ScipyCsc,
    ScipyCsr,
    Zstd,
    Mlw,
)
# No standard run has these, for they need an environment of their own: the session `peers`, or whoever names them.
APART: tuple[type[Peer], ...] = (
    MklCsr,
    TorchCsr,
    TorchDense,
    GraphblasCsr,
)


def _checked(kind: Any, point: EntryPoint, found: list[type[Peer]]) -> type[Peer]:
    if not (isinstance(kind, type) and issubclass(kind, Peer)):
        raise Wrong(f"{kind!r:.80} is no subclass of dotbench.bench.targets.peer.Peer")
    if wrong := faults(kind, [*formats.names(), *(one.name for one in (*ALL, *APART, *found))]):
        raise Wrong("; ".join(wrong))
    return kind


@cache
def _plugins() -> tuple[list[type[Peer]], list[Broken]]:
    return loaded(GROUP, _checked)


def broken() -> tuple[str, ...]:
    """A line for each plug-in that is left out: which, and why."""
    return tuple(map(str, _plugins()[1]))


@cache
def kinds() -> dict[str, type[Peer]]:
    """All peers by name, built-in ones first; plug-ins that are `broken` are left out.

    >>> list(kinds())[:2]
    ['blas_dense', 'scipy_csc']
    """
    return {kind.name: kind for kind in (*ALL, *APART, *_plugins()[0])}


def standard() -> tuple[Peer, ...]:
    """Those of standard runs, with their parameters as they are by default."""
    return tuple(kind() for kind in kinds().values() if kind not in APART)


def lack(peer: Peer) -> str:
    """Why a peer cannot be had here, empty where it can: also where it cannot say that itself."""
    try:
        return str(peer.lack or "")
    except Exception as error:  # of a module whose package is not installed, say
        return f"lack of {peer.name} raises {in_words(error)}"


def is_peer(text: str) -> bool:
    """Whether a name, with or without parameters, is a peer's.

    >>> is_peer("scipy_csc"), is_peer("sham")
    (True, False)
    """
    return text.strip().partition("[")[0] in kinds()


def parse(text: str) -> Peer:
    """The peer of a name with parameters; inverse of ``str``. ValueError for parameters it has not."""
    name, params = split(text)
    peer: Peer = with_params(kinds()[name], params)
    return peer
