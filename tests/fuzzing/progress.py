"""What was tried so far, added up: progress.csv, a line a target and build."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

PROGRESS = Path(__file__).with_name("progress.csv")
GOALS = {"payload": 10_000_000, "reader": 1_000_000}


@dataclass(frozen=True)
class Tried:
    """``edges`` is the most that a run reached, ``findings`` how many were confirmed; ``last_run`` a date."""

    target: str
    build: str
    executions: int = 0
    edges: int = 0
    seconds: int = 0
    findings: int = 0
    last_run: str = ""

    def plus(self, other: Tried) -> Tried:
        """Both, one after the other."""
        return replace(
            self,
            executions=self.executions + other.executions,
            edges=max(self.edges, other.edges),
            seconds=self.seconds + other.seconds,
            findings=self.findings + other.findings,
            last_run=max(self.last_run, other.last_run),
        )


Progress = dict[tuple[str, str], Tried]


def read(path: Path = PROGRESS) -> Progress:
    """What the file says; nothing where there is none."""
    if not path.exists():
        return {}
    numbers = {field.name for field in fields(Tried) if field.type == "int"}
    with path.open(newline="") as file:
        lines = [
            Tried(**{name: int(text) if name in numbers else text for name, text in row.items()})
            for row in csv.DictReader(file)
        ]
    return {(tried.target, tried.build): tried for tried in lines}


def added(progress: Progress, runs: Iterable[Tried]) -> Progress:
    """With more runs in it."""
    total = dict(progress)
    for run in runs:
        place = (run.target, run.build)
        total[place] = total.get(place, Tried(run.target, run.build)).plus(run)
    return total


def write(progress: Progress, path: Path = PROGRESS) -> None:
    """The file anew, sorted."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(field.name for field in fields(Tried))
    lines.writerows(astuple(progress[place]) for place in sorted(progress))
    path.write_text(text.getvalue())


def executions(progress: Progress, kind: str) -> int:
    """Of all targets of a kind: payload or reader."""
    return sum(tried.executions for tried in progress.values() if tried.target.startswith(f"{kind}:"))


def told(progress: Progress) -> list[str]:
    """How far it is, and the next step: one line a goal, then the command."""
    lines, minutes = [], 0.0
    for kind, goal in GOALS.items():
        done = executions(progress, kind)
        seconds = sum(tried.seconds for tried in progress.values() if tried.target.startswith(f"{kind}:"))
        missing = max(0, goal - done)
        words = f"{missing:,} are missing" if missing else "the goal is reached"
        lines.append(f"{kind}s: {done:,} of {goal:,} executions in {seconds:,} s; {words}")
        minutes += missing * seconds / done / 60 if done else 10
    step = f"nox -s fuzz -- --minutes {max(1, round(minutes))}" if minutes else "commit progress.csv"
    return [*lines, f"next: {step}"]
