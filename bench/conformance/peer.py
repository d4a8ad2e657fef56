"""What every peer has to do, as tests: subclass it, say which peer, and pytest runs it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dotbench import formats
from dotbench.bench.metrics import registry
from dotbench.bench.record import identity
from dotbench.bench.targets.checked import reference_of
from dotbench.bench.targets.peer import Peer
from dotbench.bench.targets.peer_faults import faults
from dotbench.cdot.bfloat16 import converted, dtype_of, name_of

REFERENCES = {"float32": "csc", "int8": "dense_s8", "float16": "csc", "bfloat16": "dense"}


def matrix(dtype: str) -> npt.NDArray[Any]:
    """120 x 64, a tenth of the entries not zero, of few values that each dtype has."""
    dice = np.random.default_rng(0)
    kept = dice.random((120, 64)) < 0.1
    return converted(kept * dice.integers(1, 9, (120, 64)), dtype_of(dtype))


class PeerConformance:
    """Tests of one peer: ``peer`` names its class. A library that is not installed is no fault of it."""

    peer: type[Peer]

    def test_its_parts_fit_each_other(self) -> None:
        """It has what everybody asks of a peer."""
        assert faults(self.peer) == []

    def test_it_makes_itself_from_its_name(self) -> None:
        """`str` and parameters are inverse."""
        made = self.peer()
        assert made.name == self.peer.name and str(made).partition("[")[0] == made.name

    def test_a_lack_says_what_brings_it(self) -> None:
        """Where the library is not there, the reason names it."""
        lack = self.peer().lack
        assert not lack or self.peer.packages[0] in lack

    def test_its_rows_have_hashes(self) -> None:
        """Of each metric that peers have."""
        for metric in ("space",) * self.peer.stored + ("time",) * self.peer.timed:
            assert len(identity.peer_sha(self.peer(), registry.get(metric))) == 16

    def test_what_it_stores_and_multiplies(self, tmp_path: Path) -> None:
        """It stores bytes, and its product is that of float64; a run takes time."""
        peer = self.peer()
        if peer.lack:
            return
        for dtype in self.peer.value_types:
            W = matrix(dtype)
            path = self._stored(peer, W, tmp_path / dtype)
            if self.peer.timed:
                self._multiplies(peer, W, path)

    def _stored(self, peer: Peer, W: npt.NDArray[Any], path: Path) -> Path | None:
        if not self.peer.stored:
            return None
        size = peer.store(formats.as_source(W, W.dtype), path)
        assert 0 < size <= path.stat().st_size
        return path

    def _multiplies(self, peer: Peer, W: npt.NDArray[Any], path: Path | None) -> None:
        payload = formats.get(REFERENCES[name_of(W.dtype)]).encode(formats.as_source(W, W.dtype))
        for batch in (1, 8):
            X = np.random.default_rng(1).standard_normal((batch, W.shape[0])).astype(np.float32)
            for cold in (False, True):
                target = peer.target(payload, path, X, cold)
                product = target.product()
                assert product is not None and product.shape == (batch, W.shape[1])
                reference_of(formats.as_source(W, W.dtype), X).error(product)
                start = time.perf_counter_ns()
                assert 0 < target.run(2) <= time.perf_counter_ns() - start
