"""Images for the Cortex-M55: the kernels' own sources, the harness, and the pinned compiler.

One image has one format and one way out (``semihosting`` or ``uart``), so that its code size is the
format's. Objects are kept by the hash of all that they are made of. ``-ffp-contract=off``: a product of
float32 must have the bits of the host's, which has no fused multiply-add in its portable build.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from dotbench.cdot import build
from dotbench.firmware.errors import FirmwareError

FOLDER = Path(__file__).resolve().parent
TARGET = FOLDER / "target"
OUTPUTS = ("semihosting", "uart")
FLAGS = (
    "--target=thumbv8.1m.main-none-eabihf", "-mfloat-abi=hard", "-std=gnu11", "-O3",
    "-ffp-contract=off", "-ffreestanding", "-fno-builtin", "-ffunction-sections", "-fdata-sections",
    "-nostdlibinc", "-Wall", "-Wextra",
)  # fmt: skip
# What the kernels are compiled for: with Helium, or the portable C alone, which the compiler cannot vectorise then.
ISAS = {"helium": "-mcpu=cortex-m55", "scalar": "-mcpu=cortex-m55+nomve"}
LINK = ("--gc-sections", "-T", str(TARGET / "image.ld"))
# Threads, timing by a clock, and encoders are for hosts; product.c divides work among threads.
HOST_ONLY = frozenset(["core/threads.c", "core/product.c", "timing", "encode", "formats/decoders.c"])
HARNESS = ("start.c", "memory.c", "runtime.c", "text.c", "counters.c", "main.c")


@dataclass(frozen=True)
class Image:
    """A linked program: the ELF file, and the bytes of it that are the format's."""

    path: Path
    code_bytes: int
    data_bytes: int


def kernel_sources() -> list[Path]:
    """The files of cdot/ that a microcontroller has, sorted."""
    apart = {build.FOLDER / name for name in HOST_ONLY}
    return [path for path in build.sources() if not apart & {path, path.parent}]


def _zig(*arguments: str) -> None:
    cache_folder = str(build.state_folder() / "zig")
    environment = dict(os.environ, ZIG_GLOBAL_CACHE_DIR=cache_folder, ZIG_LOCAL_CACHE_DIR=cache_folder)
    done = subprocess.run(
        [sys.executable, "-m", "ziglang", *arguments], capture_output=True, text=True, env=environment
    )
    if done.returncode:
        raise FirmwareError(f"building for the Cortex-M55 failed ({arguments[0]}):\n{done.stderr.strip()}")


def _compiler_headers() -> str:
    found = importlib.util.find_spec("ziglang")
    if found is None or found.origin is None:
        raise FirmwareError("the compiler is missing: python -m pip install ziglang==0.17.1")
    return str(Path(found.origin).parent / "lib" / "include")


@cache
def _headers_hash() -> bytes:
    digest = hashlib.sha256(repr((version("ziglang"), FLAGS, ISAS, LINK)).encode())
    for path in [*build.headers(), *sorted(TARGET.glob("*.h")), *sorted(TARGET.glob("libc/*.h"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.digest()


def _named(stem: str, *parts: bytes) -> Path:
    digest = hashlib.sha256(_headers_hash())
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return build.state_folder() / "firmware" / f"{stem}-{digest.hexdigest()[:16]}"


def _made(out: Path, *arguments: str) -> Path:
    """Runs the compiler or linker with ``-o`` unless ``out`` is there; never leaves half a file."""
    if not out.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent) as folder:
            made = Path(folder) / out.name
            _zig(*arguments, "-o", str(made))
            made.replace(out)
    return out


def _object(source: Path, role: str, *flags: str) -> Path:
    """The object of a file; kernels' objects are named so that the linker script tells them apart."""
    out = _named(f"{role}-{source.stem}", source.read_bytes(), repr(flags).encode()).with_suffix(".o")
    include = ["-isystem", str(TARGET / "libc"), "-isystem", _compiler_headers(), f"-I{build.FOLDER}", f"-I{TARGET}"]
    return _made(out, "clang", *FLAGS, *include, *flags, "-c", str(source))


def image(
    format_name: str, kernel_source: Path | None = None, output: str = "semihosting", isa: str = "helium"
) -> Image:
    """The image of a format; ``kernel_source`` is the C file of a format from elsewhere, ``isa`` one of `ISAS`.

    Raises FirmwareError with the compiler's or linker's words.
    """
    kernels = kernel_sources() + ([kernel_source] if kernel_source else [])
    objects = [_object(path, "kernel", ISAS[isa]) for path in kernels]
    objects += [_object(TARGET / name, "harness", ISAS[isa]) for name in (*HARNESS, f"{output}.c")]
    objects.append(_object(TARGET / "decoder.c", "harness", ISAS[isa], f"-DDECODER={format_name}_decoder"))
    script = (TARGET / "image.ld").read_bytes()
    elf = _named(f"{format_name}-{output}-{isa}", script, *(path.name.encode() for path in objects)).with_suffix(".elf")
    _made(elf, "ld.lld", *LINK, *map(str, objects))
    sizes = _section_sizes(elf)
    return Image(elf, sizes.get(".kernel_text", 0), sizes.get(".kernel_data", 0))


def compiled(source: Path, suffix: str, *flags: str) -> Path:
    """A file of ours compiled for the host with these flags."""
    near = b"".join(path.read_bytes() for path in sorted(source.parent.glob("*.h")))
    out = _named(source.stem, source.read_bytes(), near, repr(flags).encode()).with_suffix(suffix)
    return _made(out, "cc", *flags, str(source))


def binary(elf: Path) -> Path:
    """The image as bytes from address 0 on, for a board."""
    return _made(elf.with_suffix(".bin"), "objcopy", "-O", "binary", str(elf), str(elf.with_suffix(".bin")))


def _section_sizes(elf: Path) -> dict[str, int]:
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as file:
        return {section.name: int(section["sh_size"]) for section in ELFFile(file).iter_sections()}
