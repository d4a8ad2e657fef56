"""Writes ``layers.tsv`` from the models in the mirror: ``python -m dotbench.datasets.models.zoo_fit``."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from dotbench.datasets.errors import DataError
from dotbench.datasets.file_hashes import sha256
from dotbench.datasets.mirror import mirror_folder
from dotbench.datasets.models import zoo
from dotbench.datasets.models.names import source
from dotbench.datasets.models.tflite.reader import read
from dotbench.formats.sources.source import matrix_sha256

COLUMNS = ("model", "layer", "inputs", "outputs", "pixels", "matrix_sha256")


def lines(mirror: Path) -> Iterator[dict[str, object]]:
    """A line a layer; DataError where a file of the mirror is not the published one."""
    for name, model in zoo.models().items():
        path = mirror / model["mirror"]
        if sha256(path) != model["sha256"]:
            raise DataError(f"{path} is not the published file")
        for layer in read(path).layers:
            n, m = layer.weights.shape
            fields = (name, layer.name, n, m, layer.pixels, matrix_sha256(source(layer)))
            yield dict(zip(COLUMNS, fields, strict=True))


def main() -> None:
    mirror = mirror_folder()
    if mirror is None:
        raise DataError("there is no mirror to read: set DOTBENCH_DATA")
    with (zoo.FOLDER / "layers.tsv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines(mirror))


if __name__ == "__main__":
    main()
