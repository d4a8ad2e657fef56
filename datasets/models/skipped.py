"""Operators whose weights are not read: why, and under which name somebody may ask for them."""

from __future__ import annotations

from dataclasses import dataclass


class Skipped(Exception):
    """Weights that this reader does not take, and why: of one operator, while the others are read."""


@dataclass(frozen=True)
class SkippedOperator:
    """``number`` is the operator's place in the graph (``05``, ``s1_05``), ``code`` what it is in words."""

    number: str
    code: str
    reason: str

    def __str__(self) -> str:
        return f"operator {self.number} ({self.code}): {self.reason}"

    def is_meant_by(self, pattern: str) -> bool:
        """Whether a layer's name or a glob of names can only mean this operator.

        >>> skipped = SkippedOperator("05", "CONV_2D", "odd")
        >>> [skipped.is_meant_by(name) for name in ("05", "05_conv1x1", "05*", "04_conv1x1", "*")]
        [True, True, True, False, False]
        """
        return pattern.rstrip("*?") == self.number or pattern.startswith(f"{self.number}_")
