"""How good the predictions are, on matrices that the steps were not fitted to: a family is left out, all others are
fitted, and the family's formats are ranked. ``python -m dotbench.bench.costs.evaluate``

A family is what was pruned from one network or made by one recipe (`observed.family`); of the curves of breakeven.csv a
shape. With a family go the curves of every shape that it has, so that no shape is known before.

What is known before all the same: the kinds of steps, the lengths of caches and the few constants of the fit and of the
ranking were chosen by looking at these very rows.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from dotbench.bench.commands import options
from dotbench.bench.costs.anchors import LEAST, anchored
from dotbench.bench.costs.least_squares import cost, fit, spread
from dotbench.bench.costs.observed import DENSE_PEER, Observation, observations
from dotbench.bench.costs.predict import Predicted, ranked
from dotbench.bench.show.escape import echo

NEAR, FAR = 0.03, 0.15  # regrets that were asked for: in 95 % of matrices, and in all
LEAST_CHOICE = 4, 8  # formats of a matrix, and of a curve's point, for a choice that counts: finer points have few
DENSE = ("dense", "dense_s8", DENSE_PEER)
CANDIDATES = (("lossless formats", False, False), ("no larger than dense", False, True), ("and numpy", True, False))


@dataclass(frozen=True)
class HeldOut:
    """A product, and what was said of it by steps that were fitted without its family."""

    measured: Observation
    predicted: Predicted

    @property
    def error(self) -> float:
        """Logarithm of predicted over measured nanoseconds."""
        return math.log(self.predicted.ns / self.measured.ns)


@dataclass(frozen=True)
class Choice:
    """Of one matrix: the format that is predicted to be the fastest, and the one that was. ``regret``: by how much the
    first is slower, as a share. ``ordered``: whether the two fastest are told apart; None where they are within
    `NEAR` of each other."""

    matrix: str
    predicted: str
    best: str
    regret: float
    ordered: bool | None


def held_out(found: Sequence[Observation], batch: int, dtype: str, points: bool = True) -> list[HeldOut]:
    """Every product of one thread of a batch and a type, predicted without its family.

    ``found``: as `observations` has it. ``points``: whether those of curves are predicted, too; they always help to
    fit. What turns their ratios into nanoseconds is found without the family, too; of a shape that is left out itself
    it is one factor for all of its formats, and changes no order.
    """
    own_type = [one for one in found if (one.counts.dtype, one.threads) == (dtype, 1)]
    whole = [one for one in anchored(own_type) if one.batch == batch]
    shapes: dict[str, set[tuple[int, int]]] = {}
    for one in whole:
        if points or not one.is_point:
            shapes.setdefault(one.family, set()).add((one.counts.n, one.counts.m))
    said = []
    for family in sorted(shapes):
        asked = [one for one in whole if one.family == family]
        others = whole
        if not asked[0].is_point:
            others = anchored([one for one in own_type if one.batch == batch and one.family != family])
        said += _predicted(asked, [
            one for one in others
            if one.family != family and not (one.is_point and (one.counts.n, one.counts.m) in shapes[family])
        ])  # fmt: skip
    return said


def _predicted(asked: Sequence[Observation], others: Sequence[Observation]) -> list[HeldOut]:
    """Products by what others were fitted to, format by format; those of a format that has too few others left out."""
    said = []
    for label in sorted({one.label for one in asked}):
        known = [one for one in others if one.label == label]
        if len(known) >= LEAST:
            fitted = fit(known)
            error = spread(fitted, known)
            said += [
                HeldOut(one, Predicted(label, max(cost(fitted, one), 1e-3), one.counts.bytes, error))
                for one in asked
                if one.label == label
            ]
    return said


def choices(found: Iterable[HeldOut], blas: bool = False, not_larger: bool = False) -> list[Choice]:
    """What the predictions choose for each matrix among its lossless formats.

    ``blas``: numpy's dense product is one of them. ``not_larger``: only those that take no more bytes than the dense
    array.
    """
    matrices: dict[str, list[HeldOut]] = {}
    for one in found:
        if one.measured.lossless and (blas or one.measured.label != DENSE_PEER):
            matrices.setdefault(one.measured.matrix, []).append(one)
    chosen = []
    for matrix, some in matrices.items():
        limit = min((one.measured.counts.bytes for one in some if one.measured.label in DENSE), default=math.inf)
        kept = [one for one in some if not not_larger or one.measured.counts.bytes <= limit]
        if len(kept) >= LEAST_CHOICE[some[0].measured.is_point]:
            chosen.append(_choice(matrix, kept))
    return chosen


def _choice(matrix: str, some: Sequence[HeldOut]) -> Choice:
    by_label = {one.measured.label: one for one in some}
    order = ranked(one.predicted for one in some)
    first = by_label[order[0].label]
    best, second = sorted(some, key=lambda one: one.measured.ns)[:2]
    regret = first.measured.ns / best.measured.ns - 1
    tied = second.measured.ns <= (1 + NEAR) * best.measured.ns
    return Choice(matrix, order[0].label, best.measured.label, regret,
                  None if tied else best.predicted.surely < second.predicted.surely)  # fmt: skip


def summary(chosen: Sequence[Choice]) -> str:
    """In a line: shares within the limits, the largest regret, and how many pairs are in order."""
    regrets = [one.regret for one in chosen]
    told = [one.ordered for one in chosen if one.ordered is not None]
    near, far = (sum(one <= limit for one in regrets) / len(regrets) for limit in (NEAR, FAR))
    order = f"{sum(told)} of {len(told)}" if told else "none apart"
    return (
        f"{len(regrets):3d} matrices: within 3 % {near:5.1%}, within 15 % {far:6.1%}, "
        f"worst {max(regrets):6.1%}, best two in order {order}"
    )


@click.command()
@click.option("--results", type=click.Path(path_type=Path, file_okay=False), default=options.RESULTS, metavar="FOLDER",
              help="Where the rows are (default: results/ of the checkout).")  # fmt: skip
@click.option("--worst", default=3, metavar="N", help="How many of the worst choices are named.")
@click.option("--errors", is_flag=True, help="The error of each format, too.")
def main(results: Path, worst: int, errors: bool) -> None:
    """Predictions held against what was measured, a family of matrices left out at a time."""
    known = observations(results)
    for dtype in ("float32", "int8"):
        for batch in sorted({one.batch for one in known if one.counts.dtype == dtype}):
            every = held_out(known, batch, dtype)
            for name, points in (("real matrices", False), ("seeded curves", True)):
                found = [one for one in every if one.measured.is_point == points]
                if not choices(found):
                    continue
                echo(f"{dtype}, batch {batch}, {name}; median error of a prediction "
                     f"{statistics.median(abs(one.error) for one in found):.1%}")  # fmt: skip
                for title, blas, not_larger in CANDIDATES:
                    if not (chosen := choices(found, blas, not_larger)):
                        continue
                    echo(f"  {title:20s} {summary(chosen)}")
                    for one in sorted(chosen, key=lambda one: -one.regret)[:worst]:
                        if one.regret > NEAR:
                            echo(f"      {one.regret:6.1%} {one.matrix}: {one.predicted}, where {one.best} is best")
                if errors:
                    _say_errors(found)


def _say_errors(found: Sequence[HeldOut]) -> None:
    for label in sorted({one.measured.label for one in found}):
        own = [one.error for one in found if one.measured.label == label]
        echo(f"      {label:24s} median {statistics.median(map(abs, own)):6.1%}, "
             f"from {min(own):+.2f} to {max(own):+.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
