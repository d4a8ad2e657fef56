"""Files of one's own: which type they keep, arrays of a .npz by name, the transposed matrix, and what is no file."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from dotbench import datasets, formats
from dotbench.datasets import DataError, UnknownDataset
from dotbench.formats.sources.source import as_source, matrix_sha256

W = np.array([[0, 1, 0, 0], [2, 0, -3, 0], [0, 4, 0, 0]], np.int8)


def load(name: str | Path, tmp_path: Path) -> datasets.Matrix:
    return datasets.load(str(name), cache_dir=tmp_path / "cache")


# ---- types


def test_int8_stays_int8(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", W)
    np.savez(tmp_path / "b.npz", W)
    scipy.sparse.save_npz(tmp_path / "c.npz", scipy.sparse.csr_array(W))
    np.savez(tmp_path / "d.npz", codebook=np.unique(W), index=np.searchsorted(np.unique(W), W).astype(np.uint8))
    for path in sorted(tmp_path.glob("*.np?")):
        found = load(path, tmp_path)
        assert (found.dtype, found.reason) == ("int8", "")
        assert found.matrix_sha256 == matrix_sha256(as_source(W, np.int8)) != matrix_sha256(as_source(W))


def test_bfloat16_stays_bfloat16(tmp_path: Path) -> None:
    """numpy writes it as two bytes of anything; the transposed matrix is one, too, and infinities are refused."""
    narrow = formats.to_bfloat16(W.astype(np.float32) / 3)
    np.save(tmp_path / "a.npy", narrow)
    np.savez(tmp_path / "b.npz", narrow)
    for path in sorted(tmp_path.glob("*.np?")):
        found = load(path, tmp_path)
        assert (found.dtype, found.reason) == ("bfloat16", "")
        assert found.matrix_sha256 == matrix_sha256(as_source(narrow, "bfloat16")) != matrix_sha256(as_source(narrow))
    turned = datasets.load(datasets.transpose(str(tmp_path / "a.npy")), cache_dir=tmp_path / "cache")
    assert turned.matrix_sha256 == matrix_sha256(as_source(narrow.T, "bfloat16"))
    np.save(tmp_path / "a.npy", formats.to_bfloat16([[1, np.inf]]))
    with pytest.raises(DataError, match=r"a.npy .*inf at row 0, column 1 is not a finite number"):
        load(tmp_path / "a.npy", tmp_path)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "uint64", "bool", "float16", ">i2"])
def test_what_other_types_are_taken_as(dtype: str, tmp_path: Path) -> None:
    matrix = np.abs(W).astype(dtype)
    np.save(tmp_path / "w.npy", matrix)
    found = load(tmp_path / "w.npy", tmp_path)
    assert found.dtype == "float32" and found.reason == f"{np.dtype(dtype).name} taken as float32, exactly"
    assert found.matrix_sha256 == matrix_sha256(as_source(matrix.astype(np.float32)))


@pytest.mark.parametrize("number", [2**24 + 1, 2**31 - 1, -(2**24) - 1])
def test_a_whole_number_that_float32_does_not_hold(number: int, tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.array([[0, number]], np.int32))
    with pytest.raises(DataError, match=rf"w.npy .*{number} at row 0, column 1 is no float32, .*save .* as float64"):
        load(tmp_path / "w.npy", tmp_path)


def test_duplicates_in_a_narrow_type(tmp_path: Path) -> None:
    for dtype, numbers, words in (
        ("int8", [100, 100], "200 at row 0, column 1 is no int8"), ("uint8", [200, 100], ""), ("int16", [2**14] * 2, ""),
        ("float64", [0.1, 0.2], ""),
    ):  # fmt: skip
        matrix = scipy.sparse.coo_array((np.array(numbers, dtype), ([0, 0], [1, 1])), shape=(2, 2))
        scipy.sparse.save_npz(tmp_path / "w.npz", matrix)
        if words:
            with pytest.raises(DataError, match=rf"w.npz .*{words}"):
                load(tmp_path / "w.npz", tmp_path)
        else:
            assert load(tmp_path / "w.npz", tmp_path).matrix.columns(0, 2).values.tolist() == [np.float32(sum(numbers))]


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 2**31 - 1), (0, 0)])
def test_a_matrix_without_entries(shape: tuple[int, int], tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.zeros((0, 1), np.float32).reshape(0, 1))
    (tmp_path / "w.npy").write_bytes(npy_header(shape))
    with pytest.raises(DataError, match=rf"w.npy has no entries: its shape is {shape[0]} x {shape[1]}"):
        load(tmp_path / "w.npy", tmp_path)


# ---- headers that claim


def npy_header(shape: tuple[int, ...], dtype: str = "<f4") -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": dtype, "fortran_order": False, "shape": shape})
    return out.getvalue()


@pytest.mark.parametrize("shape", [(2**40, 2), (3, 5), (2**62, 2**62), (-1, 3)])
def test_a_header_that_claims_more_than_there_is(shape: tuple[int, ...], tmp_path: Path) -> None:
    data = npy_header(shape) + bytes(48)
    (tmp_path / "w.npy").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "w.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("w.npy", data)
    for name in ("w.npy", "w.npz"):
        with pytest.raises(DataError, match=rf"{name}.* cannot be read .* 48 bytes behind its header, which claims"):
            load(tmp_path / name, tmp_path)


OTHERS = {
    "text": (b"1.5,2\n3,4\n", "it is text, not numpy's: rename it to .csv"),
    "a pickle": (b"\x80\x04N.", "holds Python objects, which may hold code"),
    "a zip": (b"PK\x03\x04", "it is a .npz .*: rename it"),
    "nothing": (b"", "cut short or damaged"),
    "half a magic": (b"\x93NUM", "cut short or damaged"),
    "another version": (b"\x93NUMPY\x09\x00" + bytes(80), "its header is none of numpy's"),
    "a header of words": (b"\x93NUMPY\x01\x00\x05\x00hello", "its header is none of numpy's"),
    "something": (b"\xff\x00\x12\x34", "does not start as numpy's files do"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_what_is_named_npy_and_is_none(what: str, tmp_path: Path) -> None:
    data, words = OTHERS[what]
    (tmp_path / "w.npy").write_bytes(data)
    with pytest.raises(DataError, match=rf"w.npy cannot be read as a matrix: .*{words}"):
        load(tmp_path / "w.npy", tmp_path)


def test_what_is_named_npz_and_is_none(tmp_path: Path) -> None:
    for data, words in ((npy_header((0, 0)), "it is a .npy: rename it"), (b"1,2\n", "not a zip file")):
        (tmp_path / "w.npz").write_bytes(data)
        with pytest.raises(DataError, match=rf"w.npz cannot be read as a matrix: .*{words}"):
            load(tmp_path / "w.npz", tmp_path)


def test_a_sparse_archive_that_claims_columns(tmp_path: Path) -> None:
    """Converted, each column costs a pointer: 16 GB."""
    matrix = scipy.sparse.coo_array((np.ones(1, np.float32), ([0], [0])), shape=(1, 2**31 - 1))
    scipy.sparse.save_npz(tmp_path / "w.npz", matrix)
    with pytest.raises(DataError, match=r"w.npz claims 1 x 2147483647 entries .* DOTBENCH_READ_BYTES"):
        load(tmp_path / "w.npz", tmp_path)


def test_an_archive_that_unpacks_to_too_much(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("w.npy", npy_header((1, 1)) + bytes(4))
    data = bytearray((tmp_path / "w.npz").read_bytes())
    at = data.rindex(b"PK\x01\x02") + 24  # the size that the directory claims
    data[at : at + 4] = struct.pack("<I", 2**31)
    (tmp_path / "w.npz").write_bytes(data)
    with pytest.raises(DataError, match=r"w.npz#w unpacks to more than .* DOTBENCH_READ_BYTES"):
        load(tmp_path / "w.npz", tmp_path)
    with zipfile.ZipFile(tmp_path / "b.npz", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("w.npy", npy_header((1, 1)) + bytes(4))
    with pytest.raises(DataError, match=r"b.npz#w is packed in a way that numpy does not write"):
        load(tmp_path / "b.npz", tmp_path)


# ---- arrays by name


def test_arrays_of_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    np.savez(path, **{"fc1": W, "fc2": 2 * W.astype(np.float32), "out/w": W[:1]})
    assert datasets.resolve([f"{path}#fc1"]) == [f"{path}#fc1"]
    assert datasets.resolve([f"{path}#fc*"]) == [f"{path}#fc1", f"{path}#fc2"]
    assert datasets.resolve([f"{path}#*"]) == [f"{path}#fc1", f"{path}#fc2", f"{path}#out/w"]
    first, second = (load(f"{path}#{name}", tmp_path) for name in ("fc1", "fc2"))
    assert (first.name, first.source, first.dtype) == (f"{path}#fc1", "file", "int8")
    assert second.matrix_sha256 == matrix_sha256(as_source(2 * W.astype(np.float32)))
    assert datasets.source_now(f"{path}#fc1") == "file"
    with pytest.raises(DataError, match=r"m.npz holds fc1, fc2, out/w: .* or say which: m.npz#fc1"):
        datasets.resolve([str(path)])
    with pytest.raises(UnknownDataset, match=r"m.npz#fc3: no such array in there, which has fc1, fc2, out/w"):
        datasets.resolve([f"{path}#fc3"])
    with pytest.raises(UnknownDataset, match=r"no.npz: there is no such file"):
        datasets.resolve([f"{tmp_path}/no.npz#fc1"])


def test_one_array_needs_no_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", w=W)
    for name in ("one.npz", "one.npz#w"):
        assert load(tmp_path / name, tmp_path).matrix.shape == W.shape


# ---- transposed


def write_all(folder: Path) -> list[str]:
    np.save(folder / "a.npy", W)
    np.savez(folder / "b.npz", w=W, v=W)
    scipy.sparse.save_npz(folder / "c.npz", scipy.sparse.csr_array(W))
    np.savetxt(folder / "d.csv", W, "%d", ",")
    (folder / "e.mtx").write_text(
        "%%MatrixMarket matrix array integer general\n3 4\n0\n2\n0\n1\n0\n4\n0\n-3\n0\n0\n0\n0\n"
    )
    return [str(folder / name) for name in ("a.npy", "b.npz#v", "c.npz", "d.csv", "e.mtx")]


def test_the_transposed_matrix_is_another_one(tmp_path: Path) -> None:
    for name in write_all(tmp_path):
        plain, turned = load(name, tmp_path), load(datasets.transpose(name), tmp_path)
        assert (turned.name, turned.matrix.shape, plain.matrix.shape) == (f"{name}~transposed", (4, 3), (3, 4))
        assert turned.matrix_sha256 == matrix_sha256(as_source(W.T, plain.dtype)) != plain.matrix_sha256
        assert turned.matrix.folder != plain.matrix.folder and turned.file_sha256 == plain.file_sha256
        assert datasets.transpose(datasets.transpose(name)) == name
        assert datasets.resolve([turned.name]) == [turned.name] and datasets.source_now(turned.name) == "file"


@pytest.mark.parametrize("name", ["orsreg_1", "tflite/vww_96_int8#16_conv1x1", "net.tflite#02"])
def test_what_is_not_transposed(name: str) -> None:
    with pytest.raises(UnknownDataset, match="cannot be transposed: --transpose is for files of your own"):
        datasets.transpose(name)


# ---- names of no file

UNKNOWN: dict[str, tuple[str, str]] = {
    "mlp.mat": ("cannot read .mat yet: W = scipy.io.loadmat", "what can be read: .npy, .npz, .mtx"),
    "net.pickle": ("cannot read .pickle yet", "a pickle may hold code"),
    "w.npy.gz": ("cannot read .npy.gz yet", "unpack it"),
    "w.dbp": ("cannot read .dbp yet", "formats.load"),
    "w.weird": ("cannot read .weird yet", "numpy.save"),
    "weights": ("cannot read files whose names have no ending", "what can be read"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_files_of_unknown_kinds(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"?")
    with pytest.raises(UnknownDataset) as caught:
        datasets.resolve([str(tmp_path / name)])
    text = str(caught.value)
    assert all(words in text for words in UNKNOWN[name]) and "did you mean" not in text


def test_hints_are_of_what_is_like_it() -> None:
    with pytest.raises(UnknownDataset, match="no data set 'orsreg1': did you mean orsreg_1"):
        datasets.resolve(["orsreg1"])
    with pytest.raises(UnknownDataset) as caught:
        datasets.resolve(["mlp"])
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("w\udcff.npy", r"w\\udcff.npy: this name is no UTF-8"),
        ("w\udcc3\udca9.npy", "cannot be read under this locale, which is ASCII: set LC_ALL=C.UTF-8"),
        ("w" * 5000 + ".npy", r"\(5004 letters\): there is no such file"),
        ("w" * 5000, r"no data set '.*\(5000 letters\)"),
        ("w" * 5000 + ".npz#fc1", r"\(5004 letters\): there is no such file"),
        ("w\0.npy", r"w\\x00.npy: there is no such file"),
    ],
)
def test_names_that_no_file_has(name: str, words: str) -> None:
    with pytest.raises(UnknownDataset, match=words) as caught:
        datasets.resolve([name])
    assert len(str(caught.value)) < 400


def test_a_file_is_not_blamed_for_kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dotbench.cdot.build import BuildError

    def none() -> Any:
        raise BuildError("no compiler")

    np.save(tmp_path / "w.npy", W)
    monkeypatch.setattr("dotbench.datasets.files.library", none)
    with pytest.raises(BuildError, match="^no compiler$"):
        load(tmp_path / "w.npy", tmp_path)


@pytest.mark.real_data("faults")
def test_files_that_went_wrong(mirror: Path, tmp_path: Path) -> None:
    for name, words in (
        ("n_zero_m.npy", "has no entries: its shape is 0 x 2147483647"),
        ("duplicates_int8.npz", "200 at row 0, column 1 is no int8|200 at"),
        ("first_row_missing.csv", "line 1, field 1: 'NA' is neither"),
        ("first_row_fortran.csv", r"line 1, field 1: '1.5D\+01' is neither"),
        ("one_row_tabs.csv", "line 1, field 1: .*tabs stand between"),
        ("one_row_semicolons.csv", "line 1, field 1: .*semicolons stand between"),
    ):
        with pytest.raises(DataError, match=f"{name}.*({words})"):
            load(mirror / "faults" / name, tmp_path)
    assert load(mirror / "faults" / "duplicates_uint8.npz", tmp_path).matrix.histogram().values.tolist() == [300]


@pytest.mark.parametrize("kind", ["csr", "csc", "bsr"])
def test_indices_are_looked_at_before_scipy_transposes(kind: str, tmp_path: Path) -> None:
    matrix = scipy.sparse.random_array((8, 12), density=0.3, format=kind, dtype=np.float32, rng=1)
    matrix.indices[0] = 90_000_000
    scipy.sparse.save_npz(tmp_path / "w.npz", matrix)
    for name in ("w.npz", "w.npz~transposed"):
        with pytest.raises(DataError, match="90000000"):
            load(tmp_path / name, tmp_path)
