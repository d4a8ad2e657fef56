"""Published figures: modules by paper, each with ``GROUPS`` of figures and ``ABSENT`` ones; `paper` computes them."""

from __future__ import annotations

from importlib import import_module

from dotbench.bench.published.figure import Absent, Group

# In the order of the page; to add a paper is to add its module and its name.
MODULES = ("entropy_coding", "matrices", "modelled_energy", "entropies", "column_combining", "reds")


def groups() -> list[Group]:
    """All groups of figures."""
    return [group for name in MODULES for group in import_module(f"dotbench.bench.published.{name}").GROUPS]


def absent() -> list[Absent]:
    """All published figures that are not computed here."""
    return [one for name in MODULES for one in import_module(f"dotbench.bench.published.{name}").ABSENT]
