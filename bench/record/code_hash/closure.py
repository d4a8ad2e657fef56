"""All definitions that some reach by what they name."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from dotbench.bench.record.code_hash.modules import Tree
from dotbench.bench.record.code_hash.normal_form import Reference


class UnknownRoot(LookupError):
    """A root that no module defines: it has moved, and whoever names it has to follow."""


@dataclass(frozen=True)
class Closure:
    """``reached``: definitions; ``texts``: their normal forms; ``words``: what they name that may be C's."""

    reached: frozenset[Reference]
    texts: frozenset[str]
    words: frozenset[str]


def located(tree: Tree, dotted: str) -> Reference:
    """The definition of a dotted path; UnknownRoot where there is none."""
    reference, rest = tree.find(dotted)
    if reference is None or rest:
        raise UnknownRoot(f"no module of the project defines {dotted}: write where it is now")
    return reference


def closure(tree: Tree, roots: Iterable[str], apart: Collection[str]) -> Closure:
    """What roots reach, given by dotted paths; ``apart``: those that are not followed, nor counted."""
    left_out = {located(tree, one) for one in apart}
    todo = [located(tree, one) for one in roots]
    reached: set[Reference] = set()
    texts: set[str] = set()
    words: set[str] = set()
    while todo:
        here = todo.pop()
        if here in reached or here in left_out:
            continue
        reached.add(here)
        module = tree.module(here[0])
        assert module is not None, "a reference is to a module that was read"
        known = module.definition(here[1])
        texts.add(known.text)
        words |= known.words
        todo += known.references
    return Closure(frozenset(reached), frozenset(texts), frozenset(words))
