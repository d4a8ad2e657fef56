"""All published figures, in the order of the page; to add a paper is to add its module here."""

from __future__ import annotations

from dotbench.bench.published import (
    column_combining,
    entropies,
    entropy_coding,
    matrices,
    modelled_energy,
    reds,
)
from dotbench.bench.published.figure import Absent, Group

MODULES = (entropy_coding, matrices, modelled_energy, entropies, column_combining, reds)


def groups() -> list[Group]:
    """All groups of figures."""
    return [group for module in MODULES for group in module.GROUPS]


def absent() -> list[Absent]:
    """All published figures that are not computed here."""
    return [one for module in MODULES for one in module.ABSENT]
