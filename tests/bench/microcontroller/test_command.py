"""The cycles meter: cells of a layer, rows with figures or reasons, and the rows of a session."""

from __future__ import annotations

import csv
import io
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from dotbench import formats
from dotbench.bench.metrics import cycles
from dotbench.bench.metrics.messages import Task
from dotbench.bench.metrics.place import Place
from dotbench.bench.microcontroller import command as sessions
from dotbench.bench.microcontroller import networks, targets
from dotbench.bench.microcontroller.seeded_layers import Layer
from dotbench.bench.plan.cell import Cell
from dotbench.bench.plan.plan import Plan
from dotbench.bench.run import expand, processes, session
from dotbench.bench.show import networks as show
from dotbench.cdot import build
from dotbench.firmware import packages
from dotbench.firmware.errors import DoesNotFit, TargetFailed, TargetHung, Unavailable
from dotbench.firmware.jobs import PLACEMENTS
from dotbench.firmware.runners import qemu as runners
from dotbench.formats.sources.source import as_source

TWIN = "tflite/vww_96_int8#16_conv1x1~twin"
TCM, DDR = PLACEMENTS["tcm"], PLACEMENTS["ddr"]
HERE = Place("M x2", "x86_64_v3", "zig-1")


def plan(*names: str) -> Plan:
    return Plan((TWIN,), tuple(map(formats.get, names)), metrics=("cycles",))


@pytest.fixture
def firmware_home(home: Path) -> Path:
    """A state folder of its own with the images of the checkout."""
    for name in ("firmware", "zig"):
        there = build.FOLDER.parent / ".dotbench" / name
        there.mkdir(parents=True, exist_ok=True)
        (home / name).symlink_to(there)
    return home


@pytest.fixture
def qemu() -> runners.Qemu:
    try:
        return cycles.find()
    except Unavailable as lack:
        pytest.skip(f"no QEMU: {lack}")


class Told:
    """A wire that keeps what it hears."""

    def __init__(self) -> None:
        self.started: list[Cell] = []
        self.said: dict[Cell, tuple[Any, ...]] = {}

    def start(self, cell: Cell) -> None:
        self.started.append(cell)

    def done(self, cell: Cell, data: dict[str, Any]) -> None:
        self.said[cell] = ("ok", data)

    def lack(self, cell: Cell, status: str, reason: str, columns: dict[str, Any] | None = None) -> None:
        self.said[cell] = (status, reason)

    def fail(self, cell: Cell, error: Exception) -> None:
        self.said[cell] = ("failed", str(error))


def run(plan_: Plan, home: Path, out: Path) -> tuple[int, list[dict[str, str]]]:
    status = session.run_plan(plan_, home, out, Console(file=io.StringIO(), width=120), False)
    with (out / "cycles.csv").open(newline="") as stream:
        return status, list(csv.DictReader(stream))


def test_cells_of_a_layer() -> None:
    found = expand.cells(plan("rice"), TWIN, "int8")
    assert [cell.detail for cell in found] == [
        f"kernel={kernel},pixels=36,place={place}" for place in ("tcm", "ddr") for kernel in ("open", "dot", "pixels")
    ]
    assert cycles.constant(found[4], HERE) == {
        "model": "vww_96_int8", "layer": "16_conv1x1", "kernel": "dot", "runner": "qemu", "placement": "ddr@1B/cycle",
    }  # fmt: skip
    assert expand.cells(plan("csc"), TWIN, "float32") == []
    assert {cell.details()["kernel"] for cell in expand.cells(plan("rice"), "tflite/ad01_int8#02_dense", "int8")} == {
        "open",
        "dot",
    }
    assert cycles.names_of("nets/a.tflite#05_conv1x1") == {"model": "nets/a.tflite", "layer": "05_conv1x1"}


def test_a_run_on_the_target(qemu: runners.Qemu, firmware_home: Path, tmp_path: Path) -> None:
    status, found = run(plan("dense_s8", "rice"), firmware_home, tmp_path / "out")
    assert status == 0 and len(found) == 12 and {row["status"] for row in found} == {"ok"}
    by = {(row["format"], row["kernel"], row["placement"]): row for row in found}
    for (name, kernel, place), row in by.items():
        tcm = by[name, kernel, "tcm"]
        assert row["pixels"] == ("36" if kernel == "pixels" else "1")
        if place != "tcm":  # a byte a cycle, and 36 pixels are two tiles
            size = formats.get(name).encode(cycles.datasets.load(TWIN, cache_dir=firmware_home).matrix).nbytes
            waited = int(row["cycles_est_mid"]) - int(tcm["cycles_est_mid"])
            assert abs(waited - size * (2 if kernel == "pixels" else 1)) < 0.02 * int(tcm["cycles_est_mid"])
    pixels, dot = (int(by["rice", kernel, "tcm"]["instructions"]) for kernel in ("pixels", "dot"))
    assert pixels < 36 * dot / 4  # decoding is shared
    assert found[0]["code_sha"] == session.current_sha("cycles", {"format": "dense_s8", "params": ""})


def test_without_qemu_the_rows_say_how_to_get_it(
    firmware_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("capstone", reason="no capstone: pip install -e '.[firmware]' brings it")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    status, found = run(plan("rice"), firmware_home, tmp_path / "out")
    assert status == 0 and len(found) == 6
    assert {(row["status"], row["reason"]) for row in found} == {
        ("unavailable", "qemu-system-arm is not there: sudo apt-get install qemu-system-arm")
    }


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TargetHung("QEMU did not end within 60 s"), ("timeout", "QEMU did not end within 60 s")),
        (TargetFailed("the target faulted (status 1)"), ("failed", "the target faulted (status 1)")),
        (Unavailable("QEMU does not run", "reinstall"), ("unavailable", "QEMU does not run: reinstall")),
    ],
)
def test_a_target_that_fails_is_a_row_with_the_reason(error: Exception, said: tuple[str, str]) -> None:
    ended: Future[cycles.Found] = Future()
    ended.set_exception(error)
    wire, cell = Told(), expand.cells(plan("rice"), TWIN, "int8")[0]
    cycles.tell(cell, ended, wire)  # type: ignore[arg-type]
    assert wire.said[cell] == said


def test_a_layer_that_fits_one_memory_of_two() -> None:
    ended: Future[cycles.Found] = Future()
    ended.set_result({TCM: DoesNotFit("too large for tcm"), DDR: []})
    wire, cell = Told(), expand.cells(plan("rice"), TWIN, "int8")[1]
    cycles.tell(cell, ended, wire)  # type: ignore[arg-type]
    assert wire.said[cell] == ("unavailable", "too large for tcm")


def on_target(runner: runners.Qemu, path: Path, name: str, W: np.ndarray, place: str, pixels: int) -> tuple[Any, ...]:
    """What a worker says of a payload in a placement."""
    formats.get(name).encode(as_source(W, np.int8)).save(path)
    cell, ended, wire = targets.cell("d", formats.get(name), "qemu", place, pixels, True), Future[Any](), Told()
    try:
        ended.set_result(targets.run(runner, path, cell))
    except Exception as error:
        ended.set_exception(error)
    targets.tell(cell, ended, wire)  # type: ignore[arg-type]
    return wire.said[cell]


def test_cells_of_a_session_say_what_went_wrong(qemu: runners.Qemu, firmware_home: Path, tmp_path: Path) -> None:
    eye, path = np.eye(700, dtype=np.int8), tmp_path / "w.dbp"
    assert on_target(qemu, path, "dense_s8", eye, "tcm", 3)[0] == "unavailable"
    status, data = on_target(qemu, path, "dense_s8", eye, "ddr", 3)
    assert status == "ok" and data["weight_bytes"] == path.stat().st_size
    assert list(data["kernels"]) == ["open", "dot", "pixels"] and data["kernels"]["pixels"]["pixels"] == 3
    assert on_target(replace(qemu, seconds=0.01), path, "rel15", eye, "tcm", 3)[0] == "timeout"


def test_rows_of_a_cell() -> None:
    """A row a kernel; one, of the product, where there is no figure."""
    row = {"format": "rice", "status": "ok", "weight_bytes": 7, "kernels": {"open": {"a": 1}, "dot": {"a": 2}}}
    assert targets.rows_of(row) == [
        {"format": "rice", "status": "ok", "weight_bytes": 7, "kernel": kernel, "a": a}
        for kernel, a in (("open", 1), ("dot", 2))
    ]
    assert targets.rows_of({"status": "timeout"}) == [{"status": "timeout", "kernel": "dot"}]


LAYERS = (Layer(16, 16, 0.3), Layer(16, 16, 0.3, "int8"))


def session_of(out: Path, *more: str) -> tuple[int, list[str], list[dict[str, str]]]:
    """Exit status, lines and rows of ``nox -s firmware`` for two small layers and no network."""
    found = CliRunner().invoke(sessions.main, ["--models", "", "--out", str(out), *more])
    path = out / "cycles.csv"
    with path.open(newline="") as stream:
        return found.exit_code, found.output.splitlines(), list(csv.DictReader(stream))


def test_a_session_is_resumed_and_keeps_its_rows(
    qemu: runners.Qemu, firmware_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped behind the first matrix, it runs the second alone; the third time nothing is run, and rows are the same."""
    monkeypatch.setattr(sessions, "LAYERS", LAYERS)
    monkeypatch.setattr(sessions, "FORMATS", ("csc", "dense"))
    monkeypatch.setattr(sessions.formats, "standard", lambda dtype: (formats.get("dense_s8"), formats.get("rice")))
    asked: list[tuple[str, int]] = []
    real = processes.run

    def stopped(task: Task, cells: list[Cell], *others: Any) -> None:
        asked.append((task.job, len(cells)))
        if len(asked) == 2:
            raise KeyboardInterrupt
        real(task, cells, *others)

    monkeypatch.setattr(processes, "run", stopped)
    out = tmp_path / "out"
    assert CliRunner().invoke(sessions.main, ["--models", "", "--out", str(out)]).exit_code == 1
    assert not out.exists() and asked == [("firmware", 4)] * 2
    status, lines, rows = session_of(out)
    assert status == 0 and asked == [("firmware", 4)] * 3
    kernels = {(row["format"], row["kernel"]) for row in rows}
    assert {("csc", "decode"), ("dense_s8", "dot"), ("rice", "decode")} <= kernels and (
        "dense_s8",
        "decode",
    ) not in kernels
    assert {(row["runner"], row["status"], row["source"]) for row in rows} == {("qemu", "ok", "seeded")}
    assert {row["placement"] for row in rows} == {"tcm", "ddr@1B/cycle"}
    assert rows[0]["code_sha"] == session.current_sha("cycles", rows[0])
    assert any(line.startswith(f"qemu: {len(rows)} rows in ") for line in lines)
    assert sum("csc dot tcm: ok " in line for line in lines) == 1
    assert session_of(out)[2] == rows and asked == [("firmware", 4)] * 3
    lack = session_of(out, "--runners", "board")
    assert lack[0] == 1 and "skipped: no board is configured: --board FILE.toml" in lack[1] and lack[2] == rows


# ---- whole networks


def row(layer: str, name: str, kernel: str, mid: int, **more: Any) -> dict[str, Any]:
    return {
        "dataset": f"n#{layer}", "layer": layer, "format": name, "params": "", "kernel": kernel, "status": "ok",
        "placement": "tcm", "pixels": 10 if kernel == "pixels" else 1, "cycles_est_low": mid - 1,
        "cycles_est_mid": mid, "cycles_est_high": mid + 2, "weight_bytes": 100, "code_bytes": 50, "scratch_bytes": 8,
        **more,
    }  # fmt: skip


ROWS = [
    row("a", "dense_s8", "dot", 30), row("a", "dense_s8", "pixels", 1000), row("a", "dense_s8", "open", 5),
    row("a", "rice", "dot", 200, weight_bytes=40, code_bytes=70, scratch_bytes=90),
    row("a", "rice", "pixels", 400, weight_bytes=40, code_bytes=70, scratch_bytes=90),
    row("b", "dense_s8", "dot", 60, weight_bytes=300),
    row("b", "rice", "dot", 50, weight_bytes=80, code_bytes=70, scratch_bytes=120),
    row("b", "psr8", "dot", 1, status="failed"),
]  # fmt: skip


def test_totals_of_a_network() -> None:
    layers = networks.choices(ROWS)
    assert layers["a"]["dense_s8"].cycles == {"tcm": (290, 300, 320)}  # ten times one vector is quicker than a tile
    assert layers["a"]["rice"].cycles == {"tcm": (399, 400, 402)}
    found = networks.totals(layers, 1000)
    assert set(found) == {"dense_s8", "rice", "smallest", "fastest, tcm"}
    assert found["dense_s8"] == networks.Total(1400, 50, 8, {"tcm": (349, 360, 382)})
    assert found["rice"] == networks.Total(1120, 70, 120, {"tcm": (448, 450, 454)})
    assert found["smallest"] == found["rice"]
    assert found["fastest, tcm"] == networks.Total(1180, 120, 120, {"tcm": (339, 350, 372)})
    lines = list(show.total_lines(found, 400))
    assert max(map(len, lines)) <= 80
    assert lines[2].split() == ["dense_s8", "1400", "50", "8", "0", "0.00"]


def test_a_layer_that_does_not_fit_leaves_the_total_of_that_memory_out() -> None:
    layers = networks.choices([*ROWS, row("b", "dense_s8", "dot", 70, placement="ddr@1B/cycle")])
    assert set(networks.totals(layers, 0)["dense_s8"].cycles) == {"tcm"}
    both = [*ROWS[:2], row("a", "dense_s8", "dot", 9, placement="ddr@1B/cycle")]
    assert networks.totals(networks.choices(both), 0)["dense_s8"].cycles["ddr@1B/cycle"] == (80, 90, 110)


def test_published_sizes_of_velas_coder(mirror: Path, tmp_path: Path) -> None:
    """6.27 and 6.79 times smaller than dense on the layers with 80 % zeros and more; ours beside it."""
    pytest.importorskip("ethosu", reason="no Vela: pip install -e '.[vela]' brings it")
    found = networks.against_mlw(networks.works("sparse_l_90", tmp_path), formats.standard("int8"))
    assert (found.layers, found.entries, found.mlw_bytes) == (6, 579_600, 85_328)
    assert round(found.entries / 85_328, 2) == 6.79
    assert found.smallest_bytes == 84_562  # 6.85 times
    mobile = networks.works("mobilenetv2_cifar10_sparse90", tmp_path)
    found = networks.against_mlw(mobile, (formats.parse("rice[values=coded]"),))
    assert (found.layers, found.entries, found.mlw_bytes) == (16, 1_927_680, 307_664)  # 6.27 times
    assert found.smallest_bytes == 305_562  # 6.31 times


def test_a_networks_layers(mirror: Path, tmp_path: Path) -> None:
    found = networks.works("sparse_s_90", tmp_path)
    assert [(work.layer, work.pixels) for work in found[:3]] == [
        ("03_conv10x4", 125), ("04_depthwise3x3", 0), ("05_conv1x1", 125),
    ]  # fmt: skip
    assert {work.model for work in found} == {"sparse_s_90"} and found[0].matrix.dtype == np.int8


def test_qemu_from_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """apt-get and dpkg-deb that do what the real ones do; the program then runs with the unpacked libraries."""
    scripts = {
        "apt-get": 'if [ "$1" = install ]; then echo "Inst libx1 (1 [amd64])"; echo "Inst qemu-system-arm (1 [amd64])"; '
        'else shift; for name in "$@"; do touch $name.deb; done; fi',
        "dpkg-deb": "mkdir -p $3/usr/bin $3/lib; case $2 in *qemu*) printf '#!/bin/sh\\necho \"QEMU emulator version 7.2 "
        "$LD_LIBRARY_PATH\"\\n' > $3/usr/bin/qemu-system-arm; chmod +x $3/usr/bin/qemu-system-arm;; esac",
    }
    for name, script in scripts.items():
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    monkeypatch.setenv("DOTBENCH_HOME", str(tmp_path / "home"))
    program = packages.fetch()
    assert program == packages.unpacked() == str(tmp_path / "home" / "qemu/usr/bin/qemu-system-arm")
    assert runners.version_of(program) == (7, 2)
    searched = packages.environment(program)[1]
    assert searched.count("-linux-gnu") == 2 and "qemu/usr/lib/" in searched and "qemu/lib/" in searched
