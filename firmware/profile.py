"""What the plugin counted: blocks of instructions, how often one followed the other, and gathers.

The plugin is built by the pinned compiler for the interface of the QEMU at hand; markers and gathers come
from the image itself.
"""

from __future__ import annotations

import platform
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from dotbench.firmware.disassembly import Instructions, disassemble, markers
from dotbench.firmware.errors import TargetFailed
from dotbench.firmware.protocol import REGIONS
from dotbench.firmware.toolchain import FOLDER, compiled

GATHER = re.compile(r"^vldr[bhwd]\S*\s+q\d, \[(r\d+|lr|sp|ip|sb|sl|fp), q\d")


@dataclass
class Gathers:
    """Of one gather instruction: executions, accesses, pairs of them, and pairs that meet in a bank."""

    times: int = 0
    accesses: int = 0
    pairs: int = 0
    conflicts: int = 0

    def add(self, other: Gathers) -> None:
        """Those of another pass, or of the same instruction in another place."""
        self.times += other.times
        self.accesses += other.accesses
        self.pairs += other.pairs
        self.conflicts += other.conflicts


@dataclass
class Region:
    """All passes of a region: ``edges[a, b]`` how often block b followed block a (0: the region's begin)."""

    passes: int = 0
    edges: Counter[tuple[int, int]] = field(default_factory=Counter)
    singles: Counter[int] = field(default_factory=Counter)
    gathers: dict[int, Gathers] = field(default_factory=dict)


@dataclass
class Profile:
    """``blocks``: the addresses of a block's instructions by its number; ``instructions`` by address."""

    regions: dict[str, Region]
    blocks: dict[int, tuple[int, ...]]
    instructions: Instructions

    def count(self, region: str) -> int:
        """Executed instructions of one pass of a region; exact, for all passes are alike."""
        found = self.regions[region]
        total = sum(times * len(self.blocks[to]) for (_, to), times in found.edges.items())
        total += sum(found.singles.values())
        if total % found.passes:
            raise TargetFailed(f"the passes of {region} differ: {total} instructions in {found.passes}")
        return total // found.passes


@cache
def plugin(version: int) -> Path:
    """The plugin for a major version of QEMU: interface 1 below 9, 2 (which 10 still takes) from there."""
    target = f"{platform.machine()}-linux-gnu.2.28"
    flags = ("-target", target, "-O2", "-Wall", "-Wextra", "-fno-sanitize=all", "-shared", "-fPIC")
    interface = f"-DINTERFACE={1 if version < 9 else 2}"
    return compiled(FOLDER / "plugin" / "blocks.c", ".so", *flags, interface)


def command_line(elf: Path, folder: Path, version: int) -> tuple[str, Path]:
    """QEMU's -plugin argument for an image, with its input written to ``folder``, and the file it will write."""
    marks, gathers, out = folder / "marks", folder / "gathers", folder / "out"
    marks.write_text("".join(f"{address:x} {region} {begin}\n" for address, region, begin in markers(elf)))
    found = [address for address, (_, text) in disassemble(elf).items() if GATHER.match(text)]
    gathers.write_text("".join(f"{address:x}\n" for address in found))
    return f"{plugin(version)},out={out},marks={marks},gathers={gathers}", out


def read_profile(path: Path, elf: Path) -> Profile:
    """What the plugin wrote; TargetFailed where it was cut short."""
    lines = path.read_text().splitlines() if path.exists() else []
    if not lines or lines[-1] != "complete":
        raise TargetFailed("the plugin's counts are incomplete: QEMU ended before it wrote them")
    regions: dict[str, Region] = {}
    blocks: dict[int, tuple[int, ...]] = {}
    here = Region()
    for line in lines[:-1]:
        kind, *words = line.split()
        if kind == "region":
            here = regions.setdefault(REGIONS[int(words[0])], Region())
            here.passes += 1
        elif kind == "edge":
            here.edges[int(words[0]), int(words[1])] += int(words[2])
        elif kind == "single":
            here.singles[int(words[0], 16)] += 1
        elif kind == "gather":
            here.gathers.setdefault(int(words[0], 16), Gathers()).add(Gathers(*map(int, words[1:])))
        else:
            blocks[int(words[0])] = tuple(int(word, 16) for word in words[1:])
    return Profile(regions, blocks, disassemble(elf))


__all__ = ["Gathers", "Profile", "Region", "command_line", "plugin", "read_profile"]
