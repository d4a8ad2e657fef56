"""Timing beside a load, by a virtual clock: it ends, a quiet machine sees nothing of it, and rows say what they are."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from dotbench.bench.metrics import time as time_meter
from dotbench.bench.metrics.messages import Done, Event, Task, Worker
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import QUICK, Effort
from dotbench.bench.run import passes
from dotbench.bench.run.outcome import Outcome
from dotbench.bench.timing import allowance
from dotbench.bench.timing.allowance import LEAST, Allowance, Spent, factor

CELLS = [Cell("time", "w", "sham", batch=number) for number in range(1, 41)]
OVERHEAD = 0.5  # quiet seconds of starting a process and checking products
WAITS = 0.002  # quiet seconds of a round from which on it is interrupted where others have the cores


@dataclass
class Machine:
    """A clock on which processes take ``slowdown`` times as long as alone; it measures what it is asked to.

    Rounds that had to wait are measured again, as `dotbench.bench.timing.pairs` does it: all but short ones wait.
    """

    slowdown: float = 1.0
    noise: float = 0.01
    now: float = 0.0
    cpu: float = 0.0
    efforts: list[Effort] = field(default_factory=list)
    dice: random.Random = field(default_factory=lambda: random.Random(7))

    def run(self, task: Task, cells: Sequence[Cell], listen: Any, *_: Any) -> None:
        effort = task.effort
        self.efforts.append(effort)
        self._work(OVERHEAD)
        for cell in cells:
            sample = effort.sample_ms / 1e3
            tries = allowance.AGAIN if self.slowdown > 1.2 and 4 * sample > WAITS else 1
            self._work(4 * sample * effort.rounds * tries)
            wide = self.noise * self.slowdown * (4 / effort.rounds) ** 0.5
            ns = sample / 100 * 1e9 * self.slowdown
            data = {
                "log_ratio": self.dice.gauss(0.5, wide), "ns": ns, "reference_ns": ns, "repeats": 100,
                "reference_repeats": 100, "rounds": [(ns, ns)] * effort.rounds, "call_ns": 0.0, "open_us": 1.0,
                "sampling_seconds": 4 * sample * effort.rounds * tries * self.slowdown, "product_error": 0.0,
            }  # fmt: skip
            listen(Done(cell, data), None)

    def _work(self, seconds: float) -> None:
        self.cpu += seconds
        self.now += seconds * self.slowdown


class Rows:
    """What `Passes` wants of the rows of a matrix."""

    def __init__(self) -> None:
        self.outcome = Outcome()
        self.kept: dict[Cell, list[dict[str, Any]]] = {cell: [] for cell in CELLS}
        self.rows: dict[Cell, dict[str, Any]] = {}
        nothing = lambda *_: None  # noqa: E731
        self.screen = SimpleNamespace(resumed=nothing, running=nothing, passed=nothing)

    def heard(self, event: Event, worker: Worker | None) -> None:
        assert worker is None

    def add_pass(self, cell: Cell, data: dict[str, Any]) -> None:
        self.kept[cell].append(data)

    def passes(self, cell: Cell) -> list[dict[str, Any]]:
        return self.kept[cell]

    def row(self, cell: Cell, status: str, reason: str = "", columns: dict[str, Any] | None = None) -> dict[str, Any]:
        return {"status": status, **(columns or {})}

    def finish(self, cell: Cell, row: dict[str, Any]) -> None:
        self.rows[cell] = row


def timed(machine: Machine, monkeypatch: pytest.MonkeyPatch, effort: Effort | None = None) -> Rows:
    """All cells on that machine; it sees at the start how busy it is."""
    monkeypatch.setattr(passes.processes, "run", machine.run)
    monkeypatch.setattr(passes.time, "monotonic", lambda: machine.now)
    monkeypatch.setattr(passes, "_processor_seconds", lambda: machine.cpu)
    rows = Rows()

    def columns(cell: Cell, kept: list[dict[str, Any]], stop: str) -> dict[str, Any]:
        return time_meter.columns_of_row(cell, kept, 1000, None, stop)

    work = passes.Passes(rows, effort or Effort(), lambda cells: Task("time"), 1.0, columns, machine.slowdown)  # type: ignore[arg-type]
    work.run(list(CELLS))
    assert len(rows.rows) == len(CELLS)
    return rows


def test_a_quiet_machine_sees_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    rows = timed(machine, monkeypatch)
    assert set(machine.efforts) == {Effort()} and len(machine.efforts) >= Effort().passes
    assert all(row["passes"] >= 8 and "busy" not in row["stop"] for row in rows.rows.values())


def test_noise_alone_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wide intervals of a quiet machine get the same passes as ever: until the cap of the matrix."""
    machine = Machine(noise=0.2)
    rows = timed(machine, monkeypatch)
    assert set(machine.efforts) == {Effort()}
    assert {row["stop"] for row in rows.rows.values()} <= {"cap 28 s", "width 2%"}


@pytest.mark.parametrize("slowdown", [1.4, 2.0, 3.0])  # at 1.4 rounds are measured again and again
def test_both_cores_busy(slowdown: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within three times the quiet time, where it took eight times as long and more."""
    quiet, busy = Machine(), Machine(slowdown)
    timed(quiet, monkeypatch)
    rows = timed(busy, monkeypatch)
    assert busy.now <= 3 * quiet.now
    unlimited = Effort().passes * (OVERHEAD + len(CELLS) * 4 * 4 * 5e-3 * allowance.AGAIN) * slowdown
    assert unlimited >= 3 * quiet.now
    assert all(row["passes"] >= LEAST and row["stop"].endswith("busy") for row in rows.rows.values())


def test_a_very_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet, busy = Machine(), Machine(9.0)
    timed(quiet, monkeypatch)
    rows = timed(busy, monkeypatch)
    assert busy.now <= 3 * quiet.now and busy.efforts[-1].sample_ms == 0.5
    widths = [(row["ratio_high"] / row["ratio_low"]) ** 0.5 - 1 for row in rows.rows.values()]
    covered = sum(row["ratio_low"] <= 2.718281828**0.5 <= row["ratio_high"] for row in rows.rows.values())
    assert min(widths) > 0.02 and covered >= 0.95 * len(CELLS)  # honest: the true ratio lies inside


def test_a_load_that_comes_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    plain = machine.run

    def run(*arguments: Any) -> None:
        machine.slowdown = 2.0 if 2 <= len(machine.efforts) < 4 else 1.0
        plain(*arguments)

    machine.run = run  # type: ignore[method-assign]
    rows = timed(machine, monkeypatch)
    assert [effort == Effort() for effort in machine.efforts][:8] == [True] * 3 + [False] * 2 + [True] * 3
    assert all(row["passes"] >= 8 and row["stop"].endswith("busy") for row in rows.rows.values())


def test_quick_runs_have_few_passes_anyway(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(3.0)
    rows = timed(machine, monkeypatch, QUICK)
    assert all(row["passes"] == QUICK.passes for row in rows.rows.values())
    assert all(one.rounds <= QUICK.rounds and one.sample_ms <= QUICK.sample_ms for one in machine.efforts)


def test_what_a_pass_says_of_the_machine() -> None:
    spent = Spent(wall=8.0, cpu=2.0, sampling=6.0, kept=2.0)
    assert (spent.slowdown, spent.again) == (4.0, 3.0)
    assert Spent(1.0, 1.9, 0.5, 0.5).slowdown == 1.0  # two threads
    assert Spent(0.0, 0.0, 0.0, 0.0).slowdown == Spent(0.0, 0.0, 0.0, 0.0).again == 1.0
    known = Allowance(Effort(), 4.0)
    known.add(Effort(), spent)
    assert (known.overhead, known.sampling) == (0.5, 0.5)
    assert known.allowed == pytest.approx(factor(4.0) * 8)


def test_the_machine_is_looked_at_once_before_the_first_pass() -> None:
    looks: list[float] = []
    known = Allowance(Effort(), None, lambda: looks.append(5.0) or 5.0)
    assert known.next() != Effort() and known.busy and known.next() and looks == [5.0]
    assert Allowance(Effort(), None, lambda: 1.0).next() == Effort()
    assert allowance.probe() > 0.9
