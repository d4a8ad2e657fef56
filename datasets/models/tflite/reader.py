"""A .tflite file as layers."""

from __future__ import annotations

from pathlib import Path

from dotbench.datasets.errors import DataError
from dotbench.datasets.models.layer import Layer, Model
from dotbench.datasets.models.skipped import Skipped, SkippedOperator
from dotbench.datasets.models.tflite import file as tflite_file
from dotbench.datasets.models.tflite import weights
from dotbench.datasets.models.tflite.guard import reading

SHOWN = 3  # lines on what was skipped, in an error


def read(path: Path) -> Model:
    """All constant weights of fully connected and convolution layers in a file; DataError as of `parse`."""
    try:
        return parse(path.read_bytes(), str(path))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def parse(data: bytes, name: str) -> Model:
    """The same from a file's bytes.

    A layer that contradicts itself is skipped, with its reason, and the others are read. DataError, with ``name``,
    where the file is cut short, damaged (it leads outside of itself) or hostile, and where there are no such weights.
    """
    layers: list[Layer] = []
    skipped: list[SkippedOperator] = []
    with reading(name):
        for operator in tflite_file.operators(data):
            try:
                if (found := weights.layer(operator)) is not None:
                    layers.append(found)
            except Skipped as reason:
                skipped.append(SkippedOperator(operator.number, operator.code, str(reason)))
        if not layers:
            more = f" and {len(skipped) - SHOWN} more" if len(skipped) > SHOWN else ""
            why = f" ({'; '.join(map(str, skipped[:SHOWN]))}{more})" if skipped else ""
            raise DataError(f"it has no constant weights of fully connected or convolution layers{why}")
    return Model(name, tuple(layers), tuple(skipped))
