"""What `diff` compares of a metric."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A column that is compared.

    ``words``: what it is called when it went down, and up. ``name``: what ``--fail-on`` calls it.
    ``low``, ``high``: the columns of its interval, for what is measured and not counted; ``count``: the
    column with the number of measurements behind it. ``equal``: columns that have to agree for this figure,
    besides the metric's. ``answer``: a column of words, which stands for the number where there is none. ``gates``: a
    change for the worse may fail a build; ``limit``: by how much it may get worse where ``--fail-on`` does not say it,
    as that writes it (``1%``), empty for no limit.
    """

    column: str
    words: tuple[str, str] = ("fewer", "more")
    name: str = ""
    more_is_better: bool = False
    low: str = ""
    high: str = ""
    count: str = ""
    gates: bool = True
    equal: tuple[str, ...] = ()
    limit: str = ""
    answer: str = ""

    @property
    def title(self) -> str:
        return self.name or self.column

    @property
    def exact(self) -> bool:
        return not self.low


SIZE = ("smaller", "larger")
SPEED = ("faster", "slower")
LEVEL = ("lower", "higher")
ENERGY = ("less", "more")
