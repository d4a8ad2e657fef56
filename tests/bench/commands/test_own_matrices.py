"""Files of one's own on the command line: their names, which side is the input, int8, and what cannot be read."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from dotbench import formats
from dotbench.bench.cli import command
from dotbench.bench.commands.file_lists import split_files

pytestmark = pytest.mark.usefixtures("home")

W = np.zeros((7, 3), np.int8)
W[2, 1], W[6, 0] = 5, -128


def call(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(one) for one in arguments])


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "space.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def run(name: object, out: Path, *more: str) -> Result:
    return call("run", "--datasets", name, "--metrics", "space", "--out", out, *more)


def test_a_file_of_int8_meets_the_formats_for_int8(tmp_path: Path) -> None:
    np.save(tmp_path / "w8.npy", W)
    result = run(tmp_path / "w8.npy", tmp_path / "out")
    assert result.exit_code == 0, result.output
    found = {row["format"]: row for row in rows(tmp_path / "out") if not row["format"].startswith("bound:")}
    assert found.keys() - {"mlw"} == set(formats.names("int8")) and {row["dtype"] for row in found.values()} == {"int8"}
    for name in ("dense_s8", "dcsr", "rle4"):
        size = formats.get(name).encode(W).nbytes
        assert found[name]["bytes"] == str(size) and found[name]["ratio"] == f"{W.size / size:.4f}"
    result = run(tmp_path / "w8.npy", tmp_path / "other", "--formats", "csc")
    assert result.exit_code == 1 and "nothing of what was asked for takes int8" in " ".join(result.output.split())


def test_what_was_done_to_other_types_is_in_the_rows(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.abs(W.astype(np.int16)))
    assert run(tmp_path / "w.npy", tmp_path / "out", "--formats", "csc").exit_code == 0
    (row,) = rows(tmp_path / "out")
    assert (row["dtype"], row["reason"]) == ("float32", "int16 taken as float32, exactly")


def test_the_first_line_says_what_is_input_and_output(tmp_path: Path) -> None:
    name = tmp_path / "w.npy"
    np.save(name, W)
    first = run(name, tmp_path / "out", "--formats", "dcsr").output.splitlines()[0]
    assert first.startswith(f"{name}: 7 inputs, 3 outputs (--transpose if its rows are the outputs")
    first = run(name, tmp_path / "out", "--formats", "dcsr", "--transpose").output.splitlines()[0]
    assert first == f"{name}~transposed: 3 inputs, 7 outputs"
    plain, turned = sorted(rows(tmp_path / "out"), key=lambda row: row["dataset"])
    assert (plain["dataset"], turned["dataset"]) == (str(name), f"{name}~transposed")
    assert (plain["n"], plain["m"], turned["n"], turned["m"]) == ("7", "3", "3", "7")
    assert plain["matrix_sha256"] != turned["matrix_sha256"]
    result = call("fetch", name, "--transpose")
    assert result.exit_code == 0 and "~transposed: file, 3 x 7, 2 nonzeros" in result.output
    result = call("run", "--datasets", "orsreg_1", "--transpose")
    assert result.exit_code == 2 and "orsreg_1 cannot be transposed" in result.output


def test_arrays_of_an_archive_and_names_with_commas(tmp_path: Path) -> None:
    path = tmp_path / "a,b,c.npz"
    np.save(tmp_path / "w.npy", W)
    np.savez(path, fc1=W, fc2=W // 2)
    result = run(f"{tmp_path / 'w.npy'},{path}#fc2", tmp_path / "out", "--formats", "dcsr")
    assert result.exit_code == 0, result.output
    assert {row["dataset"] for row in rows(tmp_path / "out")} == {str(tmp_path / "w.npy"), f"{path}#fc2"}
    result = run(path, tmp_path / "out")
    assert result.exit_code == 2 and "holds fc1, fc2" in result.output and "a,b,c.npz#fc1" in result.output


def test_lists_of_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a,b.npy", "c.npy", "d, e.npz"):
        Path(name).touch()
    assert split_files("a,b.npy") == ["a,b.npy"]
    assert split_files("c.npy,a,b.npy, orsreg_1") == ["c.npy", "a,b.npy", "orsreg_1"]
    assert split_files("d, e.npz#x,a,b.npy~transposed") == ["d, e.npz#x", "a,b.npy~transposed"]
    assert split_files("x,y[1,2],,z") == ["x", "y[1,2]", "z"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mlp.mat", "cannot read .mat yet"),
        ("w" * 5000 + ".npy", "there is no such file"),
        ("w\udcff.npy", "this name is no UTF-8"),
    ],
)
def test_what_cannot_be_read(name: str, words: str) -> None:
    result = call("run", "--datasets", name)
    assert result.exit_code == 2 and words in " ".join(result.output.split())
    assert "Traceback" not in result.output and "did you mean" not in result.output
