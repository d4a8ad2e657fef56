"""`code_sha` of rows by the name of their metric."""

from __future__ import annotations

from dotbench.bench.metrics import registry, space
from dotbench.bench.record import identity
from dotbench.bench.record.code_hash.hashes import Hashes
from dotbench.bench.targets.peer import Peer


def code_sha(metric: str, name: str, params: str) -> str | None:
    """The hash that a row of the CSV has in this checkout; None where nothing here makes such a row."""
    return identity.code_sha(registry.get(metric), name, params)


def code_sha_of(sources: Hashes, metric: str, name: str, params: str) -> str | None:
    """The hash that a row would have if these were the sources."""
    return identity.code_sha_of(sources, registry.get(metric), name, params)


def stored_sha(peer: Peer) -> str:
    """Hash of what decides the bytes that a peer stores."""
    return identity.peer_sha(peer, space.METRIC)
