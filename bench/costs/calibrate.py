"""How this machine differs from the one that the committed table was measured on: a factor for each format, from a few
seconds of timing. ``python -m dotbench.bench.costs.calibrate``

Never required: without it, predictions are the table's own. It lies in the state folder, in a file whose name carries
machine and kernels, so that new kernels or another machine ask for a new one.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from dotbench import formats
from dotbench.bench.costs.predict import counts_of, predicted_ns
from dotbench.bench.machine import describe
from dotbench.bench.machine.pinning import pin, unpin
from dotbench.bench.record.export import write_whole
from dotbench.bench.show.escape import echo
from dotbench.bench.targets.checked import reference_of
from dotbench.bench.targets.ours import FormatTarget
from dotbench.bench.timing import pairs
from dotbench.cdot import build
from dotbench.datasets.thinned import Thinned
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.sources.source import as_source
from dotbench.formats.value_types import value_type

AGAIN = "python -m dotbench.bench.costs.calibrate"
LABELS = {  # the first of each type is what the others are timed in pairs with
    "float32": ("dense", "csc", "bitmap", "ham", "im", "sham"),
    "bfloat16": ("dense", "csc", "bitmap", "ham", "im", "sham"),
    "int8": ("dense_s8", "csr16", "bitmap", "csc_palette", "ham", "sham"),
}
SHAPES = (((512, 512), 90.0), ((512, 2048), 60.0), ((1024, 1024), 95.0))  # with per cent of zeros
VALUES = 32
ROUNDS = 4
SAMPLE_NS = 5e5
SEED = 2611
VERSION = 1  # of the file
FACTORS = (0.01, 100.0)  # what a factor may be; a file with others is none
Say = Callable[[str], None]


@dataclass(frozen=True)
class Calibration:
    """``factors``: by type and format, what a product takes here over what the table says."""

    factors: dict[str, dict[str, float]]

    def scale(self, label: str, dtype: str) -> float:
        """The factor of a format; of one that was not timed, or a type, the middle of those that were.

        >>> known = Calibration({"float32": {"csc": 2.0, "dense": 0.5, "im": 1.5}})
        >>> known.scale("csc", "float32"), known.scale("anybodys", "float32"), known.scale("csc", "float16")
        (2.0, 1.5, 2.0)
        """
        for own in (self.factors.get(dtype), self.factors.get("float32")):
            if own:
                return own.get(label) or statistics.median(own.values())
        return 1.0


def file() -> Path:
    """Where the calibration of this machine and these kernels lies. BuildError: there are no kernels."""
    kernels = hashlib.sha256(build.build().read_bytes()).hexdigest()
    digest = hashlib.sha256(f"{describe.machine_id()} {kernels}".encode()).hexdigest()
    return build.state_folder() / f"calibration-{digest[:16]}.json"


def calibration() -> Calibration | None:
    """The calibration of this machine; None where there is none yet, or none that can be read."""
    try:
        known = json.loads(file().read_text("utf-8"))
        if known["version"] != VERSION:
            return None
        return Calibration({
            str(dtype): {str(label): _factor(one) for label, one in own.items()}
            for dtype, own in known["factors"].items()
        })  # fmt: skip
    except (OSError, ValueError, TypeError, KeyError, AttributeError, build.BuildError):
        return None


def _factor(value: object) -> float:
    if not isinstance(value, int | float) or not FACTORS[0] <= value <= FACTORS[1]:
        raise ValueError(f"{value!r} is no factor")
    return float(value)


def calibrate(say: Say = lambda words: None) -> Calibration:
    """Times a handful of kernels and keeps what they take over what the table says, for predictions to come.

    ``say`` hears of each type. WrongProduct: a kernel does not multiply here, and nothing is kept. ExportError: the
    state folder cannot be written.
    """
    found = Calibration({dtype: _factors(dtype, labels, say) for dtype, labels in LABELS.items()})
    text = json.dumps({"version": VERSION, "machine": describe.machine_id(), "factors": found.factors}, indent=1)
    write_whole(file(), text.encode(), AGAIN)
    return found


def _factors(dtype: str, labels: tuple[str, ...], say: Say) -> dict[str, float]:
    logs: dict[str, list[float]] = {}
    rng = random.Random(SEED)
    for shape, zeros in SHAPES:
        for label, payload, ns in timed(shape, zeros, dtype, labels, rng):
            if said := predicted_ns(label, counts_of(payload, VALUES)):
                logs.setdefault(label, []).append(math.log(ns / said))
    factors = {label: math.exp(statistics.fmean(some)) for label, some in logs.items()}
    say(f"{dtype}: {', '.join(f'{label} {factor:.2f}' for label, factor in factors.items())} of the table's time")
    return {label: min(max(factor, FACTORS[0]), FACTORS[1]) for label, factor in factors.items()}


def timed(
    shape: tuple[int, int], zeros: float, dtype: str, labels: tuple[str, ...], rng: random.Random
) -> Iterator[tuple[str, Payload, float]]:
    """Payloads of a seeded matrix, and the nanoseconds of their products with one vector, on one core.

    Each product is compared with float64's before, and timed in pairs with the first format's: the ratio is hardly
    disturbed by others on the machine. Nanoseconds are that ratio times the first one's, when it was disturbed least.
    WrongProduct: a product is another one.
    """
    type_ = value_type(dtype)
    family = Thinned(shape, np.float32 if dtype == "bfloat16" else type_.dtype, VALUES)
    W = as_source(family.matrix(family.nonzeros(zeros)).astype(type_.dtype, copy=False), type_.dtype)
    X = type_.random_inputs(np.random.default_rng(SEED), (1, shape[0]))
    payloads = {label: formats.parse(label).encode(W) for label in labels}
    targets = {label: FormatTarget(payload, X) for label, payload in payloads.items()}
    reference = reference_of(payloads[labels[0]], X)
    pin()
    try:
        for target in targets.values():
            reference.error(target.product())
        first = targets[labels[0]]
        done = {label: pairs.measure(targets[label].run, first.run, ROUNDS, SAMPLE_NS, rng) for label in labels}
    finally:
        unpin()
    quiet = min(one.reference_ns for one in done.values())
    for label, one in done.items():
        yield label, payloads[label], math.exp(one.log_ratio) * quiet


@click.command()
def main() -> None:
    """Times a handful of kernels, some seconds long, so that predictions fit this machine."""
    calibrate(echo)
    echo(f"kept in {file()}")


if __name__ == "__main__":
    main()
