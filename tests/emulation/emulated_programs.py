"""Programs of aarch64 that tests start: with the emulator in front, for the host's kernel runs none of them.

Of the emulated Python alone: `machine` puts it beside its packages, with a .pth file that imports it.
"""

import os
import subprocess
from pathlib import Path

ELF_AARCH64 = 183
EMULATOR = os.environ.get("DOTBENCH_EMULATOR", "").split("\n")


def emulated(command: object) -> object:
    """A command's words as the host's kernel can run them."""
    if isinstance(command, (list, tuple)) and EMULATOR[0] and _is_aarch64(command[0]):
        return [*EMULATOR, *command]
    return command


def _is_aarch64(program: object) -> bool:
    try:
        with Path(os.fsdecode(program)).open("rb") as file:  # type: ignore[arg-type]
            head = file.read(20)
    except (OSError, TypeError):
        return False
    return head[:4] == b"\x7fELF" and int.from_bytes(head[18:20], "little") == ELF_AARCH64


class Popen(subprocess.Popen):  # type: ignore[type-arg]
    """The same for other machines' programs."""

    def __init__(self, args: object, *more: object, **named: object) -> None:
        super().__init__(emulated(args), *more, **named)  # type: ignore[call-overload]


if EMULATOR[0]:
    subprocess.Popen = Popen  # type: ignore[misc]
