"""Layers of real models, pruned and shared here by a fixed recipe: ``magika#conv~prune90-share32``.

The smallest 90 % of the weights become zeros, the others take 32 values (`training.magnitude`, `training.sharing`), as
in networks that were compressed in training; nobody says that the model still works. Nothing is drawn: each is the same
matrix everywhere, and its hash is known.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from functools import cache

from dotbench.datasets.entry import Dataset
from dotbench.datasets.models import packages
from dotbench.datasets.training.magnitude import prune
from dotbench.datasets.training.sharing import share
from dotbench.formats.sources.source import Source, as_source

VERSION = 1
NAME = re.compile(r"(?P<of>.+)~prune(?P<percent>\d+)-share(?P<values>\d+)")
PINNED = {  # name: the hash of the matrix
    "magika#conv~prune90-share32": "e3d46c9aea1ae437f7698d92c327a5db1016170a2b5889a0a1bba05919057f02",
    "magika#dense_1~prune90-share32": "9f05fcb5b08129f7c335f42ce7d87d20629fcac3a01b3a7c60ee475a3408d595",
    "minilm-int8#val_109_q~prune90-share32": "8adbc518ccdd6bdbe5c9d89c47771d173f88ffe0e4c30450058db7be82354a06",
    "minilm-int8#val_118_q~prune90-share32": "0cb4dca001ddc5c0ea8cc4c6776c5b22e80bbb5dd21a5baff5ce0bc07276a9b8",
}


@dataclass(frozen=True)
class Recipe:
    """``percent`` of the entries of the layer ``of`` become zeros, and the others ``values`` values."""

    name: str
    of: str
    percent: int
    values: int

    def make(self, source: Source) -> Source:
        """The matrix, from that of the layer."""
        n, m = source.shape
        W = source.columns(0, m).dense(n).T
        return as_source(share(prune(W, self.percent), self.values), source.dtype)

    def entry(self) -> Dataset:
        """What the registry says of it."""
        of = packages.entries()[self.of]
        return Dataset(
            self.name,
            of.shape,
            f"{of.summary}, {self.percent} % pruned, {self.values} values, by a fixed recipe",
            of.licence,
            PINNED[self.name],
            "",
            "",
            (),
            density=(100 - self.percent) / 100,
            distinct=self.values,
        )


def named(name: str) -> Recipe:
    """The recipe of a name; ValueError for what is none."""
    found = NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} is no recipe: LAYER~prune90-share32 is")
    return Recipe(name, found["of"], int(found["percent"]), int(found["values"]))


def base(name: str) -> str:
    """The layer that a recipe is made of; of another name the name itself.

    >>> base("magika#conv~prune90-share32"), base("magika#conv")
    ('magika#conv', 'magika#conv')
    """
    return named(name).of if name in PINNED else name


@cache
def entries() -> dict[str, Dataset]:
    """All of them by name."""
    return {name: named(name).entry() for name in PINNED}


def matching(pattern: str) -> list[str]:
    """Names from one of them, or from a glob with a ``~prune`` in it.

    >>> matching("magika*~prune90-share32"), matching("magika#*")
    (['magika#conv~prune90-share32', 'magika#dense_1~prune90-share32'], [])
    """
    return fnmatch.filter(PINNED, pattern) if "~prune" in pattern else []
