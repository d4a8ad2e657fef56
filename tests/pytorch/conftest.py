"""Tests of `dotbench.torch`: skipped by name where PyTorch is not there. The session ``torch`` brings it, and says so
by DOTBENCH_TORCH=1: then it may not be lacking. (A folder tests/torch would be taken for PyTorch itself.)"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

if os.environ.get("DOTBENCH_TORCH"):
    import torch  # noqa: F401 - its error is that of the session


@pytest.fixture(autouse=True)
def _alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same numbers each time, one thread, and the count of before afterwards; what is compiled goes with the test."""
    import torch

    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "compiled"))
    torch.manual_seed(0)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
