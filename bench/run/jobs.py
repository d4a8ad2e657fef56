"""What a worker can be told to do: to measure a metric, or something that is measured like one and has no file."""

from __future__ import annotations

from dotbench.bench.goals import encoding
from dotbench.bench.metrics import registry
from dotbench.bench.metrics.metric import Metric
from dotbench.bench.microcontroller import targets
from dotbench.bench.timing import pairwise
from dotbench.bench.trust import trials

ELSEWHERE = {job.name: job for job in (pairwise.JOB, trials.JOB, encoding.JOB, targets.JOB)}


def get(name: str) -> Metric:
    """The job of a name; KeyError where there is none.

    >>> get("space").reads_payloads, get("encoding").reads_payloads
    (True, False)
    """
    return registry.get(name) if registry.is_known(name) else ELSEWHERE[name]
