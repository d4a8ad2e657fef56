"""What a definition reaches in Python, and that its text says what it does and not where it stands."""

from __future__ import annotations

import hashlib
import textwrap

import pytest

from dotbench.bench.record import identity
from dotbench.bench.record.code_hash.closure import Closure, UnknownRoot, closure
from dotbench.bench.record.code_hash.modules import Tree
from dotbench.bench.record.code_hash.sources import Sources


def tree(**files: str) -> Tree:
    """Modules of a room, by name; nothing of the checkout."""
    texts = {f"bench/{name}.py": textwrap.dedent(text) for name, text in files.items()}
    return Tree(Sources(identity.ROOT / "nowhere", texts | {"bench/__init__.py": ""}))


def reached(root: str = "bench.a.f", apart: tuple[str, ...] = (), **files: str) -> set[str]:
    return {name for _, name in closure(tree(**files), [root], apart).reached}


def texts(root: str = "bench.a.f", **files: str) -> frozenset[str]:
    return closure(tree(**files), [root], ()).texts


def test_a_function_reaches_what_it_names_and_nothing_else() -> None:
    source = """
    LIMIT = 1
    UNUSED = 3
    def g(): return LIMIT
    def f(x): return g() + x
    def h(): return UNUSED
    """
    assert reached(a=source) == {"f", "g", "LIMIT"}


@pytest.mark.parametrize(
    "importing",
    [
        "from bench.b import g\ndef f(): return g()",
        "from bench.b import g as other\ndef f(): return other()",
        "from bench import b\ndef f(): return b.g()",
        "import bench.b\ndef f(): return bench.b.g()",
        "import bench.b as room\ndef f(): return room.g()",
        "from dotbench.bench.b import g\ndef f(): return g()",
        "from .b import g\ndef f(): return g()",
        "def f():\n    from bench.b import g\n    return g()",
        "from bench.c import g\ndef f(): return g()",
        "from bench import c\ndef f(): return c.g()",
        "def g(): return 1\ndef f(): return g()",
    ],
)
def test_however_a_name_is_imported_the_text_is_the_same(importing: str) -> None:
    """A re-export is looked through, and what has moved here is what it was there."""
    files = {"b": "def g(): return 1", "c": "from bench.b import g\n__all__ = ['g']"}
    assert reached(a=importing, **files) == {"f", "g"}
    assert texts(a=importing, **files) == texts(a="from bench.b import g\ndef f(): return g()", **files)


def test_libraries_count_by_what_is_imported() -> None:
    """The import line is left out, so its alias must not hide what it means."""
    ceil = texts(a="from math import ceil as whole\ndef f(x): return whole(x)")
    assert ceil == texts(a="import math\ndef f(x): return math.ceil(x)")
    assert ceil != texts(a="from math import floor as whole\ndef f(x): return whole(x)")


def test_local_names_are_not_the_modules() -> None:
    source = """
    def size(): return 1
    def kind(): return 2
    def rows(): return 3
    def f(size, *more, rows=None):
        kind = size
        return [kind for rows in more]
    """
    assert reached(a=source) == {"f"}
    assert reached(a="def size(): return 1\ndef f(): return [size for size in size()]") == {"f", "size"}
    assert reached(a="N = 0\ndef f():\n    global N\n    N = 1") == {"f", "N"}


def test_a_class_counts_whole_with_its_bases_and_its_fields() -> None:
    source = """
    from dataclasses import dataclass
    class Base:
        def one(self): return helper()
    def helper(): return 1
    def size(): return 2
    @dataclass
    class Some(Base):
        size: int = 3
        def two(self): return size()
    def f(): return Some
    """
    assert reached(a=source) == {"f", "Some", "Base", "helper", "size"}
    assert texts(a=source) != texts(a=source.replace("size: int", "size: float"))


def test_annotations_comments_docstrings_and_layout_do_not_count() -> None:
    plain = "def f(x):\n    return x\n"
    other = '''
    from dotbench.bench.b import Kind
    def f(x: Kind = None) -> "Kind":  # why
        """Words."""

        return (
            x)
    '''
    assert reached(a=other.replace(" = None", ""), b="class Kind: pass") == {"f"}
    assert texts(a=other.replace(" = None", ""), b="class Kind: pass") == texts(a=plain)
    assert texts(a=other, b="class Kind: pass") != texts(a=plain)
    assert texts(a="N: int = 1\ndef f(): return N") == texts(a="N = 1\ndef f(): return N")


def test_what_changes_an_object_at_module_level_belongs_to_it() -> None:
    source = "TABLE = {}\nfor one in (1, 2):\n    TABLE[one] = HOW\nHOW = 3\nTABLE.update(a=1)\ndef f(): return TABLE\n"
    assert reached(a=source) == {"f", "TABLE", "HOW", "one"}
    assert texts(a=source) != texts(a=source.replace("a=1", "a=2"))


def test_what_is_apart_is_not_followed_nor_counted() -> None:
    source = "from bench.b import KINDS\ndef f(): return KINDS"
    assert reached(a=source, b="class One: pass\nKINDS = (One,)", apart=("bench.b.KINDS",)) == {"f"}


def test_a_root_that_is_gone_is_named() -> None:
    with pytest.raises(UnknownRoot, match=r"bench\.a\.gone: write where it is now"):
        closure(tree(a="def f(): pass"), ["bench.a.gone"], ())


def test_names_in_strings_and_attributes_may_be_functions_of_c() -> None:
    found: Closure = closure(
        tree(a='def f(lib):\n    """No words."""\n    return lib.run("--at=cdot_dot")'), ["bench.a.f"], ()
    )
    assert {"run", "cdot_dot", "at"} <= found.words and "words" not in found.words


def test_a_text_is_the_same_in_every_python() -> None:
    """Fields of syntax trees come and go from 3.11 to 3.14; other hashes would drop all committed rows."""
    source = """
    class A:
        kind: int = 0
        @property
        def f(self, x: int = 1, *, y=None) -> None:
            async def g(*a, **k): yield lambda: [i async for i in x if i]
            with g() as h, open(f"{x!r:>{y}}" 'b' f'{x=}') as j: pass
            match x:
                case {"a": 1, **rest} | [_, *rest]: return print(rest, b'', None, ..., 1.5e-7, 2j, h, j)
            try: del x[1:2, ::3]
            except* (ValueError, OSError) as e: raise e from None
            return (z := not x) if x < y <= 3 else {**x, "q": -z}
    """
    (text,) = texts(root="bench.a.A", a=source)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "829ff7207fd32405"
