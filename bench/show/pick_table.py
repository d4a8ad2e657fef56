"""The table of ``dotbench pick``: a line a layer."""

from __future__ import annotations

from collections.abc import Sequence

from dotbench.bench.pick.answer import Candidate, Layer
from dotbench.bench.pick.choose import two_digits, zeros
from dotbench.bench.pick.question import Question
from dotbench.bench.show.answer import grouped
from dotbench.bench.show.fitted import Column
from dotbench.bench.show.grid import short

COLUMNS: tuple[Column, ...] = (
    Column("layer", words=True), Column("shape", right=True), Column("zeros", right=True), Column("take"),
    Column("bytes", right=True), Column("smaller", right=True), Column("time/dense", right=True),
    Column("type", optional=True), Column("floor", right=True, optional=True),
)  # fmt: skip
ON_TARGET: tuple[Column, ...] = (*COLUMNS[:6], Column("kcycles", right=True), Column("dense", right=True), *COLUMNS[7:])
OF_TIMES = ("time/dense", "kcycles", "dense")


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
        layer.name, f"{shape[0]} x {shape[1]}", zeros(layer), short(layer.pick), grouped(pick.bytes),
        smaller(pick, layer.dense),         pace(pick, layer), layer.weights.dtype, floor,
    ]  # fmt: skip


def front(question: Question, layer: Layer) -> tuple[list[Column], list[list[str]]]:
    """Of one layer all formats, the smallest first, with ``*`` at those that no other beats in bytes and time."""
    columns = [Column(""), Column("format"), Column("bytes", right=True), Column("smaller", right=True)]
    columns += [Column("kcycles" if question.on_target else "time/dense", right=True)]
    rows = []
    for one in sorted(layer.candidates, key=lambda each: each.bytes):
        cost = f"{one.cycles.mid / 1e3:.1f}" if one.cycles else ""
        time = cost if question.on_target else _pace(one) if one.label != layer.dense.label else two_digits(1.0)
        mark = "*" if not question.on_target and _is_on_front(one, layer) else ""
        rows.append([mark, short(one.label), grouped(one.bytes), smaller(one, layer.dense), time])
    return columns, rows


def legend(layers: Sequence[Layer]) -> str:
    """What the marks of times and formats mean, as far as they are there."""
    shown = [one for layer in layers for one in (layer.candidates if len(layers) == 1 else (layer.chosen,))]
    said = ["* no other is as small and as fast"] if len(layers) == 1 and any(one.time for one in shown) else []
    if any(one.time and not one.measured and one.label != layers[0].dense.label for one in shown):
        said.append("~ predicted, not measured")
    if any(one.measured and one.measured.like for one in shown):
        said.append("' measured on another layer of its shape")
    said.append("floor: of dense's bytes, what no code of single entries goes below")
    return "; ".join(said)


def _is_on_front(one: Candidate, layer: Layer) -> bool:
    """Whether no other format with a known time is as small and as fast, and better in one of them."""
    if one.time is None:
        return False
    return not any(
        other.time and other.bytes <= one.bytes and other.time.ratio <= one.time.ratio and other is not one
        and (other.bytes, other.time.ratio) != (one.bytes, one.time.ratio)
        for other in layer.candidates
    )  # fmt: skip


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
    return _pace(one)


def _pace(one: Candidate) -> str:
    if one.time is None:
        return ""
    mark = "'" if one.time.like else ""
    return f"{two_digits(one.time.ratio)}{mark}" if one.measured else f"~{two_digits(one.time.ratio)}"
