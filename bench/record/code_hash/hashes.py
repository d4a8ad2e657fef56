"""The hash of a row: over the normal forms of all definitions that its metric's roots, and its format, reach."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from typing import Any

from dotbench.bench.record.code_hash.c_closure import CTree, Lists, Node
from dotbench.bench.record.code_hash.c_pieces import tokens, without_comments
from dotbench.bench.record.code_hash.closure import Closure, closure
from dotbench.bench.record.code_hash.modules import Tree
from dotbench.bench.record.code_hash.roots import NOT_FOLLOWED, NOT_FOLLOWED_C, Roots
from dotbench.bench.record.code_hash.sources import Sources


@dataclass(frozen=True)
class About:
    """Whose row it is: the dotted path of a format's or peer's class, and the name of a format's kernel."""

    definition: str
    kernel: str = ""


NOBODY = About("")


def digest(texts: Iterable[str], *words: str) -> str:
    """16 hex digits over texts, whatever their order, and over words that matter besides."""
    found = hashlib.sha256(repr(words).encode())
    for text in sorted(set(texts)):
        found.update(hashlib.sha256(text.encode()).digest())
    return found.hexdigest()[:16]


class Hashes:
    """Of one state of the sources. ``lists``: what C files include, by target; asked for once, if at all."""

    def __init__(self, sources: Sources, lists: Callable[[], dict[str, dict[str, list[str]]]]) -> None:
        self._sources, self._lists = sources, lists
        self._tree = Tree(sources)
        self._known: dict[tuple[Roots, About], frozenset[str]] = {}

    @cached_property
    def _c(self) -> dict[str, CTree]:
        lists: dict[str, Lists] = dict(self._lists())
        return {
            "host": CTree(self._sources, lists["host"]),
            "microcontroller": CTree(self._sources, lists["microcontroller"], lambda unit: True),
        }

    def kernels(self, target: str = "host") -> CTree:
        """The C files as they are compiled for a target."""
        return self._c[target]

    def sha(self, roots: Roots, about: About = NOBODY, *words: str) -> str:
        """Of what roots and a row's format or peer reach, and of words that matter besides."""
        return digest(self.texts(roots, about), *words)

    def texts(self, roots: Roots, about: About = NOBODY) -> frozenset[str]:
        """All normal forms that are in the hash."""
        if (roots, about) not in self._known:
            python = self.python(roots, about)
            self._known[roots, about] = python.texts | self._c_texts(roots, about, python.words)
        return self._known[roots, about]

    def python(self, roots: Roots, about: About = NOBODY) -> Closure:
        """The definitions of Python."""
        own = [about.definition] if about.definition else []
        return closure(self._tree, [*roots.definitions, *own], (*NOT_FOLLOWED, *roots.apart))

    def _c_texts(self, roots: Roots, about: About, words: frozenset[str]) -> set[str]:
        texts = set()
        for target, nodes in self.c(roots, about, words).items():
            texts |= self._c[target].texts(nodes)
        for name in self._sources.matching(*roots.texts):
            texts.add(tokens(without_comments(self._sources.text(name) or "")))
        return texts

    def c(self, roots: Roots, about: About, words: Iterable[str]) -> dict[str, set[Node]]:
        """The definitions of C: those that Python calls, as compiled for hosts, and the format's kernel.

        ``words``: of Python, among them the names of C's functions.
        """
        host = self._c["host"]
        called = [name for name in words if name in host.linked and any(fnmatch(name, one) for one in roots.c_only)]
        found = {"host": self._reached(host, roots, [node for name in called for node in host.linked[name]])}
        tree, nodes = self._c[roots.target], list[Node]()
        if about.kernel and roots.kernel != "none":
            nodes += tree.decoder(about.kernel) if roots.kernel == "whole" else tree.decoding(about.kernel)
        nodes += [node for unit in self._units(roots) for node in tree.everything(unit)]
        apart = roots if roots.target == "host" else Roots()
        found[roots.target] = found.get(roots.target, set()) | self._reached(tree, apart, nodes)
        return found

    def _units(self, roots: Roots) -> list[str]:
        lists: Any = self._c[roots.target].lists
        return [unit for unit in lists if any(fnmatch(unit, one) for one in roots.c_files)]

    @staticmethod
    def _reached(tree: CTree, roots: Roots, nodes: list[Node]) -> set[Node]:
        apart = {name for name in tree.linked if any(fnmatch(name, one) for one in roots.c_apart)}
        apart |= NOT_FOLLOWED_C.keys()
        kept = [node for node in nodes if not apart & set(tree.pieces(node[0])[node[1]].names)]
        return tree.closure(kept, apart)
