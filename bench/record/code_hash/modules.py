"""The modules of a checkout: what each defines at module level, and where a dotted name is really defined."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cache, cached_property

from dotbench.bench.record.code_hash import scopes
from dotbench.bench.record.code_hash.normal_form import Form, Reference
from dotbench.bench.record.code_hash.sources import PACKAGE, Sources

OWN_NAME = f"{PACKAGE}."


@dataclass(frozen=True)
class Definition:
    """What a name at module level is: its text, the definitions that it names, and words that may be C's."""

    text: str
    references: frozenset[Reference]
    words: frozenset[str]


@dataclass
class Module:
    """A module's statements by the names that they define, or change."""

    tree: Tree
    name: str
    is_package: bool
    source: str
    imports: dict[str, str] = field(default_factory=dict)
    names: dict[str, list[ast.stmt]] = field(default_factory=dict)
    _made: dict[str, Definition] = field(default_factory=dict)

    def __post_init__(self) -> None:
        others = []
        for node in _parsed(self.source).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self.imports.update(scopes.imported(node, self.name, self.is_package))
            elif not _says_nothing(node):
                bound = scopes.bound([node], self.name, self.is_package)
                self.imports |= {name: path for name, path in bound.items() if path}
                for name in bound:
                    self.names.setdefault(name, []).append(node)
                if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    others.append(node)
        for node in others:
            self._attach(node)

    def _attach(self, node: ast.stmt) -> None:
        """A statement that registers or changes something belongs to what it changes."""
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            changed = [one for target in targets for one in ast.walk(target)]
        else:
            changed = list(ast.walk(node))
        for one in changed:
            if isinstance(one, ast.Name) and node not in self.names.get(one.id, [node]):
                self.names[one.id].append(node)

    def definition(self, name: str) -> Definition:
        """Of a name that this module defines."""
        if name not in self._made:
            form = Form(self.name, self.is_package, self.imports, self.names, self.tree.find)
            text = form.text(list(self.names[name]))
            self._made[name] = Definition(text, frozenset(form.references), frozenset(form.words))
        return self._made[name]


@cache
def _parsed(source: str) -> ast.Module:
    """Nobody changes the tree, so those who look at two states of the sources share it."""
    return ast.parse(source)


def _says_nothing(node: ast.stmt) -> bool:
    """Docstrings, what only type checkers read, and what only runs as a program."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if not isinstance(node, ast.If):
        return False
    test = ast.unparse(node.test)
    return test.endswith("TYPE_CHECKING") or test.startswith("__name__")


@dataclass
class Tree:
    """All modules of some sources, read when they are asked for."""

    sources: Sources

    @cached_property
    def _modules(self) -> dict[str, Module | None]:
        return {}

    def module(self, name: str) -> Module | None:
        """The module of a dotted name, None where the project has none of that name."""
        if name not in self._modules:
            self._modules[name] = self._read(name) if self.sources.owns(name) else None
        return self._modules[name]

    def _read(self, name: str) -> Module | None:
        path = name.replace(".", "/")
        for file, is_package in ((f"{path}/__init__.py", True), (f"{path}.py", False)):
            if (source := self.sources.text(file)) is not None:
                return Module(self, name, is_package, source)
        return None

    def find(self, dotted: str) -> tuple[Reference | None, str]:
        """The definition behind a dotted path, re-exports looked through, and the attributes that are left.

        None, and a name, for what is not the project's, or a module of it.
        """
        dotted = dotted.removeprefix(OWN_NAME)
        parts = dotted.split(".")
        module = self.module(parts[0])
        if module is None:
            return None, dotted
        for at in range(1, len(parts)):
            name, rest = parts[at], parts[at + 1 :]
            if name in module.imports:
                target = module.imports[name].removeprefix(OWN_NAME)
                if target != f"{module.name}.{name}":  # `from package import its_module`
                    return self.find(".".join([target, *rest]))
            elif name in module.names:
                return (module.name, name), ".".join(rest)
            below = self.module(f"{module.name}.{name}")
            if below is None:
                return None, ".".join(parts[at:])
            module = below
        return None, parts[-1]
