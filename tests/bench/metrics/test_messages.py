"""Messages: every one comes back as it was sent, and what is none is refused with the place where it is wrong."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from dotbench.bench.metrics import messages
from dotbench.bench.metrics.events import Wire
from dotbench.bench.metrics.messages import (
    Done,
    Failed,
    Order,
    Part,
    Ready,
    Started,
    Task,
    Without,
    Worker,
    read,
    read_order,
)
from dotbench.bench.metrics.place import Place
from dotbench.bench.metrics.typed_json import Malformed, to_json
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.effort import Effort

CELL = Cell("time", "w", "column_combined", "alpha=8,gamma=0.5", 8, 2, "cold", "reference=csc")
WORKER = Worker(Place("AMD EPYC x2", "x86_64_v3", "zig-0.17.1"), "b007")
TASK = Task(
    "time", "ab" * 32, Path("/home/payloads/abab"), Path("/home/matrices/w"), {"csc": Path("/x/csc.dbp")}, "dense_s8",
    Effort(passes=3, sample_ms=0.5), (1, 8), 77,
)  # fmt: skip


@pytest.mark.parametrize(
    "event",
    [
        Ready(0.25, WORKER),
        Started(CELL),
        Done(CELL, {"bytes": 12, "ratio": 0.5, "none": None, "rounds": [[1.0, 2.0]], "lossless": True}),
        Done(CELL, {}, "not measured: no counters"),
        Without(CELL, "unavailable", "no QEMU", {"model": 1.5}),
        Without(CELL, "skipped", "too much work"),
        Without(CELL, "timeout", "QEMU did not end"),
        Failed(CELL, "WrongProduct: 1 of 2"),
    ],
)
def test_events_come_back(event: Any) -> None:
    said = messages.line(event)
    assert "\n" not in said and read(said) == read(said.encode()) == event
    assert type(event) in messages.SENT.values()


def test_orders_come_back() -> None:
    order = Order((Part(TASK, (CELL, Cell("time", "w", "csc"))), Part(Task("space"), ())), 12.5)
    assert read_order(json.dumps(to_json(order))) == order
    assert read_order(json.dumps(to_json(order))).parts[0].task.paths["csc"] == Path("/x/csc.dbp")
    assert read_order(json.dumps(to_json(Order((), 12)))).sent_at == 12.0  # JSON may leave the point out


def test_what_a_wire_sends() -> None:
    out = io.StringIO()
    wire = Wire(out)
    wire.ready(0.5, WORKER)
    wire.start(CELL)
    wire.done(CELL, {"a": 1}, "remark")
    wire.lack(CELL, "skipped", "why")
    wire.fail(CELL, ValueError())
    assert [read(one) for one in out.getvalue().splitlines()] == [
        Ready(0.5, WORKER), Started(CELL), Done(CELL, {"a": 1}, "remark"), Without(CELL, "skipped", "why"),
        Failed(CELL, "ValueError: ValueError"),
    ]  # fmt: skip


def test_statuses_of_rows() -> None:
    assert [(one.status, one.reason) for one in (Done(CELL, {}, "r"), Failed(CELL, "f"), Without(CELL, "skipped", "s"))] == [
        ("ok", "r"), ("failed", "f"), ("skipped", "s"),
    ]  # fmt: skip
    with pytest.raises(Malformed, match="'ok', none of unavailable, skipped, timeout"):
        Wire(io.StringIO()).lack(CELL, "ok", "a success")


GOOD = json.loads(messages.line(Done(CELL, {})))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("", "no JSON"),
        ("\xff", "no JSON"),
        ("3", "no object"),
        ("{}", "there is no event None"),
        (GOOD | {"event": ["done"]}, r"there is no event \['done'\]"),
        (GOOD | {"event": "timeout"}, "there is no event 'timeout'"),
        (GOOD | {"data": []}, r"Done.data is \[\], no dict"),
        (GOOD | {"more": 1}, "Done has 'more', which it does not know"),
        (GOOD | {"cell": None}, "Done.cell is None, no object"),
        (GOOD | {"cell": GOOD["cell"] | {"threads": True}}, "Done.cell.threads is True, no int"),
        (GOOD | {"cell": {"metric": "time", "dataset": "w"}}, "Done.cell lacks 'format'"),
        ({"event": "ready", "seconds": "1", "worker": to_json(WORKER)}, "Ready.seconds is '1', no float"),
        ({"event": "ready", "seconds": 1.0, "worker": {"place": 1, "boot": ""}}, "Ready.worker.place is 1, no object"),
        ({"event": "without", "cell": GOOD["cell"], "status": "ok", "reason": ""}, "Without.status is 'ok'"),
    ],
)
def test_what_is_no_event(said: Any, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        read(said if isinstance(said, str) else json.dumps(said))


def test_what_is_no_order() -> None:
    known = to_json(Order((Part(TASK, (CELL,)),), 1.0))
    for place, value, reason in (
        ("paths", {"csc": 3}, r"Order.parts.task.paths\['csc'\] is 3, no Path"),
        ("batches", 8, "Order.parts.task.batches is 8, no"),
        ("effort", {"passses": 3}, "Order.parts.task.effort has 'passses'"),
    ):
        broken = json.loads(json.dumps(known))
        broken["parts"][0]["task"][place] = value
        with pytest.raises(Malformed, match=reason):
            read_order(json.dumps(broken))
