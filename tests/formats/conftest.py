"""What tests of formats share."""

from __future__ import annotations

import pytest

from dotbench.formats.payloads import parallel


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many threads as are asked for, of the smallest matrix and on the smallest machine."""
    monkeypatch.setattr(parallel, "ENOUGH", 1)
    monkeypatch.setattr(parallel, "cores", lambda: 16)
