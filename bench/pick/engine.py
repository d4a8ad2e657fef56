"""From a question to its answer: sizes of all layers first, then times of what is on the front, then the picks."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from dotbench.bench.pick import choose, microcontroller, predicted, sizes, times, what_if
from dotbench.bench.pick.answer import Answer, Layer
from dotbench.bench.pick.question import Question
from dotbench.bench.pick.weights import Model
from dotbench.bench.show.plural import counted
from dotbench.firmware.errors import FirmwareError

KIB = 1024  # in which the system tells how much memory a process had
Say = Callable[[str], None]


def answered(
    models: Sequence[Model],
    question: Question,
    say: Say = lambda words: None,
    measured: list[times.Measured] | None = None,
    sized: Callable[[Answer], None] = lambda answer: None,
) -> Answer:
    """The answer of a question about some models.

    ``say`` hears how far it is; ``measured`` gets what was measured, for rows of results; ``sized`` the answer as it is
    when sizes are there, and times are not. Ctrl-C while times are measured leaves what there is (`Answer.stopped`).
    """
    start = time.monotonic()
    answer = Answer(question, list(models))
    every = [one for model in models for one in model.weights]
    answer.others = [one for one in every if not one.multiplied]
    asked = [one for one in every if one.multiplied]
    try:
        for layer in sizes.all_sized(asked, question.formats, say):
            answer.layers.append(layer)
    except KeyboardInterrupt:
        answer.stopped = f"{counted(len(asked) - len(answer.layers), 'layer')} not looked at, and nothing timed"
    answer.layers = predicted.with_predictions(answer.layers, question)
    _choose(answer)
    if question.what_if and not answer.stopped:
        allowance = sizes.Allowance()
        answer.layers = [_what_if(layer, question, say, allowance) for layer in answer.layers]
    answer.checked += [_checked_sizes(answer.layers), *_notes(answer.layers)]
    if answer.stopped:
        return answer
    if question.on_target or not question.quick:
        sized(answer)
    if question.on_target:
        _on_target(answer, say)
    elif not question.quick:
        _measure(answer, say, measured)
    _spent(answer, start)
    return answer


def _choose(answer: Answer) -> None:
    answer.layers = [choose.chosen(layer, answer.question.goal) for layer in answer.layers]


def _what_if(layer: Layer, question: Question, say: Say, allowance: sizes.Allowance) -> Layer:
    say(f"what if: {layer.name}")
    return replace(layer, what_if=what_if.changed(layer, question.what_if, question.formats, allowance))


def _measure(answer: Answer, say: Say, measured: list[times.Measured] | None) -> None:
    found: list[times.Measured] = [] if measured is None else measured
    try:
        times.measured(answer.layers, answer.question, say, into=found, dense=measured is not None)
    except (times.Stopped, KeyboardInterrupt):
        answer.stopped = "times that are missing were not measured"
    answer.layers = times.with_times(answer.layers, found, answer.question)
    _choose(answer)
    answer.checked += _checked_times(found)


def _on_target(answer: Answer, say: Say) -> None:
    """Picks for a Cortex-M55: the least flash, or the fewest cycles."""
    question, layers = answer.question, answer.layers
    others = [layer.name for layer in layers if not layer.failed and not microcontroller.fit(layer)]
    if others:
        kinds = "stays dense" if len(others) == 1 else "stay dense"
        answer.checked.append(
            f"on the target kernels are for int8: {', '.join(others[:3])} {kinds} ({counted(len(others), 'layer')})"
        )
    try:
        if not question.quick:
            try:
                layers, said = microcontroller.with_cycles(layers, question, say)
                answer.checked += said
            except KeyboardInterrupt:
                answer.stopped = "no cycles: not all layers were run"
        labels, code = microcontroller.least_flash(layers)
        if question.goal.least == "cycles":
            labels = [microcontroller.least_cycles(layer) for layer in layers]
            code = sum(
                map(
                    microcontroller.code_bytes,
                    {label for label, layer in zip(labels, layers, strict=True) if microcontroller.fit(layer)},
                )
            )
        answer.code_bytes = code
    except FirmwareError as error:
        answer.checked.append(f"flash: {error}")
        labels = [layer.pick for layer in layers]
    answer.layers = [choose.with_pick(layer, label, question.goal) for layer, label in zip(layers, labels, strict=True)]


def _spent(answer: Answer, start: float) -> None:
    answer.seconds = time.monotonic() - start
    answer.peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB


def _checked_sizes(layers: Sequence[Layer]) -> str:
    known = [one for layer in layers for one in layer.candidates]
    encoded = sum(one.how == "encoded" for one in known)
    more = f", {encoded} by encoding and decoding" if encoded else ""
    return f"sizes: {counted(len(known), 'payload')}, exact, from counts of all entries{more}"


def _notes(layers: Sequence[Layer]) -> list[str]:
    """What was done to layers, and what bytes do not say."""
    found: dict[str, list[str]] = {}
    for layer in layers:
        if layer.note:
            found.setdefault(layer.note, []).append(layer.name)
    said = []
    for note, names in found.items():
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        said.append(f"{note}: {', '.join(names[:3])}{more}")
    if signed := [layer for layer in layers if layer.negative_zeros]:
        count = sum(layer.negative_zeros for layer in signed)
        said.append(
            f"negative zeros: {count} in {counted(len(signed), 'layer')}; products are the same without their signs, "
            "which a pack keeps in bytes of their own"
        )
    return said


def _checked_times(found: Sequence[times.Measured]) -> list[str]:
    """How times came about, and what could not be timed."""
    timed = [one for one in found if one.pass_count > 1]
    if not timed:
        return ["times: fewer than two passes were made, so there is none"] if found else []
    count = sum(len(one.passes) for one in timed)
    worst = max(one.largest_error for one in timed)
    passes = min(one.pass_count for one in timed)
    said = [
        f"times: {counted(count, 'product')} of {counted(len(timed), 'layer')}, in pairs with dense, {passes} passes; "
        f"each compared with float64 first, largest error {worst:.1e} of sum |w||x|"
    ]
    if blas := [one.layer.name for one in timed if one.dense_ratio < 1]:
        said.append(f"times of {', '.join(blas[:3])} are over numpy's BLAS, which was faster than our dense kernel")
    return said + [f"{one.layer.name}: {label}: not timed: {why}" for one in found for label, why in one.failed.items()]
