"""What this machine can measure, and the one line that cures each lack. Asks no host."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from dotbench.bench.counting import callgrind
from dotbench.bench.energy import powercap
from dotbench.bench.energy.counters import NotMeasurable
from dotbench.bench.energy.perf import CURE, EVENT_FOLDER, PARANOID, is_closed
from dotbench.bench.machine.describe import blas, machine_id, memory_bytes
from dotbench.bench.machine.extras import EXTRAS, Extra
from dotbench.bench.show import next_step
from dotbench.bench.show.fitted import Column, fitted
from dotbench.cdot import build, places

FVP = ("FVP_Corstone_SSE-300_Ethos-U55", "VHT_MPS3_Corstone_SSE-300")
LATER = "not measured by this version yet"


@dataclass(frozen=True)
class Check:
    """``ok``: True, False (a lack that matters now) or None (nothing that this version measures needs it)."""

    name: str
    ok: bool | None
    found: str
    cure: str = ""


def checks(
    home: Path,
    build_kernels: Callable[[], Path],
    powercap_root: Path = powercap.ROOT,
    paranoid: Path = PARANOID,
    events: Path = EVENT_FOLDER,
) -> list[Check]:
    """All checks. ``powercap_root``, ``paranoid`` and ``events`` are where the system shows them."""
    return [
        Check("machine", True, f"{machine_id()}, {memory_bytes() / 2**30:.0f} GiB of memory"),
        Check("python", True, f"{sys.version.split()[0]} ({sys.executable})"),
        compiler(),
        vector_units(),
        kernels(build_kernels),
        numpy_blas(),
        predictions(),
        mirror(),
        network(),
        disk(home),
        rapl(powercap_root),
        perf(paranoid, events),
        valgrind(),
        qemu(),
        fvp(),
        *map(installed, EXTRAS.values()),
        Check("board", None, "named by its TOML: nox -s firmware -- --runners board --board FILE.toml"),
    ]


def installed(extra: Extra) -> Check:
    """Whether the packages of an extra are there, and the line that brings them."""
    lacking = extra.lacking()
    if not lacking:
        return Check(f"extra {extra.name}", True, extra.brings)
    matters = False if extra.name == "run" else None
    found = f"{extra.brings} (not installed: {', '.join(lacking)})"
    return Check(f"extra {extra.name}", matters, found, places.brings(extra.name))


def compiler() -> Check:
    """What kernels are compiled with; an installed package carries its own."""
    try:
        name = build.compiler_name()
        return Check(
            "compiler", True, f"{name}, which built the package's kernels" if build.carried("compiler") else name
        )
    except build.BuildError as error:
        return Check("compiler", False, str(error), "python -m pip install ziglang==0.17.1")


def vector_units() -> Check:
    """Which builds of the kernels run here."""
    try:
        fits, chosen = build.instruction_sets(), build.chosen_isa()
    except build.BuildError as error:
        return Check("vector units", False, str(error), "unset DOTBENCH_ISA")
    return Check("vector units", True, f"kernels for {' and '.join(fits)} run here; {chosen} is used")


def kernels(build_kernels: Callable[[], Path]) -> Check:
    try:
        return Check("kernels", True, f"built: {build_kernels().name}")
    except (build.BuildError, OSError) as error:
        return Check("kernels", False, str(error), "see the compiler's words above")


def numpy_blas() -> Check:
    """Which library multiplies numpy's matrices in measuring processes."""
    if EXTRAS["run"].lacking():
        return Check("BLAS", None, "looked at with the extra run", places.brings("run"))
    known = [f"{one['internal_api']} {one['version']} ({one['architecture']})" for one in blas()]
    return Check("BLAS", bool(known), ", ".join(known) or "numpy brings no BLAS that shows itself")


def predictions() -> Check:
    """Whether predicted times are of this machine."""
    if EXTRAS["run"].lacking():
        return Check("predictions", None, "looked at with the extra run", places.brings("run"))
    from dotbench.bench.costs.calibrate import AGAIN, calibration

    if calibration():
        return Check("predictions", True, "times that pick predicts are fitted to this machine")
    return Check("predictions", None, "times that pick predicts are those of the committed table's machine", AGAIN)


def mirror() -> Check:
    """Real data on this machine."""
    named = os.environ.get("DOTBENCH_DATA")
    folder = Path(named) if named else build.FOLDER.parent.parent / "shared" / "data"
    if folder.is_dir() and (named or places.CHECKOUT):
        return Check("data mirror", True, str(folder))
    cure = "export DOTBENCH_DATA=/path/to/mirror"
    if named:
        return Check("data mirror", False, f"DOTBENCH_DATA={named} is no folder", cure)
    return Check("data mirror", None, "none; data comes from the network or is a twin", cure)


def network() -> Check:
    if os.environ.get("DOTBENCH_OFFLINE") == "1":
        return Check("network", None, "DOTBENCH_OFFLINE=1: no host is asked", "unset DOTBENCH_OFFLINE")
    return Check("network", True, "used for data sets that no mirror holds (DOTBENCH_OFFLINE=1 forbids it)")


def disk(home: Path) -> Check:
    """Room for caches, and whether they can be written."""
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(there).free / 2**30
    if not os.access(there, os.W_OK):
        return Check("disk", False, f"{there} cannot be written", "export DOTBENCH_HOME=/folder/with/room")
    return Check("disk", free > 1, f"{free:.0f} GiB free for {home}", "" if free > 1 else "free some room")


def rapl(root: Path) -> Check:
    """Energy counters, whether they may be read, and the line that opens them."""
    try:
        domains = powercap.open_powercap(root).domains
    except NotMeasurable as lack:
        if not lack.cure:
            return Check("RAPL", None, f"{lack.reason}: energy is modelled (virtual machines have no counters)")
        found = f"{lack.reason}: energy is modelled; at every boot: {powercap.rule()}"
        return Check("RAPL", False, found, lack.cure)
    names = ", ".join(domain.name for domain in domains)
    return Check("RAPL", True, f"readable: {names}")


def perf(paranoid: Path, events: Path) -> Check:
    """perf's power events, which stand in for counters that cannot be read."""
    where = shutil.which("perf")
    if not where:
        return Check("perf", None, "not found; its power events are the cross-check", "sudo apt-get install linux-perf")
    if not (events / "energy-pkg").exists():
        return Check("perf", None, f"{where}; no power events here")
    if is_closed(paranoid):
        return Check("perf", False, f"{where}; its power events are not for everybody", CURE)
    return Check("perf", True, f"{where}; power events (DOTBENCH_ENERGY=perf takes them)")


def valgrind() -> Check:
    """What counts instructions."""
    try:
        where, version = callgrind.valgrind()
    except callgrind.Unavailable as lack:
        return Check("valgrind", False, f"{lack.what}; instructions cannot be counted", lack.cure)
    return Check("valgrind", True, f"{version} ({where})")


def qemu() -> Check:
    """What runs Cortex-M55 images."""
    if EXTRAS["run"].lacking():
        return Check("qemu-system-arm", None, "looked for with the extra run", places.brings("run"))
    from dotbench.firmware.errors import Unavailable  # slow to import, and of little use without the extras
    from dotbench.firmware.runners import qemu as runner

    try:
        where = runner.find()
        version = ".".join(map(str, runner.version_of(where)))
    except Unavailable as lack:
        return Check("qemu-system-arm", None, f"{lack.what}; nox -s firmware fetches it without root", lack.cure)
    return Check(
        "qemu-system-arm", True, f"version {version} ({where}): instructions and estimated cycles of a Cortex-M55"
    )


def program(name: str, package: str, what: str) -> Check:
    """A program that later versions use for ``what``."""
    where = shutil.which(name)
    if not where:
        return Check(name, None, f"not found; {what} are {LATER}", f"sudo apt-get install {package}")
    cure = f"sudo apt-get install --reinstall {package}"
    try:
        asked = subprocess.run([where, "--version"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return Check(name, None, f"{where} does not run; {what} are {LATER}", cure)
    printed = asked.stdout.splitlines()
    return Check(name, None, f"{printed[0] if printed else where}; {what} are {LATER}")


def fvp() -> Check:
    """Arm's simulator: $FVP_CORSTONE300, then the path."""
    named = os.environ.get("FVP_CORSTONE300")
    if named and not shutil.which(named):
        lack = f"{named}, which FVP_CORSTONE300 names, is no program"
        return Check("FVP", None, lack, "export FVP_CORSTONE300=/path/to/FVP_Corstone_SSE-300_Ethos-U55")
    found = named or next(filter(None, map(shutil.which, FVP)), None)
    return Check("FVP", None, f"{found or 'Corstone-300 model not found'}; nox -s firmware -- --runners fvp takes it")


def render(found: list[Check], console: Console) -> None:
    """A line a check; the cures of lacks below."""
    marks = {True: Text("ok", "green"), False: Text("lack", "bold red"), None: Text("-", "dim")}
    rows = [(marks[check.ok], check.name, check.found) for check in found]
    console.print(fitted((Column(""), Column(""), Column("", words=True)), rows, console.width, head=False).table)
    cures = [check for check in found if check.cure]
    if cures:
        console.print("\nwhat would bring more:")
    for check in cures:
        console.print(Text(f"  {check.name}: ", "dim") + Text(check.cure), soft_wrap=True)
    lacks = [check.name for check in found if check.ok is False]
    said = f"lacking: {', '.join(lacks)}" if lacks else "nothing that matters is lacking"
    console.print(Text(f"\n{said}"))
    if "extra run" in lacks:
        console.print(Text(f"next: {places.brings('run')}   (what measuring needs)"), soft_wrap=True)
    else:
        console.print(Text(next_step.line("run small --quick", "a look in about two minutes")), soft_wrap=True)
