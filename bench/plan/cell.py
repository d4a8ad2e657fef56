"""One figure of one matrix."""

from __future__ import annotations

from dataclasses import dataclass

REFERENCE = "csc"  # what times are held against, where a cell names nothing else
BOUNDS = ("bound:h0", "bound:huffman", "bound:positions_values")


@dataclass(frozen=True)
class Cell:
    """One figure of one matrix. ``format`` and ``params`` are the CSV's columns.

    Where a metric has no batches, threads or caches they are 0, 0 and empty. ``detail``: what it has
    besides, as ``key=value,key=value`` (an array's shape, a level).
    """

    metric: str
    dataset: str
    format: str
    params: str = ""
    batch: int = 0
    threads: int = 0
    cache: str = ""
    detail: str = ""

    @property
    def label(self) -> str:
        """For people: ``sham``, ``ceiling:decode[format=ham]``."""
        return f"{self.format}[{self.params}]" if self.params else self.format

    @property
    def about(self) -> str:
        """The label of the format that is measured: for a ceiling the one it belongs to."""
        return self.params.removeprefix("format=") if self.format.startswith("ceiling:") else self.label

    def details(self) -> dict[str, str]:
        """``detail`` as a dictionary."""
        return dict(pair.split("=", 1) for pair in self.detail.split(",") if pair)

    @property
    def reference(self) -> str:
        """The format that this cell's time is held against."""
        return self.details().get("reference", REFERENCE)
