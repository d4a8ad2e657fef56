"""The answer of ``dotbench pick`` at a terminal: a line a layer, totals, other goals, checks, the next step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rich.console import Console
from rich.text import Text

from dotbench.bench.pick.answer import Answer, total
from dotbench.bench.pick.choose import labels
from dotbench.bench.pick.question import parse_goal
from dotbench.bench.pick.weights import Model
from dotbench.bench.show import pick_words as words
from dotbench.bench.show.fitted import fitted, left_out
from dotbench.bench.show.pick_table import front, legend, table

CURE = "--markdown"


def print_heads(models: Iterable[Model], console: Console) -> None:
    """What was read, before anything is known of it."""
    for model in models:
        console.print(Text(words.head(model), "bold"), soft_wrap=True)
        for note in model.notes:
            console.print(Text(f"  {note}", "dim"), soft_wrap=True)


def print_sizes(answer: Answer, console: Console) -> None:
    """What sizes alone say, as soon as they are there: times take some seconds more."""
    good = [layer for layer in answer.layers if not layer.failed]
    if good and not answer.question.on_target:
        least = parse_goal("bytes")
        found = total(good, labels(good, least))
        console.print(
            Text(f"sizes alone: {words.summed(replace(found, ns=None))}; times follow", "dim"), soft_wrap=True
        )


def print_answer(answer: Answer, console: Console) -> None:
    """The table, then all that is said in words."""
    good = [layer for layer in answer.layers if not layer.failed]
    if good:
        made = fitted(*table(answer.question, good), console.width)
        console.print(made.table)
        if made.left_out:
            console.print(Text(left_out(made.left_out, console.width, CURE), "dim"), soft_wrap=True)
    if len(good) == 1:
        console.print(fitted(*front(answer.question, good[0]), console.width).table)
    if said := legend(good):
        console.print(Text(said, "dim"), soft_wrap=True)
    for line in words.failures(answer.layers):
        console.print(Text(line, "red"), soft_wrap=True)
    for line in (
        *words.totals(answer, good),
        *words.reasons(good),
        *words.what_if(answer, good, len(good)),
        *words.other_goals(answer, good),
    ):
        console.print(Text(line), soft_wrap=True)
    for line in (*words.not_multiplied(answer.others), *answer.checked):
        console.print(Text(line, "dim"), soft_wrap=True)
    if answer.stopped:
        console.print(Text(f"stopped: {answer.stopped}"), soft_wrap=True)
    for line in answer.written:
        console.print(Text(line), soft_wrap=True)
    console.print(Text(words.next_line(answer, good)), soft_wrap=True)


def as_markdown(answer: Answer) -> str:
    """The same as Markdown: the table with all columns, and what is said in words as a list."""
    from tabulate import tabulate

    good = [layer for layer in answer.layers if not layer.failed]
    shown, rows = table(answer.question, good)
    sides = ["right" if column.right else "left" for column in shown]
    titles = [column.title for column in shown]
    made = tabulate(rows, titles, "github", colalign=sides if rows else None, disable_numparse=True)
    heads = [f"**{words.head(model)}**" + "".join(f"\n{note}" for note in model.notes) for model in answer.models]
    lines = [
        *words.failures(answer.layers),
        *words.totals(answer, good),
        *words.reasons(good),
        *words.what_if(answer, good, len(good)),
        *words.other_goals(answer, good),
        *words.not_multiplied(answer.others),
        *answer.checked,
        *answer.written,
        *([f"stopped: {answer.stopped}"] if answer.stopped else []),
    ]
    return "\n\n".join([*heads, made, "\n".join(f"- {line.strip()}" for line in lines)])
