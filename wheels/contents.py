"""What is in a wheel, and what is wrong with it: its name, its size, and the kernels that it carries."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from kernels import LEVELS

ELF_MACHINES = {"x86_64": "EM_X86_64", "aarch64": "EM_AARCH64"}
GLIBC = (2, 28)  # the newest version that may be asked for: the wheel's name says so
NEEDED = {"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
SYMBOLS = {"cdot_find", "cdot_product", "cdot_product_s8", "cdot_product_scratch", "bench_dot"}
MOST_BYTES = 3 << 20  # of a wheel; it has about one
BUILT = "dotbench/cdot/built/"
DATA = (  # one file of every kind that code reads
    "dotbench/py.typed", "dotbench/datasets/twins.json", "dotbench/datasets/covtype.tree.xz",
    "dotbench/datasets/models/layers.tsv", "dotbench/bench/report/assets/page.html", "dotbench/cdot/core/cdot.h",
    "dotbench/cdot/formats/sham.c", "dotbench/cdot/drivers/count.c", "dotbench/firmware/target/image.ld",
    "dotbench/firmware/plugin/blocks.c",
)  # fmt: skip


@dataclass(frozen=True)
class Object:
    """A library or program: for which machine, what it exports, the libraries and the version of glibc it asks for."""

    machine: str
    exports: frozenset[str]
    needs: frozenset[str]
    glibc: tuple[int, ...]


def read_object(data: bytes) -> Object:
    """An ELF file. elftools' ELFError where it is none."""
    elf = ELFFile(io.BytesIO(data))
    symbols = elf.get_section_by_name(".dynsym")
    dynamic = [section for section in elf.iter_sections() if isinstance(section, DynamicSection)]
    return Object(
        elf["e_machine"],
        frozenset(one.name for one in symbols.iter_symbols() if one["st_shndx"] != "SHN_UNDEF"),
        frozenset(tag.needed for section in dynamic for tag in section.iter_tags("DT_NEEDED")),
        max(_versions(elf), default=(0,)),
    )


def _versions(elf: ELFFile) -> list[tuple[int, ...]]:
    sections = [section for section in elf.iter_sections() if isinstance(section, GNUVerNeedSection)]
    names = [one.name for section in sections for _, versions in section.iter_versions() for one in versions]
    found = [re.fullmatch(r"GLIBC_([\d.]+)", name) for name in names]
    return [tuple(map(int, match[1].split("."))) for match in found if match]


def faults(wheel: Path, machine: str) -> list[str]:
    """What is wrong with a wheel for a machine, a line each; [] for nothing."""
    tag = f"-py3-none-manylinux_{GLIBC[0]}_{GLIBC[1]}_{machine}.whl"
    found = [] if wheel.name.endswith(tag) else [f"its name does not end in {tag}"]
    if wheel.stat().st_size > MOST_BYTES:
        found.append(f"it has {wheel.stat().st_size} bytes, at most {MOST_BYTES} are allowed")
    with zipfile.ZipFile(wheel) as archive:
        names = {_place(name): name for name in archive.namelist()}
        found += [f"{name} is not in it" for name in DATA if name not in names]
        for isa in LEVELS[machine]:
            for name in (f"{BUILT}cdot-{isa}.so", f"{BUILT}count-{isa}"):
                data = archive.read(names[name]) if name in names else b""
                found += [f"{name}: {why}" for why in _wrong(data, machine, name.endswith(".so"))]
        found += [] if f"{BUILT}compiler" in names else ["it does not say which compiler built its kernels"]
        if not any(name.startswith(f"{BUILT}dependencies-") for name in names):
            found.append("the compiler's list of dependencies is not in it")
    return found


def _place(name: str) -> str:
    """Where a member of the archive is installed."""
    return re.sub(r"^[^/]+\.data/(pure|plat)lib/", "", name)


def _wrong(data: bytes, machine: str, library: bool) -> list[str]:
    if not data:
        return ["it is not there"]
    one = read_object(data)
    found = [] if one.machine == ELF_MACHINES[machine] else [f"it is for {one.machine}"]
    if one.glibc > GLIBC:
        found.append(f"it asks for glibc {'.'.join(map(str, one.glibc))}")
    if more := one.needs - NEEDED:
        found.append(f"it asks for {', '.join(sorted(more))}")
    if library and (lack := SYMBOLS - one.exports):
        found.append(f"it does not export {', '.join(sorted(lack))}")
    return found
