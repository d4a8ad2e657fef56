"""What the parts of a run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dotbench.bench.metrics.messages import Worker
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record.journal import Journal
from dotbench.bench.run.outcome import Outcome
from dotbench.bench.show.screen import Screen


@dataclass
class Context:
    """``home``: the state folder. ``here``: this machine, and since when it runs: cells that nobody has measured yet
    are looked for under it. ``measured``: hashes of the matrices that have finished cells."""

    plan: Plan
    home: Path
    journal: Journal
    screen: Screen
    here: Worker
    measured: set[str]
    outcome: Outcome = field(default_factory=Outcome)
