"""What of a model is not in its pack, so that nobody takes the pack for all of it."""

from __future__ import annotations

from dotbench.bench.show.answer import grouped
from dotbench.datasets.models.model_file import ModelFile

WHOLE = ("safetensors", "npz")  # kinds of which a pack has every tensor, scales among them
GRAPHS = ("onnx", "tflite", "keras")  # kinds that say how layers follow each other


def lacking(model: ModelFile, left_out: dict[str, str]) -> list[str]:
    """A phrase each for tensors that cannot be read, for scales and zero points, and for the graph.

    >>> from pathlib import Path
    >>> lacking(ModelFile(Path("net.onnx"), "onnx", (), ()), {"table": "float8 is not read"})
    ['not in it: table (1)', 'nor is the graph: keep net.onnx']
    """
    said = [f"not in it: {', '.join([*left_out][:3])} ({len(left_out)})"] if left_out else []
    scales = sum(one.scales.nbytes for one in model.tensors if one.scales)
    if scales and model.kind not in WHOLE:
        said.append(f"nor are scales and zero points ({grouped(scales)} bytes in {model.path.name})")
    if model.kind in GRAPHS:
        said.append(f"nor is the graph: keep {model.path.name}")
    return said
