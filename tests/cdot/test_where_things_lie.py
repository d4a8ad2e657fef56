"""Folders and kernels of a checkout, and of an installed package."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from distributions import install

from dotbench.cdot import build, dependencies, places

ROOT = Path(__file__).resolve().parents[2]
SAY = """
import os
from dotbench.cdot import build, dependencies, places
print(places.CHECKOUT, places.IMPORTED_FROM, build.state_folder(), places.results_folder(), sep="|")
"""
MULTIPLY = """
import sys
from dotbench.cdot import build
def version(name): raise build.PackageNotFoundError(name)
build.version = version
import dotbench, numpy
print(dotbench.encode(numpy.eye(2, dtype=numpy.float32), "ham").dot(numpy.ones(2, numpy.float32)).tolist())
from dotbench.cdot import dependencies
print(build.build(), build.driver("count"), build.compiler_name(), len(dependencies.of_checkout()["host"]))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages with ours in it as a wheel installs it: rooms as folders, kernels built ahead."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "dotbench", folder / "dotbench", ignore=shutil.ignore_patterns("__pycache__"))
    built = folder / "dotbench" / "cdot" / "built"
    built.mkdir()
    for isa in build.instruction_sets():
        shutil.copy(build.build(isa), built / f"cdot-{isa}.so")
        shutil.copy(build.driver("count", isa), built / f"count-{isa}")
    shutil.copy(dependencies.stored(), built)
    (built / "compiler").write_text("zig-0\n")
    return folder


def said(site: Path, home: Path, code: str, **more: str) -> subprocess.CompletedProcess[str]:
    """What a program prints that finds the package in ``site`` and works in the folder ``home``."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DOTBENCH_", "XDG_"))}
    environment = {**kept, "PYTHONPATH": str(site), "HOME": str(home), **more}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=home)


def test_a_checkout_keeps_all_beside_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOTBENCH_HOME", raising=False)
    assert places.CHECKOUT and places.IMPORTED_FROM == ROOT
    assert build.state_folder() == ROOT / ".dotbench" and places.results_folder() == ROOT / "results"


def test_an_installed_package_keeps_all_in_the_users_folders(site: Path, tmp_path: Path) -> None:
    one = said(site, tmp_path, SAY).stdout.strip()
    assert one == f"False|{site}|{tmp_path}/.cache/dotbench|{tmp_path}/results"
    assert f"|{tmp_path}/x/dotbench|" in said(site, tmp_path, SAY, XDG_CACHE_HOME=str(tmp_path / "x")).stdout
    assert f"|{tmp_path}/h|" in said(site, tmp_path, SAY, DOTBENCH_HOME="h", XDG_CACHE_HOME="/x").stdout


@pytest.mark.parametrize("isa", build.instruction_sets())
def test_an_installed_package_needs_no_compiler(site: Path, tmp_path: Path, isa: str) -> None:
    before = {path for path in site.rglob("*") if "__pycache__" not in path.parts}
    done = said(site, tmp_path, MULTIPLY, DOTBENCH_ISA=isa)
    built = site / "dotbench" / "cdot" / "built"
    assert done.returncode == 0, done.stderr
    product, rest = done.stdout.splitlines()
    assert product == "[1.0, 1.0]"
    assert rest.split()[:3] == [str(built / f"cdot-{isa}.so"), str(built / f"count-{isa}"), "zig-0"]
    assert int(rest.split()[3]) > 50  # C files
    assert {path for path in site.rglob("*") if "__pycache__" not in path.parts} == before
    assert not list(tmp_path.iterdir())  # nothing was compiled or cached


def test_without_kernels_for_this_processor_the_line_that_brings_the_compiler(site: Path, tmp_path: Path) -> None:
    other = tmp_path / "site"
    shutil.copytree(site, other)
    for path in (other / "dotbench" / "cdot" / "built").iterdir():
        path.unlink()
    done = said(other, tmp_path, MULTIPLY)
    assert done.returncode == 1
    assert "NoCompiler: the compiler is missing: python -m pip install ziglang==0.17.1" in done.stderr


NO_COMPILER = """import importlib.metadata as metadata
found = metadata.version
def version(name):
    if name == "ziglang": raise metadata.PackageNotFoundError(name)
    return found(name)
metadata.version = version
"""
RUN = """
import sys
from dotbench.bench.cli import main
sys.argv[1:] = "run --datasets w.npy --formats csc,tell --metrics space,time --batch 1 --quick --out out".split()
main()
"""


def test_a_plug_in_that_needs_a_compiler_says_so_and_the_others_are_measured(site: Path, tmp_path: Path) -> None:
    (tmp_path / "plugs").mkdir()
    ell = ROOT / "examples" / "ell" / "dotbench_ell"
    text = (ell / "__init__.py").read_text().replace('"ell"', '"tell"').replace("0x8001", "0x8071")
    install(tmp_path / "plugs", "dotbench_tell", text, "[dotbench.formats]\ntell = dotbench_tell:Ell\n")
    shutil.copy(ell / "ell.c", tmp_path / "plugs")
    (tmp_path / "plugs" / "sitecustomize.py").write_text(NO_COMPILER)
    np.save(tmp_path / "w.npy", np.eye(8, dtype=np.float32))
    done = said(site, tmp_path, RUN, PYTHONPATH=os.pathsep.join(map(str, (site, tmp_path / "plugs"))))
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stdout + done.stderr
    for file in ("space", "time"):
        with (tmp_path / "out" / f"{file}.csv").open(newline="") as stream:
            found = {row["format"]: (row["status"], row["reason"]) for row in csv.DictReader(stream)}
        assert found["csc"][0] == "ok"
        assert found["tell"] == (
            "unavailable",
            "the plug-in dotbench-tell: ell.c has to be compiled, and the compiler is missing: "
            "python -m pip install ziglang==0.17.1 (or set DOTBENCH_CC)",
        )


def test_another_compiler_is_not_served_from_the_package(
    site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(build, "CARRIED", site / "dotbench" / "cdot" / "built")
    for name in ("DOTBENCH_CC", "DOTBENCH_CFLAGS"):
        monkeypatch.delenv(name, raising=False)
    assert build.carried("compiler") and build.carried("cdot-riscv.so") is None
    monkeypatch.setenv("DOTBENCH_CFLAGS", "-g")
    assert build.carried("compiler") is None
