"""What a run and its measuring processes tell each other: one definition for both ends, a line of JSON a message.

A run sends one `Order`. Its worker answers with `Ready`, and of every cell with `Started` and then one of `Done`,
`Without` and `Failed`. `TimedOut` no worker sends: the run says it of one that was silent for too long.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from dotbench.bench.metrics.place import Place
from dotbench.bench.metrics.typed_json import Malformed, from_json, to_json
from dotbench.bench.plan.cell import REFERENCE, Cell
from dotbench.bench.plan.effort import Effort

Columns = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """What a worker has to know of one matrix and of one job.

    ``job``: a metric's name, or another of `dotbench.bench.run.jobs`. ``paths``: what formats and peers
    store, by label. ``sha256``: the matrix's; ``matrix``: the folder that it is cached in; ``folder``: of payloads and
    of products that kernels are held against. ``reference``: the format that times are held against. ``batches``:
    numbers of vectors whose products are made ahead. ``seed``: of what is shuffled.
    """

    job: str
    sha256: str = ""
    folder: Path = Path()
    matrix: Path = Path()
    paths: dict[str, Path] = field(default_factory=dict)
    reference: str = REFERENCE
    effort: Effort = field(default_factory=Effort)
    batches: tuple[int, ...] = ()
    seed: int = 0


@dataclass(frozen=True)
class Part:
    """A task, and the cells that it is of."""

    task: Task
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Order:
    """Tasks, one after the other. ``sent_at``: seconds of the monotonic clock when the process was asked for."""

    parts: tuple[Part, ...]
    sent_at: float


@dataclass(frozen=True)
class Worker:
    """Who measures: where, and since which start of that machine."""

    place: Place
    boot: str


@dataclass(frozen=True)
class Ready:
    """The process has started and imported what it needs, ``seconds`` after it was asked for."""

    seconds: float
    worker: Worker


@dataclass(frozen=True)
class Started:
    """A cell is in hand: what happens to the process now, happens to it."""

    cell: Cell


@dataclass(frozen=True)
class Done:
    """A cell was measured. ``remark``: what its row says besides."""

    status: ClassVar[str] = "ok"
    cell: Cell
    data: Columns
    remark: str = ""

    @property
    def reason(self) -> str:
        """The words of its row."""
        return self.remark


@dataclass(frozen=True)
class Without:
    """A cell that cannot be measured here, and why: ``unavailable``, ``skipped`` or, of a target that hung,
    ``timeout``; ``data``: columns that are known all the same."""

    cell: Cell
    status: str
    reason: str
    data: Columns = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.status not in WITHOUT:
            raise Malformed(f"Without.status is {self.status!r}, none of {', '.join(WITHOUT)}")


@dataclass(frozen=True)
class Failed:
    """A cell that something went wrong with, or the process that had it in hand."""

    status: ClassVar[str] = "failed"
    data: ClassVar[Columns] = {}
    cell: Cell
    reason: str


@dataclass(frozen=True)
class TimedOut:
    """A cell that nothing was heard of for too long."""

    status: ClassVar[str] = "timeout"
    data: ClassVar[Columns] = {}
    cell: Cell
    reason: str


WITHOUT = ("unavailable", "skipped", "timeout")
Ended = Done | Without | Failed | TimedOut
Event = Started | Ended  # what is heard of a cell
SENT: dict[str, type[Ready | Started | Done | Without | Failed]] = {
    "ready": Ready, "started": Started, "done": Done, "without": Without, "failed": Failed,
}  # fmt: skip
NAMES = {kind: name for name, kind in SENT.items()}


def line(event: Ready | Started | Done | Without | Failed) -> str:
    """An event as a worker sends it.

    >>> line(Failed(Cell("time", "w", "csc"), "why"))[:40]
    '{"event": "failed", "cell": {"metric": "'
    """
    return json.dumps({"event": NAMES[type(event)], **to_json(event)})


def read(text: str | bytes) -> Ready | Started | Done | Without | Failed:
    """The event of a line; Malformed where it is none."""
    known = _object(text)
    name = known.pop("event", None)
    if not isinstance(name, str) or name not in SENT:
        raise Malformed(f"there is no event {name!r}")
    return from_json(SENT[name], known)


def read_order(text: str | bytes) -> Order:
    """The order of a line; Malformed where it is none."""
    return from_json(Order, _object(text))


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        known = json.loads(text)
    except ValueError as error:  # UnicodeDecodeError is one
        raise Malformed(f"no JSON ({error})") from error
    if not isinstance(known, dict):
        raise Malformed("no object")
    return known
