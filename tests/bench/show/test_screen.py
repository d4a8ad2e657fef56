"""What a run shows while it goes on: how far it is, how long it takes, on terminals and in logs."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort
from dotbench.bench.plan.plan import Plan
from dotbench.bench.show import screen as screens

PLAN = Plan(("w",), (), effort=Effort(passes=2, most_passes=2))


def test_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encoding counts as timing does: by what each cell may take, at the pace of those that are done."""
    now = [0.0]
    monkeypatch.setattr(screens.time, "monotonic", lambda: now[0])
    space, *timed = [Cell("space", "w", "ham"), *(Cell("time", "w", "ham", batch=batch) for batch in (1, 8, 32))]
    clock = screens.Clock()
    assert clock.share == 1.0 and clock.words() == "0 of 0 cells"
    clock.plan({space: 100.0, **dict.fromkeys(timed, 80.0)})
    now[0] = 20.0
    assert clock.left() == "" and clock.words() == "0 of 4 cells"
    clock.did(space)
    clock.finished(space)
    assert clock.words() == "1 of 4 cells, about 48 s left"  # 240 at a pace of 5
    clock.skip(timed[0], 0.5)
    clock.did(timed[0], 0.5)
    now[0] = 28.0
    assert clock.left() == "about 32 s left" and clock.share == 140 / 300
    clock.did(Cell("space", "w", "csc"))  # a payload that others need, and no cell of the plan
    clock.did(timed[1])
    clock.did(timed[2], 0.95)
    assert clock.left() == "nearly done"


@pytest.mark.parametrize("width", [80, 120])
def test_how_far_it_is_fits_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The live lines of a long name on a narrow terminal are cut, and stay three."""
    out = io.StringIO()
    screen = screens.LiveScreen(Console(file=out, width=width, force_terminal=True), PLAN)
    cell = Cell(
        "time", "dlmc/transformer-variational-90-ffn", "ceiling:decode", "format=eie[coding=huffman]", 8, 1, "warm"
    )
    screen.plan({cell: 1e4})
    now = screens.time.monotonic()
    monkeypatch.setattr(screens.time, "monotonic", lambda: now + 60)
    screen.passed(cell)
    screen.running(cell, "pass 12")
    screen.console.print(screen._lines())
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in out.getvalue().splitlines()]
    assert len(lines) == 3 and max(map(len, lines)) <= width
    assert lines[0].startswith("dlmc/transformer-variational-90-ffn  ceiling:decode")
    assert lines[0].rstrip().endswith("…" if width == 80 else "pass 12")
    assert lines[1].startswith("0 of 1 cell, about 1 min 00 s left") and "50%" in lines[2]


def test_plain_logs_say_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    out, now = io.StringIO(), [0.0]
    monkeypatch.setattr(screens.time, "monotonic", lambda: now[0])
    screen = screens.Screen(Console(file=out, width=80), PLAN)
    first, second = Cell("space", "w", "csc"), Cell("time", "w", "csc", batch=1)
    screen.plan({first: 1.0, second: 4.0})
    now[0] = 16.0
    screen.finished(first, {"status": "ok"})
    now[0] = 24.0
    screen.passed(second)
    now[0] = 32.0
    screen.finished(second, {"status": "failed", "reason": "WrongProduct"})
    assert out.getvalue().splitlines() == [
        "2 cells to measure",
        "  w: 1 of 2 cells, about 1 min 04 s left",
        "  w: csc, time batch 1: failed: WrongProduct",
        "  w: 2 of 2 cells, nearly done",
    ]
