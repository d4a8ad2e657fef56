"""How much time is given to timing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """How much time is given to timing. Seconds and milliseconds of wall time."""

    passes: int = 8  # processes a cell at the least
    most_passes: int = 20
    rounds: int = 4  # A B B A rounds a pass
    sample_ms: float = 5.0
    width: float = 0.02  # an interval of this half-width is narrow enough
    cap_seconds: float = 28.0  # of timing one matrix, from which on no pass is added
    cell_timeout: float = 120.0  # silence after which a cell counts as hung


QUICK = Effort(passes=4, most_passes=4, rounds=2, sample_ms=2.0)
