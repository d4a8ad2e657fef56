"""A model is read once for all of its layers, and again as soon as one of its files is another."""

from __future__ import annotations

from pathlib import Path

import pytest

from dotbench.datasets.models import last_read
from dotbench.datasets.models.last_read import LastRead


class Reads:
    """Counts how often a model of two files is read."""

    def __init__(self, folder: Path) -> None:
        self.count, self.index, self.shard = 0, folder / "index", folder / "shard"
        self.index.write_text("index")
        self.shard.write_text("shard")
        self.last = LastRead(self._read, lambda text: (self.index, self.shard))

    def _read(self, path: Path) -> str:
        self.count += 1
        return path.read_text() + self.shard.read_text()


@pytest.fixture
def reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reads:
    monkeypatch.setattr(last_read, "MOMENT_NS", -(10**12))  # files of this very moment are settled
    return Reads(tmp_path)


def test_it_is_read_once(reads: Reads) -> None:
    assert [reads.last(reads.index) for _ in range(3)] == ["indexshard"] * 3 and reads.count == 1


def test_a_file_that_changed_is_seen_whichever_it_is(reads: Reads) -> None:
    reads.last(reads.index)
    reads.shard.write_text("other")
    assert reads.last(reads.index) == "indexother"
    reads.index.write_text("another ")
    assert reads.last(reads.index) == "another other" and reads.count == 3


def test_a_file_that_is_gone_is_asked_for_again(reads: Reads) -> None:
    reads.last(reads.index)
    reads.shard.unlink()
    with pytest.raises(FileNotFoundError):
        reads.last(reads.index)


def test_what_changed_a_moment_ago_is_not_kept(tmp_path: Path) -> None:
    reads = Reads(tmp_path)
    assert reads.last(reads.index) == reads.last(reads.index) and reads.count == 2
