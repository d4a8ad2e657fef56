"""No two modules import each other, and no room imports upwards: over the syntax trees of the whole package.

An import counts wherever it stands: in a function, behind ``TYPE_CHECKING``, by name (``import_module("...")``), and as
a dotted path in a string that ``-m`` or a subprocess runs is none.
"""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from dotbench.bench.commands.verbs import VERBS

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("bench", "cdot", "datasets", "firmware", "formats")
# Which rooms each imports from. `datasets` has of `formats` the source protocol alone, and small helpers of `cdot`.
ALLOWED = {
    "cdot": set[str](),
    "formats": {"cdot"},
    "datasets": {"formats", "cdot"},
    "firmware": {"formats", "cdot"},
    "bench": {"formats", "cdot", "datasets", "firmware"},
}
# Verbs are imported when they are called, for help has to come at once; by whom, and which.
LAZY = {"dotbench.bench.commands.verbs": {f"dotbench.bench.commands.{name}" for name in VERBS}}


@cache
def modules() -> dict[str, Path]:
    """Files by the names of their modules."""
    found = {"dotbench": ROOT / "dotbench" / "__init__.py"}
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            parts = ["dotbench", *path.relative_to(ROOT).with_suffix("").parts]
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(tree: ast.Module, module: str, is_package: bool) -> Iterator[str]:
    """Dotted paths of all that a module imports, of what is in modules too."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (one.name for one in names)
            case ast.ImportFrom(names=names, level=level):
                parents = module.split(".")[: len(module.split(".")) - level + is_package] if level else []
                base = ".".join([*parents, *([node.module] if node.module else [])])
                yield from (f"{base}.{one.name}" for one in names)
            case ast.Call(func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module")):
                first = node.args[0]
                if not isinstance(first, ast.Constant):
                    yield f"{module}: import_module of a name that is made up at run time"
                else:
                    yield str(first.value)


def module_of(dotted: str) -> str | None:
    """The module that a dotted path leads to."""
    parts = dotted.split(".")
    paths = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((path for path in paths if path in modules()), None)


@cache
def graph() -> dict[str, set[str]]:
    """The modules that each module imports, but for itself and the package that all are in."""
    found = {}
    for module, path in modules().items():
        names = imported(ast.parse(path.read_text()), module, path.name == "__init__.py")
        found[module] = {one for name in names if (one := module_of(name))} - {module, "dotbench"}
        found[module] |= LAZY.get(module, set())
    return found


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """The first circle, as the modules along it."""
    try:
        graphlib.TopologicalSorter(arrows).prepare()
    except graphlib.CycleError as error:
        return [error.args[1]]
    return []


def test_no_two_modules_import_each_other() -> None:
    assert len(graph()) > 350 and sum(map(len, graph().values())) > 1000
    assert circles(graph()) == []


def test_a_circle_is_found() -> None:
    """Of any length."""
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert sorted(set(circles({"a": {"b"}, "b": {"c"}, "c": {"a"}})[0])) == ["a", "b", "c"]


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_imports_upwards(room: str) -> None:
    wrong = {
        (module, other)
        for module, others in graph().items()
        for other in others
        if module.split(".")[1:2] == [room] and other.split(".")[1] not in ALLOWED[room] | {room}
    }
    assert wrong == set()


def test_data_sets_have_of_formats_the_sources_alone() -> None:
    others = {one for module, found in graph().items() if module.startswith("dotbench.datasets") for one in found}
    of_formats = {one for one in others if one.startswith("dotbench.formats")}
    assert of_formats and all(one.startswith("dotbench.formats.sources.") for one in of_formats), of_formats


IMPORTS = {
    "import dotbench.cdot.build": ["dotbench.cdot.build"],
    "def f():\n    from dotbench.formats import registry": ["dotbench.formats.registry"],
    "if TYPE_CHECKING:\n    from dotbench.bench.run import rows": ["dotbench.bench.run.rows"],
    "from .ham import Ham": ["dotbench.formats.ham.Ham"],
    "import_module('dotbench.formats.ham')": ["dotbench.formats.ham"],
    "importlib.import_module('dotbench.formats.ham')": ["dotbench.formats.ham"],
    "import_module(f'dotbench.{name}')": ["dotbench.formats.x: import_module of a name that is made up at run time"],
}


@pytest.mark.parametrize("source", IMPORTS)
def test_what_counts_as_an_import(source: str) -> None:
    assert list(imported(ast.parse(source), "dotbench.formats.x", False)) == IMPORTS[source]


def test_no_module_is_imported_by_a_name_that_is_made_up() -> None:
    """Nobody could say then which modules import each other."""
    found = [
        name
        for module, path in modules().items()
        for name in imported(ast.parse(path.read_text()), module, path.name == "__init__.py")
        if "made up" in name and module not in LAZY
    ]
    assert found == []
