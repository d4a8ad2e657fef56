"""What the parts of a run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dotbench.bench.metrics.metric import Place
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record.journal import Journal
from dotbench.bench.run.outcome import Outcome
from dotbench.bench.show.screen import Screen


@dataclass
class Context:
    """``home``: the state folder. ``boot``: since when this machine runs. ``measured``: hashes of the matrices that
    have finished cells."""

    plan: Plan
    home: Path
    journal: Journal
    screen: Screen
    place: Place
    boot: str
    measured: set[str]
    outcome: Outcome = field(default_factory=Outcome)
