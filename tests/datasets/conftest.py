"""What tests of data sets share: mirrors and servers of their own, and entries that are registered for a test."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from dotbench import datasets
from dotbench.datasets import addresses, loading, registry


@pytest.fixture
def own_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty mirror; with DOTBENCH_OFFLINE nothing real is at hand."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    monkeypatch.setenv("DOTBENCH_DATA", str(folder))
    return folder


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Callable[[datasets.Dataset], None]:
    """Adds an entry; all twins are a small matrix."""

    def add(entry: datasets.Dataset) -> None:
        known = {**registry.entries(), entry.name: entry}
        monkeypatch.setattr(loading, "entries", lambda: known)
        twin = scipy.sparse.coo_matrix(np.array([[0, 1.5, 0], [2, 0, -3]], np.float32))
        monkeypatch.setattr("dotbench.datasets.twins.make", lambda name: twin)

    return add


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a server on this machine, and the folder that it serves."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}", folder
        httpd.shutdown()
        thread.join()


@pytest.fixture
def online(own_mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network may be asked; no host has failed yet."""
    monkeypatch.delenv("DOTBENCH_OFFLINE")
    monkeypatch.setattr(addresses, "_SILENT", {})
