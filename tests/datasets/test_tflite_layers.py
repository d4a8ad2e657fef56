"""Layers of .tflite files as data sets: names, files, the zoo, listing."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from dotbench import datasets

sys.path.insert(0, str(Path(__file__).parent.parent))
from tflite_files import DENSE_WEIGHTS, FLOAT32, Graph, Operator, Tensor, build, model, network


def write(tmp_path: Path, data: bytes | None = None) -> Path:
    path = tmp_path / "net.tflite"
    path.write_bytes(model() if data is None else data)
    return path


def test_layers_of_a_file_by_name(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert datasets.resolve([str(path)]) == [f"{path}#{name}" for name in ("00_conv2x3", "01_depthwise3x3", "02_dense")]
    assert datasets.resolve([f"{path}#*_d*"]) == [f"{path}#01_depthwise3x3", f"{path}#02_dense"]
    name = f"{path}#02_dense"
    assert datasets.source_now(name) == "model"
    found = datasets.load(name, cache_dir=tmp_path / "cache")
    assert (found.name, found.source, found.matrix.shape, found.reason) == (name, "model", (4, 3), "")
    assert found.dtype == "int8" and datasets.pixels(name) == 16
    assert found.matrix.columns(0, 3).dense(4).tolist() == DENSE_WEIGHTS.tolist()
    layer = datasets.layer(name, cache_dir=tmp_path / "cache")
    assert layer.quantisation.scales.tolist() == [0.25] and layer.weights.T.tolist() == DENSE_WEIGHTS.tolist()


def test_names_of_no_layer(tmp_path: Path) -> None:
    path = write(tmp_path)
    with pytest.raises(datasets.UnknownDataset, match="has no layer '02_dens': did you mean 02_dense"):
        datasets.resolve([f"{path}#02_dens"])
    with pytest.raises(datasets.UnknownDataset, match="other.tflite: there is no such file"):
        datasets.resolve([str(tmp_path / "other.tflite")])
    with pytest.raises(datasets.DataError, match="no .tflite file"):
        datasets.resolve([str(write(tmp_path, b"nothing"))])


def test_weights_that_are_no_numbers(tmp_path: Path) -> None:
    def change(graph: Graph) -> None:
        graph.tensors[6] = Tensor([3, 4], np.full(12, np.nan, np.float32).tobytes(), FLOAT32)

    path = write(tmp_path, model(change))
    with pytest.raises(
        datasets.DataError, match="the weights of 02_dense: nan at row 0, column 0 is not a finite number"
    ):
        datasets.load(f"{path}#02_dense", cache_dir=tmp_path / "cache")


def test_the_zoo_without_mirror_or_network(own_mirror: Path, tmp_path: Path) -> None:
    name = "tflite/sparse_l_90#05_conv1x1"
    assert datasets.resolve(["tflite/sparse_l_90#*1x1"])[0] == name and len(datasets.resolve(["tflite/*"])) == 553
    assert datasets.source_now(name) == "nowhere" and datasets.describe(name).shape == (276, 276)
    words = r"#05_conv1x1: not in the mirror .*, and DOTBENCH_OFFLINE=1; allow the network, or put it into the mirror as dcsr_models/sparse_l_90.tflite"
    with pytest.raises(datasets.DataError, match=words):
        datasets.load(name, cache_dir=tmp_path)
    with pytest.raises(datasets.UnknownDataset, match="did you mean .*tflite/sparse_l_90"):
        datasets.resolve(["tflite/sparse_l_91"])


def test_a_damaged_file_of_the_zoo(own_mirror: Path, tmp_path: Path) -> None:
    (own_mirror / "dcsr_models").mkdir()
    (own_mirror / "dcsr_models/sparse_l_90.tflite").write_bytes(model())
    with pytest.raises(datasets.DataError, match="sparse_l_90.tflite is not the published file"):
        datasets.load("tflite/sparse_l_90#05_conv1x1", cache_dir=tmp_path)


def test_a_layer_of_the_zoo_from_its_address(
    online: None, server: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address of an entry is asked, its file verified, and the layer read with its scales."""
    import hashlib
    from dataclasses import replace

    from dotbench.datasets.models import zoo

    url, folder = server
    (folder / "net.tflite").write_bytes(model())
    sha = hashlib.sha256(model()).hexdigest()
    entry = datasets.Dataset(
        "tflite/net#02_dense", (4, 3), "a test", "none", "", "nets/net.tflite", sha,
        (datasets.entry.Remote(f"{url}/net.tflite", sha),), "02_dense", density=5 / 12, distinct=5,
    )  # fmt: skip
    monkeypatch.setattr(zoo, "entries", lambda: {entry.name: entry})
    found = datasets.load(entry.name, cache_dir=tmp_path / "cache")
    assert (found.source, found.file_sha256, found.matrix.shape) == ("url", sha, (4, 3))
    assert datasets.layer(entry.name, cache_dir=tmp_path / "cache").quantisation.scales.tolist() == [0.25]
    wrong = replace(entry, shape=(3, 4))
    monkeypatch.setattr(zoo, "entries", lambda: {entry.name: wrong})
    with pytest.raises(datasets.DataError, match="4 x 3 numbers, tflite/net#02_dense has 3 x 4"):
        datasets.load(entry.name, cache_dir=tmp_path / "cache")


def test_list_names_layers_and_what_was_skipped(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from dotbench.bench.cli import command

    graph, codes = network()
    graph.operators.append(Operator(3, [0], [3]))
    path = write(tmp_path, build([graph], [*codes, (32, 0, "MyOp")]))
    call = CliRunner(env={"COLUMNS": "200"}).invoke
    lines = call(command, ["list", "datasets", f"{path}#*conv*"]).output.splitlines()
    assert len(lines) == 4 and lines[1].split()[:5] == ["net.tflite#00_conv2x3", "12", "x", "4", "model"]
    assert lines[1].rstrip().endswith("product, int8, 16 vectors an inference, net/conv")
    assert lines[2] == f"{path}: skipped operator 03 (custom operator 'MyOp'): weights of its kind are not read"
    listed = call(command, ["list", "datasets", "tflite/sparse_s_*#05*"]).output.splitlines()
    assert sum(line.startswith("tflite/") for line in listed) == 6  # what cannot be had says so in more lines
    everything = call(command, ["list", "datasets"]).output
    assert (
        everything.count("tflite/") == 28
        and "tflite/sparse_l_90" in everything
        and "tflite/sparse_l_90#" not in everything
    )
    unknown = call(command, ["list", "datasets", "tflite/nothing"])
    assert unknown.exit_code != 0 and "no data set 'tflite/nothing'" in unknown.output


def test_a_skipped_layer_says_why_wherever_it_is_asked_for(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from dotbench.bench.cli import command

    def odd(graph: Graph) -> None:
        graph.operators[0].fields.update(DilationHFactor=0)

    path = write(tmp_path, model(odd))
    why = r"operator 00 \(CONV_2D\): strides and dilation of a conv layer are \(1, 2, 0, 1\): at least 1 each"
    for name in ("00_conv2x3", "00", "00*", "00_*"):
        with pytest.raises(datasets.UnknownDataset, match=f"net.tflite#{re.escape(name)} is not read: {why}"):
            datasets.resolve([f"{path}#{name}"])
    with pytest.raises(datasets.UnknownDataset, match=why):
        datasets.layer(f"{path}#00_conv2x3", cache_dir=tmp_path / "cache")
    assert datasets.resolve([str(path)]) == [f"{path}#01_depthwise3x3", f"{path}#02_dense"]
    call = CliRunner(env={"COLUMNS": "200", "DOTBENCH_HOME": str(tmp_path / "home")}).invoke
    line = f"{path}: skipped 00_conv2x3: operator 00 (CONV_2D): strides and dilation of a conv layer are (1, 2, 0, 1)"
    arguments = ["--formats", "dense_s8", "--metrics", "space", "--quick", "--out", str(tmp_path / "out")]
    for asked in (f"{path}#02*", str(path)):
        assert line in call(command, ["list", "datasets", asked]).output
        found = call(command, ["run", "--datasets", asked, *arguments])
        assert found.exit_code == 0 and found.output.count(line) == 1
    assert line not in call(command, ["list", "datasets", f"{path}#02_dense"]).output
    refused = call(command, ["run", "--datasets", f"{path}#00_conv2x3", *arguments])
    assert refused.exit_code != 0 and "is not read: operator 00 (CONV_2D)" in refused.output
