"""What is known of each layer, and what is chosen: plain records that tables, JSON and CSV files are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from dotbench.bench.pick.question import Question
from dotbench.bench.pick.weights import UNREADABLE, Model, Weights

MEASURED, PREDICTED = "measured", "predicted"


@dataclass(frozen=True)
class Time:
    """Of a product over that of the dense matrix in its type. ``how``: ``measured`` with its 99 % interval, or
    ``predicted``. ``like``: the layer of its shape that was measured, "" for this one. ``dense_ns``: what the dense
    product takes, in nanoseconds."""

    ratio: float
    low: float
    high: float
    how: str = MEASURED
    like: str = ""
    dense_ns: float = 0.0


@dataclass(frozen=True)
class Cycles:
    """Of an inference's products on a Cortex-M55, estimated: most likely, at the least, at the most. ``code_bytes`` of
    the kernel, ``scratch_bytes`` of workspace, ``place`` where the payload lies; ``like`` as `Time` has it."""

    mid: int
    low: int
    high: int
    code_bytes: int
    scratch_bytes: int
    place: str
    like: str = ""


@dataclass(frozen=True)
class Candidate:
    """A format of a layer: ``bytes`` of its payload, exact; ``how`` they are known: ``computed`` or ``encoded`` (and
    then what it decodes to was compared); ``predicted`` and ``measured``: its time; ``cycles`` on the target."""

    label: str
    bytes: int
    how: str
    predicted: Time | None = None
    measured: Time | None = None
    cycles: Cycles | None = None

    @property
    def time(self) -> Time | None:
        """The best that is known."""
        return self.measured or self.predicted


@dataclass(frozen=True)
class Excluded:
    """A format that was not looked at further: ``bound``: bytes that its payload has at least; ``why``."""

    label: str
    bound: int
    why: str


@dataclass(frozen=True)
class Floor:
    """Bytes that no order-0 code goes below; ``kind``: which code that would be, in a word."""

    bytes: int
    kind: str


@dataclass(frozen=True)
class Changed:
    """A layer that loses something: pruned, its values shared. ``error``: of W, relative, in the Frobenius norm."""

    label: str
    bytes: int
    error: float
    density: float
    distinct: int
    dense_bytes: int


@dataclass(frozen=True)
class Layer:
    """One tensor that is multiplied. ``dtype``: as which values are stored, where the file's own type is none of ours.
    ``distinct``: nonzero values, or at least so many where ``many``. ``break_even``:
    by format the largest density at which it is smaller than dense. ``failed``: why nothing is known of it."""

    weights: Weights
    dense: Candidate
    candidates: tuple[Candidate, ...] = ()
    dtype: str = "float32"
    excluded: tuple[Excluded, ...] = ()
    density: float = 0.0
    distinct: int = 0
    many: bool = False
    negative_zeros: int = 0
    floor: Floor | None = None
    break_even: dict[str, float] = field(default_factory=dict)
    note: str = ""
    pick: str = ""
    reason: str = ""
    what_if: Changed | None = None
    failed: str = ""

    @property
    def name(self) -> str:
        return self.weights.name

    @property
    def chosen(self) -> Candidate:
        """The candidate that was picked."""
        return self.of(self.pick)

    def of(self, label: str) -> Candidate:
        """The candidate of a format; the dense one where there is none of that name."""
        return next((one for one in self.candidates if one.label == label), self.dense)

    @property
    def stays_dense(self) -> bool:
        return self.pick == self.dense.label

    def with_candidates(self, candidates: Iterable[Candidate]) -> Layer:
        """The same with other figures of its formats, the dense one among them."""
        known = tuple(candidates)
        dense = next((one for one in known if one.label == self.dense.label), self.dense)
        return replace(self, candidates=known, dense=dense)


@dataclass(frozen=True)
class Total:
    """Over the layers that are multiplied: bytes of payloads, and nanoseconds of one product of each, where all are
    known; ``predicted``: some of these were not measured."""

    bytes: int
    dense_bytes: int
    ns: float | None = None
    dense_ns: float | None = None
    predicted: bool = False

    @property
    def ratio(self) -> float | None:
        """Of times."""
        return self.ns / self.dense_ns if self.ns is not None and self.dense_ns else None


@dataclass
class Answer:
    """All of it. ``layers``: what is multiplied, in the files' order; ``others``: what is not.

    ``checked``: what was encoded and compared, in a sentence each. ``code_bytes``: of the target's kernels that the
    picks need. ``written``: what files hold, a line each. ``stopped``: what is missing where
    Ctrl-C ended it early. ``again``: the question as a command line; ``troubles``: what could not be kept.
    """

    question: Question
    models: list[Model]
    layers: list[Layer] = field(default_factory=list)
    others: list[Weights] = field(default_factory=list)
    seconds: float = 0.0
    peak_bytes: int = 0
    checked: list[str] = field(default_factory=list)
    code_bytes: int | None = None
    written: list[str] = field(default_factory=list)
    stopped: str = ""
    again: str = ""
    troubles: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether a layer, or a file of a folder, could not be looked at."""
        return any(layer.failed for layer in self.layers) or any(model.kind == UNREADABLE for model in self.models)


def total(layers: Sequence[Layer], labels: Sequence[str] | None = None) -> Total:
    """Of layers with their picks, or with other formats, a label each."""
    chosen = [one.of(label) for one, label in zip(layers, labels or [one.pick for one in layers], strict=True)]
    ns: list[float] = []
    dense_ns: list[float] = []
    for layer, one in zip(layers, chosen, strict=True):
        known, dense = one.time, layer.dense.time
        base = (dense.dense_ns if dense else 0.0) or (known.dense_ns if known else 0.0)
        if base and (known or one.label == layer.dense.label):
            dense_ns.append(base)
            ns.append(base * (known.ratio if known and one.label != layer.dense.label else 1.0))
    whole = len(ns) == len(layers) and bool(layers)
    return Total(
        sum(one.bytes for one in chosen),
        sum(layer.dense.bytes for layer in layers),
        sum(ns) if whole else None,
        sum(dense_ns) if whole else None,
        any(not one.measured for one in chosen),
    )
