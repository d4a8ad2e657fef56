"""What an opened payload may ask for, held against its own length: a few bytes can promise anything."""

from __future__ import annotations

from dataclasses import dataclass

from dotbench.cdot.errors import PayloadError


@dataclass(frozen=True)
class Limits:
    """At most so much, or so much for each byte of the payload, whichever is more.

    ``scratch_bytes`` and ``scratch_per_byte``: memory that opening and a product of one vector need besides the
    payload. ``steps`` and ``steps_per_byte``: what a product of one vector walks through (`Format.steps`):
    half a second of it.
    """

    scratch_bytes: int = 1 << 28
    scratch_per_byte: int = 64
    steps: int = 1 << 28
    steps_per_byte: int = 1 << 16

    def check_scratch(self, asked: int, nbytes: int, what: str) -> None:
        """PayloadError where a payload of ``nbytes`` asks for more bytes of scratch."""
        allowed = max(self.scratch_bytes, self.scratch_per_byte * nbytes)
        if asked > allowed:
            raise PayloadError(
                f"{what} asks for {asked} bytes of memory besides its own {nbytes}, and {allowed} are allowed: "
                f"if you trust it, load it with limits=formats.Limits(scratch_bytes={asked}), or limits=None"
            )

    def check_steps(self, asked: int, nbytes: int, what: str) -> None:
        """PayloadError where a product of a payload of ``nbytes`` takes more steps."""
        allowed = max(self.steps, self.steps_per_byte * nbytes)
        if asked > allowed:
            raise PayloadError(
                f"{what} makes a product walk through {asked} entries, and its {nbytes} bytes may have {allowed}: "
                f"if you trust it, load it with limits=formats.Limits(steps={asked}), or limits=None"
            )


LIMITS = Limits()
