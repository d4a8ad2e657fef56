"""What a run leaves in memory: rows, and how long things took."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
TROUBLES = ("failed", "timeout")


@dataclass
class Outcome:
    """Rows by file, in no order, and seconds of wall time.

    ``unrecorded``: cells whose rows are nowhere but here, for the journal could not be written (``full`` says why).
    ``timing_seconds``: of all timing passes; in it ``start_seconds`` until the processes had started and
    imported, and ``sampling_seconds`` in samples. ``missing``: matrices without rows, and why.
    ``slowdown``: wall time over processor time of the last timing pass; None before the first.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    measuring_seconds: float = 0.0
    timing_seconds: float = 0.0
    start_seconds: float = 0.0
    sampling_seconds: float = 0.0
    missing: list[str] = field(default_factory=list)
    unrecorded: int = 0
    full: str = ""
    slowdown: float | None = None

    def add(self, file: str, row: Row) -> None:
        self.rows.setdefault(file, []).append(row)

    def all(self) -> list[Row]:
        return [row for part in self.rows.values() for row in part]

    def failed(self) -> list[Row]:
        return [row for row in self.all() if row["status"] in TROUBLES]

    def busy_rows(self) -> str | None:
        """That other processes had the cores, and which rows it shows in; None where it shows in none."""
        count = sum(str(row.get("stop", "")).endswith("busy") for row in self.rows.get("time", []))
        if not count:
            return None
        rows = f"{count} of {len(self.rows['time'])} times have fewer or shorter passes and wider intervals"
        return f"other processes had the cores: {rows} (stop says busy); they are narrower on a quiet machine"

    def overhead(self) -> tuple[float, float] | None:
        """Time outside samples as a share of sampling: all of it, and without starts and imports."""
        if not self.sampling_seconds:
            return None
        outside = self.timing_seconds - self.sampling_seconds
        return outside / self.sampling_seconds, (outside - self.start_seconds) / self.sampling_seconds
