"""Where something was measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Machine, instruction set and compiler, as rows carry them."""

    machine: str
    isa: str
    compiler: str
