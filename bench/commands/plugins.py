"""What other packages bring and cannot be used: a line each, by the verbs that would use it."""

from __future__ import annotations

from dotbench.bench.metrics import registry
from dotbench.bench.show.escape import echo
from dotbench.bench.targets import peers
from dotbench.datasets import readers


def say_broken() -> None:
    """Metrics, peers and readers that are left out; of formats the command itself says it."""
    for line in (*registry.broken(), *peers.broken(), *readers.broken()):
        echo(line, err=True)
