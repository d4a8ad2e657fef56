"""Every peer passes the conformance class, and what is wrong with one is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from dotbench import formats
from dotbench.bench.conformance.peer import PeerConformance
from dotbench.bench.targets import peers
from dotbench.bench.targets.blas_dense import BlasDense
from dotbench.bench.targets.peer import Peer
from dotbench.bench.targets.peer_faults import faults


@pytest.mark.parametrize("of", peers.kinds().values(), ids=peers.kinds(), scope="class")
class TestPeers(PeerConformance):
    """All of the registry."""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _of(cls, of: type[Peer]) -> None:
        cls.peer = of


def changed(**more: Any) -> type[Peer]:
    return type("Changed", (BlasDense,), {"name": "changed", **more})


@dataclass(frozen=True)
class NoTarget(Peer):
    """A peer without a product."""

    name: ClassVar[str] = "no_target"
    summary: ClassVar[str] = "nothing"
    packages: ClassVar[tuple[str, ...]] = ("numpy",)


WRONG = {
    "no name of a peer or format: letters": changed(name="e[x]"),
    "there is a peer or format 'ham' already": changed(name="ham"),
    "there is a peer or format 'zstd' already": changed(name="zstd"),
    "no_target has no target": NoTarget,
    "changed says that it is stored, and has no store": changed(stored=True),
    "changed is neither stored nor timed": changed(timed=False),
    "packages are 'numpy': a tuple": changed(packages="numpy"),
    "changed takes ('bf16',): a tuple of float32 or int8": changed(value_types=("bf16",)),
}


@pytest.mark.parametrize("words", WRONG)
def test_faults_are_named(words: str) -> None:
    (fault,) = faults(WRONG[words], [*formats.names(), *peers.kinds()])
    assert words in fault
