"""What the report draws of a metric: axes of the plot of size against speed, and a chart of its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """A figure. ``low``, ``high``: columns of its interval; ``kind``: how it prints, see ``assets/numbers.js``;
    ``place``: where it stands among the axes that are offered, the lowest first; ``usual``: every plot has it at first.
    """

    column: str
    title: str
    kind: str = "number"
    low: str = ""
    high: str = ""
    place: int = 50
    usual: bool = False


@dataclass(frozen=True)
class Strip:
    """A figure. ``before``: the column it is compared with; ``low``, ``high``: its interval; ``kind`` as in axes."""

    column: str
    title: str
    kind: str = "number"
    before: str = ""
    low: str = ""
    high: str = ""


@dataclass(frozen=True)
class Chart:
    """A strip of dots a figure, for what is no trade of size against speed. ``link``: what the page's list calls it.

    ``lines``: keys that make lines of their own; a value of each of the file's other keys is chosen.
    ``beside``: the column without which no other figure may stand."""

    title: str
    link: str
    text: str
    strips: tuple[Strip, ...]
    lines: tuple[str, ...] = ()
    beside: str = ""
