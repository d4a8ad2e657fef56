"""Good files of each kind, small, made here: what fuzzing starts from."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import tempfile
from pathlib import Path

import numpy as np

TESTS = Path(__file__).resolve().parent.parent
GOLDEN = TESTS / "formats" / "golden"
PACKED = (".csv.gz", ".csv.bz2", ".csv.xz", ".mtx.gz", ".mtx.bz2", ".mtx.xz")
ARCHIVE_ROWS = 4
MARKET = b"%%MatrixMarket matrix "
SIZES = ((1, 1), (3, 5), (20, 17), (300, 3), (40, 70), (0, 2))


def matrix(n: int, m: int) -> np.ndarray:
    """About a third nonzero, a few values, whole numbers where int8 is asked for."""
    i, j = np.meshgrid(np.arange(n), np.arange(m), indexing="ij")
    mixed = (i * 31 + j * 17 + i * j) % 13
    return np.where(mixed < 4, mixed - 5, 0).astype(np.float32)


def _saved(save: object, *arrays: object, **named: object) -> bytes:
    file = io.BytesIO()
    save(file, *arrays, **named)  # type: ignore[operator]
    return file.getvalue()


def arrays() -> list[bytes]:
    """.npy of several dtypes and orders."""
    W = matrix(6, 5)
    kinds = ("<f4", "<f8", ">f4", "i1", "<u2", "<i8", "?", "<f2")
    return [
        *(_saved(np.save, W.astype(kind)) for kind in kinds),
        _saved(np.save, np.asfortranarray(W)),
        _saved(np.save, np.zeros((0, 3), np.float32)),
    ]


def archives() -> list[bytes]:
    """.npz: one array, scipy's sparse kinds, a codebook with indices."""
    import scipy.sparse

    W = matrix(6, 8)
    sparse = [scipy.sparse.csc_array(W), scipy.sparse.csr_matrix(W), scipy.sparse.coo_array(W)]
    sparse.append(scipy.sparse.bsr_array(W, blocksize=(2, 2)))
    book = {"codebook": np.array([0, 1.5, 2], np.float32), "index": (matrix(4, 4) != 0).astype(np.uint8)}
    return [
        _saved(np.savez, W),
        _saved(np.savez_compressed, W),
        _saved(np.savez, **book),
        *(_saved(scipy.sparse.save_npz, kind, compressed=number % 2 == 0) for number, kind in enumerate(sparse)),
    ]


def markets() -> list[bytes]:
    """Matrix Market: coordinate and array, the types of numbers, symmetries."""
    return [
        MARKET + b"coordinate real general\n% a word\n3 4 3\n1 1 1.5\n3 4 -2e-3\n2 2 7\n",
        MARKET + b"coordinate integer symmetric\n3 3 2\n1 1 4\n3 2 -5\n",
        MARKET + b"coordinate pattern general\n2 2 2\n1 2\n2 1\n",
        MARKET + b"coordinate real skew-symmetric\n3 3 1\n2 1 1\n",
        MARKET + b"array real general\n2 2\n1\n0\n2.5\n-1\n",
        MARKET + b"array integer symmetric\n2 2\n1\n2\n3\n",
    ]


def tables() -> list[bytes]:
    """Text: a header, quotes, empty lines, a byte order mark, other ends of lines."""
    return [
        b"1,2,3\n4,5,6\n",
        b"a,b\n1.5,-2e3\n\n0,1\n",
        b'\xef\xbb\xbf"x","y"\r\n"1","2"\r\n',
        b"1\n2\n",
        b"1;2\n3;4\n",
        b"1\t2\n",
    ]


def packed() -> list[bytes]:
    """Text under a packer's name: the first byte says which."""
    packers = (gzip.compress, bz2.compress, lzma.compress)
    texts = (tables()[1], markets()[0])
    return [bytes([number]) + packers[number % 3](texts[number // 3]) for number in range(len(PACKED))]


def patterns() -> list[bytes]:
    return [b"3, 4, 5\n0 2 2 5\n0 3 1 2 3\n", b"1, 1, 0\n0 0\n\n"]


def models() -> list[bytes]:
    """Tiny ones and, where there is a mirror, its smaller ones."""
    import fuzz_tflite

    return fuzz_tflite.seeds()


def weights() -> dict[str, np.ndarray]:
    """A small model: a matrix, a convolution, a table, biases, whole numbers."""
    return {
        "fc.weight": matrix(6, 5),
        "conv.weight": matrix(4, 12).astype(np.float16).reshape(4, 3, 2, 2),
        "embed.weight": matrix(9, 4).astype(np.int8),
        "fc.bias": matrix(1, 6)[0],
        "steps": np.array(7),
    }


def safetensors_models() -> list[bytes]:
    """Of every dtype, packed as GPTQ does, with metadata, with nothing."""
    from safetensors_files import entry, raw, saved

    packed = {"l.qweight": np.ones((2, 8), np.int32), "l.scales": np.ones((1, 8), np.float16)}
    packed |= {"l.qzeros": np.full((1, 1), 0x77777777, np.int32), "l.g_idx": np.zeros(16, np.int32)}
    kinds = ("float64", "int8", "uint8", "int16", "int32", "int64", "bool")
    bfloat16 = json.dumps({"w.weight": entry("BF16", (2, 3), 0, 12), "f": entry("F8_E4M3", (2, 2), 12, 16)})
    return [
        saved(weights(), {"format": "pt"}),
        saved({f"{kind}.weight": matrix(3, 4).astype(kind) for kind in kinds}),
        saved(packed),
        raw(bfloat16, bytes(16)),
        raw("{}"),
    ]


def torch_models() -> list[bytes]:
    """State dicts and checkpoints of both formats, quantised tensors, one of bytes and a dtype."""
    import torch_files

    quantised, storage = torch_files.Saved(), (np.arange(12, dtype=np.int8), "QInt8Storage")
    number = quantised.storage(storage[0], kind=storage[1])
    affine = torch_files.Global("torch", "per_tensor_affine"), 0.5, 3
    quantised.root = {
        "q.weight": quantised.tensor(
            storage[0].reshape(3, 4), storage=number, rebuild="_rebuild_qtensor", more=(affine, False, {})
        )
    }
    found = [quantised.zip()]
    for legacy in (False, True):
        for make in (torch_files.state_dict, torch_files.checkpoint):
            saved = make(weights(), legacy)
            found.append(saved.legacy() if legacy else saved.zip())
    return found


def onnx_models() -> list[bytes]:
    """Weights of each kind, folds, subgraphs, functions, external data that is not there."""
    import onnx_files

    return onnx_files.seeds()


def pickles() -> list[bytes]:
    """A published archive of 4 x 2, stream and code in one: lists, and arrays as numpy pickles them."""
    plain = {
        "int_list": [0b0110_1001 << 24], "col_end": [4, 8], "symbs": [0.0, 1.5], "fs": [0, 0, 2], "fcl": [0, 0, 2],
        "lmax": 1,
    }  # fmt: skip
    sparse = {**plain, "cb_num": [4, 4], "ri": [0, 1, 2, 3] * 2}
    arrays = {name: np.array(value) if name != "lmax" else np.int64(value) for name, value in sparse.items()}
    return [pickle.dumps(kind, protocol) for kind in (plain, sparse, arrays) for protocol in (0, 2, 4)]


def payloads(name: str = "", value_type: str = "") -> list[bytes]:
    """Golden payloads and small ones of every shape, of all formats or of one format and value type."""
    from dotbench import formats
    from dotbench.cdot.bfloat16 import converted, dtype_of
    from dotbench.formats import value_types

    found = [path.read_bytes() for path in sorted(GOLDEN.glob("*.dbp"))]
    for format_ in formats.standard_of_all():
        for kind in format_.value_types:
            if name in ("", format_.name):
                given = [converted(matrix(n, m), dtype_of(kind)) for n, m in SIZES]
                found += [format_.encode(W).data.tobytes() for W in given]
    wanted = {formats.kinds()[name].format_id} if name else None
    number = value_types.value_type(value_type).code if value_type else None
    return [
        data
        for data in found
        if (wanted is None or struct.unpack_from("<H", data, 6)[0] in wanted) and number in (None, data[5])
    ]


def resealed(data: bytes) -> bytes:
    """A payload with the checksum that fits its bytes."""
    from dotbench.cdot.kernel import aligned, crc

    if len(data) < 32:
        return data
    copy = aligned(len(data))
    copy[:] = np.frombuffer(data, np.uint8)
    copy[24:28] = np.frombuffer(struct.pack("<I", crc(copy)), np.uint8)
    return copy.tobytes()


def packs() -> list[bytes]:
    """Models whose layers have negative zeros in either coding, and one of bfloat16."""
    import made_models

    from dotbench import formats

    w = made_models.pruned((16, 12), 0.3)
    signed = abs(w)
    signed[0, w[0] == 0] = -0.0
    layers = [{"a.weight": w, "b": w[0]}, {"a.weight": signed}, {"a.weight": formats.to_bfloat16(w), "b": w[0] > 0}]
    found = []
    for arrays in layers:
        with tempfile.TemporaryDirectory() as folder:
            choose = lambda tensor, _: formats.get("sham" if "float32" in tensor.dtype else "rank")  # noqa: E731
            found.append(made_models.packed(Path(folder), arrays, choose).path.read_bytes())
    return found


def sheets() -> list[bytes]:
    """The first rows of each committed results file; the first byte says which."""
    from dotbench.bench.metrics import registry

    found = []
    for number, name in enumerate(sorted(registry.names())):
        path = TESTS.parent / "results" / f"{name}.csv"
        if path.exists():
            with path.open("rb") as file:
                found.append(bytes([number]) + b"".join(file.readline() for _ in range(4)))
    return found


def journals() -> list[bytes]:
    """A journal with a few cells, passes, a machine and an input."""
    from dotbench.bench.record.journal import Journal

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        with Journal(path) as journal:
            for number in range(3):
                identity = {"metric": "time", "matrix": "0" * 64, "format": f"f{number}"}
                journal.record(identity, {"dataset": "w", "status": "ok", "time_ratio": 1.25})
                journal.add_pass(identity, "boot", number, {"log_median": 0.5, "raw": [1.0, 2.0]})
            journal.record_machine("here", {"cpu": "one"})
            journal.record_input("0" * 64, "w", "file", "1" * 64)
        return [path.read_bytes()]


def gguf_models() -> list[bytes]:
    """.gguf: numbers as they are, blocks, a vocabulary, experts."""
    from gguf_files import BF16, blocks, build, network, of, pair, text

    experts = of("blk.0.ffn_up_exps.weight", np.ones((2, 3, 4), np.float32))
    halves = of("a.weight", np.ones((3, 2), np.uint16), BF16)
    return [
        network(),
        build([experts, halves, blocks("b", (1, 256), 14)], [pair("general.architecture", 8, text("x"))]),
    ]


def keras_models() -> list[bytes]:
    """.keras and .h5, for the first bytes say which: stored as they are and packed."""
    from keras_files import layered, network, plain

    packed = plain({"a/b": matrix(6, 4), "c": matrix(5, 3)}, compression="gzip", chunks=True)
    return [network(), layered([("z", [("z/kernel:0", matrix(4, 3))])]), packed]
