"""What pyproject.toml cannot say: a wheel carries kernels that are built ahead, and its name says for which machine."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT), str(ROOT / "wheels")]

import kernels  # noqa: E402 - found by the line above


class WithKernels(build_py):
    """Copies the code, and for a wheel builds the kernels into it."""

    def run(self) -> None:
        if not self.editable_mode:
            shutil.rmtree(self.build_lib, ignore_errors=True)  # files of an earlier build may have moved since
        super().run()
        if not self.editable_mode:
            kernels.build_into(Path(self.build_lib) / "dotbench" / "cdot" / "built")


class ForAMachine(bdist_wheel):
    """Any Python 3 of one machine: the kernels are opened by cffi, and know nothing of Python."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", kernels.platform_tag()


class OfAMachine(Distribution):
    """Installed where what is of one machine belongs."""

    def has_ext_modules(self) -> bool:
        return True


setup(distclass=OfAMachine, cmdclass={"build_py": WithKernels, "bdist_wheel": ForAMachine})
