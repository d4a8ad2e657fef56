"""What becomes of an answer: rows in a folder, a pack of the model. Looked at before anything is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import rich.console

from dotbench import formats
from dotbench.bench.packs.lacking import lacking
from dotbench.bench.packs.model import model_of
from dotbench.bench.packs.pack import pack
from dotbench.bench.pick import record
from dotbench.bench.pick.answer import Answer, Layer
from dotbench.bench.pick.rows import rows_of
from dotbench.bench.pick.times import Measured
from dotbench.bench.pick.weights import Model
from dotbench.bench.run.session import write
from dotbench.bench.show.answer import grouped
from dotbench.cdot.fresh import new_file
from dotbench.datasets.models.model_file import ModelTensor
from dotbench.datasets.models.orientation import INPUTS_FIRST, OUTPUTS_FIRST
from dotbench.formats.format import Format

SUFFIX = ".safetensors"
TURNED = {INPUTS_FIRST: OUTPUTS_FIRST, OUTPUTS_FIRST: INPUTS_FIRST}


class Unkept(ValueError):
    """An answer that cannot be kept there, and what to do."""


def check_folder(folder: Path, models: Sequence[Model]) -> None:
    """Unkept where rows could not be written into a folder, or would be mistaken there."""
    if (folder / record.NAME).exists():
        raise Unkept(f"--out {folder} holds a pick already: name another folder, or remove it")
    turned = [one.dataset for model in models for one in model.weights if one.transposed]
    if turned:
        raise Unkept(
            f"--out: rows of {turned[0]} would have the name of the matrix that is not transposed: leave it out"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file, path = new_file(folder / record.NAME)
        file.close()
        path.unlink()
    except OSError as error:
        raise Unkept(f"--out {folder} cannot be written: {error.strerror}: name another folder") from error


def write_rows(answer: Answer, measured: Sequence[Measured], folder: Path) -> str:
    """Rows of space.csv and time.csv, and pick.csv; a line on them."""
    count = write(rows_of(answer, measured), folder, rich.console.Console(stderr=True))
    record.write(answer, folder)
    return f"rows: {count} of payloads and times, and {record.NAME}, in {folder}"


def check_pack(names: Sequence[str], path: Path) -> None:
    """Unkept, or DataError, where there would be nothing to pack, or no place for it."""
    if len(names) != 1 or not Path(names[0]).is_file():
        raise Unkept("--save: a pack is of one model: name one file, whole")
    if path.suffix.lower() != SUFFIX:
        raise Unkept(f"--save {path}: packs are {SUFFIX} files: give it such a name")
    if path.exists():
        raise Unkept(f"--save {path}: there is such a file: name another one, or remove it")
    if not path.parent.is_dir():
        raise Unkept(f"--save {path}: there is no folder {path.parent}: make it first")
    model_of(Path(names[0]))


def save(answer: Answer, path: Path) -> str:
    """Packs the model with the formats that were picked; a line on what is in the pack, and what is not."""
    layers = {one.weights.tensor: one for one in answer.layers if not one.failed and not one.stays_dense}

    def choose(tensor: ModelTensor, matrix: Any) -> Format | None:
        return formats.parse(layers[tensor.name].pick) if tensor.name in layers else None

    model = model_of(Path(answer.models[0].name))
    made = pack(
        replace(model, tensors=tuple(_as_said(one, layers.get(one.name)) for one in model.tensors)), choose, path
    )
    kept = {line.name for line in made.lines if line.format}
    said = [f"saved: {path}, {grouped(made.nbytes)} bytes: dotbench unpack gives its tensors back, bit for bit"]
    if other := [name for name in layers if name not in kept]:
        said.append(f"as they were, for a pack keeps signs of zeros and such: {', '.join(other[:3])} ({len(other)})")
    said += lacking(model, made.left_out)
    return "; ".join(said)


def _as_said(tensor: ModelTensor, layer: Layer | None) -> ModelTensor:
    """With the role and the orientation that ``--role`` gave it."""
    if layer is None:
        return tensor
    turned = layer.weights.transposed and len(tensor.shape) == 2
    orientation = TURNED[tensor.orientation] if turned else tensor.orientation
    return replace(tensor, role="product", orientation=orientation)
