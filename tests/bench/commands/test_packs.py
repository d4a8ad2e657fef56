"""``dotbench pack`` and ``dotbench unpack``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import dotbench
from dotbench.bench.cli import command
from dotbench.datasets import readers
from dotbench.datasets.reader import Reader

sys.path.insert(0, str(Path(__file__).parents[2]))
import made_models
from made_models import pruned

pytestmark = pytest.mark.usefixtures("home")

ARRAYS = {"fc1.weight": pruned((40, 60)), "fc2.weight": np.random.default_rng(0).random((40, 40), np.float32)}


def call(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(one) for one in arguments])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    np.savez(tmp_path / "m.npz", **ARRAYS)
    return tmp_path / "m.npz"


def test_there_and_back(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "p.safetensors"
    done = call("pack", model, "--out", out, "--verify")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0].startswith("fc1.weight: bitmap, 9600 -> ") and lines[0].endswith("% saved")
    assert lines[1] == "fc2.weight: as it is, 6400 bytes: no format saves 2 %"
    said = f"{out}: 1 payloads and 1 other tensors, compared bit for bit, {out.stat().st_size} bytes; the model's tensors have 16000"
    assert lines[2] == said
    (tmp_path / "folder").mkdir()
    done = call("unpack", out, "--out", tmp_path / "folder")
    again = tmp_path / "folder" / "p.safetensors"
    assert (done.exit_code, done.output) == (0, f"{again}: {again.stat().st_size} bytes\n")
    library = pytest.importorskip("safetensors.numpy", reason="no safetensors: pip install -e '.[models]' brings it")
    assert {name: one.tobytes() for name, one in library.load_file(again).items()} == {
        name: one.tobytes() for name, one in ARRAYS.items()
    }


def test_formats_that_are_asked_for(model: Path, tmp_path: Path) -> None:
    assert call("pack", model, "--out", tmp_path / "p", "--formats", "csc,sham", "--threads", 1).exit_code == 0
    assert dotbench.open_pack(tmp_path / "p").formats() == {"fc1.weight": "sham"}
    done = call("pack", model, "--out", tmp_path / "q", "--formats", "column_combined")
    assert done.exit_code == 2 and "is lossy, and a pack gives tensors back bit for bit" in done.output
    done = call("pack", model, "--out", tmp_path / "q", "--formats", "shm")
    assert done.exit_code == 2 and "did you mean" in done.output and not (tmp_path / "q").exists()


def test_a_safetensors_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = made_models.model(tmp_path / "m.safetensors", ARRAYS)
    if not readers.find("m.safetensors", readers.of_models()):
        reader = Reader("safetensors", "of this test", (".safetensors",), tensors=lambda _: made)
        monkeypatch.setattr(readers, "ALL", (*readers.ALL, reader))
    done = call("pack", made.path, "--out", tmp_path / "p.safetensors", "--verify")
    assert done.exit_code == 0 and "1 payloads and 1 other tensors, compared bit for bit" in done.output, done.output
    assert "is a pack already" in call("pack", tmp_path / "p.safetensors", "--out", tmp_path / "q").output or (
        readers.ALL[-1].summary == "of this test"
    )


@pytest.mark.parametrize("verb", ["pack", "unpack"])
def test_a_file_that_exists_and_one_that_does_not(verb: str, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "p.safetensors"
    assert call("pack", model, "--out", out).exit_code == 0
    source = model if verb == "pack" else out
    (tmp_path / "there.safetensors").write_text("mine")
    done = call(verb, source, "--out", tmp_path / "there.safetensors")
    assert done.exit_code == 2 and "there.safetensors exists: choose another name, or pass --force" in done.output
    assert (tmp_path / "there.safetensors").read_text() == "mine"
    assert call(verb, source, "--out", tmp_path / "there.safetensors", "--force").exit_code == 0
    done = call(verb, tmp_path / "nobody.npz", "--out", tmp_path / "x")
    assert done.exit_code == 2 and done.output.startswith("Error: ") and "nobody.npz" in done.output
    done = call(verb, source, "--out", tmp_path / "no" / "x")
    assert done.exit_code == 2 and "Make room, or choose another folder" in done.output, done.output


def test_what_cannot_be_packed(tmp_path: Path) -> None:
    (tmp_path / "m.txt").touch()
    done = call("pack", tmp_path / "m.txt", "--out", tmp_path / "p")
    assert done.exit_code == 2 and "cannot be packed: files that end in .npz" in done.output
    done = call("unpack", tmp_path / "m.txt", "--out", tmp_path / "p")
    assert done.exit_code == 2 and "is empty, so it is no pack" in done.output
