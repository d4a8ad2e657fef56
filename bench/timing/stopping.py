"""When a cell has passes enough, and why: it decides how many there are, and with them the interval of the figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dotbench.bench.plan.effort import Effort
from dotbench.bench.timing import pairs
from dotbench.bench.timing.allowance import LEAST, was_busy


def why_stopped(passes: Sequence[dict[str, Any]], effort: Effort, spent: float, used_up: bool) -> str:
    """Why no more passes of a cell are measured, as its row says it; empty where more are.

    ``spent``: seconds of timing the matrix; ``used_up``: others have the cores, and the time for that is over.

    >>> one = {"log_ratio": 0.0}
    >>> why_stopped([one] * 7, Effort(), 0.0, False), why_stopped([one] * 8, Effort(), 0.0, False)
    ('', 'width 2%')
    """
    if len(passes) < (min(LEAST, effort.passes) if used_up else effort.passes):
        return ""
    known = pairs.estimate([one["log_ratio"] for one in passes])
    if known.half_width <= effort.width:
        why = f"width {effort.width:.0%}"
    elif len(passes) >= effort.most_passes:
        why = f"{len(passes)} passes"
    elif spent >= effort.cap_seconds:
        why = f"cap {effort.cap_seconds:.0f} s"
    elif used_up:
        why = f"{len(passes)} passes"
    else:
        return ""
    return f"{why}, busy" if was_busy(list(passes), effort) else why
