"""Kernels for aarch64 under QEMU: the conformance suite of formats and kernels, run by a Python for aarch64, and
payloads and products bit for bit against x86-64's.

What stands behind the options goes to pytest, files and folders of tests in place of the session's.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from dotbench.cdot import build
from dotbench.firmware.errors import Unavailable
from emulation import bits, debian
from emulation.machine import OLDEST, ROOT, Machine, environment, prepared

USUAL = ("tests/cdot", "tests/formats")
WHOLE = ("tests/cdot", "tests/formats", "dotbench/cdot", "dotbench/formats")
HOSTS = {  # left out but for --whole: minutes each, and little of it is the kernels'
    "tests/formats/test_added.py": "a guide is followed in copies of the checkout",
}
FAULTY = {  # left out always, for reasons of the emulator's
    "tests/formats/test_calls.py::test_a_forked_child_has_threads_of_its_own": "QEMU ends a forked child at its first thread",
}
QUICK = ("tests/formats/test_golden.py", "tests/formats/test_conformance.py", "tests/formats/test_int8.py")
QUICK_ONLY = "golden or vector_gives or both_builds or drivers_run"


def main() -> int:
    """Runs what is asked for; the exit status."""
    asked, words = _arguments()
    start = time.monotonic()
    try:
        machine = prepared()
    except Unavailable as lack:
        print(f"{'left out: aarch64' if asked.optional else 'aarch64'}: {lack}", flush=True)
        return 0 if asked.optional else 1
    print(f"aarch64: prepared after {time.monotonic() - start:.0f} s: {machine.python}", flush=True)
    faults = [] if asked.only_tests else list(compared(machine, asked.quick))
    for name, why in () if asked.only_bits else lefts(asked):
        print(f"left out: {name}: {why}", flush=True)
    if not asked.only_bits and machine.run("-m", "pytest", *selection(asked, words), cpu=asked.cpu):
        faults.append(f"tests failed on {asked.cpu}: pytest's words stand above")
    for fault in faults:
        print(f"wrong: {fault}", flush=True)
    print(f"aarch64: {'all right' if not faults else f'{len(faults)} faults'} in {time.monotonic() - start:.0f} s")
    return 1 if faults else 0


def _arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(prog="nox -s aarch64 --", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a part of a minute or two, which the landing check runs")
    parser.add_argument("--whole", action="store_true", help="examples in docstrings, and tests of minutes, too")
    parser.add_argument("--only-bits", action="store_true", help="no tests")
    parser.add_argument("--only-tests", action="store_true", help="no comparison with x86-64")
    parser.add_argument("--cpu", default=OLDEST, help=f"the processor that runs the tests ({OLDEST})")
    parser.add_argument("--optional", action="store_true", help="what cannot be had here is said, and no failure")
    return parser.parse_known_args()


def selection(asked: argparse.Namespace, words: list[str]) -> list[str]:
    """What pytest is told."""
    chosen = [word for word in words if (ROOT / word.partition("::")[0]).exists()]
    if asked.quick:
        usual = [*QUICK, "-k", QUICK_ONLY]
    else:
        usual = list(WHOLE) if asked.whole else [*USUAL, *(f"--ignore={name}" for name in HOSTS)]
    left = [f"--deselect={name}" for name in FAULTY]
    return ["-p", "no:cacheprovider", *left, *([] if chosen else usual), *words]


def lefts(asked: argparse.Namespace) -> list[tuple[str, str]]:
    """Tests that would be asked for and are left out, with why."""
    return [] if asked.quick else [*FAULTY.items(), *(() if asked.whole else HOSTS.items())]


def compared(machine: Machine, few: bool) -> Iterator[str]:
    """Faults of payloads and products, a line each; lines about what was compared go to the screen."""
    debian.folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=debian.folder()) as name:
        folder = Path(name)
        bits.write_inputs(folder, few)
        here, lacking = machine.processors()
        for cpu in lacking:
            print(f"left out: {cpu}: this QEMU has none", flush=True)
        files: dict[tuple[str, str, str], Path] = {}
        for isa, flags, cpu in wanted(few, here):
            out = folder / f"{isa}-{cpu}-{len(files)}.npz"
            if machine.run("-m", "emulation.bits", str(folder), isa, str(out), cpu=cpu, **bits.flags(flags)):
                yield f"the build {isa} did not run to its end on {cpu}: its words stand above"
                return
            files[isa, flags, cpu] = out
        for cpu in here:
            ours, theirs = bits.read(files["aarch64", "", OLDEST]), bits.read(files["aarch64", "", cpu])
            differ = bits.differing(ours, theirs)
            yield from told(f"{OLDEST}, {cpu}", ours, differ, differ)
        for pair in bits.PAIRS:
            if pair.needs not in {"", *build.processor_flags()}:
                print(f"left out: {pair.said}: this processor has no {pair.needs}", flush=True)
            elif file := files.get((pair.aarch64, pair.flags, OLDEST)):
                ours, theirs = bits.read(file), bits.on_the_host(folder, pair, environment())
                differ = bits.differing(ours, theirs)
                yield from told(pair.said, ours, differ, bits.far(pair, ours, theirs, differ, folder))


def wanted(few: bool, newer: list[str]) -> list[tuple[str, str, str]]:
    """(build, flags, processor) of what is computed under the emulator."""
    builds = dict.fromkeys((pair.aarch64, pair.flags, OLDEST) for pair in bits.PAIRS if not (few and pair.flags))
    return [*builds, *(("aarch64", "", cpu) for cpu in newer)]


def told(what: str, compared: bits.Arrays, differ: list[str], wrong: list[str]) -> Iterator[str]:
    """A line about a comparison, and its faults."""
    kinds = ("payload", "decoded", "product")
    count = ", ".join(f"{sum(name.startswith(kind) for name in compared)} {kind}" for kind in kinds)
    near = f"; {len(differ) - len(wrong)} products near" if len(differ) > len(wrong) else ""
    print(f"{what}: {count}: {len(compared) - len(differ)} the same bits{near}; {len(wrong)} wrong", flush=True)
    yield from (f"{what}: {name}" for name in wrong[:5])


if __name__ == "__main__":
    sys.exit(main())
