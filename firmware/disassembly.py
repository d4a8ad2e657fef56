"""An image's instructions as text (capstone), its markers and its code's extent (pyelftools)."""

from __future__ import annotations

import struct
from functools import cache
from itertools import pairwise
from pathlib import Path

from dotbench.firmware.errors import Unavailable

Instructions = dict[int, tuple[int, str]]  # address: bytes, text


def markers(elf: Path) -> list[tuple[int, int, int]]:
    """Address, region and 1 for begin or 0 for end of every marker."""
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".markers")
        return list(struct.iter_unpack("<III", section.data())) if section else []


@cache
def disassemble(elf: Path) -> Instructions:
    """Every instruction of the image's code; constants between functions are left out by the mapping symbols."""
    import capstone
    from elftools.elf.elffile import ELFFile

    if int(capstone.__version__.split(".")[0]) < 6:
        raise Unavailable(f"capstone {capstone.__version__} has no Helium", "python -m pip install capstone==6.0.0a11")
    decoder = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS | capstone.CS_MODE_V8)
    out: Instructions = {}
    with elf.open("rb") as file:
        image = ELFFile(file)
        for section in image.iter_sections():
            if section["sh_flags"] & 4:  # executable
                start, data = section["sh_addr"], section.data()
                for begin, end in _code(image, start, start + len(data)):
                    for one in decoder.disasm(data[begin - start : end - start], begin):
                        out[one.address] = (one.size, f"{one.mnemonic} {one.op_str}".strip())
    return out


def _code(image: object, start: int, end: int) -> list[tuple[int, int]]:
    """Ranges of a section that mapping symbols call Thumb code."""
    symbols = image.get_section_by_name(".symtab").iter_symbols()  # type: ignore[attr-defined]
    marks = {
        int(one["st_value"]): one.name[:2]
        for one in symbols
        if one.name[:2] in ("$t", "$d") and start <= one["st_value"] < end
    }
    places = [*sorted(marks), end]
    return [(begin, stop) for begin, stop in pairwise(places) if marks[begin] == "$t"]
