"""Every peer passes the conformance class, and what is wrong with one is named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from dotbench import formats
from dotbench.bench.conformance.peer import PeerConformance
from dotbench.bench.targets import peers
from dotbench.bench.targets.blas_dense import BlasDense
from dotbench.bench.targets.peer import Peer
from dotbench.bench.targets.peer_faults import faults
from dotbench.bench.targets.watched import StoredWrongly, Watched
from dotbench.bench.targets.zstd import Zstd
from dotbench.formats.sources.source import Source


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


@dataclass(frozen=True)
class Sized(BlasDense):
    """A peer with a parameter that nobody gives it."""

    size: int

    name: ClassVar[str] = "sized"


@dataclass(frozen=True)
class Listed(BlasDense):
    """A peer whose default is of another type."""

    size: int = 2.5  # type: ignore[assignment]

    name: ClassVar[str] = "listed"


@dataclass(frozen=True)
class Refuses(BlasDense):
    """A peer that does not take its own default."""

    size: int = 0

    name: ClassVar[str] = "refuses"

    def __post_init__(self) -> None:
        raise ValueError("a size of 0")


WRONG = {
    "sized: its parameter size has no default: standard runs name no parameters": Sized,
    "listed: its parameter size is int, and 2.5 by default": Listed,
    "refuses cannot be made with its default parameters: ValueError: a size of 0": Refuses,
    "changed: module is None: the name of the one that it imports": changed(module=None),
    "no name of a peer or format: letters": changed(name="e[x]"),
    "there is a peer or format 'ham' already": changed(name="ham"),
    "there is a peer or format 'zstd' already": changed(name="zstd"),
    "no_target has no target": NoTarget,
    "changed says that it is stored, and has no store": changed(stored=True),
    "changed is neither stored nor timed": changed(timed=False),
    "packages are 'numpy': a tuple": changed(packages="numpy"),
    "changed takes ('bf16',): a tuple of one or more of bfloat16, float16, float32, int8": changed(
        value_types=("bf16",)
    ),
}


@pytest.mark.parametrize("words", WRONG)
def test_faults_are_named(words: str) -> None:
    (fault,) = faults(WRONG[words], [*formats.names(), *peers.kinds()])
    assert words in fault


def test_a_library_below_one_that_is_not_installed_is_a_lack() -> None:
    peer = changed(module="no_such_library.products")()
    assert peers.lack(peer) == "lack of changed raises ModuleNotFoundError: No module named 'no_such_library'"
    assert peers.lack(BlasDense()) == ""


def _reads_a_file(peer: Peer, source: Source, path: Path) -> int:
    path.write_bytes(b"half")
    return len(Path("no/such/table").read_bytes())


def _makes_a_folder(peer: Peer, source: Source, path: Path) -> int:
    path.mkdir()
    return 4


STORES = {
    "wrote no file at the path that it was given": lambda peer, source, path: 4,
    "returns None, and not the bytes of its file": lambda peer, source, path: path.touch(),
    "returns 0, and not the bytes of its file": lambda peer, source, path: path.write_bytes(b""),
    "returns 3.5, and not the bytes of its file": lambda peer, source, path: path.write_bytes(b"four") - 0.5,
    "returns 5 bytes, and its file has 4": lambda peer, source, path: path.write_bytes(b"four") + 1,
    "raises FileNotFoundError: [Errno 2] No such file or directory: 'no/such/table'": _reads_a_file,
    "wrote no file at the path": _makes_a_folder,
}


@pytest.mark.parametrize("words", STORES)
def test_what_a_store_does_wrong_is_named_and_nothing_is_left(words: str, tmp_path: Path) -> None:
    kind = type("Wrong", (Zstd,), {"name": "wrong", "store": STORES[words]})
    with pytest.raises(StoredWrongly) as raised:
        Watched(kind(level=4)).store(formats.as_source(np.eye(4, dtype=np.float32)), tmp_path / "stored")
    assert str(raised.value).startswith(f"store of wrong[level=4] {words}")
    assert "Free some room" not in str(raised.value) and not list(tmp_path.iterdir())
    assert Watched(Zstd()).store(formats.as_source(np.eye(4, dtype=np.float32)), tmp_path / "good") > 0
