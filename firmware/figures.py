"""Estimated cycles of the int8 kernels by format and density: ``python -m dotbench.firmware.figures``.

A fully connected layer of seeded weights, the payload in TCM. Each product is compared with the host's bit for
bit before its figure is printed. Cycles are low, mid and high of the model (docs/cycles.md); a multiplication is
one of the n m of the layer, whether its weight is zero or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import click
import numpy as np
import numpy.typing as npt

from dotbench import formats
from dotbench.firmware import packages
from dotbench.firmware.errors import Unavailable
from dotbench.firmware.jobs import PLACEMENTS
from dotbench.firmware.measure import job_of, on_qemu
from dotbench.firmware.runners import qemu
from dotbench.firmware.toolchain import ISAS

FORMATS = "dense_s8,psr8,csr16,rel15,rle4,dcsr,bcsr2x2,bitmap,rice,ham,sham,csc_palette"


@dataclass(frozen=True)
class Figure:
    """Of one product: ``kernel`` is dot (one vector) or pixels (32 together); cycles are those of the region."""

    format: str
    isa: str
    kernel: str
    density: float
    cycles: tuple[int, int, int]
    multiplications: int
    nonzeros: int

    def __str__(self) -> str:
        low, mid, high = self.cycles
        each = f"{mid / self.multiplications:8.4f} a multiplication {mid / self.nonzeros:7.2f} a nonzero"
        return (
            f"{self.format:11} {self.isa:6} {self.kernel:6} {self.density:4.0%} {low:9} {mid:9} {high:9} cycles {each}"
        )


def weights(n: int, m: int, density: float) -> npt.NDArray[np.int8]:
    """The same matrix everywhere, n inputs by m outputs."""
    rng = np.random.default_rng([n, m, round(1000 * density)])
    values = rng.integers(1, 128, (n, m)) * rng.choice([-1, 1], (n, m))
    return np.where(rng.random((n, m)) < density, values, 0).astype(np.int8)


def figures(runner: qemu.Qemu, label: str, isa: str, W: npt.NDArray[np.int8], pixels: int) -> Iterator[Figure]:
    """The products of one matrix in one format: with a vector, and with ``pixels`` together if there are several."""
    density = round(np.count_nonzero(W) / W.size, 3)
    job = job_of(formats.parse(label).encode(W), pixels=pixels, isa=isa)
    for one in on_qemu(runner, job, PLACEMENTS["tcm"]):
        if one.kernel in ("dot", "pixels"):
            vectors = pixels if one.kernel == "pixels" else 1
            low, mid, high = (one.columns[f"cycles_est_{name}"] for name in ("low", "mid", "high"))
            counts = vectors * W.size, vectors * int(np.count_nonzero(W))
            yield Figure(label, isa, one.kernel, density, (low, mid, high), *counts)


@click.command()
@click.option("--formats", "labels", default=FORMATS, show_default=True)
@click.option("--densities", default="0.5,0.2,0.1,0.05", show_default=True)
@click.option("--isas", default="helium", show_default=True, help=f"Of {', '.join(ISAS)}.")
@click.option("--shape", type=(int, int), default=(256, 256), show_default=True, help="Inputs and outputs.")
@click.option("--pixels", default=32, show_default=True, help="Vectors together; 1: none.")
def main(labels: str, densities: str, isas: str, shape: tuple[int, int], pixels: int) -> None:
    """Cycles of the int8 kernels by format and density."""
    try:
        runner = qemu.Qemu(qemu.find())
    except Unavailable as lack:
        raise click.ClickException(f"{lack}: {packages.CURE}") from lack
    for density in map(float, densities.split(",")):
        for label in labels.split(","):
            for isa in isas.split(","):
                for figure in figures(runner, label, isa, weights(*shape, density), pixels):
                    click.echo(str(figure))


if __name__ == "__main__":
    main()
