"""A C file as its definitions: functions, objects, types and macros, each under the conditions that it stands under.

Comments, layout, include lines, include guards and prototypes decide nothing and are left out. This reads the plain C
of this project, not all C: `CSyntax` says where it does not understand a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property

TOKEN = re.compile(r"""[A-Za-z_]\w*|\.?\d(?:[eEpP][+-]|[\w.])*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|##|\S""")
STRING = re.compile(r'"(?:\\.|[^"\\])*"')
WORD = re.compile(r"[A-Za-z_]\w*")
COMMENT = re.compile(r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|/\*.*?\*/|//[^\n]*""", re.DOTALL)
GUARD = re.compile(r"\s*#ifndef\s+(\w+)\s*\n\s*#define\s+\1\s*\n(?P<body>.*)\n\s*#endif\s*$", re.DOTALL)
ATTRIBUTE = re.compile(r"__attribute__ \( \( (?:[^()]|\( [^()]* \))* \) \) ?")
DEPTHS = {**dict.fromkeys("({[", 1), **dict.fromkeys(")}]", -1)}
KINDS = ("struct", "union", "enum")


class CSyntax(ValueError):
    """A file whose definitions cannot be told apart."""


@dataclass(frozen=True)
class Piece:
    """One definition. ``text``: its tokens and conditions; ``names``: what it defines; ``linked``: other files see it.

    ``alias``: of a macro that is another name, that name.
    """

    text: str
    names: tuple[str, ...]
    linked: bool = False
    alias: str = ""

    @property
    def is_macro(self) -> bool:
        """Whether the preprocessor reads it."""
        return self.text.rpartition("\n")[2].startswith("# define")

    @cached_property
    def words(self) -> frozenset[str]:
        """Identifiers in it."""
        return frozenset(WORD.findall(STRING.sub(" ", self.text)))


def without_comments(text: str) -> str:
    """C without comments, and with continued lines joined.

    >>> without_comments('a /* b */ c; // d')
    'a   c;  '
    """
    return COMMENT.sub(lambda found: found[1] or " ", text.replace("\\\n", " "))


def tokens(text: str) -> str:
    """Tokens, a blank between two.

    >>> tokens("int f(int x){return x+1;}")
    'int f ( int x ) { return x + 1 ; }'
    """
    return " ".join(TOKEN.findall(text))


@cache
def pieces(text: str, name: str = "") -> tuple[Piece, ...]:
    """The definitions of a file; CSyntax names the file where it is not understood."""
    text = without_comments(text).strip()
    if guarded := GUARD.match(text):
        text = guarded["body"]
    found: list[Piece] = []
    conditions: list[str] = []
    pending: list[str] = []
    depth = 0
    for line in text.splitlines():
        directive = line.lstrip().startswith("#")
        if directive and not pending:
            found += _directive(tokens(line), conditions)
            continue
        for token in ["\n", tokens(line), "\n"] if directive else TOKEN.findall(line):
            pending.append(token)
            depth += DEPTHS.get(token, 0)
            if depth == 0 and token in (";", "}") and _ends(pending):
                found += _defined(" ".join(pending), conditions)
                pending = []
    if depth or pending or any(not line.startswith("# pragma") for line in conditions):
        where = " ".join(pending)[:60]
        raise CSyntax(f"{name}: the definitions of this C file cannot be told apart, from {where!r} on")
    return tuple(found)


def _ends(pending: list[str]) -> bool:
    """Whether a definition ends here: at a semicolon, or a function's last brace."""
    if pending[-1] == ";":
        return True
    head = pending[: pending.index("{")] if "{" in pending else []
    return ")" in head and "=" not in head


def _directive(line: str, conditions: list[str]) -> list[Piece]:
    """A macro's piece; conditions are kept for what stands under them."""
    words = line.split(" ")
    match words[1:]:
        case ["if" | "ifdef" | "ifndef", *_]:
            conditions.append(line)
        case ["else" | "elif", *_]:
            conditions[-1] += f" {line}"
        case ["endif", *_]:
            conditions.pop()
        case ["pragma", *what] if what != ["once"]:
            conditions.insert(0, line)  # it is of all that follows
        case ["define", name, *body]:
            alias = body[0] if len(body) == 1 and WORD.fullmatch(body[0]) else ""
            return [Piece(_under(conditions, line), (name,), alias=alias)]
    return []


def _under(conditions: list[str], text: str) -> str:
    return "\n".join([*conditions, text])


def _defined(text: str, conditions: list[str]) -> list[Piece]:
    """The piece of a declaration, none where it defines nothing."""
    head, brace, _ = ATTRIBUTE.sub("", text).partition("{")
    words = head.split()
    function = ")" in head and "=" not in head and brace
    if not words or words[0] in ("extern", "_Static_assert") or text == ";":
        return []
    if function:
        names = [found[1] for found in [re.search(r"(\w+) \(", head)] if found]
    elif words[0] == "typedef" or words[0] in KINDS or (words[0] == "static" and words[1] in KINDS and brace):
        names = _types(text)
    elif "(" in head and "=" not in head and "[" not in head.partition("(")[0]:
        return []  # a prototype
    else:
        names = re.findall(r"(\w+) (?:\[ [^\]]*\] )*[=;,]", (f"{head.rstrip()} ;" if brace else head) + " ")[:1]
    linked = words[0] not in ("static", "typedef", *KINDS) and "static" not in words
    return [Piece(_under(conditions, text), tuple(dict.fromkeys(names)), bool(linked))] if names else []


def _types(text: str) -> list[str]:
    """The names that a type's declaration brings: its own, its tag, and an enumeration's constants."""
    head, brace, rest = text.partition("{")
    names = re.findall(r"(?:struct|union|enum) (\w+)", head)
    body, _, behind = rest.rpartition("}")
    if "enum" in head.split():
        names += [part.split()[0] for part in _split(body) if part.split()]
    if not brace:
        pointer = re.search(r"\( \* (\w+) \)", text)
        return [pointer[1]] if pointer else re.findall(r"(\w+) (?:\[ [^\]]*\] )*;", text)
    return names + WORD.findall(behind.partition("=")[0])[:1]


def _split(body: str) -> list[str]:
    """Parts between commas that stand in no brackets."""
    parts, depth = [""], 0
    for token in body.split():
        depth += (token in "([{") - (token in ")]}") if len(token) == 1 else 0
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += f" {token}"
    return parts
