"""The committed table, fitted to the committed results. ``python -m dotbench.bench.costs.fit``"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

import click

from dotbench import formats
from dotbench.bench.commands import options
from dotbench.bench.costs.anchors import LEAST, anchored
from dotbench.bench.costs.least_squares import cost, fit, spread
from dotbench.bench.costs.observed import DENSE_PEER, Observation, observations, places
from dotbench.bench.costs.predict import FLOAT32
from dotbench.bench.costs.table import AGAIN, ERROR, FILE, OF_FLOAT32, TWO_THREADS, CostTable, Key, text
from dotbench.bench.costs.work import pieces
from dotbench.bench.record.export import write_whole
from dotbench.bench.show.escape import echo
from dotbench.formats.value_types import value_type

UNSURE = 0.25  # the error of a prediction that rests on a product or two


def table_of(folder: Path) -> CostTable:
    """The table that a folder of results gives: the same for the same rows, on every machine."""
    return CostTable(fitted(observations(folder)), places(folder))


def fitted(found: Sequence[Observation]) -> dict[Key, dict[str, float]]:
    """Steps of every format, type and batch with `LEAST` products or more."""
    known = anchored(found)
    groups: dict[Key, list[Observation]] = {}
    for one in known:
        if one.threads == 1:
            groups.setdefault((one.label, one.counts.dtype, one.batch), []).append(one)
    steps = {}
    for key, some in groups.items():
        if len(some) >= LEAST:
            own = fit(some)
            steps[key] = own | {ERROR: spread(own, some)}
    for key, some in groups.items():  # a type with few products: how far it is from float32
        like = steps.get((key[0], FLOAT32, key[2]))
        if key not in steps and like and value_type(key[1]).arithmetic == value_type(FLOAT32).arithmetic:
            steps[key] = {OF_FLOAT32: statistics.median(one.ns / cost(like, one) for one in some)}
        if key not in steps and like is None and key[0] != DENSE_PEER:
            steps[key] = _one_step(key[0], some)
    gains = _gains(known)
    for label, dtype, batch in steps:
        if (label, dtype) in gains:
            steps[label, dtype, batch][TWO_THREADS] = gains[label, dtype]
    return steps


def _one_step(label: str, some: Sequence[Observation]) -> dict[str, float]:
    """Of a format with hardly any products: all of its time goes to what its product walks through."""
    walks = formats.parse(label).walks
    kind, counted = ("byte", "bytes") if walks == "bytes" else ("entry", "entries")
    each = [one.ns / getattr(one.counts, counted) for one in some if getattr(one.counts, counted)]
    return {kind: statistics.median(each), ERROR: UNSURE} if each else {}


def _gains(known: Sequence[Observation]) -> dict[tuple[str, str], float]:
    """Time with two threads over that with one, by format and type, where both have enough to do."""
    alone = {(one.matrix, one.label, one.batch): one.ns for one in known if one.threads == 1}
    found: dict[tuple[str, str], list[float]] = {}
    for one in known:
        before = alone.get((one.matrix, one.label, one.batch))
        if one.threads == 2 and before and (one.label == DENSE_PEER or pieces(one.counts, one.batch) > 1):
            found.setdefault((one.label, one.counts.dtype), []).append(one.ns / before)
    return {key: statistics.median(some) for key, some in found.items()}


@click.command()
@click.option("--results", type=click.Path(path_type=Path, file_okay=False), default=options.RESULTS, metavar="FOLDER",
              help="Where the rows are (default: results/ of the checkout).")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=FILE, metavar="FILE.tsv",
              help="Where the table goes (default: the committed one).")  # fmt: skip
def main(results: Path, out: Path) -> None:
    """Fits nanoseconds a step to measured products."""
    table = table_of(results)
    write_whole(out, text(table).encode(), AGAIN)
    echo(f"{out}: {sum(map(len, table.steps.values()))} figures of {len(table.steps)} formats, types and batches")
    echo("next: python -m dotbench.bench.costs.evaluate   (how good it is)")


if __name__ == "__main__":
    main()
