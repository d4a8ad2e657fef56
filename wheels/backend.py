"""setuptools' build backend, which asks for the compiler where a wheel is built: its kernels are built ahead.

An editable install of a checkout compiles when kernels are needed, and asks for nothing.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403 - all hooks but those below are setuptools'

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def pinned_compiler() -> str:
    """The line of pyproject.toml that pins the compiler."""
    found = re.search(r'"(ziglang==[\d.]+)"', PROJECT.read_text())
    assert found, f"{PROJECT} pins no ziglang"
    return found[1]


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    """What setuptools asks for, and the compiler."""
    return [*build_meta.get_requires_for_build_wheel(config_settings), pinned_compiler()]
