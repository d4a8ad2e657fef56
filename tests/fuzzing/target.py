"""What a fuzzing target is, and where its corpus and findings lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dotbench.cdot import build


class Unavailable(RuntimeError):
    """A fuzzer that this machine lacks; the message has the line that brings it."""


@dataclass(frozen=True)
class Target:
    """``name`` is payload:FORMAT:TYPE or reader:KIND, ``build`` an instruction set or ``python``.

    ``limits`` are libFuzzer's flags for memory.
    """

    name: str
    build: str
    limits: tuple[str, ...]
    longest: int = 10240  # bytes of an input

    @property
    def kind(self) -> str:
        """``payload`` or ``reader``."""
        return self.name.partition(":")[0]

    @property
    def label(self) -> str:
        """The name as files and lines have it."""
        return f"{self.name} {self.build}"

    @property
    def corpus(self) -> Path:
        """Inputs that reached something new; builds of one format share it."""
        return folder() / "corpus" / self.name.replace(":", "-")

    @property
    def findings(self) -> Path:
        return folder() / "findings" / f"{self.name.replace(':', '-')}-{self.build}"


def folder() -> Path:
    """Programs, corpora and findings; ignored by git."""
    return build.state_folder() / "fuzz"
