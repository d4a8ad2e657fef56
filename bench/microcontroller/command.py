"""Microcontroller rows: seeded layers and whole networks on a Cortex-M55, for cycles.csv and board.csv.

``python -m dotbench.bench.microcontroller.command`` is what ``nox -s firmware`` runs. Each payload is run, compared
with the host bit for bit, counted and estimated; what fails is a row with its reason, and the others go on.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import numpy as np

from dotbench import formats
from dotbench.bench.metrics import hashes
from dotbench.bench.metrics.cycles import AT_ONCE, status_of
from dotbench.bench.metrics.metric import Row
from dotbench.bench.microcontroller import networks
from dotbench.bench.microcontroller.networks import Work
from dotbench.bench.microcontroller.seeded_layers import LAYERS
from dotbench.bench.plan.plan import split_names
from dotbench.bench.record import export, identity
from dotbench.bench.show import networks as show
from dotbench.bench.show import terminal
from dotbench.bench.show.escape import Console
from dotbench.bench.show.grid import label
from dotbench.bench.show.plural import counted
from dotbench.bench.targets.mlw import Mlw
from dotbench.cdot import build
from dotbench.datasets import DataError, UnknownDataset
from dotbench.firmware import packages
from dotbench.firmware.errors import Unavailable
from dotbench.firmware.jobs import PLACEMENTS, Placement
from dotbench.firmware.measure import Measured, in_places, job_of, on_board, on_fvp, on_qemu
from dotbench.firmware.runners import Runner, board, fvp, qemu
from dotbench.formats.format import Format
from dotbench.formats.payloads.payload import Payload

MODELS = "sparse_s_90,sparse_l_90"  # DS-CNN S and L
FORMATS = ("dense", "csc", "csc_min", "csc_palette", "bitmap", "im", "eie", "cser", "ham", "sham")


Found = dict[Placement, list[Measured] | Exception]


def measured(runner: Runner, payload: Payload, pixels: int, places: Sequence[Placement], plugin: bool) -> Found:
    """By the kind of runner."""
    if isinstance(runner, qemu.Qemu) and plugin:
        return dict(in_places(runner, job_of(payload, pixels=pixels), places))
    return {where: _in_place(runner, payload, where) for where in places}


def _in_place(runner: Runner, payload: Payload, where: Placement) -> list[Measured] | Exception:
    try:
        if isinstance(runner, qemu.Qemu):
            return on_qemu(runner, job_of(payload), where, plugin=False)
        job = job_of(payload, repeat=5)
        return on_board(runner, job, where) if isinstance(runner, board.Board) else on_fvp(runner, job, where)
    except Exception as error:
        return error


def constant(format_: Format, work: Work, runner: Runner) -> Row:
    """What all rows of a payload have."""
    return {
        "dataset": work.dataset,
        "matrix_sha256": work.matrix_sha256,
        "source": work.origin,
        "format": format_.name,
        "params": format_.params,
        "reason": "",
        "code_sha": code_sha(format_),
        "runner": runner.name,
        "model": work.model,
        "layer": work.layer,
    }


def rows_of(
    runner: Runner, format_: Format, work: Work, places: Sequence[Placement], plugin: bool = True
) -> Iterator[Row]:
    """The rows of one payload, a kernel and placement each; one row with a reason where there is no figure."""
    known = constant(format_, work, runner)
    try:
        payload = format_.encode(work.matrix)
        known["weight_bytes"] = payload.nbytes
        found = measured(runner, payload, work.pixels, places, plugin)
    except Exception as error:
        found = dict.fromkeys(places, error)
    for where, result in found.items():
        row = known | {"placement": str(where)}
        if isinstance(result, Exception):
            yield row | {"status": status_of(result), "reason": str(result), "kernel": "dot"}
        else:
            for one in result:
                yield row | {"status": "ok", "kernel": one.kernel} | one.columns


def code_sha(format_: Format) -> str:
    """Hash of what the figures depend on: encoder, kernels, multipliers, firmware and model."""
    return hashes.code_sha("cycles", format_.name, format_.params) or ""


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
    places = [PLACEMENTS[name] for name in split_names(placements)]
    nets = dict(_networks(split_names(models), console))
    rows: dict[str, list[Row]] = {}
    lacking = len(split_names(models)) - len(nets)
    for runner in found_runners(config, split_names(runners)):
        if isinstance(runner, Unavailable):
            console.print(f"skipped: {runner}", soft_wrap=True)
            lacking += 1
            continue
        start = time.monotonic()
        new = rows.setdefault(_table(runner.name), [])
        for works in ([one.work() for one in LAYERS], *nets.values()):
            new += _told(console, runner, _jobs(works, split_names(labels)), places, plugin)
        console.print(f"{runner.name}: {counted(len(new), 'row')} in {time.monotonic() - start:.0f} s")
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


def _told(
    console: Console, runner: Runner, jobs: Sequence[tuple[Work, Format]], places: Sequence[Placement], plugin: bool
) -> list[Row]:
    """Rows of all payloads, each said when it is there; QEMU runs twice at once, a board once."""
    out: list[Row] = []
    with ThreadPoolExecutor(AT_ONCE if isinstance(runner, qemu.Qemu) else 1) as pool:
        for rows in pool.map(lambda one: list(rows_of(runner, one[1], one[0], places, plugin)), jobs):
            for row in rows:
                figure = row.get("cycles_est_mid") or row.get("instructions") or row.get("cycles") or row["reason"]
                what = f"{row['dataset']} {label(row)} {row['kernel']} {row['placement']}"
                console.print(f"{what}: {row['status']} {figure}", soft_wrap=True, markup=False, highlight=False)
            out += rows
    return out


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
