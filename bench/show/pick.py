"""The answer of ``dotbench pick`` at a terminal: a line a layer, totals, other goals, what was checked, the next step."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from rich.console import Console
from rich.text import Text

from dotbench.bench.pick.answer import Answer, Candidate, Layer, Total, total
from dotbench.bench.pick.choose import labels, zeros
from dotbench.bench.pick.microcontroller import CLOCK_MHZ, milliseconds
from dotbench.bench.pick.question import Goal, Question, parse_goal
from dotbench.bench.pick.weights import COUNTED, Model, Weights
from dotbench.bench.show import next_step
from dotbench.bench.show.answer import grouped, vectors
from dotbench.bench.show.fitted import Column, fitted, left_out
from dotbench.bench.show.grid import short
from dotbench.bench.show.plural import counted

COLUMNS = (
    Column("layer", words=True), Column("shape", right=True), Column("zeros", right=True), Column("take"),
    Column("bytes", right=True), Column("smaller", right=True), Column("time/dense", right=True),
    Column("type", optional=True), Column("floor", right=True, optional=True),
)  # fmt: skip
ON_TARGET = (
    *COLUMNS[:6], Column("kcycles", right=True), Column("dense", right=True), *COLUMNS[7:],
)  # fmt: skip
CURE = "--markdown"
OF_TIMES = ("time/dense", "kcycles", "dense")
OTHERS = ("bytes", "time", "bytes,time<=1.2")  # goals that are told beside the one that was asked for
NAMED = 3  # tensors that a line names
REASONS = 6  # layers whose reasons are told one by one


def print_heads(models: Iterable[Model], console: Console) -> None:
    """What was read, before anything is known of it."""
    for model in models:
        console.print(Text(head(model), "bold"), soft_wrap=True)
        for note in model.notes:
            console.print(Text(f"  {note}", "dim"), soft_wrap=True)


def print_sizes(answer: Answer, console: Console) -> None:
    """What sizes alone say, as soon as they are there: times take some seconds more."""
    good = [layer for layer in answer.layers if not layer.failed]
    if good:
        least = parse_goal("bytes")
        found = total(good, labels(good, least))
        console.print(Text(f"sizes alone: {summed(replace(found, ns=None))}; times follow", "dim"), soft_wrap=True)


def print_answer(answer: Answer, console: Console) -> None:
    """The table, then all that is said in words."""
    good = [layer for layer in answer.layers if not layer.failed]
    if good:
        made = fitted(*table(answer.question, good), console.width)
        console.print(made.table)
        if made.left_out:
            console.print(Text(left_out(made.left_out, console.width, CURE), "dim"), soft_wrap=True)
    for line in failures(answer.layers):
        console.print(Text(line, "red"), soft_wrap=True)
    for line in (*totals(answer, good), *reasons(good), *what_if(answer, good), *other_goals(answer, good)):
        console.print(Text(line), soft_wrap=True)
    for line in (*not_multiplied(answer.others), *answer.checked):
        console.print(Text(line, "dim"), soft_wrap=True)
    if answer.stopped:
        console.print(Text("stopped: times that are missing were not measured"), soft_wrap=True)
    for line in answer.written:
        console.print(Text(line), soft_wrap=True)
    console.print(Text(next_line(answer, good)), soft_wrap=True)


def head(model: Model) -> str:
    """``model.onnx (onnx): 3 163 737 bytes, 3 layers that are multiplied, 24 other tensors``."""
    layers = sum(one.multiplied for one in model.weights)
    more = f" in {counted(len(model.files), 'file')}" if len(model.files) > 1 else ""
    others = len(model.weights) - layers
    rest = f", {counted(others, 'other tensor')}" if others else ""
    verb = "is" if layers == 1 else "are"
    size = f"{grouped(model.nbytes)} bytes{more}"
    return f"{model.name} ({model.kind}): {size}, {counted(layers, 'layer')} that {verb} multiplied{rest}"


def as_markdown(answer: Answer) -> str:
    """The same as Markdown: the table with all columns, and what is said in words as a list."""
    from tabulate import tabulate

    good = [layer for layer in answer.layers if not layer.failed]
    shown, rows = table(answer.question, good)
    sides = ["right" if column.right else "left" for column in shown]
    titles = [column.title for column in shown]
    made = tabulate(rows, titles, "github", colalign=sides if rows else None, disable_numparse=True)
    heads = [f"**{head(model)}**" for model in answer.models]
    lines = [*failures(answer.layers), *totals(answer, good), *what_if(answer, good), *other_goals(answer, good),
             *not_multiplied(answer.others), *answer.checked]  # fmt: skip
    return "\n\n".join([*heads, made, "\n".join(f"- {line.strip()}" for line in lines)])


def table(question: Question, layers: Sequence[Layer]) -> tuple[list[Column], list[list[str]]]:
    """Columns, and the fields of each layer; of times that nobody knows there is no column."""
    if question.on_target:
        every, rows = ON_TARGET, [target_fields(layer) for layer in layers]
    else:
        every, rows = COLUMNS, [fields(layer) for layer in layers]
    kept = [at for at, column in enumerate(every) if column.title not in OF_TIMES or any(row[at] for row in rows)]
    if not question.on_target and not any(layer.chosen.time for layer in layers):
        kept = [at for at in kept if every[at].title != "time/dense"]
    return [every[at] for at in kept], [[row[at] for at in kept] for row in rows]


def fields(layer: Layer) -> Sequence[str]:
    """One layer as a line."""
    shape, pick = layer.weights.shape, layer.chosen
    assert shape is not None
    floor = f"{100 * layer.floor.bytes / layer.dense.bytes:.0f} %" if layer.floor and layer.dense.bytes else ""
    return [
        layer.name, f"{shape[0]} x {shape[1]}", zeros(layer), short(layer.pick), grouped(pick.bytes), smaller(pick, layer.dense),
        pace(pick, layer), layer.weights.dtype, floor,
    ]  # fmt: skip


def target_fields(layer: Layer) -> Sequence[str]:
    """The same for a microcontroller: thousands of cycles of an inference, beside those of the dense format."""
    before, after = [*fields(layer)][:6], [*fields(layer)][7:]
    known = layer.chosen.cycles, layer.dense.cycles
    return [*before, *(f"{one.mid / 1e3:.1f}" if one else "" for one in known), *after]


def smaller(one: Candidate, dense: Candidate) -> str:
    """How many times smaller.

    >>> smaller(Candidate("ham", 50, "computed"), Candidate("dense", 100, "computed"))
    '2.00 x'
    """
    return f"{dense.bytes / one.bytes:.2f} x" if one.bytes else ""


def pace(one: Candidate, layer: Layer) -> str:
    """Its time over dense's; ``~`` where it is predicted, ``'`` where another layer of its shape was measured."""
    if layer.stays_dense:
        return two_digits(1.0)
    if one.time is None:
        return ""
    mark = "'" if one.time.like else ""
    return f"{two_digits(one.time.ratio)}{mark}" if one.measured else f"~{two_digits(one.time.ratio)}"


def two_digits(ratio: float) -> str:
    """A ratio of times, of which four passes know no more.

    >>> two_digits(0.8512), two_digits(1.04), two_digits(62.84), two_digits(345.6)
    ('0.85', '1.0', '63', '346')
    """
    if ratio >= 10:
        return f"{ratio:.0f}"
    return f"{ratio:.1f}" if ratio >= 1 else f"{ratio:.2f}"


def failures(layers: Iterable[Layer]) -> Iterator[str]:
    """A line for each layer of which nothing is known."""
    for layer in layers:
        if layer.failed:
            yield f"{layer.name}: left out: {layer.failed}"


# ---- in words


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
    if all(layer.stays_dense for layer in layers):
        yield "answer: leave it dense"
    else:
        used = [short(layer.pick) for layer in layers]
        counts = sorted({name: used.count(name) for name in used}.items(), key=lambda one: -one[1])
        yield f"answer: {', '.join(f'{name} for {count}' for name, count in counts)} of {counted(len(layers), 'layer')}"


def on_target(answer: Answer, layers: Sequence[Layer]) -> Iterator[str]:
    """Flash with code, cycles and milliseconds; what these leave out."""
    if answer.code_bytes is not None:
        flash = total(layers).bytes + answer.code_bytes
        yield f"flash: {grouped(flash)} bytes, of which {grouped(answer.code_bytes)} are the code of their kernels, once each"
    pairs = [
        (layer.chosen.cycles, layer.dense.cycles) for layer in layers if layer.chosen.cycles and layer.dense.cycles
    ]
    if pairs:
        own, dense = (sum(pair[side].mid for pair in pairs if pair[side]) for side in (0, 1))
        yield (
            f"cycles: {own / 1e3:.0f} of {dense / 1e3:.0f} thousand, estimated, {milliseconds(own):.2f} of "
            f"{milliseconds(dense):.2f} ms at {CLOCK_MHZ:.0f} MHz, of {counted(len(pairs), 'layer')}; not counted: opening, "
            "activations, depthwise layers, and what stands between layers"
        )


def summed(found: Total) -> str:
    """Bytes and time of all layers, beside dense."""
    size = f"{grouped(found.bytes)} of {grouped(found.dense_bytes)} bytes"
    ratio = f" ({found.dense_bytes / found.bytes:.2f} x smaller)" if found.bytes < found.dense_bytes else ""
    if found.ratio is None or found.ns is None:
        return size + ratio
    return f"{size}{ratio}, {two_digits(found.ratio)} of dense's time ({microseconds(found.ns)} a product of each)"


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


def what_if(answer: Answer, layers: Sequence[Layer]) -> Iterator[str]:
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
    yield f"what if ≈ {asked}: {grouped(size)} of {grouped(dense)} bytes ({ratio}), weights {error} off (relative error)"
    for layer, changed in known[:REASONS]:
        n, m = layer.weights.shape or (0, 0)
        yield (
            f"  {layer.name} ≈ {short(changed.label)}: {grouped(changed.bytes)} bytes "
            f"({100 * (1 - changed.density):.1f} % zeros, {grouped(changed.distinct)} values, {changed.error:.2f} off)"
        )
    if len(known) > REASONS:
        yield f"  and {len(known) - REASONS} more (--markdown, --json)"


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
        line = f"not multiplied, as they are: {counted(len(found), 'tensor')}, {grouped(size)} bytes: {what}: {names}{more}"
        if role == "unread":
            line = f"not read: {counted(len(found), 'tensor')}, {grouped(size)} bytes: " + "; ".join(
                f"{one.name}: {one.note}" for one in largest
            ) + more  # fmt: skip
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
        return next_step.line(f"pick {names}", "the same with times measured here")
    if all(layer.stays_dense for layer in layers) and not answer.question.what_if:
        return next_step.line(
            f"pick {names} --prune 90 --share 32", "what it would take if it were pruned; changes weights"
        )
    best = max(layers, key=lambda one: one.dense.bytes - one.chosen.bytes)
    kinds = ",".join(dict.fromkeys((best.pick, best.dense.label)))
    return next_step.line(
        f"run --datasets {shlex.quote(best.weights.dataset)} --formats {shlex.quote(kinds)}",
        f"all that can be measured of {best.name}, {vectors(1)} and more",
    )
