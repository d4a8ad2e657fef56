"""``nox -s wheels``: builds both wheels, looks at them, installs one into an empty environment, and multiplies.

``--keep FOLDER``: where the wheels stay. Exit status 1, with a line a fault, if a wheel is not what it has to be, a
limit is passed, or a product is wrong.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import emulated
from contents import faults
from installed import Failed, empty, first_product, install, multiply
from kernels import LEVELS

ROOT = Path(__file__).resolve().parent.parent
BESIDE = ("datasets", "cdot")  # packages of the index with the names of two of our rooms


def build(machine: str, folder: Path) -> Path:
    """The wheel for a machine, from this checkout."""
    place = folder / machine
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-build-isolation", "--wheel-dir", str(place), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, DOTBENCH_WHEEL=machine))
    if done.returncode:
        raise Failed(f"the wheel for {machine} could not be built:\n{(done.stderr or done.stdout).strip()[-3000:]}")
    (wheel,) = place.glob("*.whl")
    return wheel


def beside_others(wheel: Path, python: Path, folder: Path) -> Iterator[str]:
    """Installs `BESIDE` after the wheel, and before it in another environment; all are imported, and ours multiplies.
    A line an order."""
    install(python, *BESIDE)
    multiply(python, *BESIDE)
    yield f"dotbench, then {' and '.join(BESIDE)}: all import, and the product is right"
    second = empty(folder / "after")
    install(second, *BESIDE)
    install(second, str(wheel))
    multiply(second, *BESIDE)
    yield f"{' and '.join(BESIDE)}, then dotbench: all import, and the product is right"


def looked_at(machine: str, wheel: Path) -> list[str]:
    """Faults of a wheel, after a line about it."""
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.2f} MB", flush=True)
    found = [f"{wheel.name}: {fault}" for fault in faults(wheel, machine)]
    if machine == "aarch64" and not found:
        if lack := emulated.lack():
            print(f"left out: products of {machine}, {lack}")
        else:
            wrong = emulated.wrong_products(wheel)
            print(f"products of {machine} under QEMU: {f'wrong in {wrong}' if wrong else 'all right'}", flush=True)
            found += [f"{machine}: the product of {one} is wrong" for one in wrong]
    return found


def checked(folder: Path) -> list[str]:
    """Everything; the faults, a line each."""
    wheels = {machine: build(machine, folder) for machine in LEVELS}
    found = [fault for machine, wheel in wheels.items() for fault in looked_at(machine, wheel)]
    here = wheels.get(platform.machine())
    if here is None:
        return [*found, f"no wheel for this machine, {platform.machine()}: none was installed"]
    with tempfile.TemporaryDirectory() as name:
        python, first = first_product(here, Path(name) / "first")
        print(f"installed: {first.megabytes:.1f} MB; first product after {first.seconds:.0f} s", flush=True)
        found += first.faults()
        for line in beside_others(here, python, Path(name)):
            print(line, flush=True)
    return found


def main() -> int:
    """Prints what is found; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, default=ROOT / ".dotbench" / "wheels")
    try:
        found = checked(parser.parse_args().keep)
    except Failed as failure:
        found = [str(failure)]
    for fault in found:
        print(f"wrong: {fault}", file=sys.stderr)
    print("wheels: all right" if not found else f"wheels: {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
