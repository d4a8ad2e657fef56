"""Which of a layer's formats is taken under a goal, and why: from figures alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dotbench.bench.pick.answer import Candidate, Layer
from dotbench.bench.pick.question import SAVES, Goal
from dotbench.bench.show.answer import grouped

SLOWER = 1.02  # of dense, from which on a format is slower where time is asked for
ALIKE = 0.02  # difference of two times that is none
TOLD = 3  # reasons


def chosen(layer: Layer, goal: Goal) -> Layer:
    """The layer with its pick and the reason. Without a time a limit of times lets nothing but dense through."""
    if layer.failed:
        return layer
    pick = _least(layer, goal)
    return replace(layer, pick=pick.label, reason=_reason(layer, pick, goal))


def with_pick(layer: Layer, label: str, goal: Goal) -> Layer:
    """The layer with a pick that was made for the whole model, and the reason."""
    if layer.failed:
        return layer
    return replace(layer, pick=label, reason=_reason(layer, layer.of(label), goal))


def labels(layers: Sequence[Layer], goal: Goal) -> list[str]:
    """What layers would take under another goal."""
    return [layer.dense.label if layer.failed else _least(layer, goal).label for layer in layers]


def _least(layer: Layer, goal: Goal) -> Candidate:
    dense = layer.dense
    allowed = [one for one in layer.candidates if one.label != dense.label and _is_allowed(one, dense, goal)]
    if goal.least == "time" or goal.time_limit is not None:
        allowed = _comparable(allowed, layer)
    if goal.least == "time":
        return _fastest(allowed, dense)
    smallest = min(allowed, key=lambda one: (one.bytes, _ratio(one)), default=dense)
    return smallest if smallest.bytes <= (1 - SAVES) * dense.bytes else dense


def _comparable(found: Sequence[Candidate], layer: Layer) -> list[Candidate]:
    """Those whose times are measured, where any of the layer's is: a prediction never beats a measurement."""
    timed = any(one.measured for one in layer.candidates if one.label != layer.dense.label)
    return [one for one in found if one.measured or not timed]


def _is_allowed(one: Candidate, dense: Candidate, goal: Goal) -> bool:
    if goal.bytes_limit is not None and one.bytes > goal.bytes_limit * dense.bytes:
        return False
    return goal.time_limit is None or (one.time is not None and one.time.ratio <= goal.time_limit)


def _ratio(one: Candidate) -> float:
    return one.time.ratio if one.time else float("inf")


def _fastest(allowed: Sequence[Candidate], dense: Candidate) -> Candidate:
    """The least time; of times that are alike the fewest bytes; dense unless one is faster, or as fast and smaller."""
    timed = [one for one in allowed if one.time and one.time.ratio <= SLOWER]
    if not timed:
        return dense
    least = min(map(_ratio, timed))
    alike = [one for one in timed if _ratio(one) <= least * (1 + ALIKE)]
    best = min(alike, key=lambda one: one.bytes)
    if least > 1 - ALIKE:  # no faster than dense: then it has to be smaller, and no slower
        return best if best.bytes < dense.bytes and _ratio(best) <= 1 else dense
    return best


# ---- in words


def _reason(layer: Layer, pick: Candidate, goal: Goal) -> str:
    return _taken(layer, pick, goal) if pick.label != layer.dense.label else left_dense(layer, goal)


def _taken(layer: Layer, pick: Candidate, goal: Goal) -> str:
    said = [f"{zeros(layer)} zeros", values(layer)]
    saved = 1 - pick.bytes / layer.dense.bytes
    said.append(f"{saved:.0%} smaller" if saved >= 0 else f"{-saved:.0%} larger")
    if pick.time:
        said.append(f"{two_digits(pick.time.ratio)} of dense's time{'' if pick.measured else ' (predicted)'}")
    limited = f" within {goal}" if "<=" in str(goal) else ""
    if pick.cycles and layer.dense.cycles and layer.dense.cycles.mid:
        said.append(f"{pick.cycles.mid / layer.dense.cycles.mid:.2f} of dense's cycles (estimated)")
    best = {"time": "fastest", "bytes": "smallest", "cycles": "fewest cycles"}.get(goal.least, "least flash")
    return f"{best}{limited}: {', '.join(said)}"


def left_dense(layer: Layer, goal: Goal) -> str:
    """Why a layer stays as it is, and what would change it."""
    said = [f"{zeros(layer)} zeros", values(layer)]
    if goal.least == "time":
        known = [one for one in layer.candidates if one.label != layer.dense.label and one.time]
        near = min(_comparable(known, layer), key=_ratio, default=None)
        if near:
            predicted = "" if near.measured else " (predicted)"
            said.append(f"the fastest other, {near.label}, takes {two_digits(_ratio(near))} of dense's time{predicted}")
    elif near := min((one for one in layer.candidates if one.label != layer.dense.label), key=lambda one: one.bytes,
                     default=None):  # fmt: skip
        if goal.least in ("flash", "cycles"):
            said += _on_target(layer, near, goal)
        elif near.bytes <= (1 - SAVES) * layer.dense.bytes:
            said.append(
                f"{near.label} would be {1 - near.bytes / layer.dense.bytes:.0%} smaller, and does not keep {goal}"
            )
        else:
            more = f"{near.bytes / layer.dense.bytes - 1:+.1%}" if layer.dense.bytes else ""
            said.append(f"the smallest other, {near.label}, has {grouped(near.bytes)} bytes ({more})")
    if pays := break_even(layer):
        said.append(pays)
    if layer.floor and layer.floor.bytes < (1 - SAVES) * layer.dense.bytes:
        said.append(
            f"an entropy code ({layer.floor.kind}) could save {1 - layer.floor.bytes / layer.dense.bytes:.0%} at most"
        )
    return f"leave it dense: {', '.join(said)}"


def _on_target(layer: Layer, near: Candidate, goal: Goal) -> list[str]:
    """Why nothing is taken on a microcontroller."""
    saved = layer.dense.bytes - near.bytes
    if goal.least == "cycles":
        ran = any(one.cycles for one in layer.candidates)
        return ["no format that was run takes fewer cycles" if ran else "nothing was run on the target"]
    if saved <= 0:
        return [f"the smallest other, {near.label}, has {grouped(near.bytes)} bytes"]
    return [f"{near.label} would save {grouped(saved)} bytes, and the code of its kernel takes more"]


def zeros(layer: Layer) -> str:
    """The share of zeros as people read it."""
    share = 100 * (1 - layer.density)
    return f"{share:.1f} %" if share < 99.95 or share == 100 else f"{share:.3f} %"


def values(layer: Layer) -> str:
    """How many values, in words."""
    least = "at least " if layer.many else ""
    return f"{least}{grouped(layer.distinct)} value{'' if layer.distinct == 1 else 's'}"


def two_digits(ratio: float) -> str:
    """A ratio of times, of which four passes know no more.

    >>> two_digits(0.8512), two_digits(1.04), two_digits(62.84), two_digits(345.6)
    ('0.85', '1.0', '63', '346')
    """
    if ratio >= 10:
        return f"{ratio:.0f}"
    return f"{ratio:.1f}" if ratio >= 1 else f"{ratio:.2f}"


def break_even(layer: Layer) -> str:
    """From what share of zeros on which format is smaller than dense; the first, "" for none that is known."""
    known = {label: density for label, density in layer.break_even.items() if 0 < density < 1}
    if not known or layer.density <= max(known.values()):
        return ""
    label = max(known, key=known.__getitem__)
    return f"{label} pays from {100 * (1 - known[label]):.1f} % zeros"
