"""Finding a meter: pyRAPL's sensors, then the powercap tree, then perf; or why there is none.

``DOTBENCH_ENERGY`` chooses one of them (``perf`` as a cross-check), or ``none``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from dotbench.bench.energy import powercap
from dotbench.bench.energy.counters import NotMeasurable
from dotbench.bench.energy.meters import Clock, CounterMeter, Meter, SystemClock
from dotbench.bench.energy.perf import open_perf
from dotbench.bench.energy.sensors import open_pyrapl
from dotbench.cdot.build import processor_flags

VARIABLE = "DOTBENCH_ENERGY"
Opener = Callable[[Clock], Meter]


def _open_pyrapl(clock: Clock) -> Meter:
    return CounterMeter(open_pyrapl(), clock)


def _open_powercap(clock: Clock, root: Path = powercap.ROOT) -> Meter:
    return CounterMeter(powercap.open_powercap(root), clock)


OPENERS: dict[str, Opener] = {"pyrapl": _open_pyrapl, "powercap": _open_powercap, "perf": open_perf}


def open_meter(openers: dict[str, Opener] = OPENERS, clock: Clock | None = None) -> Meter:
    """The first meter that opens. NotMeasurable with all reasons and the first cure where none does."""
    lacks: list[NotMeasurable] = []
    for name in chosen(openers):
        try:
            return openers[name](clock or SystemClock())
        except NotMeasurable as error:
            lacks.append(error)
    words = list(dict.fromkeys(lack.reason for lack in lacks))
    if "hypervisor" in processor_flags():
        words.insert(0, "a virtual machine, which mostly has no energy counters")
    raise NotMeasurable("; ".join(words), next((lack.cure for lack in lacks if lack.cure), ""))


def chosen(openers: dict[str, Opener]) -> list[str]:
    """What may be tried, in order. NotMeasurable where ``DOTBENCH_ENERGY`` says none, or nothing known."""
    asked = os.environ.get(VARIABLE, "")
    if asked in ("", "auto"):
        return list(openers)
    if asked in openers:
        return [asked]
    known = ", ".join(["auto", *openers, "none"])
    what = "nothing is measured" if asked == "none" else f"there are {known}"
    raise NotMeasurable(f"{VARIABLE}={asked}: {what}")


@cache
def outlook(asked: str) -> tuple[str, str]:
    """What rows of this machine will be: ``rapl``, ``perf``, or ``model`` with why nothing can be measured.

    ``asked``: what ``DOTBENCH_ENERGY`` says; the answer is looked for once a process.
    """
    try:
        meter = open_meter()
    except NotMeasurable as lack:
        return "model", str(lack)
    meter.close()
    return meter.kind, ""
