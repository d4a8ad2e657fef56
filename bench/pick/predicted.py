"""Predicted times of formats, from counts: what is timed last, and all that ``--quick`` has."""

from __future__ import annotations

from collections.abc import Sequence

from dotbench.bench.pick.answer import Layer
from dotbench.bench.pick.question import Question


def with_predictions(layers: Sequence[Layer], question: Question) -> list[Layer]:
    """The layers with a predicted time of each format that one is known of."""
    return list(layers)
