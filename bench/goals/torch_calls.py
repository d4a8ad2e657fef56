"""What `dotbench.torch` costs: a call of the operator, and a pruned network with compressed layers.

``python -m dotbench.bench.goals.torch_calls``: needs the extra ``torch``; one thread, batch 1. What is compared takes
turns, A B B A, round after round; a figure is the median of the rounds' ratios. A busy machine makes intervals wide and
moves ratios little.
"""

from __future__ import annotations

import copy
import itertools
import math
import statistics
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, NamedTuple

import click

LIMITS = {"call": 4.0, "above": 20.0, "mlp": 0.7}
SHAPE, WIDTHS, ZEROS, VALUES = (64, 64), (784, 1024, 1024, 10), 0.95, 32
SAMPLE_NS = 5_000_000


class Paired(NamedTuple):
    """Medians and minima in microseconds of a call of each, and the ratio, of the rounds' medians and of the minima."""

    ours_us: float
    other_us: float
    least_ours_us: float
    least_other_us: float
    ratio: float
    least_ratio: float


class Figures(NamedTuple):
    """``call``: the operator beside an empty one. ``kernel``: the operator beside the kernel it calls. ``mlp``: the
    network beside its dense self."""

    call: Paired
    kernel: Paired
    mlp: Paired

    def missed(self) -> list[str]:
        """The goals that are not met, by name. Ratios are medians; of microseconds it is the minima that tell, for what
        else runs here only adds to them."""
        above = self.kernel.least_ours_us - self.kernel.least_other_us
        found = {"call": self.call.ratio, "above": above, "mlp": self.mlp.ratio}
        return [name for name, limit in LIMITS.items() if found[name] > limit]


def timed(call: Callable[[], object], repeat: int) -> float:
    """Nanoseconds of a call."""
    start = time.perf_counter_ns()
    for _ in range(repeat):
        call()
    return (time.perf_counter_ns() - start) / repeat


def paired(ours: Callable[[], object], other: Callable[[], object], rounds: int) -> Paired:
    """Both in turns; so many calls a sample that the slower takes five milliseconds."""
    slower = max(timed(call, 20) for call in (ours, other, ours, other))
    repeat = max(1, math.ceil(SAMPLE_NS / slower))
    a: list[float] = []
    b: list[float] = []
    for _ in range(rounds):
        first, second, third, fourth = (timed(call, repeat) for call in (ours, other, other, ours))
        a.append((first + fourth) / 2)
        b.append((second + third) / 2)
    ratio = statistics.median(x / y for x, y in zip(a, b, strict=True))
    us = [value / 1000 for value in (statistics.median(a), statistics.median(b), min(a), min(b))]
    return Paired(us[0], us[1], us[2], us[3], ratio, min(a) / min(b))


def pruned(model: Any, zeros: float, values: int) -> Any:
    """The model with this share of each weight's entries zero, at random, and so many different values otherwise."""
    import torch

    levels = torch.linspace(-1, 1, values)  # an even number: none is zero
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("weight"):
                weight.copy_(levels[torch.randint(values, weight.shape)] * (torch.rand(weight.shape) >= zeros))
    return model.eval()


def mlp() -> Any:
    """784-1024-1024-10 with ReLU, pruned."""
    import torch

    torch.manual_seed(0)
    layers: list[Any] = []
    for n, m in itertools.pairwise(WIDTHS):
        layers += [torch.nn.Linear(n, m), torch.nn.ReLU()]
    return pruned(torch.nn.Sequential(*layers[:-1]), ZEROS, VALUES)


def empty_operator() -> Any:
    """A custom operator with the arguments of ours that gives memory and does nothing else, registered as ours is:
    by `torch.library.define`, where a call costs the least."""
    import torch

    def nothing(x: Any, payload: Any, bias: Any = None, outputs: int | None = None) -> Any:
        return torch.empty((1, SHAPE[1]))

    if not hasattr(torch.ops.dotbench_goals, "empty"):
        schema = "(Tensor x, Tensor payload, Tensor? bias=None, int? outputs=None) -> Tensor"
        torch.library.define("dotbench_goals::empty", schema)
        torch.library.impl("dotbench_goals::empty", "default", nothing)
    return torch.ops.dotbench_goals.empty.default


def measured(rounds: int, format_: str = "csc_min") -> Figures:
    """All of them, on one thread; ImportError where the extra ``torch`` is lacking."""
    ours = import_module("dotbench.torch")  # first: where PyTorch is lacking, it says what brings it
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        torch.manual_seed(0)
        layer = ours.convert(pruned(torch.nn.Linear(*SHAPE), ZEROS, VALUES), format_)
        arguments = (torch.randn(1, SHAPE[0]), layer.payload, layer.bias.detach(), SHAPE[1])
        kernel = ours.opened(layer.payload).kernel
        job = kernel.vector_job()
        job.x[...] = arguments[0].numpy()[0]  # what memory holds by chance may be slow to multiply
        vector, c = kernel.vector, job.job
        operator, empty = torch.ops.dotbench.linear.default, empty_operator()
        dense = mlp()
        compressed = ours.convert(copy.deepcopy(dense), format_)
        image = torch.randn(1, WIDTHS[0])
        with torch.inference_mode():
            return Figures(
                paired(lambda: operator(*arguments), lambda: empty(*arguments), rounds),
                paired(lambda: operator(*arguments), lambda: vector(c), rounds),
                paired(lambda: compressed(image), lambda: dense(image), rounds),
            )
    finally:
        torch.set_num_threads(before)


def lines(found: Figures, format_: str) -> Iterable[str]:
    """What is printed."""
    call, kernel, network = found
    n, m = SHAPE
    yield (
        f"call, {n} x {m}, {format_}: {call.ours_us:.1f} us, an empty operator {call.other_us:.1f}: "
        f"{call.ratio:.2f} times (goal {LIMITS['call']:g}; of the minima {call.least_ratio:.2f})"
    )
    yield (
        f"above its kernel: {kernel.least_ours_us - kernel.least_other_us:.1f} us, of the minima "
        f"(goal {LIMITS['above']:g}; of the medians {kernel.ours_us - kernel.other_us:.1f})"
    )
    yield (
        f"MLP {'-'.join(map(str, WIDTHS))}, {ZEROS:.0%} zeros, {VALUES} values, {format_}: {network.ours_us:.0f} us, "
        f"dense {network.other_us:.0f}: {network.ratio:.2f} times (goal {LIMITS['mlp']:g}; of the minima "
        f"{network.least_ratio:.2f})"
    )


@click.command()
@click.option("--rounds", default=40, show_default=True, type=click.IntRange(1), help="of pairs, each.")
@click.option("--format", "format_", default="csc_min", show_default=True, help="of the layers.")
def main(rounds: int, format_: str) -> None:
    """A call of dotbench::linear beside an empty operator and its kernel; a pruned network beside itself, dense."""
    try:
        found = measured(rounds, format_)
    except ImportError as error:
        raise click.ClickException(str(error)) from error
    for line in lines(found, format_):
        click.echo(line)
    if missed := found.missed():
        click.echo(f"missed on this machine now: {', '.join(missed)}")


if __name__ == "__main__":
    main()
