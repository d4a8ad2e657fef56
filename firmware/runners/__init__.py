"""Runners: where an image and a job meet. One interface, and three that have it: QEMU, FVP, board.

Each gives the target's words; whether they are right is not theirs to say. What a runner's figures may be
called is its own: only a board has cycles.
"""

from __future__ import annotations

from typing import Protocol

from dotbench.firmware.jobs import Job, Placement


class Runner(Protocol):
    """``name`` is the CSV's ``runner``; ``output`` is how the image talks (`toolchain.OUTPUTS`)."""

    @property
    def name(self) -> str: ...

    @property
    def output(self) -> str: ...

    def run(self, job: Job, where: Placement) -> str:
        """What the target said. Unavailable, DoesNotFit, TargetFailed or TargetHung where it said too little."""
