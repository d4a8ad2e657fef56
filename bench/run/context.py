"""What the parts of a run share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dotbench.bench.metrics import registry
from dotbench.bench.metrics.messages import Worker
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record.journal import Journal
from dotbench.bench.run.outcome import Outcome
from dotbench.bench.show.screen import Screen
from dotbench.cdot.entry_points import Broken


@dataclass
class Context:
    """``home``: the state folder. ``here``: this machine, and since when it runs: cells that nobody has measured yet
    are looked for under it. ``measured``: hashes of the matrices that have finished cells. ``left_out``: metrics of
    other packages that went wrong in this run, so that it goes on without them, and how."""

    plan: Plan
    home: Path
    journal: Journal
    screen: Screen
    here: Worker
    measured: set[str]
    outcome: Outcome = field(default_factory=Outcome)
    left_out: dict[str, str] = field(default_factory=dict)

    def leave_out(self, metric: str, fault: str) -> None:
        """Goes on without a metric, and says so once."""
        if metric not in self.left_out:
            self.left_out[metric] = str(Broken(registry.distribution(metric) or metric, fault))
            self.screen.problem(self.left_out[metric])
            self.outcome.missing.append(self.left_out[metric])
