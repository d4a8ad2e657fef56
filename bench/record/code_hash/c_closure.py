"""All C definitions that some reach by what they name, in their own file and its headers, else in other files.

Which headers a file has is the compiler's list (`cdot.dependencies`); a name that it does not find there is that of a
definition that the linker finds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from dotbench.bench.record.code_hash.c_pieces import Piece, pieces
from dotbench.bench.record.code_hash.sources import Sources

DECODING = ("workspace", "open", "seek", "next")  # of a decoder's functions, those that do not multiply
Node = tuple[str, int, str]  # a file, the number of a piece in it, and the C file that is compiled
Lists = Mapping[str, list[str]]


@dataclass
class CTree:
    """C files with what they include. ``lists``: by the path of each; those whose names the linker finds are the
    kernels', not programs'."""

    sources: Sources
    lists: Lists
    kernels: Callable[[str], bool] = lambda unit: not unit.startswith("cdot/drivers/")
    _pieces: dict[str, tuple[Piece, ...]] = field(default_factory=dict)
    _known: dict[Node, list[tuple[str, Node]]] = field(default_factory=dict)

    def pieces(self, file: str) -> tuple[Piece, ...]:
        """The definitions of a file."""
        if file not in self._pieces:
            text = self.sources.text(file)
            if text is None:
                raise LookupError(f"{file}, which the compiler listed, is not there")
            self._pieces[file] = pieces(text, file)
        return self._pieces[file]

    @cached_property
    def _visible(self) -> dict[str, dict[str, list[Node]]]:
        """By C file: the definitions of each name that the compiler sees there."""
        found = {}
        for unit, files in self.lists.items():
            names: dict[str, list[Node]] = {}
            for file in files:
                for at, piece in enumerate(self.pieces(file)):
                    for name in (*piece.names, *([piece.alias] if piece.alias else [])):
                        names.setdefault(name, []).append((file, at, unit))
            found[unit] = names
        return found

    @cached_property
    def linked(self) -> dict[str, list[Node]]:
        """Definitions that other files see, by name."""
        found: dict[str, list[Node]] = {}
        for unit in filter(self.kernels, self.lists):
            static = {
                piece.names[0]
                for file in self.lists[unit]
                for piece in self.pieces(file)
                if piece.is_macro and " static " in f"{piece.text} "
            }
            for at, piece in enumerate(self.pieces(unit)):
                if piece.linked and not static & set(piece.text.split()[:2]):
                    for name in piece.names:
                        found.setdefault(name, []).append((unit, at, unit))
        return found

    def everything(self, unit: str) -> list[Node]:
        """All definitions of a C file."""
        return [(unit, at, unit) for at in range(len(self.pieces(unit)))]

    def decoder(self, name: str) -> list[Node]:
        """The table of a format's kernels; LookupError where there is none."""
        table = f"{name}_decoder"
        if table not in self.linked:
            raise LookupError(f"no C file of the kernels defines {table}")
        return self.linked[table]

    def decoding(self, name: str) -> list[Node]:
        """The functions of a format's table that open a payload and decode it."""
        (file, at, unit), *_ = self.decoder(name)
        words = self._functions(self.pieces(file)[at].text)
        return [node for word in words for node in self._named(unit, word)]

    def _functions(self, table: str) -> Iterable[str]:
        listed = re.sub(r"\s", "", table.partition("= {")[2].rpartition("}")[0]).split(",")
        given = dict(one.lstrip(".").split("=") for one in listed if "=" in one)
        given |= dict(zip(self._fields, [one for one in listed if "=" not in one], strict=False))
        return [given[name] for name in DECODING if name in given]

    @cached_property
    def _fields(self) -> list[str]:
        """The names of a table's functions, in order."""
        for file in sorted({file for files in self.lists.values() for file in files}):
            for piece in self.pieces(file):
                if "cdot_decoder" in piece.names and "{" in piece.text:
                    return re.findall(r"\( \* (\w+) \)", piece.text)
        raise LookupError("no header of the kernels declares cdot_decoder")

    def _named(self, unit: str, word: str) -> list[Node]:
        found = self._visible[unit].get(word, [])
        if all(self.pieces(file)[at].is_macro for file, at, _ in found):  # or none: a macro may stand for it elsewhere
            return found + self.linked.get(word, [])
        return found

    def closure(self, roots: Iterable[Node], apart: Collection[str]) -> set[Node]:
        """What roots reach; names of ``apart`` are not followed."""
        todo, reached = list(roots), set[Node]()
        while todo:
            here = todo.pop()
            if here in reached:
                continue
            reached.add(here)
            todo += [there for word, there in self._named_by(here) if there not in reached and word not in apart]
        return reached

    def _named_by(self, here: Node) -> list[tuple[str, Node]]:
        """The definitions that one names, by which word."""
        if here not in self._known:
            file, at, unit = here
            words = self.pieces(file)[at].words
            self._known[here] = [(word, node) for word in words for node in self._named(unit, word)]
        return self._known[here]

    def texts(self, nodes: Iterable[Node]) -> set[str]:
        """Their normal forms."""
        return {self.pieces(file)[at].text for file, at, _ in nodes}
