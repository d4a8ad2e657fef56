"""Which names a function binds itself, so that they are told from those of its module."""

from __future__ import annotations

import ast
from collections.abc import Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
Bound = dict[str, str | None]  # a name: the dotted path that it was imported from, None for any other


def imported(node: ast.Import | ast.ImportFrom, module: str, is_package: bool) -> Iterator[tuple[str, str]]:
    """Name and dotted path of all that an import binds.

    >>> dict(imported(ast.parse("from formats import parse as read").body[0], "dotbench.bench.plan.plan", False))
    {'read': 'formats.parse'}
    """
    if isinstance(node, ast.Import):
        for one in node.names:
            yield (one.asname, one.name) if one.asname else (one.name.partition(".")[0],) * 2
        return
    base = node.module or ""
    if node.level:
        parents = module.split(".")[: len(module.split(".")) - node.level + is_package]
        base = ".".join([*parents, *([base] if base else [])])
    for one in node.names:
        yield one.asname or one.name, f"{base}.{one.name}"


def bound(nodes: list[ast.AST], module: str, is_package: bool) -> Bound:
    """The names that statements or expressions bind in their own scope."""
    found: Bound = {}
    elsewhere: set[str] = set()
    for node in _within(nodes):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                found[name] = None
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found[node.name] = None
            case ast.Import() | ast.ImportFrom():
                found.update(imported(node, module, is_package))
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                found[name] = None
            case ast.MatchMapping(rest=str(name)):
                found[name] = None
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                elsewhere |= set(names)
    return {name: where for name, where in found.items() if name not in elsewhere}


def parameters(arguments: ast.arguments) -> Bound:
    """The names that a function's parameters bind."""
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return {one.arg: None for one in [*named, arguments.vararg, arguments.kwarg] if one}


def _within(nodes: list[ast.AST]) -> Iterator[ast.AST]:
    """All nodes that belong to the same scope; what a nested one binds is its own."""
    for node in nodes:
        yield node
        if isinstance(node, Function | ast.ClassDef):
            continue
        if isinstance(node, Comprehension):  # only := binds outside of it
            yield from (one.target for one in ast.walk(node) if isinstance(one, ast.NamedExpr))
            continue
        yield from _within(list(ast.iter_child_nodes(node)))
