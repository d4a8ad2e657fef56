"""What ``dotbench pick`` says in words: what was read, totals, reasons, other goals, what was not multiplied."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from dotbench.bench.microcontroller.networks import CLOCK_MHZ
from dotbench.bench.pick.answer import Answer, Layer, Total, total
from dotbench.bench.pick.choose import labels, two_digits
from dotbench.bench.pick.microcontroller import milliseconds
from dotbench.bench.pick.question import SAVES, Goal, parse_goal
from dotbench.bench.pick.weights import COUNTED, UNREADABLE, Model, Weights
from dotbench.bench.show import next_step
from dotbench.bench.show.answer import grouped, vectors
from dotbench.bench.show.grid import short
from dotbench.bench.show.plural import counted

OTHERS = ("bytes", "time", "bytes,time<=1.2")  # goals that are told beside the one that was asked for
NAMED = 3  # tensors that a line names
REASONS = 6  # layers whose reasons are told one by one


def head(model: Model) -> str:
    """``model.onnx (onnx): 3 163 737 bytes, 3 layers that are multiplied, 24 other tensors``."""
    layers = sum(one.multiplied for one in model.weights)
    more = f" in {counted(len(model.files), 'file')}" if len(model.files) > 1 else ""
    if model.kind == UNREADABLE:
        return f"{model.name}: left out"
    others = len(model.weights) - layers
    rest = f", {counted(others, 'other tensor')}" if others else ""
    verb = "is" if layers == 1 else "are"
    size = f"{grouped(model.nbytes)} bytes{more}"
    return f"{model.name} ({model.kind}): {size}, {counted(layers, 'layer')} that {verb} multiplied{rest}"


def failures(layers: Iterable[Layer]) -> Iterator[str]:
    """A line for each layer of which nothing is known."""
    for layer in layers:
        if layer.failed:
            yield f"{layer.name}: left out: {layer.failed}"


def totals(answer: Answer, layers: Sequence[Layer]) -> Iterator[str]:
    """What the layers take in all."""
    if not layers:
        yield "no layer that is multiplied: nothing to choose"
        return
    goal = answer.question.goal
    found = total(layers)
    yield f"goal {goal}: {summed(found if not answer.question.on_target else replace(found, ns=None))}"
    if answer.question.on_target:
        yield from on_target(answer, layers)
    yield from _in_file(layers)
    yield from _limits(goal, layers)
    if all(layer.stays_dense for layer in layers):
        yield "answer: leave it dense"
    else:
        used = [short(layer.pick) for layer in layers]
        counts = sorted({name: used.count(name) for name in used}.items(), key=lambda one: -one[1])
        yield f"answer: {', '.join(f'{name} for {count}' for name, count in counts)} of {counted(len(layers), 'layer')}"


def _in_file(layers: Sequence[Layer]) -> Iterator[str]:
    """Where a file stores layers in less than dense arrays (sparse, or in fewer bits): what they take there."""
    own = sum(layer.weights.nbytes for layer in layers)
    scales = sum(layer.weights.scale_bytes for layer in layers)
    dense = sum(layer.dense.bytes for layer in layers)
    if 0 < own < (1 - SAVES) * dense:
        more = f", and {grouped(scales)} of scales, which are in no figure here" if scales else ""
        yield f"in the file they take {grouped(own)} bytes{more}: it packs them itself"
    elif scales:
        yield f"scales and zero points take {grouped(scales)} bytes more, whatever the format"


def _limits(goal: Goal, layers: Sequence[Layer]) -> Iterator[str]:
    """Layers that stay dense although that is beyond the limit of bytes."""
    if goal.bytes_limit is not None and goal.bytes_limit < 1:
        beyond = [layer.name for layer in layers if layer.stays_dense]
        if beyond:
            names = f"{', '.join(beyond[:3])}{f' and {len(beyond) - 3} more' if len(beyond) > 3 else ''}"
            yield f"no format keeps {goal} for {names}: dense"


def on_target(answer: Answer, layers: Sequence[Layer]) -> Iterator[str]:
    """Flash with code, cycles and milliseconds; what these leave out."""
    if (code := answer.code_bytes) is not None:
        flash = grouped(total(layers).bytes + code)
        yield f"flash: {flash} bytes, {grouped(code)} of them the kernels' code, once each"
    known = [(own.mid, dense.mid) for layer in layers if (own := layer.chosen.cycles) and (dense := layer.dense.cycles)]
    if known:
        own_cycles, dense_cycles = (sum(pair[side] for pair in known) for side in (0, 1))
        yield (
            f"cycles: {own_cycles / 1e3:.0f} of {dense_cycles / 1e3:.0f} thousand, estimated, "
            f"{milliseconds(own_cycles):.2f} of {milliseconds(dense_cycles):.2f} ms at {CLOCK_MHZ:.0f} MHz, of "
            f"{counted(len(known), 'layer')}; not counted: opening, activations, depthwise layers, and what stands "
            "between layers"
        )


def summed(found: Total) -> str:
    """Bytes and time of all layers, beside dense."""
    size = f"{grouped(found.bytes)} of {grouped(found.dense_bytes)} bytes"
    ratio = f" ({found.dense_bytes / found.bytes:.2f} x smaller)" if found.bytes < found.dense_bytes else ""
    if found.ratio is None or found.ns is None:
        return size + ratio
    about = "~" * found.predicted
    pace = f"{'' if found.ratio == 1 else about}{two_digits(found.ratio)} of dense's time"
    return f"{size}{ratio}, {pace} ({about}{microseconds(found.ns)} a product of each)"


def microseconds(ns: float) -> str:
    """A time with three digits.

    >>> microseconds(1234), microseconds(123_456), microseconds(12_345_678)
    ('1.23 us', '123 us', '12.3 ms')
    """
    for unit, size in (("ms", 1e6), ("us", 1e3), ("ns", 1.0)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}" if ns / size < 1000 else f"{ns / size:.0f} {unit}"
    return "0 ns"


def reasons(layers: Sequence[Layer]) -> Iterator[str]:
    """Why: of each layer where they are few, else of the largest of each kind of answer."""
    shown = list(layers)
    if len(layers) > REASONS:
        largest: dict[str, Layer] = {}
        for layer in sorted(layers, key=lambda one: -one.dense.bytes):
            largest.setdefault(layer.pick, layer)
        shown = list(largest.values())[:REASONS]
    for layer in shown:
        yield f"  {layer.name}: {layer.reason}"


def what_if(answer: Answer, layers: Sequence[Layer], most: int = REASONS) -> Iterator[str]:
    """What layers would take that lose something; in no total."""
    asked = answer.question.what_if
    known = [(layer, layer.what_if) for layer in layers if layer.what_if]
    if not asked or not known:
        return
    size = sum(changed.bytes for _, changed in known)
    dense = sum(changed.dense_bytes for _, changed in known)
    worst = max(changed.error for _, changed in known)
    least = min(changed.error for _, changed in known)
    ratio = f"{dense / size:.2f} x smaller" if size else "nothing left"
    error = f"{least:.2f} to {worst:.2f}" if worst - least >= 0.005 else f"{worst:.2f}"
    sizes = f"{grouped(size)} of {grouped(dense)} bytes ({ratio})"
    yield f"what if ≈ {asked}: {sizes}, weights {error} off (relative error)"
    for layer, changed in known[:most]:
        yield (
            f"  {layer.name} ≈ {short(changed.label)}: {grouped(changed.bytes)} bytes "
            f"({100 * (1 - changed.density):.1f} % zeros, {grouped(changed.distinct)} values, {changed.error:.2f} off)"
        )
    if len(known) > most:
        yield f"  and {len(known) - most} more (--markdown, --json)"


def other_goals(answer: Answer, layers: Sequence[Layer]) -> Iterator[str]:
    """What other goals would come to."""
    if not layers or answer.question.on_target:
        return
    asked = str(answer.question.goal)
    for text in OTHERS:
        if text == asked:
            continue
        goal: Goal = parse_goal(text)
        chosen = labels(layers, goal)
        dense = all(label == layer.dense.label for label, layer in zip(chosen, layers, strict=True))
        yield f"--goal '{text}': {'all dense, ' if dense else ''}{summed(total(layers, chosen))}"


def not_multiplied(others: Sequence[Weights]) -> Iterator[str]:
    """A line for each kind of what is no product; of what is in doubt, how to say it."""
    for role, what in COUNTED.items():
        found = [one for one in others if one.role == role]
        if not found:
            continue
        size = sum(one.nbytes for one in found)
        largest = sorted(found, key=lambda one: -one.nbytes)[:NAMED]
        names = ", ".join(f"{one.name}{_shape(one)}" for one in largest)
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        many = f"{counted(len(found), 'tensor')}, {grouped(size)} bytes"
        line = f"not multiplied, as they are: {many}: {what}: {names}{more}"
        if role == "unread":
            line = f"not read: {many}: {'; '.join(f'{one.name}: {one.note}' for one in largest)}{more}"
        if role == "unsure":
            line += f" (if it is: --role {shlex.quote(f'{found[0].name}=product')})"
        yield line


def _shape(one: Weights) -> str:
    return f" {one.shape[0]} x {one.shape[1]}" if one.shape and max(one.shape) > 1 else ""


def next_line(answer: Answer, layers: Sequence[Layer]) -> str:
    """What goes on from here."""
    names = " ".join(shlex.quote(model.name) for model in answer.models)
    if not layers:
        return next_step.line("list formats", "what there is")
    if answer.question.quick:
        return next_step.line(answer.again or f"pick {names}", "the same with times measured here")
    if all(layer.stays_dense for layer in layers) and not answer.question.what_if:
        return next_step.line(
            f"{answer.again or f'pick {names}'} --quick --prune 90 --share 32",
            "what it would take if it were pruned; changes weights",
        )
    best = max(layers, key=lambda one: one.dense.bytes - one.chosen.bytes)
    kinds = ",".join(dict.fromkeys((best.pick, best.dense.label)))
    return next_step.line(
        f"run --datasets {shlex.quote(best.weights.dataset)} --formats {shlex.quote(kinds)}",
        f"all that can be measured of {best.name}, {vectors(1)} and more",
    )
