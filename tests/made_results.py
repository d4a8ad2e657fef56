"""Results that look like measured ones, for tests of what shows them: made from a seed, never measured."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from dotbench.bench.metrics import registry
from dotbench.bench.record.export import render

Row = dict[str, Any]

FORMATS = {"dense": (32.0, 1.5), "csc": (6.5, 1.0), "csc_min": (4.9, 0.95), "im": (8.0, 9.0), "ham": (1.3, 14.0),
           "sham": (1.9, 3.3), "column_combined": (1.0, 0.4)}  # fmt: skip
PEERS = {"blas_dense": 1.7, "scipy_csc": 1.9}
BOUNDS = {"bound:h0": 1.1, "bound:huffman": 1.2, "bound:positions_values": 0.9}
MACHINE = "AMD EPYC x2"


def results(matrices: int = 8, seed: int = 0, more: tuple[str, ...] = ()) -> dict[str, list[Row]]:
    """Rows of every file; ``more``: further formats, for large results."""
    dice = random.Random(seed)
    found: dict[str, list[Row]] = {file: [] for file in registry.names()}
    for number in range(matrices):
        _matrix(found, common(number), dice, more)
    return found


def common(number: int) -> Row:
    """What the rows of a matrix share; every fourth one is a twin."""
    twin = number % 4 == 3
    name = f"layer{number:03}/90-0-32" + ("~twin" if twin else "")
    return {"dataset": name, "matrix_sha256": f"{number:064x}", "source": "twin" if twin else "mirror", "params": "",
            "status": "ok", "reason": "", "code_sha": f"{number:016x}"}  # fmt: skip


def _matrix(found: dict[str, list[Row]], base: Row, dice: random.Random, more: tuple[str, ...]) -> None:
    n, m = 512, 1024 * dice.choice([1, 2, 4])
    for place, (name, (bits, ratio)) in enumerate({**FORMATS, **dict.fromkeys(more, (5.0, 2.0))}.items()):
        row = base | {"format": name}
        if name == "column_combined":
            row["params"] = "gamma=0.5"
        size = int(n * m * bits * dice.uniform(0.8, 1.2) / 8) + place
        found["space"].append(space(row, n, m, size))
        for batch in (1, 8):
            found["time"].append(timed(row, ratio * dice.uniform(0.85, 1.15), batch, n * m // 10))
        count = int(n * m * ratio * dice.uniform(0.9, 1.1))
        found["instructions"].append(counted(row, count, n * m // 10))
        found["energy"].append(energy(row, count * 1e-10))
    found["space"] += [space(base | {"format": name}, n, m, int(n * m * bits / 8)) for name, bits in BOUNDS.items()]
    found["time"] += [timed(base | {"format": name}, ratio, batch, n * m // 10)
                      for name, ratio in PEERS.items() for batch in (1, 8)]  # fmt: skip
    found["time"].append(timed(base | {"format": "ceiling:decode", "params": "format=ham"}, 12.0, 1, n * m // 10))
    found["time"].append(base | {"format": "scipy_csr", "status": "unavailable", "reason": "not on this machine",
                                 "batch": 1, "threads": 1, "cache": "warm"})  # fmt: skip
    found["systolic"] += [systolic(base, array, length, dice) for array in ("32x32", "64x64") for length in (1, 256)]
    found["levels"] += [level(base, number, n, m) for number in range(1, 5)]


def space(row: Row, n: int, m: int, size: int) -> Row:
    lossy = row["format"] == "column_combined"
    nnz = n * m // 10
    return row | {"n": n, "m": m, "nnz": nnz, "distinct": 32, "dtype": "float32", "lossless": not lossy, "bytes": size,
                  "error": 0.28 if lossy else 0.0, "header_bytes": 32, "scratch_bytes": size // 50,
                  "bits_per_entry": 8 * size / (n * m), "bits_per_nonzero": 8 * size / nnz,
                  "ratio": 4 * n * m / size, "entropy_bits_per_entry": 0.9}  # fmt: skip


def timed(row: Row, ratio: float, batch: int, nnz: int) -> Row:
    own = 1.0 if row["format"] == "csc" else ratio
    return row | {"batch": batch, "threads": 1, "cache": "warm", "isa": "x86_64_v3", "compiler": "zig-0.17.1",
                  "reference": "csc", "reference_sha": "179e07784c15ce42", "time_ratio": own, "ratio_low": own / 1.03,
                  "ratio_high": own * 1.04, "ns_per_dot": own * 80000 * batch, "ns_per_nonzero": own * 80000 / nnz,
                  "encode_seconds": 0.05, "passes": 8, "stop": "width 2%", "machine": MACHINE,
                  "product_error": 4.327e-07}  # fmt: skip


def counted(row: Row, count: int, nnz: int) -> Row:
    return row | {"batch": 1, "isa": "x86_64_v3", "compiler": "zig-0.17.1", "columns_share": "1", "instructions_per_dot": count,
                  "instructions_per_nonzero": count / nnz}  # fmt: skip


def energy(row: Row, joules: float) -> Row:
    return row | {"batch": 1, "threads": 1, "kind": "rapl", "windows": 10, "joules_per_dot": joules,
                  "joules_low": joules * 0.95, "joules_high": joules * 1.06, "net_joules_per_dot": joules * 0.6,
                  "model_pj_per_entry": joules * 1e3, "machine": MACHINE}  # fmt: skip


def systolic(base: Row, array: str, length: int, dice: random.Random) -> Row:
    before, after = dice.uniform(9, 12), dice.uniform(55, 80)
    cycles = 1040 * length
    return base | {"format": "column_combined", "params": "gamma=0.5", "array": array, "input_length": length,
                   "word_cycles": 1, "groups": 80, "utilization_before": before, "utilization_after": after,
                   "tiles_before": 256, "tiles_after": 48, "cycles_before": cycles,
                   "cycles_after": int(cycles * before / after), "pruned_share": 0.2, "error_frobenius": 0.28,
                   "error_product": 0.281, "energy_relative": 0.4}  # fmt: skip


def level(base: Row, number: int, n: int, m: int) -> Row:
    share = number / 4
    return base | {"format": "nested", "params": "levels=4", "level": number, "rows": n, "columns": int(m * share),
                   "multiplications": int(n * m * share), "multiplications_paper": int(n * m * share * 1.1),
                   "active_bytes": int(n * m * share * 4), "prefix_ratio": 1.1, "adapt_ns": 80 + 10 * number,
                   "peak_activation_bytes": 4 * n, "importance_kept": share**0.5, "lossless": number == 4,
                   "error": (1 - share) ** 0.5, "prefix_low": 1.05, "prefix_high": 1.15, "machine": MACHINE}  # fmt: skip


def written(found: dict[str, list[Row]], folder: Path) -> Path:
    """The rows as CSV files in a folder; files without rows are left out."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, rows in found.items():
        if rows:
            (folder / f"{file}.csv").write_bytes(render(file, rows))
    return folder
