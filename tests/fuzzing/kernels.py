"""Fuzzing the kernels: `payload_fuzz.c` with all registered formats, by libFuzzer under ASan and UBSan, one program a build."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dotbench import formats
from dotbench.cdot import build
from dotbench.formats import value_types
from fuzzing.target import Target, Unavailable, folder

HARNESS = Path(__file__).with_name("payload_fuzz.c")
BRINGS_CLANG = "sudo apt-get install clang libclang-rt-dev"
SANITIZERS = ("-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all")
FLAGS = ("-std=c11", "-O1", "-g", "-fno-omit-frame-pointer", "-Wno-unused-command-line-argument")
MEGABYTES = 512  # of the whole process, and 64 of one array: the harness refuses what a payload wants above 16
LIMITS = (f"-rss_limit_mb={MEGABYTES}", "-malloc_limit_mb=64")


def targets() -> list[Target]:
    """Every format, value type and build that runs on this processor."""
    return [
        Target(f"payload:{kind.name}:{value_type}", isa, LIMITS)
        for kind in formats.kinds().values()
        for value_type in kind.value_types
        for isa in build.instruction_sets()
    ]


def command(target: Target) -> list[str]:
    """The program of a target, built if it is new; Unavailable where there is no clang with libFuzzer."""
    _, name, value_type = target.name.split(":")
    return [str(program(target.build)), f"--format={name}", f"--type={value_types.value_type(value_type).code}"]


def table() -> str:
    """The C table of all registered formats."""
    kinds = formats.kinds().values()
    names = [f"extern const cdot_decoder {kind.name}_decoder;" for kind in kinds]
    lines = [f'    {{"{kind.name}", &{kind.name}_decoder, {kind.format_id}, {kind.fields_bytes}}},' for kind in kinds]
    return "\n".join([*names, "static const fuzz_format FORMATS[] = {", *lines, "};", ""])


def sources() -> list[Path]:
    """The kernels, those of other packages, and the harness."""
    others = [kind.kernel_source for kind in formats.kinds().values() if kind.kernel_source]
    return [*build.sources(), *others, HARNESS]


def program(isa: str) -> Path:
    """The fuzzer of one instruction set, under a name with the hash of all that it is made of."""
    clang = shutil.which("clang")
    if clang is None:
        raise Unavailable(f"no clang here, which brings libFuzzer; on Debian and Ubuntu: {BRINGS_CLANG}")
    flags = [*build.GCC_FLAGS[isa], *FLAGS, *SANITIZERS]
    digest = hashlib.sha256(repr((clang, flags, table())).encode())
    for path in [*sources(), *build.headers()]:
        digest.update(path.read_bytes())
    out = folder() / "build" / f"payload_fuzz-{isa}-{digest.hexdigest()[:16]}"
    if not out.exists():
        _compile([clang, *flags], out)
    return out


def _compile(compiler: list[str], out: Path) -> None:
    """A file at a time, two side by side; the program appears under its name when it is whole."""
    parts = out.with_suffix(".parts")
    parts.mkdir(parents=True, exist_ok=True)
    (parts / "formats.inc").write_text(table())
    jobs = [
        [*compiler, "-c", f"-I{build.FOLDER}", f"-I{parts}", str(path), "-o", str(parts / f"{at}-{path.stem}.o")]
        for at, path in enumerate(sources())
    ]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(_call, jobs))
    objects = sorted(map(str, parts.glob("*.o")))
    _call([*compiler, *objects, "-lpthread", "-ldl", "-lm", "-o", str(parts / out.name)])
    (parts / out.name).replace(out)
    shutil.rmtree(parts)


def _call(words: list[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode and "libclang_rt.fuzzer" in done.stderr:
        raise Unavailable(f"this clang has no libFuzzer; on Debian and Ubuntu: {BRINGS_CLANG}")
    if done.returncode:
        raise SystemExit(f"the fuzzing program cannot be built:\n{done.stderr}")
