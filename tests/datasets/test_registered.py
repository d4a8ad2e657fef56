"""What the registry can say of a matrix: tables without some columns, archives, hearsay, subsets, files fetched by
hand, content without a known hash."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dotbench import datasets
from dotbench.datasets.entry import Remote
from dotbench.formats.sources.source import as_source, matrix_sha256

Register = Callable[[datasets.Dataset], None]

W = np.array([[0, 1.5, 0], [2, 0, -3]], np.float32)
TEXT = b"id,a,b,c\n1,0,1.5,0\n2,2,0,-3\n"
CONTENT = matrix_sha256(as_source(W))
UNKNOWN = "no hash of the content is known, "


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def table(**known: object) -> datasets.Dataset:
    entry = datasets.Dataset(
        "table", (2, 3), "a test", "none", CONTENT, "table/t.data.txt", sha256(TEXT), (), drop=(0,)
    )
    return replace(entry, **known)


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)


def zipped(member: str, data: bytes = TEXT) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("other.txt", b"1,2,3,4\n")
        archive.writestr(member, data)
    return out.getvalue()


def load(tmp_path: Path) -> datasets.Matrix:
    return datasets.load("table", cache_dir=tmp_path / "cache")


# ---- in the mirror


def test_a_table_of_the_mirror(own_mirror: Path, tmp_path: Path, register: Register) -> None:
    put(own_mirror / "table/t.data.txt", TEXT)
    register(table())
    found = load(tmp_path)
    assert (found.source, found.matrix_sha256, found.reason) == ("mirror", CONTENT, "")


def test_the_same_file_without_other_columns_is_another_matrix(
    own_mirror: Path, tmp_path: Path, register: Register
) -> None:
    put(own_mirror / "table/t.csv", TEXT)
    register(table(mirror="table/t.csv"))
    assert load(tmp_path).matrix.shape == (2, 3)
    assert datasets.load(str(own_mirror / "table/t.csv"), cache_dir=tmp_path / "cache").matrix.shape == (2, 4)


def test_a_subset_says_so(own_mirror: Path, tmp_path: Path, register: Register) -> None:
    register(table(subset=True))
    assert datasets.source_now("table") == "twin"
    put(own_mirror / "table/t.data.txt", TEXT)
    assert datasets.source_now("table") == load(tmp_path).source == "subset"


@pytest.mark.parametrize("damaged", [False, True])
def test_the_mirror_may_hold_what_the_address_gives(
    damaged: bool, own_mirror: Path, tmp_path: Path, register: Register
) -> None:
    packed = zipped("t.data.txt")
    put(own_mirror / "table/t.zip", packed[:-1] if damaged else packed)
    register(table(remotes=(Remote("https://example.org/a/t.zip", sha256(packed)),), member="t.data.txt"))
    assert datasets.source_now("table") == "mirror"
    if damaged:
        with pytest.raises(datasets.DataError, match=r"t.zip is not the published file.*Copy it again"):
            load(tmp_path)
        assert (own_mirror / "table/t.zip").exists()
        return
    found = load(tmp_path)
    assert (found.source, found.matrix_sha256, found.file_sha256) == ("mirror", CONTENT, sha256(packed))
    left = [path.name for path in (tmp_path / "cache" / "matrices").iterdir()]
    assert left == [found.matrix.folder.name]  # nothing unpacked stays


def test_a_published_stream_in_the_mirror_needs_its_code(own_mirror: Path, register: Register) -> None:
    remotes = (Remote("https://example.org/a/s_cdot.pkl"), Remote("https://example.org/a/s_code.pkl"))
    register(table(remotes=remotes))
    put(own_mirror / "table/s_cdot.pkl", b"")
    assert datasets.source_now("table") == "twin"
    put(own_mirror / "table/s_code.pkl", b"")
    assert datasets.source_now("table") == "mirror"


@pytest.mark.parametrize("ending", ["", ".txt", ".csv", ".csv.gz", ".npy", ".npz"])
def test_what_was_fetched_by_hand_may_be_any_file(
    ending: str, own_mirror: Path, tmp_path: Path, register: Register
) -> None:
    register(table(mirror="table/t", mirror_sha256="", matrix_sha256="", drop=(), by_hand="somewhere", density=0.5))
    found = load(tmp_path)
    assert found.source == "twin"
    assert "no plain download: fetch it by hand from somewhere and put it into the mirror as table/t" in found.reason
    path = own_mirror / f"table/t{ending}"
    rows = b"0,1.5,0\n2,0,-3\n"
    put(path, gzip.compress(rows) if ending.endswith(".gz") else rows)
    if ending == ".npy":
        np.save(path, W)
    elif ending == ".npz":
        np.savez(path, W)
    found = load(tmp_path)
    words = UNKNOWN + "nor a sure one of the file; density 0.5000 and 3 distinct values, 0.5 and 0 published"
    assert (found.source, found.matrix_sha256, found.reason) == ("mirror", CONTENT, words)
    assert found.file_sha256 == sha256(path.read_bytes())


# ---- what is known of the content


def test_without_a_hash_of_the_content_it_is_said(own_mirror: Path, tmp_path: Path, register: Register) -> None:
    put(own_mirror / "table/t.data.txt", TEXT)
    register(table(matrix_sha256="", density=0.5, distinct=3))
    assert load(tmp_path).reason == UNKNOWN + "only the file was verified"
    register(table(matrix_sha256="", density=0.51, distinct=3))
    assert load(tmp_path).reason.endswith("; density 0.5000 and 3 distinct values, 0.51 and 3 published")


def test_another_shape_than_published_is_refused(own_mirror: Path, tmp_path: Path, register: Register) -> None:
    put(own_mirror / "table/t.data.txt", TEXT)
    register(table(matrix_sha256="", drop=()))
    with pytest.raises(datasets.DataError, match=r"t.data.txt holds 2 x 4 numbers, table has 2 x 3"):
        load(tmp_path)


@pytest.mark.parametrize("packed", [False, True])
def test_a_checksum_from_hearsay_warns(packed: bool, own_mirror: Path, tmp_path: Path, register: Register) -> None:
    put(own_mirror / "table" / ("t.zip" if packed else "t.data.txt"), zipped("t.data.txt") if packed else TEXT)
    entry = table(hearsay=True, remotes=(Remote("https://example.org/t.zip"),), member="t.data.txt")
    register(entry)
    assert load(tmp_path).reason == ""
    register(replace(entry, mirror_sha256="0" * 64))
    words = f"sha256 of t.data.txt is {sha256(TEXT)[:16]}, a third party has seen 0000000000000000"
    for cache in ("first", "second", "second"):
        found = datasets.load("table", cache_dir=tmp_path / cache)
        assert (found.source, found.reason, found.matrix_sha256) == ("mirror", words, CONTENT)


# ---- addresses


def test_a_zip_from_its_address(online: None, server: tuple[str, Path], tmp_path: Path, register: Register) -> None:
    url, folder = server
    (folder / "us+t.zip").write_bytes(zipped("t.data.txt"))
    register(table(remotes=(Remote(f"{url}/us+t.zip"),), member="t.data.txt"))
    found = load(tmp_path)
    assert (found.source, found.matrix_sha256) == ("url", CONTENT)
    assert [path.name for path in (tmp_path / "cache/downloads/table").iterdir()] == ["us+t.zip"]


def test_a_file_whose_address_has_no_name(
    online: None, server: tuple[str, Path], tmp_path: Path, register: Register
) -> None:
    url, folder = server
    data = gzip.compress(TEXT)
    (folder / "5976039").write_bytes(data)
    remote = Remote(f"{url}/5976039", sha256(data), "t.data.gz")
    register(table(mirror="table/t.data.gz", mirror_sha256=sha256(data), remotes=(remote,)))
    found = load(tmp_path)
    assert (found.source, found.matrix_sha256, found.file_sha256) == ("url", CONTENT, sha256(data))


def test_members_of_one_archive_are_fetched_once(
    online: None, server: tuple[str, Path], tmp_path: Path, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, folder = server
    with tarfile.open(folder / "many.tar.gz", "w:gz") as tar:
        for name, data in (("a.txt", TEXT), ("b.txt", TEXT.replace(b"1.5", b"4"))):
            member = tarfile.TarInfo(f"many/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    remotes = (Remote(f"{url}/many.tar.gz"),)
    for name in ("a", "b"):
        register(table(name=f"many/{name}", matrix_sha256="", density=0.5, remotes=remotes, member=f"many/{name}.txt"))
        values = datasets.load(f"many/{name}", cache_dir=tmp_path).matrix.histogram().values.tolist()
        assert values == ([-3, 1.5, 2] if name == "a" else [-3, 2, 4])
        (folder / "many.tar.gz").unlink(missing_ok=True)
    register(table(name="many/c", matrix_sha256="", remotes=remotes, member="many/c.txt"))
    with pytest.raises(datasets.DataError, match="does not give its member many/c.txt"):
        datasets.load("many/c", cache_dir=tmp_path)


@pytest.mark.parametrize("data", [b"no zip", zipped("other.data")])
def test_a_zip_that_is_none_or_lacks_the_member(
    data: bytes, online: None, server: tuple[str, Path], tmp_path: Path, register: Register
) -> None:
    url, folder = server
    (folder / "t.zip").write_bytes(data)
    register(table(remotes=(Remote(f"{url}/t.zip"),), member="t.data.txt"))
    with pytest.raises(datasets.DataError, match=r"t.zip does not give its member t.data.txt.*download was removed"):
        load(tmp_path)


def test_a_full_disk_does_not_cost_the_download(
    online: None, server: tuple[str, Path], tmp_path: Path, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, folder = server
    (folder / "t.zip").write_bytes(zipped("t.data.txt"))
    register(table(remotes=(Remote(f"{url}/t.zip"),), member="t.data.txt"))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for place, words in (("os.pwrite", "put aside"), ("numpy.save", "cached"), ("shutil.copyfileobj", "unpacked")):
        with monkeypatch.context() as patched, pytest.raises(datasets.DataError, match=f"{words} in .*No space left"):
            patched.setattr(place, full)
            load(tmp_path)
        assert (tmp_path / "cache/downloads/table/t.zip").exists()
        assert list((tmp_path / "cache/matrices").iterdir()) == []
    assert load(tmp_path).source == "url"


# ---- the entries themselves


@pytest.mark.real_data("all")
@pytest.mark.parametrize(
    ("name", "nnz", "distinct"),
    [("covtype-38pct", 2665773, 6590), ("census-1000", 29182, 40), ("dlmc/rn50-magnitude-90-final", 204800, 32)],
)
def test_real(mirror: Path, name: str, nnz: int, distinct: int, tmp_path: Path) -> None:
    found = datasets.load(name, cache_dir=tmp_path)
    histogram = found.matrix.histogram()
    assert (histogram.nnz, len(histogram.values), found.reason) == (nnz, distinct, "")
    assert found.source == ("mirror" if name.startswith("dlmc") else "subset")
    assert found.matrix_sha256 == datasets.describe(name).matrix_sha256


def test_large_ones_without_mirror_or_network(own_mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = datasets.FULL[-5:]
    assert [datasets.source_now(name) for name in large] == ["twin"] * 5
    monkeypatch.delenv("DOTBENCH_OFFLINE")
    assert [datasets.source_now(name) for name in large] == ["twin", "twin", "url", "url", "twin"]
    for name, words in {
        "imagenet": "no plain download: fetch it by hand from https://www.kaggle.com/",
        "census-1000": "it has no address: put it into the mirror as census1990/USCensus1990_first1000_restored.csv",
        "census": "allow the network, or put it into the mirror as census1990/USCensus1990.data.txt",
    }.items():
        assert datasets.how_to_get(datasets.describe(name)).startswith(words)
