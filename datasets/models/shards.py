"""A model in several files: ``*.index.json``, whose ``weight_map`` names the file of each tensor.

```
{"metadata": {"total_size": 123}, "weight_map": {"NAME": "model-00001-of-00002.safetensors", ...}}
```

Only files beside the index are opened: plain names, and links only to where the index itself lies or is linked to (a
cache of downloads links all files of a model into one folder).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dotbench.datasets.errors import DataError
from dotbench.datasets.models.opened import reading
from dotbench.datasets.models.safetensors import strict_json
from dotbench.datasets.models.stored_tensor import StoredTensor
from dotbench.datasets.plain_names import shown

INDEX = ".index.json"
MOST_INDEX = 100_000_000
MOST_SHARDS = 500  # each stays open
Shard = Callable[[Path], tuple[Sequence[StoredTensor], Sequence[str]]]


@dataclass(frozen=True)
class Read:
    """What was read of how many files, the asked one first; ``notes`` a line each."""

    files: tuple[Path, ...]
    tensors: tuple[StoredTensor, ...]
    notes: tuple[str, ...]


def read(path: Path, shard: Shard) -> Read:
    """The tensors of the files that an index names, each read by ``shard``; DataError for an index that leads
    elsewhere, or to files that are not there or lack a tensor."""
    with reading(path):
        found = strict_json.read(path, MOST_INDEX)
        places = found.get("weight_map")
        if type(places) is not dict or not all(type(place) is str for place in places.values()):
            raise DataError("it has no weight_map, which names the file of each tensor")
        names = list(dict.fromkeys(places.values()))
        if len(names) > MOST_SHARDS:
            raise DataError(f"it names {len(names)} files, and at most {MOST_SHARDS} are read")
        files = [beside(path, name) for name in names]
        wanted: dict[str, set[str]] = {name: set() for name in names}
        for tensor, name in places.items():
            wanted[name].add(tensor)
        tensors: list[StoredTensor] = []
        notes: list[str] = []
        for name, file in zip(names, files, strict=True):
            there, said = shard(file)
            tensors += _chosen(name, there, wanted[name])
            notes += said
            if more := len(there) - len(wanted[name]):
                notes += [f"{name} holds {more} tensors that the index does not name"] * (more > 0)
        return Read((path, *files), tuple(tensors), tuple(dict.fromkeys(notes)))


def _chosen(file: str, there: Sequence[StoredTensor], wanted: set[str]) -> list[StoredTensor]:
    """Those of a file's tensors that the index says it has."""
    missing = wanted - {name for one in there for name in (one.name, *one.also)}
    for name in sorted(missing)[:1]:
        raise DataError(f"{shown(file)} has no tensor {shown(name)!r}, which the index says it has")
    return [one for one in there if not wanted.isdisjoint((one.name, *one.also))]


def beside(index: Path, name: str) -> Path:
    """The file of a plain name in the folder of ``index``; DataError where it would be opened elsewhere."""
    if (
        name in ("", ".", "..")
        or "\0" in name
        or any(mark in name for mark in ("/", "\\", ":"))
        or name.endswith(INDEX)
    ):
        raise DataError(f"it names the file {shown(name)!r}, and plain names of files beside it are read alone")
    path = index.parent / name
    if path.resolve().parent not in (index.parent.resolve(), index.resolve().parent):
        raise DataError(f"{shown(name)} is a link out of the folder that the index is in, and is not followed")
    if not path.is_file():
        raise DataError(f"it names {shown(name)}, and there is no such file beside it")
    return path
