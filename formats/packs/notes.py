"""What a pack says of itself: the text ``dotbench`` of its metadata, JSON.

```
{"version": 1, "source": {"kind": "safetensors", "name": "model.safetensors"},
 "tensors": {"fc1.weight": {"format": "sham", "shape": [128, 784], "dtype": "F32", "orientation": "outputs_first",
                            "bytes": 21734, "scales": "output", "negative_zeros": {"coding": "bits", "count": 3921}}},
 "left_out": {"table": "why"}}
```

``scales``, ``negative_zeros`` and ``left_out`` are there where there is something to say. Members that this version
does not know are skipped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dotbench.formats.packs.errors import PackError
from dotbench.formats.packs.header import CUT, is_count, is_shape, parsed
from dotbench.formats.packs.negative_zeros import CODINGS
from dotbench.formats.sources.orientation import ORIENTATIONS, OUTPUTS_FIRST

KEY = "dotbench"
VERSION = 1
PAYLOAD, NEGATIVE_ZEROS = ".dotb", ".negative_zeros"  # behind a tensor's name
PACKED = ("F32", "F16", "BF16", "I8")  # types whose tensors payloads hold


@dataclass(frozen=True)
class NegativeZeros:
    """How the section NAME.negative_zeros is coded, and how many it marks."""

    coding: str
    count: int


@dataclass(frozen=True)
class Note:
    """Of a tensor that is a payload: the format's label, the tensor's shape and type (`dtypes`), how it lies as a
    matrix (`orientation`), the payload's ``nbytes``, along what its scales lie ("" without any), its negative zeros."""

    format: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    orientation: str = OUTPUTS_FIRST
    scales: str = ""
    negative_zeros: NegativeZeros | None = None


@dataclass(frozen=True)
class Notes:
    """``tensors`` that are payloads, by their names; the ``kind`` and ``name`` of the file that was packed; tensors
    that are ``left_out``, and why."""

    tensors: dict[str, Note]
    kind: str = ""
    name: str = ""
    left_out: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """For the metadata."""
        told: dict[str, Any] = {"version": VERSION, "source": {"kind": self.kind, "name": self.name}}
        told["tensors"] = {name: _told(note) for name, note in self.tensors.items()}
        if self.left_out:
            told["left_out"] = dict(self.left_out)
        return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def _told(note: Note) -> dict[str, Any]:
    told: dict[str, Any] = {
        "format": note.format,
        "shape": list(note.shape),
        "dtype": note.dtype,
        "orientation": note.orientation,
        "bytes": note.nbytes,
    }
    if note.scales:
        told["scales"] = note.scales
    if marked := note.negative_zeros:
        told["negative_zeros"] = {"coding": marked.coding, "count": marked.count}
    return told


def read(text: str, what: str) -> Notes:
    """From the metadata; PackError where a pack is newer, or where something is not as it should be."""
    found = parsed(text, f"what {what} says of its payloads")
    version = found.get("version")
    if type(version) is not int or version < 1:
        raise PackError(f"{what} is a pack of version {version!r:.40}: {CUT}")
    if version > VERSION:
        raise PackError(f"{what} is a pack of version {version}, and this dotbench reads {VERSION}: update dotbench")
    source, left_out = found.get("source", {}), found.get("left_out", {})
    tensors = found.get("tensors")
    if not all(isinstance(one, dict) for one in (source, left_out, tensors)):
        raise PackError(f"{what}: source, tensors or left_out is no JSON object: {CUT}")
    assert isinstance(tensors, dict)
    kind, name = source.get("kind", ""), source.get("name", "")
    if not all(isinstance(one, str) for one in (kind, name, *left_out.values())):
        raise PackError(f"{what}: source or left_out holds something that is no text: {CUT}")
    return Notes(
        {key: _note(told, f"{what}, tensor {key!r:.80}") for key, told in tensors.items()}, kind, name, left_out
    )


def _note(told: Any, where: str) -> Note:
    if not isinstance(told, dict):
        raise PackError(f"{where}: what is said of it is no JSON object: {CUT}")
    label, shape, dtype, nbytes = told.get("format"), told.get("shape"), told.get("dtype"), told.get("bytes")
    orientation, scales, marked = told.get("orientation"), told.get("scales", ""), told.get("negative_zeros")
    if not isinstance(label, str) or not isinstance(scales, str) or not is_count(nbytes):
        raise PackError(f"{where}: format, scales and bytes are no text, text and number: {CUT}")
    if not is_shape(shape) or len(shape) < 2 or dtype not in PACKED or orientation not in ORIENTATIONS:
        raise PackError(f"{where}: shape {shape!r:.60}, dtype {dtype!r:.40} or orientation {orientation!r:.40}: {CUT}")
    return Note(label, tuple(shape), dtype, nbytes, orientation, scales, _marked(marked, where))


def _marked(told: Any, where: str) -> NegativeZeros | None:
    if told is None:
        return None
    if not isinstance(told, dict) or told.get("coding") not in CODINGS or not is_count(told.get("count")):
        raise PackError(f"{where}: negative_zeros {told!r:.80} have no coding of {', '.join(CODINGS)} and count: {CUT}")
    return NegativeZeros(told["coding"], told["count"])
