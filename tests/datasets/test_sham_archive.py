"""The published archives: read as data only, decoded bit for bit."""

from __future__ import annotations

import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dotbench.datasets import DataError, files, plain_pickle, sham_archive

# By hand: symbols 0 (code 0), 2.0 (10), -3.0 (110), 1.0 (111); columns of a 4 x 3 matrix.
CODE = {"symbs": [0.0, 2.0, -3.0, 1.0], "fs": [0, 0, 1, 2, 4], "fcl": [0, 0, 4, 6, 8], "lmax": 3}
W = np.array([[2, 0, 0], [0, 1, 0], [2, 0, -3], [0, 2, 0]], np.float32)


def streams() -> tuple[dict[str, Any], dict[str, Any]]:
    """The same matrix as HAM, all entries, and as sHAM, its nonzeros with rows and counts."""
    columns = ["100100", "0111010", "001100"]
    ham = {
        "int_list": [int("".join(columns).ljust(32, "0"), 2)],
        "col_end": np.cumsum([len(one) for one in columns]).tolist(),
    }
    sham = {
        "int_list": [int("101011110110".ljust(32, "0"), 2)],
        "col_end": [4, 9, 12],
        "cb_num": [2, 2, 1],
        "ri": [0, 2, 1, 3, 2],
    }
    return ham, sham


def write(folder: Path, stream: Any, code: Any = CODE) -> tuple[Path, Path]:
    paths = folder / "cdot.pkl", folder / "code.pkl"
    for path, value in zip(paths, (stream, code), strict=True):
        path.write_bytes(value if isinstance(value, bytes) else pickle.dumps(value, 4))
    return paths


def test_by_hand(tmp_path: Path) -> None:
    for stream in streams():
        archive = sham_archive.read(*write(tmp_path, stream))
        assert np.array_equal(sham_archive.decode(archive, 4), W)


def _as_numpy_1(data: bytes) -> bytes:
    """Globals under their old name. Names carry their length, and the frame around all its own."""
    names = data.replace(b"\x8c\x16numpy._core.multiarray", b"\x8c\x15numpy.core.multiarray")
    assert names != data or b"multiarray" not in data
    return names[:3] + (len(names) - 11).to_bytes(8, "little") + names[11:] if names[2:3] == b"\x95" else names


def test_numpy_in_pickles(tmp_path: Path) -> None:
    """Arrays and scalars as numpy writes them, of this version and of the published one."""
    stream = {name: np.array(value) for name, value in streams()[1].items()}
    code = {**CODE, "lmax": np.int64(3), "symbs": np.array(CODE["symbs"])}
    for old in (False, True):
        paths = write(tmp_path, stream, code)
        for path in paths:
            data = path.read_bytes()
            path.write_bytes(_as_numpy_1(data) if old else data)
        assert np.array_equal(sham_archive.decode(sham_archive.read(*paths), 4), W)


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (eval, ("__import__('os').system('touch owned')",))


class Stated:
    """A pickled dtype with a state of our choice."""

    def __init__(self, arguments: tuple[Any, ...], state: tuple[Any, ...]) -> None:
        self.arguments, self.state = arguments, state

    def __reduce__(self) -> tuple[Any, ...]:
        return np.dtype, self.arguments, self.state


def bomb() -> list[Any]:
    """Ten lists deep, each the one before ten times: 10^10 numbers in 300 bytes."""
    level: list[Any] = [1] * 10
    for _ in range(9):
        level = [level] * 10
    return level


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (pickle.dumps({"int_list": Evil()}), "it asks for builtins.eval"),
        (b"cos\nsystem\n(S'touch owned'\ntR.", "it asks for os.system"),
        (b"cnumpy\nload\n.", "it asks for numpy.load"),
        (b"cnumpy\nndarray\n((L10000000000L\ntcnumpy\ndtype\n(S'u1'\ntRtR.", "not callable"),  # 10 GB, in 60 bytes
        (b"cnumpy\nndarray\n((I3\ntS'O'\ntR.", "not callable"),
        (pickle.dumps(Stated((">f8",), (3, ">", None, None, None, -1, -1, 63))), "no plain number"),  # as pointers
        (pickle.dumps(Stated(("f8",), (3, "<", None, ("a",), {"a": 1}, 8, 8, 0))), "no plain little-endian"),
        (pickle.dumps(Stated(("f8",), (3, ">", None, None, None, -1, -1, 0))), "no plain little-endian"),
        (pickle.dumps(np.zeros((2, 2)), 4), "does not fit its 32 bytes"),
        (b"cnumpy\ndtype\n(N}S'shape'\nI1\nstb.", "cannot be read"),  # would set an attribute of a global
        (pickle.dumps({"int_list": np.array([None], object)}), "no plain number|O"),
        (pickle.dumps(streams()[0])[:40], "cannot be read"),
        (b"", "cannot be read"),
        ([1, 2], "lacks int_list, col_end"),
        ({"col_end": [1]}, "lacks int_list, col_end"),
        ({**streams()[0], "int_list": bomb()}, "list where a list of integers should be"),
        ({**streams()[0], "int_list": [1 << 32]}, "more than 32 bits"),
        ({**streams()[0], "col_end": [6.0, 12.0, 17.0]}, "list of integers should be"),
        ({**streams()[0], "int_list": "words"}, "fields of another kind"),
        ({**streams()[1], "cb_num": None}, "fields of another kind"),
    ],
)
def test_hostile_and_damaged_pickles(stream: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=words):
        sham_archive.read(*write(tmp_path, stream))
    assert not (tmp_path / "owned").exists() and not Path("owned").exists()


@pytest.mark.parametrize(
    ("change", "code", "n", "words"),
    [
        ({"int_list": []}, {}, 4, "contradict each other"),
        ({"col_end": [6, 5, 19]}, {}, 4, "contradict"),
        ({"col_end": [6, 12, 18]}, {}, 4, "do not end where it says"),
        ({}, {}, 5, "do not end where it says"),
        ({}, {"fcl": [0, 0, 4, 6, 9]}, 4, "contradict"),
        ({}, {"fcl": [0, 1, 4, 6, 8]}, 4, "contradict"),
        ({}, {"symbs": [0.0, float("nan"), -3.0, 1.0]}, 4, "contradict"),
        ({}, {"lmax": 60}, 4, "contradict"),
        ({}, {"symbs": [0.0, 2.0]}, 4, "its table has not"),
    ],
)
def test_streams_that_do_not_fit(change: Any, code: Any, n: int, words: str, tmp_path: Path) -> None:
    archive = sham_archive.read(*write(tmp_path, {**streams()[0], **change}, {**CODE, **code}))
    with pytest.raises(DataError, match=words):
        sham_archive.decode(archive, n)


@pytest.mark.parametrize(
    "change",
    [
        {"cb_num": [2, 2, 2]},
        {"ri": [0, 2, 1, 3, 4]},
        {"ri": [0, 0, 1, 3, 2]},
        {"ri": [2, 0, 1, 3, 2]},
        {"cb_num": [-2, 6, 1]},
        {"cb_num": [2**62] * 4, "col_end": [0, 0, 0, 0], "ri": []},  # the sum overflows to 0: it crashed
    ],
)
def test_row_indices_that_do_not_fit(change: Any, tmp_path: Path) -> None:
    archive = sham_archive.read(*write(tmp_path, {**streams()[1], **change}))
    with pytest.raises(DataError, match="contradict"):
        sham_archive.decode(archive, 4)


def tuples(levels: int) -> bytes:
    """Tuples in tuples, each ten times the one before: their hash or text takes for ever."""
    data = b"(K\x01tq\x000"
    for level in range(levels):
        data += b"(" + b"h%c" % level * 10 + b"tq%c0" % (level + 1)
    return data + b"h%c" % levels


STANDS = b"cnumpy\ndtype\n", b"cnumpy\nndarray\n", b"cnumpy.core.multiarray\n_reconstruct\n"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"}" + tuples(12) + b"Ns.", "keys of a dict are not all strings"),
        (b"}(" + tuples(12) + b"Nu.", "keys of a dict are not all strings"),
        (b"(" + tuples(12) + b"Nd.", "keys of a dict are not all strings"),
        (b"}\x8a\x09" + b"\xff" * 8 + b"\x00Ns.", "keys of a dict are not all strings"),  # of one hash with others
        (STANDS[0] + tuples(12) + b"\x85R.", "a dtype of an array is no plain number"),
        (STANDS[2] + tuples(12) + b"K\x00\x85U\x01b\x87R.", "starts as something other than an empty array"),
        (STANDS[2] + STANDS[1] + tuples(12) + b"U\x01b\x87R.", "starts as something other than an empty array"),
        (STANDS[0] + b"U\x02f4\x85R(K\x03" + tuples(12) + b"NNNK\x00tb.", "state of a dtype"),
        (b"(lp0\n" + b"\x8f.", "it uses EMPTY_SET"),
        (b"\x80\x04cnumpy\nndarray\n)\x81.", "it uses NEWOBJ"),
        (b"Pid\n.", "it uses PERSID"),
        (b"\x82\x01.", "it uses EXT1"),
        (b"K\x01K\x02a.", "appends to what is no list"),
        (b"]K\x01K\x02s.", "sets the keys of what is no dict"),
        (b"}(U\x01ae.", "appends to what is no list"),
        (b"}(U\x01au.", "keys of a dict are not all strings"),
        (b"K\x01N\x85R.", "calls what is not callable"),
        (b"]N\x85b.", "sets the state of what has none"),
        (b"NU\x01a\x93.", "name is no text"),
        (b"h\x07.", "7"),
        (b"\x87.", "takes more than it has"),
        (b"K\x01", "pickle exhausted before seeing STOP"),
        (b"\x80\x04\x8e" + b"\xff" * 8, "byte count > sys.maxsize"),  # 2^64 bytes, it says
        (b"X\xff\xff\xff\x7f.", "expected 2147483647 bytes"),
    ],
)
def test_pickles_that_lead_python_astray(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "p.pkl"
    path.write_bytes(data)
    with pytest.raises(DataError, match=f"p.pkl cannot be read as a published archive.*{words}") as caught:
        plain_pickle.load(path)
    assert len(str(caught.value)) < 400


def test_a_memo_is_as_large_as_what_is_in_it(tmp_path: Path) -> None:
    """Python's unpickler makes room for every index below: 2 GB for nine bytes."""
    path = tmp_path / "p.pkl"
    path.write_bytes(b"\x80\x04Nr\x00\x00\x00\x08.")
    tracemalloc.start()
    try:
        assert plain_pickle.load(path) is None
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_every_protocol_of_python(tmp_path: Path) -> None:
    value = {
        "a": [1, -2, 3_000_000_000, 2**70, 1.5, True, None, ()],
        "b": {"c": ("d", b"e" * 300, "f" * 300)},
        1.5: [[]],
    }
    for protocol in range(2, 6):
        (tmp_path / "p.pkl").write_bytes(pickle.dumps(value, protocol))
        if protocol > 2:  # bytes are no part of older ones
            assert plain_pickle.load(tmp_path / "p.pkl") == value
    for protocol in range(3):
        (tmp_path / "p.pkl").write_bytes(pickle.dumps({"a": [1, 2.5, True, "x", (1, 2, 3, 4)]}, protocol))
        assert plain_pickle.load(tmp_path / "p.pkl") == {"a": [1, 2.5, True, "x", (1, 2, 3, 4)]}


@pytest.mark.real_data("faults")
def test_pickles_that_went_wrong(mirror: Path, tmp_path: Path) -> None:
    code = write(tmp_path, {})[1]
    for path in sorted((mirror / "faults").glob("*.pkl")):
        with pytest.raises(DataError, match=path.name):
            sham_archive.read(path, code)


ARCHIVES = [
    ("benchmark/data/ham", "orsreg_1", "", "orsreg_1/orsreg_1.mtx"),
    ("benchmark/data/sham", "orsreg_1", "", "orsreg_1/orsreg_1.mtx"),
    ("benchmark/data/sham", "SiNa", "", "SiNa/SiNa_f32.mtx.xz"),
    ("benchmark/data/ham", "SiNa", "", "SiNa/SiNa_f32.mtx.xz"),
    ("nns/data/ham", "vgg_90-0-32-0-0.9951", "_096", "sham_nn/vgg_90-0-32-0-0.9951.npz"),
    ("nns/data/sham", "vgg_90-0-32-0-0.9951", "_096", "sham_nn/vgg_90-0-32-0-0.9951.npz"),
    ("nns/data/ham", "dta_60-0-256-0-0.22225", "_014", "sham_nn/dta_60-0-256-0-0.22225.npz"),
    ("nns/data/sham", "dta_60-0-256-0-0.22225", "_014", "sham_nn/dta_60-0-256-0-0.22225.npz"),
    ("nns/data/ham", "dta_80-0-16-0-0.23378", "_014", "sham_nn/dta_80-0-16-0-0.23378.npz"),
]


@pytest.mark.real_data("sham_archive")
@pytest.mark.parametrize(("folder", "stem", "number", "decoded"), ARCHIVES)
def test_published_archives_bit_for_bit(mirror: Path, folder: str, stem: str, number: str, decoded: str) -> None:
    base = mirror / "sham_archive" / folder
    archive = sham_archive.read(
        base / "cdot_structure" / f"{stem}{number}_cdot.pkl", base / "huffman_code" / f"{stem}_code.pkl"
    )
    source = files.read(mirror / decoded)[0]
    n, m = source.shape
    block = source.columns(0, m)
    expected = block.dense(n).T
    assert np.array_equal(sham_archive.decode(archive, n), expected)
