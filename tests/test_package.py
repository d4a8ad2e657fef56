"""The package that people import: light, each module once, and clear where a checkout has lost its links."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import os
import pkgutil
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import dotbench

sys.path.insert(0, str(Path(__file__).parent))
import copied
import without

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = """
import json, sys
import dotbench, numpy
assert "numpy" in sys.modules
payload = dotbench.encode(numpy.eye(4, dtype=numpy.float32), "sham")
again = dotbench.load(bytes(payload.data))
assert again.dot(numpy.arange(4, dtype=numpy.float32)).tolist() == [0, 1, 2, 3]
for name in {"dense", "csc", "ham", "eie", "column_combined"} & set(dotbench.names()):
    dotbench.encode(numpy.eye(4, dtype=numpy.float32), name).dot(numpy.ones(4, numpy.float32))
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names))))
"""


def called(*command: str, cwd: Path = ROOT, path: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(path)}
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, env=environment, cwd=cwd)


def test_public_names() -> None:
    assert dotbench.__all__ == ["encode", "load", "names", "open_pack"]
    rooms = {name for _, name, is_package in pkgutil.iter_modules(dotbench.__path__) if is_package}
    assert rooms == set(dotbench.ROOMS) and not rooms & set(dotbench.__all__)
    assert all(inspect.signature(getattr(dotbench, name)).return_annotation for name in dotbench.__all__)
    assert (Path(dotbench.__file__).parent / "py.typed").is_file()


def test_coverage_counts_every_room() -> None:
    """It knows files by where links lead: of ``dotbench`` alone it would see one file."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["coverage"]
    assert tool["run"]["source_dirs"] == ["dotbench", *dotbench.ROOMS] and "source" not in tool["run"]
    assert tool["report"]["fail_under"] >= 90


def test_importing_the_package_imports_nothing() -> None:
    done = called("-c", "import sys; before = set(sys.modules); import dotbench; print(*set(sys.modules) - before)")
    new = {name.partition(".")[0] for name in done.stdout.split()} - set(sys.stdlib_module_names)
    assert new == {"dotbench"}, done.stderr


def test_encoding_loading_and_multiplying_import_numpy_and_cffi_alone() -> None:
    done = called("-S", "-c", f"import sys; sys.path += {sys.path!r}\n{PRODUCT}")  # -S: nothing that .pth files import
    assert done.returncode == 0, done.stderr
    found = set(json.loads(done.stdout))
    assert {"dotbench", "numpy", "cffi"} <= found
    assert not found & {"scipy", "click", "rich", "pandas", "psutil", "pooch", "pyarrow", "ziglang", "plotly"}, found


def test_a_sparse_matrix_is_known_where_scipy_is_there() -> None:
    sparse = pytest.importorskip("scipy.sparse", reason="no scipy: pip install -e '.[run]' brings it")
    W = np.array([[0, 2], [3, 0]], np.float32)
    for matrix in (sparse.csr_array(W), sparse.coo_matrix(W)):
        assert bytes(dotbench.encode(matrix, "csc").data) == bytes(dotbench.encode(W, "csc").data)


def modules() -> list[str]:
    """All modules of the package but what only runs as a program, and what needs PyTorch where that is not there."""
    found = pkgutil.walk_packages(dotbench.__path__, "dotbench.")
    lacking = [] if importlib.util.find_spec("torch") else ["dotbench.torch"]
    return [one.name for one in found if not one.name.endswith("__main__") and one.name not in lacking]


def test_where_pytorch_is_lacking_the_line_that_brings_it_is_said() -> None:
    forbidden = "import sys; sys.modules['torch'] = None; "
    done = called("-c", f"{forbidden}import dotbench; print(dotbench.names()[0]); import dotbench.torch")
    assert done.stdout == "dense\n" and done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("ImportError: dotbench.torch needs PyTorch (")
    assert done.stderr.splitlines()[-1].endswith("): python -m pip install -e '.[torch]'")
    done = called("-c", f"{forbidden}from dotbench.bench.goals.torch_calls import main; main([])")
    assert done.returncode == 1 and done.stderr.startswith("Error: dotbench.torch needs PyTorch (")


def test_it_is_no_pytorch() -> None:
    """Where dotbench/ itself is on the path, a bare ``import torch`` would find the module of this name."""
    done = called("-c", "import torch", path=ROOT / "dotbench")
    assert done.returncode == 1 and "this is dotbench.torch, and no PyTorch" in done.stderr


def test_no_module_is_loaded_under_two_names() -> None:
    for name in modules():
        importlib.import_module(name)
    files: dict[Path, list[str]] = {}
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        here = Path(path).resolve() if path else Path()
        if any(ROOT / room in here.parents for room in (*dotbench.ROOMS, "dotbench")):
            files.setdefault(here, []).append(name)
    assert len(files) > 200
    twice = {path: names for path, names in files.items() if len(names) > 1 and "__main__" not in names}
    assert not twice


@pytest.mark.parametrize("room", dotbench.ROOMS)
def test_rooms_by_their_bare_names_are_refused(room: str) -> None:
    done = called("-c", f"import {room}")
    assert done.returncode == 1 and f"this is dotbench.{room}: from dotbench import {room}" in done.stderr


@pytest.mark.parametrize("module", ["bench", "dotbench"])
def test_both_are_the_command(module: str) -> None:
    done = called("-m", module, "--help")
    assert done.returncode == 0 and "In which compressed format" in done.stdout and "\n  run " in done.stdout


# ---- a checkout that lost its links


@pytest.fixture
def lost(tmp_path: Path) -> Path:
    """As archives leave it on some systems: a text file for each link."""
    copied.code(tmp_path, "noxfile.py", "pyproject.toml")
    for room in dotbench.ROOMS:
        (tmp_path / "dotbench" / room).unlink()
        (tmp_path / "dotbench" / room).write_text(f"../{room}")
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [("-c", "from dotbench import formats"), ("-m", "dotbench", "--help"), ("-m", "bench", "--help"),
     ("noxfile.py", "-s", "small")],
)  # fmt: skip
def test_lost_links_are_named_with_the_line_that_cures(lost: Path, command: tuple[str, ...]) -> None:
    done = called(*command, cwd=lost, path=lost)
    assert done.returncode == 1 and "has lost the links of its folder dotbench/" in done.stderr
    cure = done.stderr.rpartition("In the checkout: ")[2].strip()
    assert cure == "ln -sfn ../bench ../cdot ../datasets ../firmware ../formats dotbench/"
    if "bench" in command:
        assert done.stderr.startswith("Error: ") and "Traceback" not in done.stderr
    subprocess.run(cure.split(), cwd=lost, check=True)
    shutil.rmtree(lost / "dotbench" / "__pycache__", ignore_errors=True)
    assert called("-c", "from dotbench import formats; print(formats.names()[0])", cwd=lost, path=lost).returncode == 0


def test_copies_in_place_of_links(lost: Path) -> None:
    """Changes beside them would have no effect: sessions refuse, and the line cures it."""
    (lost / "dotbench" / "formats").unlink()
    shutil.copytree(lost / "formats", lost / "dotbench" / "formats")
    done = called("noxfile.py", "-l", cwd=lost, path=lost)
    cure = done.stderr.rpartition("In the checkout: ")[2].strip()
    assert done.returncode == 1 and cure.startswith("rm -rf dotbench/formats && ln -sfn ../bench ")
    subprocess.run(cure, cwd=lost, check=True, shell=True)
    assert (lost / "dotbench" / "formats").is_symlink()


def test_links_that_are_not_there_at_all(lost: Path) -> None:
    (lost / "dotbench" / "formats").unlink()
    assert "has lost the links" in called("-c", "import dotbench", cwd=lost, path=lost).stderr


def test_the_core_is_enough_for_a_product() -> None:
    extras = {"scipy", "psutil", "pandas", "plotly", "pyarrow", "ziglang", "pooch", "tabulate", "click", "rich"}
    from dotbench.cdot import build

    build.build()  # compiled before the compiler is hidden: what a wheel brings
    done = without.run(PRODUCT, packages=extras)
    assert done.returncode == 0, done.stderr
