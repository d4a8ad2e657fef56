"""By how much exact figures may get worse before `dotbench diff` fails. What is compared, each metric says."""

from __future__ import annotations

from dotbench.bench.compare.errors import CompareError, near
from dotbench.bench.metrics import registry

Limits = dict[str, float]


def default_limits() -> str:
    """What ``--fail-on`` is where nobody says it: the limits that figures have.

    >>> default_limits()
    'bytes:0%,instructions:1%,cycles_est_mid:1%'
    """
    limited = (figure for metric in registry.shown() for figure in metric.figures if figure.limit)
    return ",".join(f"{figure.title}:{figure.limit}" for figure in limited)


def limits(text: str) -> Limits:
    """``--fail-on``: by how much a figure may get worse, as a share; CompareError for what cannot gate.

    >>> limits("bytes:0%,instructions:1.5%")
    {'bytes': 0.0, 'instructions': 0.015}
    """
    return dict(_limit(part.strip()) for part in text.split(",") if part.strip())


def _limit(part: str) -> tuple[str, float]:
    name, _, share = part.partition(":")
    known = {figure.title: figure.gates for metric in registry.shown() for figure in metric.figures}
    if name not in known:
        there = ", ".join(name for name, gates in known.items() if gates)
        raise CompareError(f"--fail-on: no figure {name!r}{near(name, known) or f': there are {there}'}")
    if not known[name]:
        raise CompareError(f"--fail-on: {name} is compared and never fails anything: it is not exact")
    try:
        value = float(share.removesuffix("%")) / 100
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf") or not share.endswith("%"):
        raise CompareError(f"--fail-on: {part!r} is no limit: write it like {name}:1%")
    return name, value
