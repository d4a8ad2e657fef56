"""Error codes of `cdot.h` as exceptions, in one place."""

from __future__ import annotations

MESSAGES = {
    -1: "it is cut short: the sections that its header announces are longer than the file",
    -2: "it does not start with the bytes DOTB, so it is no payload",
    -3: "it is of a newer layout than this version reads: update dotbench",
    -4: "it holds another format or value type than asked for",
    -5: "its sections do not add up to its length",
    -6: "its column pointers or counts are out of order",
    -7: "an index in it is out of range",
    -8: "its code lengths are those of no complete prefix code",
    -9: "a seek point lies outside its bit stream",
    -10: "the column range is out of order or outside the matrix",
    -11: "the workspace is too small",
    -12: "its checksum does not fit: the bytes were changed after they were written",
    -13: "an array is too small for what is decoded",
    -14: "a thread could not be started",
    -15: "this processor cannot do it",
    -16: "the clock stepped back while something was timed",
    -17: "what it was given are no columns: pointers or rows are out of order or out of range",
    -18: "its kernels were built for another version of the kernel contract (cdot/core/cdot.h): build them again",
    -19: "its product needs what is prepared of x, and nothing was",
}


class PayloadError(ValueError):
    """A payload that is damaged, cut short, of a newer layout, or of another format."""


class KernelError(RuntimeError):
    """A kernel refused its arguments; these are checked before, so this is a fault of dotbench."""


class ClockError(RuntimeError):
    """A clock that stepped back or stood still during a sample: the sample says nothing."""


def check_open(status: int, what: str) -> int:
    """``status`` if it is no error; PayloadError that names ``what`` otherwise."""
    if status < 0:
        raise PayloadError(f"{what} cannot be read: {MESSAGES[status]} (error {status})")
    return status


def check(status: int) -> int:
    """``status`` if it is no error; ClockError for a clock that jumped, KernelError otherwise."""
    if status == -16:
        raise ClockError(MESSAGES[status])
    if status < 0:
        raise KernelError(f"{MESSAGES[status]} (error {status})")
    return status
