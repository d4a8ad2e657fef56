"""Break-even points at a terminal: a table for each type and batch, the answer in words, and the next step."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from dotbench import formats
from dotbench.bench.breakeven.measure import Answer, Curve, Size
from dotbench.bench.breakeven.thresholds import Threshold
from dotbench.bench.show import next_step
from dotbench.bench.show.answer import vectors
from dotbench.bench.show.fitted import Column, fitted, left_out
from dotbench.bench.show.grid import short
from dotbench.formats.errors import is_refusal
from dotbench.formats.format import Format

CURE = "--out FILE.csv"
RIVALS = {
    "blas_dense": "numpy's BLAS in float32",
    "torch_dense": "PyTorch's BLAS in float32",
    "dense": "our dense kernel",
    "dense_s8": "our dense kernel of int8",
}
NAMED = 3  # formats that a sentence has room for


def percent(zeros: float) -> str:
    """A percentage as people read it: one decimal, near 100 two.

    >>> percent(83.14), percent(80.0), percent(99.912)
    ('83.1', '80.0', '99.91')
    """
    return f"{zeros:.2f}" if 99 < zeros < 100 else f"{zeros:.1f}"


def plain(zeros: float) -> str:
    """The end of a range: no more decimals than it has, at most four.

    >>> plain(99.9), plain(0.0), plain(98.437512)
    ('99.9', '0', '98.4375')
    """
    return f"{round(zeros, 4):g}"


def words(known: Threshold | None, unit: str = " %") -> str:
    """A threshold in a table.

    >>> words(Threshold("from", 0, 99.9, 83.14, 82, 84)), words(Threshold("never", 0, 99.9))
    ('83.1 %', 'never below 99.9 %')
    """
    if known is None:
        return "failed"
    if known.answer == "from":
        return f"{percent(known.zeros or 0.0)}{unit}"
    return f"never below {plain(known.end)}{unit}" if known.answer == "never" else "always"


def interval(known: Threshold | None) -> str:
    """Of a threshold in a table; empty where nothing is unsure.

    >>> interval(Threshold("from", 0, 99.9, 83.14, None, 84)), interval(Threshold("never", 0, 99.9, low=97.5))
    ('up to 84.0 %', 'maybe from 97.5 %')
    >>> interval(Threshold("always", 0, 99.9, high=70.0)), interval(Threshold("always", 0, 99.9, high=99.9))
    ('surely from 70.0 %', 'nowhere surely')
    """
    if known is None or (known.sure and known.answer != "from"):
        return ""
    low, high = (None if one is None else percent(one) for one in (known.low, known.high))
    if known.answer == "always":
        return "nowhere surely" if known.high == known.end else f"surely from {high} %"
    if known.answer == "never":
        return f"maybe from {low} %"
    if low is None:
        return "anywhere" if high is None else f"up to {high} %"
    return f"{low} % or more" if high is None else f"{low} to {high} %"


def print_answer(found: Answer, console: Console) -> None:
    """A table for each batch and rival."""
    n, m = found.question.shape
    for rival, batch in dict.fromkeys((rival, batch) for _, rival, batch in found.curves):
        own = {one: curve for (one, name, many), curve in found.curves.items() if (name, many) == (rival, batch)}
        threads = f"{found.question.threads} thread{'s' if found.question.threads > 1 else ''}"
        title = f"{n} x {m}, {found.question.dtype}, {found.question.values} values, {vectors(batch)}, {threads}"
        console.print(Text(title, "bold"), soft_wrap=True)
        made = fitted(_columns(found, rival), _rows(found, own), console.width)
        console.print(made.table)
        if made.left_out:
            console.print(Text(left_out(made.left_out, console.width, CURE), "dim"), soft_wrap=True)
        console.print(Text(about_rivals(found, rival, batch), "dim"), soft_wrap=True)
        for line in answer_lines(found, own, rival):
            console.print(Text(line), soft_wrap=True)
        console.print()


def _columns(found: Answer, rival: str) -> list[Column]:
    curve = [Column(f"at {plain(zeros)} %", True, optional=True) for zeros in found.question.zeros]
    return [
        Column("format"),
        Column("smaller from", True),
        Column("faster from", True),
        Column("99 % interval"),
        *curve,
    ]


def _rows(found: Answer, own: dict[Format, Curve]) -> list[list[str]]:
    lines = []
    for one, curve in sorted(own.items(), key=lambda item: _order(found.sizes[item[0]], item[1])):
        if is_refusal(found.sizes[one].reason):
            continue  # a sentence says so
        known = curve.threshold()
        ratios = {point.zeros: f"{point.ratio.ratio:.2f}" for point in curve.points}
        name = short(str(one)) + ("" if one.lossless else f" {formats.LOSSY}")
        times = [ratios.get(zeros, "") for zeros in found.question.zeros]
        lines.append([name, words(found.sizes[one].threshold), words(known), interval(known), *times])
    return lines


def _order(size: Size, curve: Curve) -> tuple[float, float]:
    """Who is fast with the fewest zeros first."""
    known = curve.threshold()
    return (known.least if known else 200.0, size.threshold.least if size.threshold else 200.0)


def about_rivals(found: Answer, rival: str, batch: int) -> str:
    """Which dense product times are held against, and how the others did."""
    said = []
    for other in found.rivals[batch]:
        if other.ratio:
            reach = f"±{width:.0%}" if (width := other.ratio.half_width) < 1 else "±wide"
            said.append(f"{other.name} takes {other.ratio.ratio:.2f} {reach} of {found.rivals[batch][0].name}'s time")
    best = " (the fastest dense product here)" if rival == found.best[batch] else ""
    more = f"; {'; '.join(said)}" if said else ""
    return f"at x %: time over that of {rival}, {RIVALS.get(rival, 'a dense product')}{best}{more}"


def answer_lines(found: Answer, own: dict[Format, Curve], rival: str) -> Iterator[str]:
    """The answer: which format is smaller first, which is faster first, which is both."""
    exact = {one: known for one in own if one.lossless and (known := found.sizes[one].threshold)}
    timed = {one: known for one, curve in own.items() if one.lossless and (known := curve.threshold())}
    end = plain(found.question.zeros[-1])
    yield f"smaller than dense: {_first(exact) or f'none below {end} % zeros'}"
    yield f"faster than {rival}: {_first(timed) or f'none below {end} % zeros'}"
    both = {one: max(known, timed[one], key=lambda each: each.least) for one, known in exact.items() if one in timed}
    first = _first(both)
    yield f"answer: {f'both, {first}' if first else f'keep it dense below {end} % zeros: no format is both'}"
    if lossy := [short(str(one)) for one in own if not one.lossless]:
        change = "it changes" if len(lossy) == 1 else "they change"
        yield f"left out of these, for {change} the weights: {', '.join(lossy)}"
    for one, curve in own.items():
        if reason := found.sizes[one].reason or curve.reason:
            yield f"{one} {'is left out' if is_refusal(reason) else 'failed'}: {reason}"


def _first(found: dict[Format, Threshold]) -> str:
    """The formats that win with the fewest zeros, in words; empty where none wins."""
    winning = sorted((known.least, str(one)) for one, known in found.items() if known.answer != "never")
    if not winning:
        return ""
    names = [short(name) for least, name in winning if least == winning[0][0]]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    known = next(known for one, known in found.items() if str(one) == winning[0][1])
    if known.answer == "always":
        unsure = "" if known.sure else f" ({interval(known)})"
        return f"{', '.join(names[:NAMED])}{more} always, from {plain(known.begin)} % zeros on{unsure}"
    reach = f" ({interval(known)})" if known.low != known.high else ""
    return f"{', '.join(names[:NAMED])}{more} from {percent(known.zeros or 0.0)} % zeros on{reach}"


def best_formats(answers: Sequence[Answer]) -> list[str]:
    """Names of lossless formats that win somewhere in time, the ones with the fewest zeros first; at most three."""
    known = [
        (threshold.least, str(one))
        for found in answers
        for (one, _, _), curve in found.curves.items()
        if one.lossless and (threshold := curve.threshold()) and threshold.answer != "never"
    ]
    return list(dict.fromkeys(name for _, name in sorted(known)))[:NAMED]


def next_line(answers: Sequence[Answer]) -> str:
    """What goes on from here: the same formats on somebody's own matrix."""
    question = answers[0].question
    names = [*best_formats(answers), answers[0].best[question.batches[0]]]
    words = f"run --datasets w.npy --formats {shlex.quote(','.join(dict.fromkeys(names)))}"
    if question.batches != (1,):
        words += f" --batch {','.join(map(str, question.batches))}"
    if question.threads > 1:
        words += f" --threads {question.threads}"
    return next_step.line(words, "the same for a matrix of your own")
