"""C files as definitions: what each defines, and what does not count."""

from __future__ import annotations

import pytest

from dotbench.bench.record import identity
from dotbench.bench.record.code_hash.c_pieces import CSyntax, Piece, pieces

SOURCE = """
/* A header. */
#ifndef A_H
#define A_H
#include "b.h"
#define INLINE static inline __attribute__((always_inline))
enum { ONE = 1, TWO = sizeof(int) * (ONE + 1), THREE }; // numbers
typedef struct { int a; } plain;
struct tagged { int b; };
typedef int (*function)(int, char *);
static const int table[2][3] = {{1}, {2}};
int prototype(int x);
extern int elsewhere;
_Static_assert(ONE == 1, "one; {");
INLINE int helper(int x)
{
#if defined(__AVX2__)
    return x + '{';
#else
    return x;
#endif
}
__attribute__((noinline)) int shared(int x) { return helper(x); }
#if defined(__AVX2__)
int counter;
#else
#define counter 0
#endif
#endif
"""


def named(text: str) -> dict[str, Piece]:
    return {name: piece for piece in pieces(text) for name in piece.names}


def test_definitions_by_name() -> None:
    found = named(SOURCE)
    assert list(found) == [
        "INLINE", "ONE", "TWO", "THREE", "plain", "tagged", "function", "table", "helper", "shared", "counter",
    ]  # fmt: skip
    assert [name for name in found if found[name].linked] == ["helper", "shared"]  # helper's macro says static
    assert found["ONE"] is found["THREE"] and "ONE = 1 , TWO" in found["TWO"].text
    assert "defined ( __AVX2__ )" in found["helper"].text and {"helper", "x"} <= found["shared"].words
    assert found["counter"].text.startswith("# if defined ( __AVX2__ ) # else")


def test_layout_comments_includes_and_the_guard_do_not_count() -> None:
    other = SOURCE.replace("A_H", "B_H").replace('#include "b.h"\n', '#include "c/d.h"\n').replace("// numbers", "")
    other = other.replace("{ return helper(x); }", "\n{\n  return helper( /* what */ x );\n}").replace(
        "int prototype(int x);", ""
    )
    assert pieces(other) == pieces(SOURCE)
    assert pieces(SOURCE.replace("helper(x)", "helper(x + 1)")) != pieces(SOURCE)
    assert pieces(SOURCE.replace("'{'", "' '")) != pieces(SOURCE)  # white space in a character counts


def test_conditions_and_pragmas_count() -> None:
    function = "int f(void) { return 1; }\n"
    texts = {
        pieces(text + function + end)[-1].text for text, end in [("", ""), ("#if A\n", "#endif\n"), ("#pragma x\n", "")]
    }
    assert len(texts) == 3


@pytest.mark.parametrize("text", ["int f(void) { return 1;", "#if A\nint x;\n", "int x"])
def test_a_file_that_is_not_understood_is_named(text: str) -> None:
    with pytest.raises(CSyntax, match="some.c: the definitions"):
        pieces(text, "some.c")


def test_functions_that_the_linker_finds_are_those_of_the_library() -> None:
    """Nothing that one C file has from another is overlooked, nor taken for what it is not."""
    elftools = pytest.importorskip(
        "elftools.elf.elffile", reason="no pyelftools: pip install -e '.[firmware]' brings it"
    )
    from dotbench.cdot import build

    with build.build().open("rb") as file:
        symbols = elftools.ELFFile(file).get_section_by_name(".dynsym").iter_symbols()
        exported = {one.name for one in symbols if one["st_shndx"] != "SHN_UNDEF" and one.name}
    assert exported == set(identity.checkout().kernels().linked)
