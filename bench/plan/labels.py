"""Names of what is measured, as tables print them and as people write them: one is the other's inverse.

A row's name is ``FORMAT[PARAMS]``: ``eie[coding=huffman]``, ``ceiling:decode[format=ham]``, ``bound:h0``. Tables
print ``eie[huffman]``, ``decode: ham`` and ``h0``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from dotbench import formats
from dotbench.bench.plan.cell import BOUNDS
from dotbench.bench.plan.plan import choose_formats
from dotbench.bench.targets import peers
from dotbench.bench.targets.peer import Peer
from dotbench.formats.format import Format

CEILINGS = ("memcpy", "decode")


def short(name: str) -> str:
    """How a table calls it: no key where a value says which one it has, ``decode: ham`` for a ceiling.

    >>> short("eie[coding=huffman]"), short("ceiling:decode[format=eie[coding=huffman]]"), short("bound:h0")
    ('eie[huffman]', 'decode: eie[huffman]', 'h0')
    >>> short("column_combined[alpha=8]")
    'column_combined[alpha=8]'
    """
    match = re.fullmatch(r"ceiling:(\w+)\[format=(.*)\]", name)
    if match:
        return f"{match[1]}: {short(match[2])}"
    match = re.fullmatch(r"([^\[\]]+)\[(\w+)=([^,\]]*)\]", name)
    if match and _says_its_key(match[1], match[2], match[3]):
        return f"{match[1]}[{match[3]}]"
    return name.removeprefix("bound:")


@cache
def _says_its_key(name: str, key: str, value: str) -> bool:
    """Whether a value alone is read as this parameter's; of a format that is not installed it is taken to be."""
    kind = formats.kinds().get(name) or peers.kinds().get(name)
    if kind is None:
        return True
    parse = peers.parse if name in peers.kinds() else formats.parse
    try:
        return str(parse(f"{name}[{value}]")) == str(parse(f"{name}[{key}={value}]"))
    except ValueError:
        return False


def full(text: str) -> str:
    """The row's name of what a table or a person calls it; ValueError for what is neither.

    >>> full("eie[huffman]"), full("decode: ham"), full("h0"), full("column_combined ≈"), full("zstd[19]")
    ('eie[coding=huffman]', 'ceiling:decode[format=ham]', 'bound:h0', 'column_combined', 'zstd[level=19]')
    """
    text = text.strip().removesuffix(formats.LOSSY).strip()
    if text in BOUNDS or f"bound:{text}" in BOUNDS:
        return f"bound:{text.removeprefix('bound:')}"
    if match := re.fullmatch(rf"({'|'.join(CEILINGS)}): *(.+)|ceiling:(\w+)\[format=(.+)\]", text):
        which, of = match[1] or match[3], match[2] or match[4]
        if which not in CEILINGS:
            raise ValueError(f"no ceiling {which!r}: there are {' and '.join(CEILINGS)}")
        return f"ceiling:{which}[format={formats.parse(of)}]"
    return str(peers.parse(text) if peers.is_peer(text) else formats.parse(text))


def written(text: str) -> str:
    """The same, and what is no name (a glob, a format of an older version) as it stands."""
    try:
        return full(text)
    except ValueError:
        return text


def about(text: str) -> str:
    """The name of the format or peer that something is measured of: for a ceiling the one it belongs to.

    >>> about("decode: ham"), about("sham")
    ('ham', 'sham')
    """
    match = re.fullmatch(r"ceiling:\w+\[format=(.+)\]", full(text))
    return match[1] if match else full(text)


@dataclass(frozen=True)
class Chosen:
    """What ``--formats`` asks for. Ceilings come with their formats, and bounds all three."""

    formats: tuple[Format, ...]
    peers: tuple[Peer, ...]
    bounds: bool


def choose(names: Sequence[str]) -> Chosen:
    """What names of tables and of the command line stand for; ValueError says which are near an unknown one.

    >>> choose(["eie[huffman]", "decode: ham", "h0"]).bounds, *map(str, choose(["decode: ham", "csc"]).formats)
    (True, 'ham', 'csc')
    """
    known = [about(name) for name in names]
    bounds = [name for name in known if name in BOUNDS]
    return Chosen(*choose_formats([name for name in known if name not in BOUNDS]), bool(bounds))
