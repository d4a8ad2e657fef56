"""Are payloads and products those of x86-64, bit for bit? ``python -m emulation.bits FOLDER ISA OUT`` computes them.

Both machines take matrices and vectors from FOLDER, for numpy's random numbers may differ by the last bit. Sums have the
same order wherever a build takes the plain C of cdot/isa/portable: both of aarch64, and x86-64's without AVX2. What
remains is whether a product is rounded before it is added:

- aarch64_unfused (what a Cortex-M55's products are compared with) rounds each, as x86-64 does: all bits are the same.
- aarch64 (the wheel's, NEON) may fuse multiply and add, as x86-64 may with ``-mfma``, and both do so wherever they can.
  All bits are the same, but of products of one vector by the formats of `IN_ORDER`: the rest of a run, which is added
  one by one, LLVM multiplies four at once for aarch64, and then adds in order. With that switched off, all are the same.
- AVX2's kernels (x86_64_v3) add in other orders, eight or sixteen sums side by side.

Where bits may differ, products of floats have to be near (`MARGIN`). Sums of int8 are exact, and payloads are the
encoder's alone: these are the same in all builds.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dotbench import formats
from dotbench.cdot.bfloat16 import numbers
from dotbench.cdot.kernel import Kernel

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from matrices import HALF, INT8, LARGE, SMALL, VARIANTS, format_of, given, int8

Arrays = dict[str, npt.NDArray[np.generic]]
GOLDEN, GOLDEN_ROWS = Path(__file__).resolve().parents[1] / "formats" / "golden", 37
BATCHES = (1, 3, 8, 17, 41)
FEW = ("mixed_lengths", "long_codes", "n_257", "extremes")  # of the quick part
LARGEST = 1e9  # of floats that are made into int8
MARGIN = 2e-5  # of sum |w||x|: each of two products has the half of it from float64's


@dataclass(frozen=True)
class Pair:
    """Two builds that are compared, with flags of the compiler. ``may_differ``: formats whose products of floats may,
    and of how many vectors; ``*`` for all."""

    said: str
    aarch64: str
    x86_64: str
    flags: str = ""
    x86_64_flags: str = ""
    may_differ: tuple[tuple[str, ...], tuple[int, ...]] = ((), ())

    @property
    def needs(self) -> str:
        """What the processor of x86-64 has to have."""
        return "avx2" if self.x86_64 == "x86_64_v3" else "fma" if self.x86_64_flags else ""

    def may(self, name: str) -> bool:
        """Whether a product of that name may differ."""
        _, format_, _, _, batch = name.replace(" of ", " ").split(" ")
        formats_, batches = self.may_differ
        return (format_ in formats_ or "*" in formats_) and int(batch) in batches


IN_ORDER = (
    "cells", "cser", "dense", "dense-float16", "dense-bfloat16", "dense_w8", "im", "im_packed", "nested",
    "rank-bfloat16", "rank[coding=rice]-bfloat16",
)  # fmt: skip
ALL_OF_IT = "-mllvm -force-ordered-reductions=false"
PAIRS = (
    Pair("unfused, x86-64", "aarch64_unfused", "x86_64"),
    Pair("NEON, x86-64 with FMA", "aarch64", "x86_64", "", "-mfma", (IN_ORDER, (1,))),
    Pair("NEON with all fused, x86-64 with FMA", "aarch64", "x86_64", ALL_OF_IT, "-mfma"),
    Pair("NEON, AVX2", "aarch64", "x86_64_v3", "", "", (("*",), BATCHES)),
)


def names() -> list[str]:
    """Formats as the matrices are given to them: of floats, of 16 bits, of int8; with the layouts of parameters."""
    built_in = {kind.name for kind in formats.registry.BUILT_IN}
    floats = [name for name in formats.names("float32") if name in built_in]
    whole = [f"{one}-int8" for one in formats.standard("int8") if one.name in built_in]
    return [*floats, *VARIANTS, *(name for name in HALF if format_of(name).name in built_in), *whole]


def write_inputs(folder: Path, few: bool) -> None:
    """Matrices, each of floats also as int8, and vectors of the same number of rows, as files of numpy."""
    floats = {key: make() for key, make in {**SMALL, **LARGE}.items() if not few or key in FEW}
    whole = {key: int8(W) for key, W in floats.items() if not (W > LARGEST).any()}
    whole |= {key: make() for key, make in INT8.items() if not few or key in FEW}
    made = {**{f"float32 {key}": W for key, W in floats.items()}, **{f"int8 {key}": W for key, W in whole.items()}}
    rng = np.random.default_rng(64)
    vectors: Arrays = {}
    for n in (GOLDEN_ROWS, *map(len, made.values())):
        vectors[f"float32 {n}"] = rng.standard_normal((max(BATCHES), n)).astype(np.float32)
        vectors[f"int8 {n}"] = rng.integers(-128, 128, (max(BATCHES), n)).astype(np.int8)
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "matrices.npz", **made)
    np.savez(folder / "vectors.npz", **vectors)


def inputs(folder: Path) -> Iterator[tuple[str, str, npt.NDArray[np.generic]]]:
    """(format, matrix, the matrix as that format is given it)."""
    with np.load(folder / "matrices.npz") as file:
        matrices = dict(file)
    for name in names():
        for key, W in matrices.items():
            if name.endswith("-int8") == (W.dtype == np.int8):
                yield name, key, given(name, W)


def payloads(folder: Path) -> Iterator[tuple[str, str, formats.Payload | ValueError]]:
    """(format, matrix, its payload or why there is none), golden files last: their matrix is ``golden`` of a layout."""
    for name, key, W in inputs(folder):
        try:
            yield name, key, format_of(name.removesuffix("-int8")).encode(W)
        except ValueError as refusal:  # too many rows for the indices of some formats
            yield name, key, refusal
    for path in sorted(GOLDEN.glob("*.dbp")):
        name, _, layout = path.stem.rpartition("-")
        yield name, f"golden {layout}", formats.load(path)


def computed(folder: Path, isa: str) -> Arrays:
    """Each payload's bytes, what it decodes to, and products of each number of vectors, under their names."""
    found: Arrays = {}
    with np.load(folder / "vectors.npz") as file:
        vectors = dict(file)
    for name, key, payload in payloads(folder):
        if isinstance(payload, ValueError):
            found[f"refused {name} {key}"] = np.array(str(payload))
            continue
        kernel = Kernel(payload.format.name, payload.data, payload.format.kernel_source, isa)
        n, m = kernel.shape
        found[f"payload {name} {key}"] = np.array(payload.data)
        found[f"decoded {name} {key}"] = np.concatenate([part.view(np.uint8) for part in kernel.decode(0, m)])
        for batch in BATCHES:
            X = vectors[f"{np.dtype(kernel.arithmetic.inputs)} {n}"][:batch]
            Y = np.zeros((batch, m), kernel.arithmetic.outputs)
            kernel.dot(X, Y, (0, m), None, kernel.scratch(batch, 1))
            found[_product(name, key, batch)] = Y
    return found


def on_the_host(folder: Path, pair: Pair, environment: Mapping[str, str]) -> Arrays:
    """What x86-64 computes, in a process of its own: flags of the compiler are read once."""
    out = folder / f"{pair.x86_64}{pair.x86_64_flags}.npz"
    if not out.exists():
        command = [sys.executable, "-m", "emulation.bits", str(folder), pair.x86_64, str(out)]
        subprocess.run(command, check=True, env={**environment, **flags(pair.x86_64_flags)})
    return read(out)


def flags(said: str) -> dict[str, str]:
    """The variable that gives the compiler flags."""
    return {"DOTBENCH_CFLAGS": said} if said else {}


def read(path: Path) -> Arrays:
    """What `main` wrote."""
    with np.load(path) as file:
        return dict(file)


def differing(ours: Arrays, theirs: Arrays) -> list[str]:
    """Names of what has other bits, another type or another shape, or is missing on one side."""
    return [name for name in sorted({*ours, *theirs}) if not _same(ours.get(name), theirs.get(name))]


def _same(one: npt.NDArray[np.generic] | None, other: npt.NDArray[np.generic] | None) -> bool:
    if one is None or other is None or one.dtype != other.dtype or one.shape != other.shape:
        return False
    return one.tobytes() == other.tobytes()


def far(pair: Pair, ours: Arrays, theirs: Arrays, differ: list[str], folder: Path) -> list[str]:
    """Of what differs, the names of what may not, and of products that differ by more than `MARGIN`."""
    near = {name for name in differ if name.startswith("product") and ours[name].dtype == np.float32 and pair.may(name)}
    found = [name for name in differ if name not in near]
    with np.load(folder / "vectors.npz") as file:
        vectors = dict(file)
    for name, key, payload in payloads(folder):
        mine = [batch for batch in BATCHES if _product(name, key, batch) in near]
        if not mine or isinstance(payload, ValueError):
            continue
        X = np.abs(vectors[f"float32 {payload.shape[0]}"].astype(np.float64))
        allowed = MARGIN * (X @ np.abs(numbers(payload.decode()).astype(np.float64))) + np.finfo(np.float32).tiny
        for one, batch in ((_product(name, key, batch), batch) for batch in mine):
            if not (np.abs(ours[one].astype(np.float64) - theirs[one]) <= allowed[:batch]).all():
                found.append(one)
    return sorted(found)


def _product(name: str, key: str, batch: int) -> str:
    return f"product {name} {key} of {batch}"


def main(folder: str, isa: str, out: str) -> None:
    """Computes everything that FOLDER asks for, and writes it to OUT whole."""
    new = Path(f"{out}.new.npz")
    np.savez(new, **computed(Path(folder), isa))
    new.replace(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
