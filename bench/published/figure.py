"""What a published figure is, and groups of them: data only, `dotbench.bench.published.paper` computes and judges.

A figure's text is the one that was printed, so that its digits say how closely ours has to agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotbench.bench.published.at_hand import Data

Value = float | str
Compute = Callable[["Data"], Value]


@dataclass(frozen=True)
class Figure:
    """A published figure that can be computed here.

    ``published``: as printed: ``1.01491``, ``2.907e-3``, a range ``1.6 to 2.0``, or words that ours has to equal.
    ``source``: the paper, table or file. ``unit`` of both. ``compute`` raises `NotAtHand` where its data is not.
    ``note``: what a reader should know of it. ``differs``: it is known not to agree, and the note says why.
    ``beside``: another figure of ours to print next to it, see `Group.beside`.
    """

    what: str
    source: str
    published: str
    compute: Compute
    unit: str = ""
    note: str = ""
    differs: bool = False
    beside: Compute | None = None

    def __post_init__(self) -> None:
        if self.differs and not self.note:
            raise ValueError(f"{self.what}: a figure that differs needs a note that says why")


@dataclass(frozen=True)
class Group:
    """Figures that stand in one table. ``about``: what they are; ``beside``: the title over `Figure.beside`."""

    title: str
    about: str
    figures: tuple[Figure, ...]
    beside: str = ""


@dataclass(frozen=True)
class Absent:
    """Published figures that are not computed here: they are listed as published, and never as ours.

    ``needs``: what computing them would take.
    """

    what: str
    source: str
    published: str
    unit: str
    needs: str
