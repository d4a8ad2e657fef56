"""What is no matrix, no vector or no payload gets an error that says what, where, and what to do."""

from __future__ import annotations

import errno
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from dotbench import formats
from dotbench.cdot.errors import PayloadError

sys.path.insert(0, str(Path(__file__).parent.parent))
from damage import check_cut_short_and_flipped, check_damaged, check_longer, resealed
from matrices import HALF, SMALL, VARIANTS, format_of, given

NAMES = [*formats.names("float32"), *VARIANTS]


def says(*words: str) -> str:
    return ".*".join(map(re.escape, words))


@pytest.mark.parametrize("name", [name for name in [*NAMES, *HALF] if not format_of(name).bitwise])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite(name: str, value: float) -> None:
    W = given(name, np.zeros((5, 7), np.float32))
    W[3, 4] = value
    for matrix in (W, *([scipy.sparse.csr_matrix(W)] if W.dtype == np.float32 else [])):
        with pytest.raises(ValueError, match=says(str(value), "row 3, column 4", "not a finite number")):
            format_of(name).encode(matrix)


@pytest.mark.parametrize(
    ("matrix", "error", "text"),
    [
        (np.zeros(3, np.float32), ValueError, says("2 dimensions", "has 1")),
        (np.zeros((2, 2, 2), np.float32), ValueError, says("2 dimensions", "has 3")),
        (np.zeros((2, 2), np.complex64), TypeError, says("complex64 cannot be encoded")),
        (np.array([[1, None]], object), TypeError, says("object cannot be encoded")),
        (np.array([["a"]]), TypeError, says("cannot be encoded")),
        ([[1.0, 2.0]], TypeError, says("list is not a matrix")),
        (np.array([[0.0, 0.1]]), ValueError, says("0.1 at row 0, column 1", "rounding", "astype")),
        (np.array([[2**24 + 1]]), ValueError, says("16777217 at row 0, column 0", "rounding")),
        (np.array([[2**62 + 1]]), ValueError, says("rounding")),
        (np.array([[1e300]]), ValueError, says("1e+300", "rounding")),
    ],
)
def test_no_matrix(matrix: object, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        formats.get("sham").encode(matrix)


@pytest.mark.parametrize("name", NAMES)
def test_no_vector(name: str) -> None:
    payload = formats.parse(name).encode(SMALL["ordinary"]())
    with pytest.raises(ValueError, match=says("299 entries", "300 rows")):
        payload.dot(np.zeros(299, np.float32))
    with pytest.raises(TypeError, match=says("float64", "astype(numpy.float32)")):
        payload.dot(np.zeros(300))
    with pytest.raises(ValueError, match=says("3 dimensions")):
        payload.dot(np.zeros((1, 1, 300), np.float32))
    for columns in ((5, 3), (-1, 3), (0, 201)):
        with pytest.raises(ValueError, match=says(f"columns {columns[0]} to {columns[1]}", "200 columns")):
            payload.dot(np.zeros(300, np.float32), columns=columns)
        with pytest.raises(ValueError, match="200 columns"):
            payload.columns(*columns)
    with pytest.raises(ValueError, match="0 threads"):
        payload.dot(np.zeros(300, np.float32), threads=0)


@pytest.mark.parametrize("name", [*NAMES, *HALF])
def test_cut_short_and_flipped(name: str) -> None:
    check_cut_short_and_flipped(format_of(name).encode(given(name, SMALL["n_257"]())).data)


@pytest.mark.parametrize("name", [*NAMES, *HALF])
def test_longer(name: str) -> None:
    check_longer(format_of(name).encode(given(name, SMALL["n_257"]())))


@pytest.mark.parametrize("name", [*NAMES, *HALF])
@pytest.mark.parametrize("key", ["n_257", "long_codes", "one_value_everywhere", "mixed_lengths", "dense_blocks"])
def test_damaged_with_a_fitting_checksum(name: str, key: str) -> None:
    check_damaged(format_of(name).encode(given(name, SMALL[key]())).data)


def test_layouts_formats_and_fields_that_are_not_known() -> None:
    data = formats.get("csc").encode(SMALL["one_row"]()).data
    newer, alien, fields = data.copy(), data.copy(), data.copy()
    newer[4] = 2
    alien[6:8] = 0xEE
    fields[28] = 4
    for damaged, text in (
        (newer, says("layout 2", "reads up to 1", "update dotbench")),
        (alien, says("format 61166", "not installed", "sham")),
        (fields, says("4 bytes of fields")),
    ):
        with pytest.raises(PayloadError, match=text):
            formats.load(resealed(damaged))
    with pytest.raises(PayloadError, match="no payload"):
        formats.load(b"PK\x03\x04" + bytes(60))


def test_files(tmp_path: Path) -> None:
    payload = formats.get("sham").encode(SMALL["ordinary"]())
    path = tmp_path / "w.dbp"
    payload.save(path)
    loaded = formats.load(path)
    assert path.read_bytes() == payload.data.tobytes() and isinstance(loaded.data, np.memmap)
    assert np.array_equal(loaded.decode(), payload.decode())
    assert [entry.name for entry in tmp_path.iterdir()] == ["w.dbp"]
    (tmp_path / "empty.dbp").touch()
    with pytest.raises(PayloadError, match="empty"):
        formats.load(tmp_path / "empty.dbp")
    with pytest.raises(FileNotFoundError):
        formats.load(tmp_path / "none.dbp")


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.dbp"
    formats.get("csc").encode(SMALL["one_row"]()).save(path)
    old = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=says("cannot be written: No space left", "choose another folder")) as caught:
        formats.get("ham").encode(SMALL["one_row"]()).save(path)
    assert caught.value.filename == str(path) and caught.value.errno == errno.ENOSPC
    assert path.read_bytes() == old and len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="cannot be written"):
        formats.get("csc").encode(SMALL["one_row"]()).save(tmp_path / "file" / "w.dbp")


def test_names_and_parameters() -> None:
    with pytest.raises(formats.UnknownFormat, match=says("no format 'shamm'", "sham or ham")):
        formats.parse("shamm")
    with pytest.raises(ValueError, match=says("sham has no parameter 'alpha'", "none")):
        formats.parse("sham[alpha=8]")
    with pytest.raises(ValueError, match="is no format"):
        formats.parse("sham[alpha=8")
    for name in NAMES:
        assert str(formats.parse(name)) == name
        format_ = formats.parse(name)
        payload = format_.encode(SMALL["ordinary"]())
        assert formats.load(payload.data.tobytes()).format == format_


def test_parameters_of_bitmap() -> None:
    """Written as little as is needed, read as people write, refused by name."""
    assert formats.parse("bitmap[values=codebook]") == formats.get("bitmap", values="codebook")
    assert formats.parse(" bitmap[ values = codebook ] ").params == "values=codebook"
    assert str(formats.parse("bitmap[values=float32]")) == str(formats.parse("bitmap[]")) == "bitmap"
    assert formats.parse("bitmap") != formats.parse("bitmap[values=codebook]")
    for wrong in ("float16", "", "Codebook"):
        with pytest.raises(ValueError, match=says(f"bitmap[values={wrong}]", "float32 or codebook")):
            formats.parse(f"bitmap[values={wrong}]")
    with pytest.raises(ValueError, match=says("bitmap has no parameter 'value'", "values")):
        formats.parse("bitmap[value=codebook]")


def test_fields_of_bitmap_that_make_no_sense() -> None:
    data = formats.get("bitmap").encode(SMALL["one_row"]()).data
    for at, byte in ((32, 2), (36, 1)):
        damaged = data.copy()
        damaged[at] = byte
        with pytest.raises(PayloadError, match=says("cannot be read as bitmap", "its fields say values of kind")):
            formats.load(resealed(damaged))
