"""The registry: which matrices there are, where each comes from, and what it has to be.

One entry a matrix. ``layers.tsv`` lists the layers of trained networks, ``dlmc.tsv`` the sparsity patterns, that
differ in nothing else.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from dotbench.datasets.entry import Dataset, Remote

TWIN = "~twin"
SUITE_SPARSE = "https://sparse.tamu.edu/MM"
SHAM = "https://raw.githubusercontent.com/AnacletoLAB/sHAM/d6323f3a96b73da044269c41f085b20fdec3b6aa/nns/data/ham"

COVTYPE_SHA256 = "614360d0257557dd1792834a85a1cdebfadc3c4f30b011d56afee7ffb5b15771"

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

KAGGLE = "https://www.kaggle.com/datasets/giovannimanzini/some-machine-learning-matrices"
MEDIAFIRE = "https://www.mediafire.com/file/m0cjv959w4melbu/sHAM_data.tar.gz/file"

LARGE = (
    Dataset(
        "covtype-38pct",
        (224535, 54),
        "real rows of covtype, all distinct",
        "CC BY 4.0",
        "98aa258701846dfec1a1341953955c94de4e6ac7007ea69cd8d5537ab7a8073a",
        "covtype/covtype_union224535.csv.xz",
        "9dcc2e66ea52167e26a959b66382da43bb84fc401ef59eb29a30b6d9efbd8643",
        (),
        drop=(-1,),
        subset=True,
    ),
    Dataset(
        "census-1000",
        (1000, 68),
        "the first 1000 rows of census",
        "CC BY 4.0",
        "2dc22a22a4e8027592cedefa938c6c1d6d80d318e562eb45a70b2fe44b28d2d9",
        "census1990/USCensus1990_first1000_restored.csv",
        "1d3d347829eeaafc41fbd45af602932bcf5e8e6bd3abf608893aaf89ca7f6278",
        (),
        subset=True,
    ),
    Dataset(
        "covtype",
        (581012, 54),
        "forest cover types, without the label",
        "CC BY 4.0",
        "",
        "covtype/covtype.data.gz",
        COVTYPE_SHA256,
        (Remote("https://ndownloader.figshare.com/files/5976039", COVTYPE_SHA256, "covtype.data.gz"),),
        drop=(-1,),
        density=0.220,
        distinct=6682,
    ),
    Dataset(
        "census",
        (2458285, 68),
        "US Census 1990, without the case id",
        "CC BY 4.0",
        "",
        "census1990/USCensus1990.data.txt",
        "38e99f50855ddc03167b715b36519ef40b77295ae4e85dfef0c6429ac79ed799",
        (Remote("https://archive.ics.uci.edu/static/public/116/us+census+data+1990.zip"),),
        "USCensus1990.data.txt",
        drop=(0,),
        hearsay=True,
        density=0.43,
        distinct=45,
    ),
    Dataset(
        "imagenet",
        (1262102, 900),
        "image features of the compressed-linear-algebra papers",
        "licence unknown",
        "",
        "imagenet/imagenet",
        "",
        (),
        by_hand=f"{KAGGLE} (with a login) or {MEDIAFIRE}",
        density=0.3099,
        distinct=824,
    ),
)

LAST = tuple(entry.name for entry in LARGE)  # in a full run

# network: shape of its first dense layer, number in the file names, what it is
NETWORKS = {
    "vgg19": ((512, 4096), "096", "VGG19 on MNIST, first dense layer"),
    "deepdta": ((192, 1024), "014", "DeepDTA on DAVIS, first dense layer"),
}


DLMC = Remote("https://storage.googleapis.com/sgk-sc2020/dlmc.tar.gz")
MODELS = {"rn50": "ResNet-50", "transformer": "Transformer"}


def _lines(name: str) -> Iterator[dict[str, str]]:
    with (Path(__file__).parent / name).open(newline="") as file:
        yield from csv.DictReader(file, delimiter="\t")


def _layers() -> Iterator[Dataset]:
    for line in _lines("layers.tsv"):
        network, _, variant = line["name"].partition("/")
        shape, number, what = NETWORKS[network]
        prune, _, clusters = variant.split("-")
        stem = line["stem"]
        stream, code = (line[name].strip("-") for name in ("stream_sha256", "code_sha256"))
        yield Dataset(
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


def _patterns() -> Iterator[Dataset]:
    """``model-pruning-percent-layer``, from the path in the archive: model/pruning/sparsity/layer."""
    for line in _lines("dlmc.tsv"):
        model, pruning, sparsity, _ = line["member"].split("/")[1:]
        what = f"{MODELS[model]}, {pruning.replace('_', ' ')}, nominally {float(sparsity) * 100:.0f} % zeros"
        yield Dataset(
            line["name"],
            (int(line["inputs"]), int(line["outputs"])),
            f"pattern of a {what}, values of our own",
            "CC BY 4.0",
            line["matrix_sha256"],
            line["member"].replace("/", "_").replace("_", "/", 1),
            line["mirror_sha256"],
            (DLMC,),
            line["member"],
        )


@cache
def entries() -> dict[str, Dataset]:
    """All real matrices by name, in the order of a full run: the large ones come last."""
    return {entry.name: entry for entry in (*MATRICES, *_layers(), *_patterns(), *LARGE)}


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
