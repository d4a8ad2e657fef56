"""Mirror, addresses and twins: what is loaded, what is refused, and what is said."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse

from dotbench import datasets
from dotbench.datasets.registry import Remote
from dotbench.formats.sources.source import as_source, matrix_sha256


def tiny() -> scipy.sparse.coo_matrix:
    return scipy.sparse.coo_matrix(np.array([[0, 1.5, 0], [2, 0, -3]], np.float32))


def mtx_bytes() -> bytes:
    out = io.BytesIO()
    scipy.io.mmwrite(out, tiny())
    return out.getvalue()


def entry_for(data: bytes, path: str) -> datasets.Dataset:
    return datasets.Dataset(
        "tiny", (2, 3), "a test", "none", matrix_sha256(as_source(tiny())), path, hashlib.sha256(data).hexdigest(), ()
    )


# ---- names


def test_names_and_standard_runs() -> None:
    assert len(datasets.names()) == 53 and datasets.names(twins=True)[0] == "orsreg_1~twin"
    assert len(datasets.SMALL) == 10
    assert set(datasets.SMALL[:8]) <= set(datasets.names()) and datasets.SMALL[8:] == datasets.zoo.SMALL
    named = [name for name in datasets.FULL if not name.startswith("tflite/")]
    assert [name for name in named if not name.startswith("random/")] == datasets.names()
    assert named[-7:-5] == ["random/10240-0-bf16", "random/10240-0-f16"]
    assert datasets.FULL[-5:] == ("covtype-38pct", "census-1000", "covtype", "census", "imagenet")
    assert sum(name.startswith("dlmc/") for name in datasets.names()) == 16
    assert sum(name.startswith("vgg19/") for name in datasets.names()) == 20
    assert sum(name.startswith("deepdta/") for name in datasets.names()) == 10


def test_resolve(tmp_path: Path) -> None:
    file = tmp_path / "w.npy"
    np.save(file, np.eye(2))
    found = datasets.resolve(["vgg19/9?-0-32", "orsreg_1", "vgg19/90-0-32", str(file)])
    assert found == [f"vgg19/{p}-0-32" for p in (90, 95, 96, 97, 98, 99)] + ["orsreg_1", str(file)]
    assert datasets.resolve(["deepdta/80*~twin"]) == ["deepdta/80-0-16~twin", "deepdta/80-0-256~twin"]
    with pytest.raises(datasets.UnknownDataset, match=r"no data set 'orsreg1': did you mean orsreg_1.*list datasets"):
        datasets.resolve(["orsreg1"])
    with pytest.raises(datasets.UnknownDataset, match="no such file"):
        datasets.resolve([str(tmp_path / "none.mtx")])
    with pytest.raises(datasets.UnknownDataset, match="nonesuch"):
        datasets.describe("nonesuch")
    with pytest.raises(datasets.UnknownDataset, match="did you mean orsreg_1"):
        datasets.load("orsreg1", cache_dir=tmp_path)
    with pytest.raises(datasets.UnknownDataset, match="several data sets"):
        datasets.load("vgg19/*", cache_dir=tmp_path)
    assert datasets.source_now(str(file)) == "file"


# ---- mirror


def test_mirror(own_mirror: Path, tmp_path: Path, register: object) -> None:
    data = mtx_bytes()
    (own_mirror / "tiny.mtx").write_bytes(data)
    register(entry_for(data, "tiny.mtx"))
    assert datasets.source_now("tiny") == "mirror"
    cache = tmp_path / "cache"
    found = datasets.load("tiny", cache_dir=cache)
    assert (found.name, found.source, found.reason) == ("tiny", "mirror", "")
    assert found.file_sha256 == hashlib.sha256(data).hexdigest()
    assert found.matrix.histogram().values.tolist() == [-3, 1.5, 2]
    assert datasets.fetch("tiny", cache, False).startswith("tiny: mirror, 2 x 3, 3 nonzeros")


def test_who_wants_no_twin_gets_none(own_mirror: Path, tmp_path: Path) -> None:
    for name, reason in (("orsreg_1", "DOTBENCH_OFFLINE=1"), ("imagenet", "no plain download")):
        with pytest.raises(datasets.DataError, match=reason):
            datasets.load(name, cache_dir=tmp_path / "cache", twins=False)
    assert not (tmp_path / "cache").exists()


def test_a_corrupted_mirror_file_is_no_reason_for_a_twin(own_mirror: Path, tmp_path: Path, register: object) -> None:
    data = mtx_bytes()
    (own_mirror / "tiny.mtx").write_bytes(data + b"\n")
    register(entry_for(data, "tiny.mtx"))
    with pytest.raises(datasets.DataError, match=r"tiny.mtx is not the published file: its sha256 .* expected"):
        datasets.load("tiny", cache_dir=tmp_path / "cache")


def test_another_matrix_under_the_right_checksum(own_mirror: Path, tmp_path: Path, register: object) -> None:
    data = mtx_bytes()
    (own_mirror / "tiny.mtx").write_bytes(data)
    register(replace(entry_for(data, "tiny.mtx"), matrix_sha256="0" * 64))
    with pytest.raises(datasets.DataError, match="holds another matrix than tiny"):
        datasets.load("tiny", cache_dir=tmp_path / "cache")


def test_a_mirror_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTBENCH_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(datasets.DataError, match=r"DOTBENCH_DATA=.*nowhere is no folder"):
        datasets.load("orsreg_1", cache_dir=tmp_path)


# ---- addresses: a server on this machine


def archive() -> bytes:
    out, data = io.BytesIO(), mtx_bytes()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        member = tarfile.TarInfo("tiny/tiny.mtx")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def remote_entry(url: str, sha256: str) -> datasets.Dataset:
    return replace(entry_for(b"", "none"), remotes=(Remote(url, sha256),), member="tiny/tiny.mtx")


def test_url(online: None, server: tuple[str, Path], tmp_path: Path, register: object) -> None:
    url, folder = server
    data = archive()
    (folder / "tiny.tar.gz").write_bytes(data)
    register(remote_entry(f"{url}/tiny.tar.gz", hashlib.sha256(data).hexdigest()))
    assert datasets.source_now("tiny") == "url"
    found = datasets.load("tiny", cache_dir=tmp_path / "cache")
    assert (found.name, found.source) == ("tiny", "url")
    assert found.matrix_sha256 == matrix_sha256(as_source(tiny()))


def test_a_wrong_download_is_refused_and_removed(
    online: None, server: tuple[str, Path], tmp_path: Path, register: object
) -> None:
    url, folder = server
    (folder / "tiny.tar.gz").write_bytes(archive()[:-1])
    register(remote_entry(f"{url}/tiny.tar.gz", hashlib.sha256(archive()).hexdigest()))
    with pytest.raises(datasets.DataError, match=r"is not what it was published as .* The download was removed"):
        datasets.load("tiny", cache_dir=tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_damaged_archive_without_a_published_checksum(
    online: None, server: tuple[str, Path], tmp_path: Path, register: object
) -> None:
    url, folder = server
    for name, data in (("cut", archive()[:60]), ("other", b"no archive at all")):
        (folder / f"{name}.tar.gz").write_bytes(data)
        register(remote_entry(f"{url}/{name}.tar.gz", ""))
        with pytest.raises(datasets.DataError, match="does not give its member tiny/tiny.mtx.*download was removed"):
            datasets.load("tiny", cache_dir=tmp_path / "cache")
        assert not list((tmp_path / "cache" / "downloads").rglob("*.*"))


def test_a_wrong_code_file_that_is_put_right(
    online: None, server: tuple[str, Path], tmp_path: Path, register: object
) -> None:
    """Most published pairs have no checksum but their matrix's: a bad one must not stay in any cache."""
    url, folder = server
    stream = {"int_list": [0b0100_1000 << 24], "col_end": [2, 4, 6], "cb_num": [1, 1, 1], "ri": [1, 0, 1]}
    code = {"symbs": [-3.0, 1.5, 2.0], "fs": [0, 0, 0, 3], "fcl": [0, 0, 0, 4], "lmax": 2}
    (folder / "cdot.pkl").write_bytes(pickle.dumps(stream, 4))
    remotes = (Remote(f"{url}/cdot.pkl"), Remote(f"{url}/code.pkl"))
    register(replace(entry_for(b"", "none"), remotes=remotes))
    for symbols in ([-3.0, 9.0, 2.0], [-3.0]):
        (folder / "code.pkl").write_bytes(pickle.dumps({**code, "symbs": symbols}, 4))
        with pytest.raises(datasets.DataError, match="The download was removed"):
            datasets.load("tiny", cache_dir=tmp_path / "cache")
    stream["int_list"] = [0b1001_0000 << 24]  # 2.0, 1.5, -3.0: columns 0 and 1, and 2
    (folder / "cdot.pkl").write_bytes(pickle.dumps(stream, 4))
    (folder / "code.pkl").write_bytes(pickle.dumps(code, 4))
    found = datasets.load("tiny", cache_dir=tmp_path / "cache")
    assert found.source == "url" and found.matrix.columns(0, 3).values.tolist() == [2, 1.5, -3]


def test_rounding_of_a_download_is_said(
    online: None, server: tuple[str, Path], tmp_path: Path, register: object
) -> None:
    url, folder = server
    wide = scipy.sparse.coo_matrix(np.array([[0.1, 2]]))
    text, out = io.BytesIO(), io.BytesIO()
    scipy.io.mmwrite(text, wide, precision=17)
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        member = tarfile.TarInfo("tiny/tiny.mtx")
        member.size = len(text.getvalue())
        tar.addfile(member, io.BytesIO(text.getvalue()))
    (folder / "tiny.tar.gz").write_bytes(out.getvalue())
    rounded = matrix_sha256(as_source(wide.astype(np.float32)))
    register(replace(remote_entry(f"{url}/tiny.tar.gz", ""), matrix_sha256=rounded, shape=(1, 2)))
    for _ in range(2):
        assert datasets.load("tiny", cache_dir=tmp_path / "cache").reason == "float64 rounded to float32"


def test_a_host_that_does_not_answer_is_asked_once(
    online: None, tmp_path: Path, register: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(remote_entry("http://127.0.0.1:9/tiny.tar.gz", ""))
    found = datasets.load("tiny", cache_dir=tmp_path / "cache")
    assert (found.name, found.source) == ("tiny~twin", "twin")
    assert "127.0.0.1:9 does not answer" in found.reason

    def never(*_: object, **__: object) -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr("pooch.retrieve", never)
    assert "not asked again" in datasets.load("tiny", cache_dir=tmp_path / "cache").reason


def test_an_address_without_the_file(online: None, server: tuple[str, Path], tmp_path: Path, register: object) -> None:
    register(remote_entry(f"{server[0]}/gone.tar.gz", ""))
    assert "answers 404" in datasets.load("tiny", cache_dir=tmp_path / "cache").reason


def test_offline(own_mirror: Path, tmp_path: Path) -> None:
    found = datasets.load("deepdta/80-0-16", cache_dir=tmp_path)
    assert found.name == "deepdta/80-0-16~twin" and "DOTBENCH_OFFLINE=1" in found.reason
    assert datasets.source_now("deepdta/80-0-16") == datasets.source_now("orsreg_1~twin") == "twin"


# ---- twins: constants from the first time they were made

TWINS = {
    "orsreg_1": ("f84d54c32512", 14133, 111),
    "SiNa": ("ef9d8b42b332", 198787, 24238),
    "vgg19/90-0-32": ("5b91566f25db", 209715, 9),
    "deepdta/80-0-16": ("c8849392dfd2", 39322, 7),
}


@pytest.mark.parametrize("name", TWINS)
def test_twins(name: str, tmp_path: Path) -> None:
    found = datasets.load(f"{name}~twin", cache_dir=tmp_path)
    histogram = found.matrix.histogram()
    sha, nnz, distinct = TWINS[name]
    assert (found.matrix_sha256[:12], histogram.nnz, len(histogram.values)) == (sha, nnz, distinct)
    assert (found.source, found.reason, found.matrix.shape) == ("twin", "", datasets.describe(name).shape)


def test_the_twin_of_orsreg_1_is_its_grid(tmp_path: Path) -> None:
    source = datasets.load("orsreg_1~twin", cache_dir=tmp_path).matrix
    columns = source.columns(0, 2205)
    offsets, counts = np.unique(columns.rows - columns.column_of_each(), return_counts=True)
    assert dict(zip(offsets.tolist(), counts.tolist(), strict=True)) == {
        -441: 1764, -21: 2100, -1: 2100, 0: 2205, 1: 2100, 21: 2100, 441: 1764,
    }  # fmt: skip


def test_the_twin_of_sina_is_symmetric(tmp_path: Path) -> None:
    columns = datasets.load("SiNa~twin", cache_dir=tmp_path).matrix.columns(0, 5743)
    matrix = scipy.sparse.csc_array((columns.values, columns.rows, columns.indptr), shape=(5743, 5743))
    assert abs(matrix - matrix.T).max() == 0


# ---- real matrices


@pytest.mark.real_data("all")
@pytest.mark.parametrize("name", ["orsreg_1", "SiNa", "vgg19/90-0-32", "vgg19/60-0-256", "deepdta/30-0-16"])
def test_real(mirror: Path, name: str, tmp_path: Path) -> None:
    found = datasets.load(name, cache_dir=tmp_path)
    nnz, distinct = {
        "orsreg_1": (14133, 111),
        "SiNa": (198787, 24165),
        "vgg19/90-0-32": (209715, 9),
        "vgg19/60-0-256": (838860, 55),
        "deepdta/30-0-16": (137625, 14),
    }[name]
    histogram = found.matrix.histogram()
    assert found.source == "mirror" and found.matrix_sha256 == datasets.describe(name).matrix_sha256
    assert (histogram.nnz, len(histogram.values)) == (nnz, distinct)


@pytest.mark.real_data("all")
def test_twins_are_fitted_to_the_mirror(mirror: Path) -> None:
    """Running the fit again gives the statistics that are committed."""
    from dotbench.datasets import twins, twins_fit

    for name in ("orsreg_1", "vgg19/99-0-32", "deepdta/70-0-256"):
        fitted = json.loads(json.dumps(twins_fit.fit(datasets.describe(name), mirror)))
        assert fitted == twins.statistics()[name]
