"""A definition as text that is the same wherever it stands, and the names that it depends on.

What a name refers to is written, not how the module got it: ``cores.pin`` and ``pin`` are both ``pin``. Docstrings,
comments, imports and annotations are left out, but those of a class's fields, which make a dataclass what it is.
The text is the same in Python 3.11 to 3.14: `ast.dump` is not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field

from dotbench.bench.record.code_hash import scopes

SKIPPED = ("ctx", "kind", "type_comment", "type_ignores", "type_params", "returns")
Reference = tuple[str, str]  # module and name of a definition


@dataclass
class Form:
    """Texts of statements of a module, by its name, what it imports (dotted paths by name) and the names it defines.

    ``find``: the definition of a dotted path, and what is left of it, as `modules.Tree.find`. ``references``: the
    definitions that the statements name; ``words``: attributes, and words in strings, among which C's functions are.
    """

    module: str
    is_package: bool
    imports: Mapping[str, str]
    names: Container[str]
    find: Callable[[str], tuple[Reference | None, str]]
    references: set[Reference] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    _scopes: list[tuple[scopes.Bound, bool]] = field(default_factory=list)  # and whether it is a class's

    def text(self, node: object) -> str:
        """A node, a list of them, or a constant, as text."""
        if isinstance(node, list):
            return "[" + ",".join(self.text(one) for one in _counting(node)) + "]"
        if not isinstance(node, ast.AST):
            return repr(node)
        match node:
            case ast.Name():
                return self._dotted(node, [])
            case ast.Attribute():
                return self._attribute(node)
            case ast.Constant():
                return self._constant(node)
            case ast.JoinedStr():
                return self._joined(node)
            case ast.arg():
                return node.arg
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                return self._function(node)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return self._comprehension(node)
            case ast.ClassDef():
                return self._class(node)
            case ast.AnnAssign():
                return self._annotated(node)
        return self._plain(node)

    def _plain(self, node: ast.AST, without: Sequence[str] = ()) -> str:
        parts = []
        for name in node._fields:
            value = getattr(node, name, None)
            if name not in SKIPPED and name not in without and value is not None and value != []:
                parts.append(f"{name}={self.text(value)}")
        return f"{type(node).__name__}({','.join(parts)})"

    # ---- names

    def _bound(self, name: str) -> str | None:
        """The dotted path behind a name: an import's, or of this module's definition; None for others."""
        innermost = len(self._scopes) - 1
        for at in range(innermost, -1, -1):
            names, of_class = self._scopes[at]
            if name in names and (at == innermost or not of_class):
                return names[name]
        return self.imports.get(name) or (f"{self.module}.{name}" if name in self.names else None)

    def _attribute(self, node: ast.Attribute) -> str:
        attributes: list[str] = []
        base: ast.expr = node
        while isinstance(base, ast.Attribute):
            attributes.insert(0, base.attr)
            base = base.value
        self.words.update(attributes)
        return self._dotted(base, attributes)

    def _dotted(self, base: ast.expr, attributes: list[str]) -> str:
        path = self._bound(base.id) if isinstance(base, ast.Name) else None
        if path is None:
            known = base.id if isinstance(base, ast.Name) else self.text(base)
            return ".".join([known, *attributes])
        reference, rest = self.find(".".join([path, *attributes]))
        if reference is None:
            return rest
        self.references.add(reference)
        return ".".join([reference[1], rest] if rest else [reference[1]])

    def _constant(self, node: ast.Constant) -> str:
        if isinstance(node.value, str):
            self.words.update(re.findall(r"[A-Za-z_]\w+", node.value))
        return repr(node.value)

    def _joined(self, node: ast.JoinedStr) -> str:
        """Without the empty strings that some versions put between values, and with neighbours as one."""
        parts: list[ast.expr] = []
        for one in node.values:
            last = parts[-1] if parts else None
            if not isinstance(one, ast.Constant):
                parts.append(one)
            elif isinstance(last, ast.Constant):
                parts[-1] = ast.Constant(str(last.value) + str(one.value))
            elif one.value:
                parts.append(one)
        return f"JoinedStr({','.join(self.text(one) for one in parts)})"

    # ---- scopes

    def _function(self, node: scopes.Function) -> str:
        name = getattr(node, "name", "lambda")
        outside = [self.text(one) for one in getattr(node, "decorator_list", [])]
        outside += [self.text(one) if one else "" for one in [*node.args.defaults, *node.args.kw_defaults]]
        body: list[ast.AST] = list(node.body) if isinstance(node.body, list) else [node.body]
        inside = scopes.parameters(node.args) | scopes.bound(body, self.module, self.is_package)
        self._scopes.append((inside, False))
        arguments = self._plain(node.args, ("defaults", "kw_defaults"))
        text = f"{type(node).__name__}({name},{arguments},{outside},{self.text(body)})"
        self._scopes.pop()
        return text

    def _class(self, node: ast.ClassDef) -> str:
        head = [self.text(one) for one in (node.decorator_list, node.bases, node.keywords)]
        body: list[ast.AST] = list(node.body)
        self._scopes.append((scopes.bound(body, self.module, self.is_package), True))
        text = f"ClassDef({node.name},{head},{self.text(body)})"
        self._scopes.pop()
        return text

    def _comprehension(self, node: scopes.Comprehension) -> str:
        first = self.text(node.generators[0].iter)  # belongs to the scope around it
        targets: list[ast.AST] = [one.target for one in node.generators]
        self._scopes.append((scopes.bound(targets, "", False), False))
        clauses = [
            [first if at == 0 else self.text(one.iter), *map(self.text, (one.target, one.ifs, one.is_async))]
            for at, one in enumerate(node.generators)
        ]
        text = f"{self._plain(node, ('generators',))}{clauses}"
        self._scopes.pop()
        return text

    def _annotated(self, node: ast.AnnAssign) -> str:
        """As without its annotation, but in a class."""
        if self._scopes and self._scopes[-1][1]:
            value = self.text(node.value) if node.value else ""
            return f"AnnAssign({self.text(node.target)},{_unread(node.annotation)},{value})"
        return self._plain(ast.Assign(targets=[node.target], value=node.value)) if node.value else ""


def _unread(node: ast.AST) -> str:
    """An annotation's words; what they refer to is not followed."""
    return "".join(ast.unparse(node).split()).replace('"', "'")


def _counting(nodes: list[object]) -> list[object]:
    """Those that can change a figure: no docstrings or other bare constants, no imports, no bare annotations."""
    return [
        one
        for one in nodes
        if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        and not isinstance(one, ast.Import | ast.ImportFrom | ast.Global | ast.Nonlocal | ast.Pass)
    ]
