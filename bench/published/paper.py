"""Every published figure beside ours: computed, compared in the digits that were printed, judged.

`dotbench.bench.published` has the figures, `dotbench.bench.show.paper` draws the tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from dotbench.bench.published.at_hand import Data, NotAtHand
from dotbench.bench.published.figure import Compute, Figure, Group, Value
from dotbench.datasets.errors import DataError

RANGE = " to "  # between the ends of a published range
AGREES, DISAGREES, FAILED = 0, 1, 2  # exit statuses


@dataclass(frozen=True)
class Result:
    """A figure and what was computed for it. Texts have the digits of the published one.

    ``ours`` and ``beside`` are empty where there is none; ``lacks`` names data that is not at hand; ``error``:
    why it could not be computed though its data is there. ``ratio``: ours over the published one.
    """

    figure: Figure
    ours: str = ""
    beside: str = ""
    equal: bool = False
    ratio: float | None = None
    lacks: str = ""
    error: str = ""

    @property
    def lost(self) -> bool:
        """Whether the figure used to agree and does not any more."""
        return bool(self.ours) and not self.equal and not self.figure.differs

    @property
    def verdict(self) -> str:
        """In words: equal in the published digits, or by how much ours is more or less.

        >>> Result(Figure("w", "p", "1.20", lambda data: 1.5), "1.50", ratio=1.25).verdict
        '+25 %'
        """
        if self.error or self.lacks:
            return "failed" if self.error else "not at hand"
        if self.equal:
            return "inside" if RANGE in self.figure.published else "equal"
        return "differs" if self.ratio is None else difference(self.ratio)


def difference(ratio: float) -> str:
    """Ours over the published figure as percent, or as a factor where they are far apart.

    >>> difference(0.99331), difference(1.00004), difference(4.4), difference(1000.02), difference(0.05)
    ('-0.67 %', '+0.004 %', '4.4 x', '1000 x', '0.05 x')
    """
    if 0.1 < ratio < 2:
        return f"{100 * (ratio - 1):+.2g} %"
    return f"{ratio:.2g} x" if ratio < 10 else f"{ratio:.0f} x"


def printed(value: Value, like: str) -> str:
    """A value in the digits of a published text.

    >>> printed(1.014908, "1.01491"), printed(0.006027, "6.027e-6"), printed(1.66, "1.6 to 2.0"), printed(64.0, "64")
    ('1.01491', '6.027e-3', '1.7', '64')
    """
    if isinstance(value, str):
        return value
    digits, exponent, _ = like.partition(RANGE)[0].partition("e")
    decimals = len(digits.partition(".")[2])
    if not exponent:
        return f"{value:.{decimals}f}"
    mantissa, _, power = f"{value:.{decimals}e}".partition("e")
    return f"{mantissa}e{int(power)}"


def agrees(ours: str, published: str) -> bool:
    """Whether a text of `printed` equals the published one, or lies in its range.

    >>> agrees("1.7", "1.6 to 2.0"), agrees("2.7", "1.6 to 2.0"), agrees("64", "64")
    (True, False, True)
    """
    low, separator, high = published.partition(RANGE)
    return float(low) <= float(ours) <= float(high) if separator else ours == published


def evaluate(figure: Figure, data: Data) -> Result:
    """Computes a figure; data that is not at hand, and errors, are part of the result.

    DataError goes through: data that is damaged is no matter of one figure.
    """
    try:
        value = figure.compute(data)
        ours = printed(value, figure.published)
        beside = _beside(figure.beside, figure.published, data)
    except NotAtHand as lack:
        return Result(figure, lacks=str(lack))
    except DataError:
        raise
    except Exception as error:
        return Result(figure, error=f"{type(error).__name__}: {error}")
    return Result(figure, ours, beside, agrees(ours, figure.published), _ratio(value, figure.published))


def _beside(compute: Compute | None, like: str, data: Data) -> str:
    return "" if compute is None else printed(compute(data), like)


def _ratio(value: Value, published: str) -> float | None:
    """Ours over the published figure, or over the nearer end of its range; None for words and for 0."""
    if isinstance(value, str):
        return None
    ends = [float(text) for text in published.split(RANGE)]
    nearest = min(ends, key=lambda end: abs(value - end))
    return value / nearest if nearest else None


Results = list[tuple[Group, list[Result]]]


def evaluate_all(
    groups: Iterable[Group], data: Data, done: Callable[[Group, Result], None] = lambda group, result: None
) -> Results:
    """All figures of all groups; ``done`` is told of each one."""
    found: Results = []
    for group in groups:
        found.append((group, []))
        for figure in group.figures:
            found[-1][1].append(evaluate(figure, data))
            done(group, found[-1][1][-1])
    return found


def every(results: Results) -> Iterator[Result]:
    """The results of all groups."""
    for _, found in results:
        yield from found


def lost_or_failed(results: Results) -> list[str]:
    """A line for each figure that no longer agrees or cannot be computed any more."""
    lines = []
    for group, found in results:
        for result in found:
            where = f"{group.title}: {result.figure.what}"
            if result.error:
                lines.append(f"{where}: {result.error}")
            elif result.lost:
                lines.append(f"{where}: {result.figure.published} published, {result.ours} here ({result.verdict})")
    return lines


def status(results: Results) -> int:
    """Exit status: 2 if a figure could not be computed, 1 if one that used to agree does not, else 0."""
    if any(result.error for result in every(results)):
        return FAILED
    return DISAGREES if any(result.lost for result in every(results)) else AGREES


def counts(results: Results) -> Counter[str]:
    """How many figures are ``equal``, ``differ`` (with a reason), ``lost``, ``lacking`` and ``failed``."""
    return Counter(
        "failed" if one.error
        else "lacking" if one.lacks
        else "equal" if one.equal
        else "lost" if one.lost
        else "differ"
        for one in every(results)
    )  # fmt: skip
