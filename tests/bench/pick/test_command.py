"""The command on small models: what it prints, its JSON, its files, and what is said of bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import save_file

import dotbench
from dotbench.bench.cli import command
from dotbench.bench.pick import record
from dotbench.datasets.errors import DataError
from dotbench.datasets.training.magnitude import prune
from dotbench.datasets.training.sharing import share

RNG = np.random.default_rng(5)


def pruned(n: int, m: int, percent: float = 90, values: int = 32) -> np.ndarray:
    """In C order: the library writes the bytes of others as they lie in memory."""
    return np.ascontiguousarray(share(prune(RNG.standard_normal((n, m)).astype(np.float32), percent), values))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A pruned layer (outputs by inputs, as PyTorch has it), one that is not, an embedding, a bias, and one in doubt."""
    path = tmp_path / "net.safetensors"
    tensors = {
        "fc1.weight": np.ascontiguousarray(pruned(128, 64).T),
        "fc1.bias": np.ones(64, np.float32),
        "fc2.weight": RNG.standard_normal((10, 64)).astype(np.float32),
        "embed_tokens.weight": RNG.standard_normal((50, 16)).astype(np.float32),
        "projection": np.zeros((4, 4), np.float32),
    }
    save_file(tensors, path)
    return path


def call(*arguments: object) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(command, ["pick", *map(str, arguments)])


def answer(*arguments: object) -> dict:
    found = call(*arguments, "--json")
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


def test_every_tensor_is_in_a_list(model: Path, home: Path) -> None:
    found = answer(model, "--quick")
    assert [(one["name"], one["n"], one["m"]) for one in found["layers"]] == [("fc1", 128, 64), ("fc2", 64, 10)]
    others = {one["name"]: (one["role"], one["bytes"]) for one in found["not_multiplied"]}
    assert others == {"fc1.bias": ("vector", 256), "embed_tokens": ("gather", 3200), "projection": ("unsure", 64)}
    assert found["files"][0]["bytes"] == model.stat().st_size and not found["not_read"] and not found["failed"]


def test_bytes_are_those_of_encoding(model: Path, home: Path) -> None:
    from dotbench import formats
    from dotbench.datasets import load

    layer, dense = answer(model, "--quick")["layers"]
    W = load(f"{model}#fc1", cache_dir=home).matrix
    assert layer["bytes_dense"] == formats.get("dense").encode(W).nbytes == 32 * 1025
    for one in layer["candidates"]:
        assert one["bytes"] == formats.parse(one["format"]).encode(W).nbytes, one
    least = min(one["bytes"] for one in layer["candidates"])
    assert next(one["bytes"] for one in layer["candidates"] if one["format"] == layer["pick"]) == least
    assert layer["density"] == pytest.approx(819 / 8192, abs=1e-4) and layer["distinct"] == 32
    assert dense["pick"] == "dense" and dense["reason"].startswith("leave it dense: 0.0 % zeros, 640 values")


def test_the_table_has_a_line_a_layer_and_what_to_do_next(model: Path, home: Path) -> None:
    said = call(model, "--quick").stdout
    lines = said.splitlines()
    assert lines[0].endswith("2 layers that are multiplied, 3 other tensors")
    assert any(line.split()[:4] == ["fc1", "128", "x", "64"] for line in lines) and "goal bytes: " in said
    assert "--role projection=product" in said and "rows are looked up: embed_tokens 16 x 50" in said
    assert lines[-1].startswith("next: ")


def test_what_if_is_marked_and_enters_no_total(model: Path, home: Path) -> None:
    plain, asked = answer(model, "--quick"), answer(model, "--quick", "--prune", 95, "--share", 4)
    assert plain["totals"] == asked["totals"]
    changed = asked["layers"][1]["what_if"]
    assert changed["density"] == pytest.approx(32 / 640) and changed["distinct"] == 4 and 0 < changed["error"] < 1
    assert (
        "what if ≈ pruned to 95 % zeros and shared to 4 values"
        in call(model, "--quick", "--prune", 95, "--share", 4).stdout
    )


def test_times_are_measured_and_products_checked(model: Path, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows"
    found = answer(model, "--formats", "csc_min,ham", "--out", out)
    times = {one["format"]: one["time_ratio"]["measured"] for one in found["layers"][0]["candidates"]}
    assert all(times[name]["low"] <= times[name]["ratio"] <= times[name]["high"] for name in ("csc_min", "ham"))
    assert any("compared with float64 first" in line for line in found["checked"])
    picked = record.read(out / "pick.csv")
    assert [(line.layer, line.take) for line in picked] == [("fc1", found["layers"][0]["pick"]), ("fc2", "dense")]
    assert {path.name for path in out.iterdir()} == {"pick.csv", "space.csv", "time.csv"}
    compared = CliRunner(env={"COLUMNS": "100"}).invoke(command, ["diff", str(out), str(out)])
    assert compared.exit_code == 0 and "2 layers that both have" in compared.stdout


def test_a_model_that_is_saved_comes_back_bit_for_bit(model: Path, home: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    pack, back = tmp_path / "packed.safetensors", tmp_path / "back.safetensors"
    assert call(model, "--quick", "--save", pack).exit_code == 0
    assert call(model, "--quick", "--save", pack).exit_code == 2  # it is there
    with dotbench.open_pack(pack) as opened:
        assert opened["fc1.weight"].shape == (128, 64)
    assert CliRunner().invoke(command, ["unpack", str(pack), "--out", str(back)]).exit_code == 0
    before, after = load_file(model), load_file(back)
    assert before.keys() == after.keys()
    assert all((before[name].view(np.uint32) == after[name].view(np.uint32)).all() for name in before)


def test_roles_that_are_said(model: Path, home: Path) -> None:
    found = answer(model, "--quick", "--role", "projection=product", "--role", "fc*=transposed")
    assert [(one["name"], one["n"], one["m"]) for one in found["layers"]] == [
        ("fc1", 64, 128), ("fc2", 10, 64), ("projection", 4, 4),
    ]  # fmt: skip
    assert "there is no layer of that name" in str(call(model, "--role", "fc9=product").exception)


def test_one_layer_that_cannot_be_stored_fails_by_name_and_the_others_go_on(tmp_path: Path, home: Path) -> None:
    W = pruned(64, 32)
    bad = W.copy()
    bad[3, 5] = np.nan
    np.savez(tmp_path / "m.npz", good=W, bad=bad)
    called = call(tmp_path / "m.npz", "--quick", "--json")
    found = json.loads(called.stdout)
    assert called.exit_code == 1 and [one["name"] for one in found["layers"]] == ["good"]
    assert found["failed"][0]["name"] == "bad" and "row 3, column 5" in found["failed"][0]["why"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.safetensors"], "there is no such file"),
        (["MODEL#nothing"], "has no layer 'nothing'"),
        (["MODEL", "--goal", "speed"], "there is no goal 'speed'"),
        (["MODEL", "--formats", "blas_dense"], "no format of ours"),
        (["MODEL", "--formats", "column_combined"], "changes the weights"),
        (["MODEL", "--formats", "nosuch"], "nosuch"),
        (["MODEL", "--json", "--markdown"], "take one of them"),
        (["MODEL", "--prune", "100"], "100"),
        (["MODEL", "--goal", "bytes,time<=1", "--target", "cortex-m55"], "limits are for the host"),
        (["FOLDER"], "holds no file that can be read"),
    ],
)
def test_bad_input(arguments: list[str], words: str, model: Path, home: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    given = [one.replace("MODEL", str(model)).replace("FOLDER", str(empty)) for one in arguments]
    found = call(*given)
    assert found.exit_code == 2 or isinstance(found.exception, DataError), found.output  # which `main` ends with 2
    assert words in found.output + str(found.exception)


def test_a_folder_is_all_that_it_holds(model: Path, home: Path) -> None:
    np.save(model.parent / "w.npy", pruned(32, 16))
    found = answer(model.parent, "--quick")
    assert [one["name"] for one in found["layers"]] == ["fc1", "fc2", "w.npy"]


def test_a_bad_file_of_a_folder_is_named_and_the_others_go_on(model: Path, home: Path) -> None:
    (model.parent / "bad.onnx").write_bytes(b"no model at all")
    found = call(model.parent, "--quick")
    assert found.exit_code == 1 and "bad.onnx: left out" in found.stdout and "goal bytes: " in found.stdout


def test_layers_of_one_name_in_two_files_are_two(tmp_path: Path, home: Path) -> None:
    folder, out = tmp_path / "two", tmp_path / "out"
    folder.mkdir()
    for name in ("a", "b"):
        save_file({"l.weight": pruned(64, 32).T.copy()}, folder / f"{name}.safetensors")
    answer(folder, "--quick", "--out", out)
    compared = CliRunner(env={"COLUMNS": "120"}).invoke(command, ["diff", str(out), str(out)])
    assert "2 layers that both have" in compared.stdout
    assert call(folder, "--quick", "--out", out).exit_code == 2  # a pick is there


def test_what_a_role_says_is_in_the_pack(model: Path, home: Path, tmp_path: Path) -> None:
    """An embedding that is called a product is packed as one; one that is turned round comes back as it was."""
    W = pruned(96, 48)
    save_file({"embed.weight": W, "turned.weight": pruned(64, 40)}, tmp_path / "m.safetensors")
    pack, back = tmp_path / "p.safetensors", tmp_path / "back.safetensors"
    words = ("--role", "embed=product", "--role", "turned=transposed")
    assert call(tmp_path / "m.safetensors", "--quick", "--save", pack, *words).exit_code == 0
    with dotbench.open_pack(pack) as opened:
        assert opened["embed.weight"].shape == (48, 96) and opened["turned.weight"].shape == (64, 40)
    assert CliRunner().invoke(command, ["unpack", str(pack), "--out", str(back)]).exit_code == 0
    from safetensors.numpy import load_file

    assert (load_file(back)["embed.weight"] == W).all()
    assert call(tmp_path / "m.safetensors", "--role", "turned=transposed", "--out", tmp_path / "o").exit_code == 2


def test_the_next_line_asks_the_same(model: Path, home: Path) -> None:
    said = call(f"{model}#fc*", "--quick", "--goal", "time", "--batch", 8, "--role", "fc2=product").stdout.splitlines()[
        -1
    ]
    assert f"pick '{model}#fc*' --goal time --batch 8 --role fc2=product" in said


def test_a_prediction_never_beats_a_measurement(model: Path, home: Path) -> None:
    layer = answer(f"{model}#fc1", "--goal", "time")["layers"][0]
    known = {one["format"]: one["time_ratio"] for one in layer["candidates"]}
    assert layer["pick"] == "dense" or known[layer["pick"]]["measured"]
