"""Made-up measurements of break-even, for tests of what is made of them."""

from __future__ import annotations

from dotbench.bench.breakeven import measure, question
from dotbench.bench.breakeven.thresholds import Point, Threshold
from dotbench.bench.timing.pairs import Estimate


def answer(asked: question.Question, **first: float) -> measure.Answer:
    """Made-up measurements: a format's ratio without zeros, 4 where nothing else is said, falling with nonzeros."""
    found = measure.Answer(asked, f"random/{asked.shape[0]}x{asked.shape[1]}-{asked.values}-{asked.dtype}", "ab" * 32)
    found.passes = 6
    rival = measure.dense_products(asked.dtype)[0]
    for batch in asked.batches:
        found.rivals[batch], found.best[batch] = [measure.Rival(rival)], rival
    for one in asked.formats:
        sizes = {zeros: round(asked.dense_bytes * 2 * (1.0 - zeros / 100)) for zeros in asked.zeros}
        found.sizes[one] = measure.Size(
            sizes, Threshold("from", asked.zeros[0], asked.zeros[-1], 50.1, 50.1, 50.1), 501
        )
        for batch in asked.batches:
            ratios = [(zeros, first.get(one.name, 4.0) * (1.001 - zeros / 100)) for zeros in asked.zeros]
            points = [Point(zeros, Estimate(ratio, ratio / 1.02, ratio * 1.02, 6)) for zeros, ratio in ratios]
            found.curves[one, rival, batch] = measure.Curve(points)
    return found
