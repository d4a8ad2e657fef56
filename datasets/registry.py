"""The registry: which matrices there are, where each comes from, and what it has to be.

One entry a matrix. ``layers.tsv`` lists the layers of trained networks that differ in nothing else.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TWIN = "~twin"
SUITE_SPARSE = "https://sparse.tamu.edu/MM"
SHAM = "https://raw.githubusercontent.com/AnacletoLAB/sHAM/d6323f3a96b73da044269c41f085b20fdec3b6aa/nns/data/ham"


@dataclass(frozen=True)
class Remote:
    """A file at a canonical address; ``sha256`` is "" where none is published."""

    url: str
    sha256: str = ""


@dataclass(frozen=True)
class Dataset:
    """One matrix.

    ``mirror`` is its path in the local mirror; ``remotes`` what to fetch otherwise (an archive with
    ``member``, or the stream and code of a published network); ``matrix_sha256`` of the content, which
    every real source has to have.
    """

    name: str
    shape: tuple[int, int]
    summary: str
    licence: str
    matrix_sha256: str
    mirror: str
    mirror_sha256: str
    remotes: tuple[Remote, ...]
    member: str = ""


MATRICES = (
    Dataset(
        "orsreg_1",
        (2205, 2205),
        "oil reservoir, Harwell-Boeing (SuiteSparse)",
        "CC BY 4.0",
        "2a30cef1649dc6d72d16b21d2ab56cfaa78cf29eb3281398f14472e525759ba2",
        "orsreg_1/orsreg_1.mtx",
        "d5b1e6f921f508a1fd7510afbd2ce4987fb03a4457d308c47a90f759af4221ea",
        (
            Remote(
                f"{SUITE_SPARSE}/HB/orsreg_1.tar.gz",
                "0f51a31d3a0ae1e6fbbb8d01bef8a2b88d50dfd4f09f8de8c6f55c3788fc4446",
            ),
        ),
        "orsreg_1/orsreg_1.mtx",
    ),
    Dataset(
        "SiNa",
        (5743, 5743),
        "PARSEC, symmetric, values rounded to float32 (SuiteSparse)",
        "CC BY 4.0",
        "d701bd2245c90cfc1b0b71c692420b36d750c19f8a5bfe49f9f8e019da0cbe03",
        "SiNa/SiNa_f32.mtx.xz",
        "8b0400c3a86463865a5240af07534d27093b19a2a80cd791c2a999fdac84bb9b",
        (
            Remote(
                f"{SUITE_SPARSE}/PARSEC/SiNa.tar.gz",
                "a9f1ae74b6e31600861b3e132c02f8fb5155dbf8871f2b7a0280ef8c83cb7bf5",
            ),
        ),
        "SiNa/SiNa.mtx",
    ),
)

# network: shape of its first dense layer, number in the file names, what it is
NETWORKS = {
    "vgg19": ((512, 4096), "096", "VGG19 on MNIST, first dense layer"),
    "deepdta": ((192, 1024), "014", "DeepDTA on DAVIS, first dense layer"),
}


def _layers() -> list[Dataset]:
    out = []
    with (Path(__file__).parent / "layers.tsv").open(newline="") as file:
        for line in csv.DictReader(file, delimiter="\t"):
            network, _, variant = line["name"].partition("/")
            shape, number, what = NETWORKS[network]
            prune, _, clusters = variant.split("-")
            stem = line["stem"]
            stream, code = (line[name].strip("-") for name in ("stream_sha256", "code_sha256"))
            out.append(
                Dataset(
                    line["name"],
                    shape,
                    f"{what}, {prune} % pruned, {clusters} clusters",
                    "Apache-2.0",
                    line["matrix_sha256"],
                    f"sham_nn/{stem}.npz",
                    line["mirror_sha256"],
                    (
                        Remote(f"{SHAM}/cdot_structure/{stem}_{number}_cdot.pkl", stream),
                        Remote(f"{SHAM}/huffman_code/{stem}_code.pkl", code),
                    ),
                )
            )
    return out


@cache
def entries() -> dict[str, Dataset]:
    """All real matrices by name."""
    return {entry.name: entry for entry in (*MATRICES, *_layers())}


SMALL = (
    "deepdta/30-0-16",
    "deepdta/30-0-256",
    "deepdta/80-0-16",
    "deepdta/80-0-256",
    "orsreg_1",
    "SiNa",
    "vgg19/60-0-256",
    "vgg19/90-0-32",
)


def names(twins: bool = False) -> list[str]:
    """Names of all matrices, or of their twins.

    >>> names()[:2]
    ['orsreg_1', 'SiNa']
    """
    return [name + TWIN if twins else name for name in entries()]
