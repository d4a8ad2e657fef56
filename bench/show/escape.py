r"""Foreign text where something interprets text: names of files and layers, errors, what a results file holds.

`visible` is for terminals, `markdown`, `latex` and `csv_text` for what is written. Terminals interpret escapes and
rich its own markup, Markdown also HTML, LaTeX its specials, and spreadsheets take what begins with ``=`` for a formula.

>>> visible("a\x1b[31m[red]"), markdown("<b>|"), latex("50 %_"), csv_text("=1+2")
('a\\x1b[31m[red]', '&lt;b>\\|', '50 \\%\\_', "'=1+2")
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

import click
import rich.console
from rich.segment import Segment
from rich.text import Text

# ---- terminals


def visible(text: str, keep: str = "\n") -> str:
    r"""A text whose control characters, and others that show nothing or turn lines round, are written out.

    >>> visible("a\x9b2J\r\u202eb\ud800")
    'a\\x9b2J\\r\\u202eb\\ud800'
    """
    if text.isprintable():
        return text
    return "".join(one if _shows(one) or one in keep else _written_out(one) for one in text)


def _shows(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _written_out(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


class Console(rich.console.Console):
    """rich's, for text from anywhere: no markup, no emoji names in what is printed, control characters visible."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """A text as rich draws it."""
        return super().render_str(visible(text), **options)

    def render(self, renderable: Any, options: rich.console.ConsoleOptions | None = None) -> Iterable[Segment]:
        """Everything that is printed passes here; what rich itself sends to the terminal is marked as control."""
        for part in super().render(renderable, options):
            yield part if part.control else Segment(visible(part.text), part.style)


def echo(text: str, err: bool = False) -> None:
    """A line of plain text, to standard output or error."""
    click.echo(visible(text), err=err)


class Commands(click.Group):
    """A group of commands whose errors may hold foreign text."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; what click itself says of a wrong argument is made visible, too."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            vars(error)["message"] = visible(error.message)
            raise


# ---- Markdown


def plain(text: str) -> str:
    """A text with spaces for control characters, in a line."""
    return "".join(character if _shows(character) else " " for character in text)


LABEL = r"(?<=\w)\[[\w=,.]*\](?![\[(:])"  # of a format: brackets that are no link
INSIDE = r"(?<=[^\W_])_+(?=[^\W_])"  # underscores inside a word, which emphasise nothing
SPECIAL = r"[\\`*_\[\]|~#]"


def markdown(text: str) -> str:
    """A text that Markdown shows as it is: no markup, no HTML, nobody mentioned, no table broken.

    >>> markdown("eie[huffman] *net_1* [a](http://b)")
    'eie[huffman] \\\\*net_1\\\\* \\\\[a\\\\](http://b)'
    """
    shown = plain(text).replace("&", "&amp;").replace("<", "&lt;")
    shown = re.sub(f"{LABEL}|{INSIDE}|({SPECIAL})", lambda match: f"\\{match[1]}" if match[1] else match[0], shown)
    return shown.replace("@", "@&#8203;")  # without a space in it, and without pinging anybody


# ---- LaTeX

LATEX = {
    **{character: "\\" + character for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "±": r"$\pm$",
    "≈": r"$\approx$",
    "×": r"$\times$",
}


def latex(text: str) -> str:
    r"""Text that LaTeX prints as it stands, also at the start of a table's line.

    >>> latex("csc_min ±3%"), latex("[red]")
    ('csc\\_min $\\pm$3\\%', '{[}red]')
    """
    made = "".join(LATEX.get(character, character) for character in plain(text))
    return f"{{{made[0]}}}{made[1:]}" if made[:1] in ("[", "*") else made  # behind \\ they would be its argument


# ---- CSV

FORMULA = re.compile(r"'*[=+\-@\t\r\n]")


def csv_text(text: str) -> str:
    """A text column's field that no spreadsheet takes for a formula; `from_csv_text` is its inverse.

    >>> csv_text("=1+2"), csv_text("csc"), csv_text("'=1"), from_csv_text(csv_text("'=1"))
    ("'=1+2", 'csc', "''=1", "'=1")
    """
    return f"'{text}" if FORMULA.match(text) else text


def from_csv_text(text: str) -> str:
    """What `csv_text` was made from."""
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text
