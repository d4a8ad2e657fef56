"""Microcontroller rows: seeded layers and whole networks on a Cortex-M55, for cycles.csv and board.csv.

``python -m dotbench.bench.microcontroller.command`` is what ``nox -s firmware`` runs. Each payload is run, compared
with the host bit for bit, counted and estimated; what fails is a row with its reason, and the others go on. A run that
was stopped goes on from its journal.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click
import numpy as np
import rich.console

from dotbench import datasets, formats
from dotbench.bench.metrics import hashes
from dotbench.bench.metrics.metric import Row
from dotbench.bench.microcontroller import networks, targets
from dotbench.bench.microcontroller.networks import Work
from dotbench.bench.microcontroller.seeded_layers import LAYERS
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.plan import Plan, split_names
from dotbench.bench.record import export, identity
from dotbench.bench.record.journal import Journal
from dotbench.bench.run.runner import Runner
from dotbench.bench.show import networks as show
from dotbench.bench.show import terminal
from dotbench.bench.show.escape import Console
from dotbench.bench.show.grid import label
from dotbench.bench.show.plural import counted
from dotbench.bench.show.screen import Screen
from dotbench.bench.targets.mlw import Mlw
from dotbench.cdot import build
from dotbench.datasets import DataError, UnknownDataset
from dotbench.datasets.cache import write_cache
from dotbench.firmware import packages
from dotbench.firmware.errors import Unavailable
from dotbench.firmware.jobs import PLACEMENTS
from dotbench.firmware.runners import qemu
from dotbench.formats.format import Format

MODELS = "sparse_s_90,sparse_l_90"  # DS-CNN S and L
FORMATS = ("dense", "csc", "csc_min", "csc_palette", "bitmap", "im", "eie", "cser", "ham", "sham")


def lacks(config: Path | None, name: str) -> Unavailable | None:
    """Why there is no runner of a name, or None. QEMU is fetched where it is missing."""
    if config:
        os.environ[targets.BOARD] = str(config.resolve())  # measuring processes look there
    try:
        if name == "qemu" and not _there():
            packages.fetch()
        targets.found(name)
    except Unavailable as lack:
        return lack
    return None


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
@click.option("--models", default=MODELS, show_default=True, help="Networks: of the zoo, or .tflite files.")
@click.option("--formats", "labels", default="", help="Default: a list for each value type.")
@click.option("--placements", default="tcm,ddr", show_default=True, help=f"Of {', '.join(PLACEMENTS)}.")
@click.option("--clock", default=networks.CLOCK_MHZ, show_default=True, help="MHz, for milliseconds.")
@click.option("--plugin/--no-plugin", default=True, help="Count by our plugin, or by the board's counter.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=identity.ROOT / "results")
def main(
    runners: str,
    config: Path | None,
    models: str,
    labels: str,
    placements: str,
    clock: float,
    plugin: bool,
    out: Path,
) -> None:
    """Kernels and whole networks on a Cortex-M55: instructions, estimated cycles, sizes; results/cycles.csv."""
    console = terminal.console()
    nets = dict(_networks(split_names(models), console))
    rows: dict[str, list[Row]] = {}
    lacking = len(split_names(models)) - len(nets)
    for name in split_names(runners):
        if lack := lacks(config, name):
            console.print(f"skipped: {lack}", soft_wrap=True)
            lacking += 1
            continue
        start = time.monotonic()
        works = [*(one.work() for one in LAYERS), *(work for net in nets.values() for work in net)]
        cells = [
            targets.cell(work.dataset, kind, name, place, work.pixels, plugin)
            for work, kind in _jobs(works, split_names(labels))
            for place in split_names(placements)
        ]
        new = measured(cells, build.state_folder(), console)
        rows.setdefault(_table(name), []).extend(new)
        console.print(f"{name}: {counted(len(new), 'row')} in {time.monotonic() - start:.0f} s")
    for line in export.export(rows, out, {}, lambda file, row: sha_now(row)).lines():
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    for model, works in nets.items():
        _network(console, model, works, [row for row in rows.get("cycles", []) if row["runner"] == "qemu"], clock)
    failed = sum(row["status"] in ("failed", "timeout") for new in rows.values() for row in new)
    raise SystemExit(1 if failed or (lacking and not rows) else 0)


def _networks(models: Sequence[str], console: Console) -> Iterator[tuple[str, list[Work]]]:
    for model in models:
        try:
            yield model, networks.works(model, build.state_folder())
        except (DataError, UnknownDataset) as lack:
            console.print(f"skipped: {model}: {lack}", soft_wrap=True)


def _jobs(works: Iterable[Work], asked: Sequence[str]) -> list[tuple[Work, Format]]:
    """The payloads that are measured: each layer that is a product, in all formats of its value type."""
    out = []
    for work in (one for one in works if one.pixels):
        kinds = formats.standard("int8") if work.matrix.dtype == np.int8 else map(formats.get, FORMATS)
        out += [(work, one) for one in (map(formats.parse, asked) if asked else kinds)]
    return [(work, one) for work, one in out if work.matrix.dtype.name in one.value_types]


class Told(Screen):
    """Says each row when it is there."""

    def __init__(self, plan: Plan, console: Console) -> None:
        super().__init__(rich.console.Console(quiet=True), plan)
        self._told_on = console

    def _row(self, cell: Cell, row: Row) -> None:
        for one in targets.rows_of(row) if cell.metric == "firmware" else ():
            figure = one.get("cycles_est_mid") or one.get("instructions") or one.get("cycles") or one["reason"]
            what = f"{one['dataset']} {label(one)} {one['kernel']} {one['placement']}"
            self._told_on.print(f"{what}: {one['status']} {figure}", soft_wrap=True, markup=False, highlight=False)


def measured(cells: Sequence[Cell], home: Path, console: Console) -> list[Row]:
    """Rows of all cells, each said when it is there. Finished ones are kept in a journal, and are not run again."""
    plan = Plan(tuple(dict.fromkeys(cell.dataset for cell in cells)), (), chosen=tuple(cells))
    with Journal(home / "firmware.sqlite") as journal, Told(plan, console) as screen:
        outcome = Runner(plan, home, journal, screen, lambda name: _loaded(name, home)).measured()
    return [row for found in outcome.rows.get("firmware", []) for row in targets.rows_of(found)]


def _loaded(name: str, home: Path) -> datasets.Matrix:
    """A seeded layer, or a layer of a network."""
    for layer in LAYERS:
        if layer.name == name:
            folder = home / "matrices" / name.replace("/", "_")
            return datasets.Matrix(name, "seeded", write_cache(layer.work().matrix, folder))
    return datasets.load(name, cache_dir=home)


def _network(console: Console, model: str, works: Sequence[Work], rows: Sequence[Row], clock: float) -> None:
    """A network's totals and choices, and its sparse layers against Vela's coder."""
    names = {work.dataset for work in works}
    layers = networks.choices(row for row in rows if row["dataset"] in names)
    said = [""]
    if layers:
        apart = [work for work in works if not work.pixels]
        more = sum(formats.get("dense_s8").encode(work.matrix).nbytes for work in apart)
        said.append(
            f"{model}: {counted(len(works), 'layer')}; {clock:g} MHz; mid estimates, cores that never wait in tcm"
        )
        if apart:
            said.append(f"weights: with {more} bytes of {len(apart)} depthwise layers, whose work is not counted")
        said += [*show.total_lines(networks.totals(layers, more), clock), "", *show.choice_lines(layers)]
    said.append(_against_mlw(model, works))
    for line in said:
        console.print(line, soft_wrap=True, markup=False, highlight=False)


def _against_mlw(model: str, works: Sequence[Work]) -> str:
    found = networks.against_mlw(works, formats.standard("int8"))
    if not found.layers:
        return f"{model}: no layer with 80 % zeros and more"
    ours = f"{model}, {found.layers} layers with 80 % zeros and more: {found.entries} bytes dense, smallest "
    ours += f"{found.smallest_bytes} ({found.entries / found.smallest_bytes:.2f} x smaller), "
    if found.mlw_bytes is None:
        return ours + f"mlw unavailable: {Mlw().lack}"
    return ours + f"mlw {found.mlw_bytes} ({found.entries / found.mlw_bytes:.2f} x)"


def sha_now(row: Row) -> str | None:
    """The hash that a row would have in this checkout; None where its format is not installed."""
    return hashes.code_sha("cycles", row["format"], row["params"])


if __name__ == "__main__":
    main()
