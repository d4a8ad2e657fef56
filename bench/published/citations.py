"""Where formats were published, as far as this repository knows, and that as BibTeX.

What is not known here is left out, and the entry says what that is: nothing is filled in from memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from dotbench import formats
from dotbench.bench.targets import peers


@dataclass(frozen=True)
class Work:
    """A paper or a program; ``known_as``: what its format is called, where no title is known."""

    key: str
    kind: str
    author: str
    title: str = ""
    journal: str = ""
    booktitle: str = ""
    volume: str = ""
    pages: str = ""
    year: str = ""
    doi: str = ""
    eprint: str = ""
    version: str = ""
    license: str = ""
    known_as: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """What an entry of its kind has as a rule and this one has not."""
        wanted = ("title", "year") if self.kind != "software" else ("title", "version")
        venue = () if self.journal or self.booktitle or self.kind == "software" else ("venue",)
        return (*(name for name in wanted if not getattr(self, name)), *venue)


DOTBENCH = Work("dotbench", "software", "{The dotbench developers}", "dotbench", version="0.1.0", license="Apache-2.0")
ENTROPY_CODING = Work(
    "marino2023", "article",
    "Marinò, Giosuè Cataldo and Furia, Flavio and Malchiodi, Dario and Frasca, Marco",
    "Efficient and compact representations of deep neural networks via entropy coding",
    journal="IEEE Access", volume="11", pages="106103", year="2023", doi="10.1109/ACCESS.2023.3317293",
)  # fmt: skip
MINIMUM_REDUNDANCY = Work(
    "moffat1997", "article", "Moffat, Alistair and Turpin, Andrew",
    "On the implementation of minimum redundancy prefix codes",
    journal="IEEE Transactions on Communications", year="1997",
)  # fmt: skip
COLUMN_COMBINING = Work(
    "kung2019", "inproceedings", "Kung and McDanel and Zhang", booktitle="ASPLOS", year="2019", eprint="1811.04770",
    known_as="column combining",
)  # fmt: skip
REDS = Work(
    "corti", "article", "Corti and Maag and Schauer and Pferschy and Saukh",
    journal="IEEE Transactions on Mobile Computing", volume="25", eprint="2311.13349", known_as="REDS",
)  # fmt: skip
DCSR = Work("trommer", "misc", "Trommer and others", known_as="dCSR")
DEEP_COMPRESSION = Work("han", "misc", "Han and others", known_as="Deep Compression and EIE")

# By format. Where a work only used a format as its baseline, `NOTES` says so.
WORKS: dict[str, tuple[Work, ...]] = {
    "dense": (ENTROPY_CODING,),
    "csc": (ENTROPY_CODING,),
    "im": (ENTROPY_CODING, DEEP_COMPRESSION),
    "cser": (ENTROPY_CODING,),
    "ham": (ENTROPY_CODING, MINIMUM_REDUNDANCY),
    "sham": (ENTROPY_CODING, MINIMUM_REDUNDANCY),
    "eie": (DEEP_COMPRESSION,),
    "column_combined": (COLUMN_COMBINING,),
    "nested": (REDS,),
    "dcsr": (DCSR,),
    "bitmap": (DCSR,),
    "csr16": (DCSR,),
    "bcsr2x2": (DCSR,),
    "rle4": (DCSR, DEEP_COMPRESSION),
    "psr8": (DCSR,),
}
NOTES = {
    **dict.fromkeys(("dense", "csc"), "the size formula is this work's; the format is older"),
    **dict.fromkeys(("bitmap", "csr16", "bcsr2x2", "psr8"), "the work has it as a baseline"),
    "rle4": "dCSR's baseline, after Han and others",
    "im": "the size formula is the first work's, the index map the second's",
    "bsr": "scipy's BSR, array for array; nothing is recorded here of a publication",
    **dict.fromkeys(
        ("csc_min", "csc_palette", "im_packed", "rank", "cells", "dense_w8"), "a row of this project, not published"
    ),
}


def citations(names: Iterable[str]) -> str:
    """BibTeX of what to cite for formats: where each was published, and dotbench; a work once.

    ValueError where there is no such format.

    >>> citations(["rel15"]).splitlines()[0]
    '% rel15: nothing is recorded here of a publication; cite what measured it'
    """
    chosen = dict.fromkeys(_name(name) for name in names)
    said = [f"% {name}: {words}" for name in chosen if (words := _words(name))]
    works = dict.fromkeys(work for name in chosen for work in WORKS.get(name, ()))
    return "\n\n".join([*(["\n".join(said)] if said else []), *map(bibtex, [*works, DOTBENCH])])


def _name(label: str) -> str:
    """Of a format or a library, with parameters or without."""
    first = label.partition("[")[0]
    return first if peers.is_peer(first) else formats.parse(label).name


def _words(name: str) -> str:
    nothing = "" if name in WORKS else "nothing is recorded here of a publication; cite what measured it"
    return NOTES.get(name, nothing)


def bibtex(work: Work) -> str:
    """One entry, with a line on what is not recorded.

    >>> print(bibtex(DCSR))
    % not recorded in dotbench: title, year, venue
    @misc{trommer,
      author = {Trommer and others},
      note = {dCSR}
    }
    """
    known = {one.name: getattr(work, one.name) for one in fields(work) if one.name not in ("key", "kind", "known_as")}
    known = {name: value for name, value in known.items() if value}
    if work.eprint:
        known["archiveprefix"] = "arXiv"
    if work.known_as:
        known["note"] = work.known_as
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in known.items())
    lacks = f"% not recorded in dotbench: {', '.join(work.missing)}\n" if work.missing else ""
    return f"{lacks}@{work.kind}{{{work.key},\n{lines}\n}}"
