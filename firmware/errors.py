"""What can go wrong on the way to a figure; each message says what to do, or what the target did."""

from __future__ import annotations


class FirmwareError(RuntimeError):
    """A figure could not be had."""


class Unavailable(FirmwareError):
    """A program or device is missing; ``cure`` is the line that brings it."""

    def __init__(self, what: str, cure: str = "") -> None:
        super().__init__(f"{what}: {cure}" if cure else what)
        self.what, self.cure = what, cure


class DoesNotFit(FirmwareError):
    """A payload, or what its product needs, is larger than the memory that it is placed in."""


class TargetFailed(FirmwareError):
    """The target faulted, refused its job, or said what no target of ours says."""


class TargetHung(TargetFailed):
    """The target did not end in time."""


class WrongProduct(FirmwareError):
    """The target's product is not the host's, bit for bit."""
