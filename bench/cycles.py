"""Microcontroller rows: seeded layers in several formats on a Cortex-M55, for cycles.csv and board.csv.

``python -m bench.cycles`` is what ``nox -s firmware`` runs. Each payload is run, compared with the host bit
for bit, counted and estimated; what fails is a row with its reason, and the others go on.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
from rich.console import Console

import formats
from bench import export, identity
from bench.rows import Row
from cdot import build
from firmware import packages
from firmware.errors import DoesNotFit, TargetHung, Unavailable
from firmware.jobs import PLACEMENTS, Job, Placement
from firmware.measure import Measured, job_of, on_board, on_fvp, on_qemu
from firmware.runners import Runner, board, fvp, qemu
from formats.content import ContentHash
from formats.format import Format
from formats.source import as_source, blocks

SOURCES = "firmware/*.py firmware/model/*.py firmware/runners/*.py firmware/plugin/* firmware/target/*"
INT8_FORMATS = (
    "dense_s8",
    "csr16",
    "bcsr2x2",
    "rle4",
    "rel15",
    "bitmap",
    "psr8",
    "dcsr",
    "ham",
    "sham",
    "csc_palette",
    "rice",
)
FORMATS = ("dense", "csc", "csc_min", "csc_palette", "bitmap", "im", "eie", "cser", "ham", "sham")
FILES = ("cycles", "board")


@dataclass(frozen=True)
class Layer:
    """A seeded layer: n inputs, m outputs, a share of nonzeros, at most 32 distinct values."""

    n: int
    m: int
    density: float
    dtype: str = "float32"

    @property
    def name(self) -> str:
        return f"seeded-{self.dtype}/{self.n}x{self.m}-{100 - round(100 * self.density)}"

    def matrix(self) -> npt.NDArray[Any]:
        """The same matrix everywhere."""
        rng = np.random.default_rng([self.n, self.m, round(100 * self.density)])
        values = rng.integers(1, 33, (self.n, self.m)) / 8 - 2.0625
        kept = np.where(rng.random((self.n, self.m)) < self.density, values, 0)
        return (kept * 16).astype(np.int8) if self.dtype == "int8" else kept.astype(np.float32)


LAYERS = (Layer(64, 64, 0.1), Layer(256, 256, 0.1), Layer(256, 256, 0.1, "int8"))


def content_hash(W: npt.NDArray[Any]) -> str:
    """The hash that rows name a matrix by."""
    source = as_source(W)
    content = ContentHash(source.shape, source.dtype)
    for begin, _, columns in blocks(source):
        content.add(begin, columns)
    return content.hexdigest()


def measured(runner: Runner, job: Job, where: Placement, plugin: bool) -> list[Measured]:
    """By the kind of runner."""
    if isinstance(runner, qemu.Qemu):
        return on_qemu(runner, job, where, plugin)
    return on_board(runner, job, where) if isinstance(runner, board.Board) else on_fvp(runner, job, where)


def rows_of(runner: Runner, format_: Format, layer: Layer, where: Placement, plugin: bool = True) -> Iterator[Row]:
    """The rows of one payload, a kernel each; one row with a reason where there is no figure."""
    W = layer.matrix()
    constant: Row = {
        "dataset": layer.name,
        "matrix_sha256": content_hash(W),
        "source": "seeded",
        "format": format_.name,
        "params": format_.params,
        "reason": "",
        "code_sha": code_sha(format_),
        "runner": runner.name,
        "placement": str(where),
        "layer": layer.name,
    }
    try:
        payload = format_.encode(W)
        for one in measured(runner, job_of(payload, 1 if isinstance(runner, qemu.Qemu) else 5), where, plugin):
            yield constant | {"status": "ok", "kernel": one.kernel} | one.columns
    except Exception as error:
        yield constant | {"status": status_of(error), "reason": str(error), "kernel": "dot"}


def status_of(error: Exception) -> str:
    """What a row without a figure is called."""
    if isinstance(error, DoesNotFit | Unavailable):
        return "unavailable"
    return "timeout" if isinstance(error, TargetHung) else "failed"


def code_sha(format_: Format) -> str:
    """Hash of what the figures depend on: encoder, kernels, multipliers, firmware and model."""
    files = [path for pattern in SOURCES.split() for path in sorted(identity.ROOT.glob(pattern)) if path.is_file()]
    return identity.hash_files(files, identity.instructions_sha(format_), build.compiler_name())


def found_runners(config: Path | None, names: Iterable[str]) -> Iterator[Runner | Unavailable]:
    """The runners of these names, or why there is none."""
    for name in names:
        try:
            if name == "qemu":
                yield qemu.Qemu(packages.fetch() if not _there() else qemu.find())
            elif name == "fvp":
                yield fvp.Fvp(fvp.find())
            elif config is None:
                yield Unavailable("no board is configured", "--board FILE.toml")
            else:
                yield board.read_board(config)
        except Unavailable as lack:
            yield lack


def _there() -> bool:
    try:
        qemu.find()
    except Unavailable:
        return False
    return True


def _table(name: str) -> str:
    return "cycles" if name in ("qemu", "fvp") else "board"


@click.command()
@click.option("--runners", default="qemu", show_default=True, help="qemu, fvp, board; separated by commas.")
@click.option("--board", "config", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A board's TOML.")
@click.option("--formats", "labels", default="", help="Default: a list for each value type.")
@click.option("--placements", default="tcm,ddr", show_default=True, help=f"Of {', '.join(PLACEMENTS)}.")
@click.option("--plugin/--no-plugin", default=True, help="Count by our plugin, or by the board's counter.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=identity.ROOT / "results")
def main(runners: str, config: Path | None, labels: str, placements: str, plugin: bool, out: Path) -> None:
    """Kernels on a Cortex-M55: instructions, estimated cycles, sizes; results/cycles.csv."""
    from bench.plan import split_names

    console = Console()
    asked = split_names(labels)
    places = [PLACEMENTS[name] for name in split_names(placements)]
    rows: dict[str, list[Row]] = {}
    lacking = 0
    for runner in found_runners(config, split_names(runners)):
        if isinstance(runner, Unavailable):
            console.print(f"skipped: {runner}", soft_wrap=True)
            lacking += 1
            continue
        start = time.monotonic()
        new = rows.setdefault(_table(runner.name), [])
        for layer in LAYERS:
            for format_ in map(formats.parse, asked or (INT8_FORMATS if layer.dtype == "int8" else FORMATS)):
                for where in places:
                    new += _told(console, rows_of(runner, format_, layer, where, plugin))
        console.print(f"{runner.name}: {len(new)} rows in {time.monotonic() - start:.0f} s")
    export.export(rows, out, {}, lambda file, row: sha_now(row))
    failed = sum(row["status"] == "failed" for new in rows.values() for row in new)
    raise SystemExit(1 if failed or (lacking and not rows) else 0)


def sha_now(row: Row) -> str | None:
    """The hash that a row would have in this checkout; None where its format is not installed."""
    try:
        return code_sha(formats.parse(f"{row['format']}[{row['params']}]" if row["params"] else row["format"]))
    except ValueError:
        return None


def _told(console: Console, rows: Iterable[Row]) -> list[Row]:
    out: list[dict[str, Any]] = []
    for row in rows:
        figure = row.get("cycles_est_mid") or row.get("instructions") or row.get("cycles") or row["reason"]
        label = f"{row['dataset']} {row['format']} {row['kernel']} {row['placement']}"
        console.print(f"{label}: {row['status']} {figure}", soft_wrap=True, markup=False, highlight=False)
        out.append(row)
    return out


if __name__ == "__main__":
    main()
