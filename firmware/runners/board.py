"""A board over its serial line: jobs are sent to the running image, so nothing is relinked or copied anew.

The image waits for a job's magic, whatever noise comes before; then come address, size and bytes. Cycles come from the
processor's own counter, so only here are they called cycles.

A board is described by TOML::

    [board]
    name = "mps3-an547"          # the CSV's runner
    port = "/dev/ttyUSB0"
    baud = 115200
    seconds = 60                 # until the answer must be there
"""

from __future__ import annotations

import struct
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from dotbench.firmware.errors import FirmwareError, TargetHung, Unavailable
from dotbench.firmware.jobs import MAGIC, Job, Placement

END = b"\x04"
MOST = 1 << 20  # bytes of an answer
KEYS: dict[str, type | tuple[type, ...]] = {"name": str, "port": str, "baud": int, "seconds": (int, float)}


class Line(Protocol):
    """The part of a serial port that is used."""

    def read(self, size: int) -> bytes: ...
    def write(self, data: bytes) -> int | None: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Board:
    """A configured board; ``opened`` opens its line (for tests, another one)."""

    name: str
    port: str
    baud: int = 115200
    seconds: float = 60.0
    output: str = "uart"
    opened: Callable[[str, int], Line] | None = None

    def run(self, job: Job, where: Placement) -> str:
        """Sends the job and gives what the image answers.

        Raises Unavailable where the line cannot be opened, TargetHung where nothing, too little or only
        noise comes within ``seconds``.
        """
        packed = job.placed(where)
        line = (self.opened or _serial)(self.port, self.baud)
        try:
            until = time.monotonic() + self.seconds
            line.write(MAGIC + struct.pack("<II", where.address, len(packed)) + packed)
            return self._wait(line, END, until).decode("ascii", "replace")
        except OSError as error:
            raise TargetHung(f"{self.name}: the line {self.port} broke: {error}") from error
        finally:
            line.close()

    def _wait(self, line: Line, what: bytes, until: float) -> bytes:
        seen = bytearray()
        while what not in seen:
            if time.monotonic() > until or len(seen) > MOST:
                raise TargetHung(
                    f"{self.name} on {self.port} did not answer within {self.seconds:g} s; it said "
                    f"{bytes(seen[-80:])!r}. Reset it, and see that image, port and {self.baud} baud are right."
                )
            seen += line.read(4096)
        return bytes(seen)


def _serial(port: str, baud: int) -> Line:
    try:
        import serial
    except ImportError:
        raise Unavailable("pyserial is not there", "python -m pip install pyserial") from None
    try:
        return cast(Line, serial.Serial(port, baud, timeout=0.1))
    except serial.SerialException as error:
        raise Unavailable(f"the board's line {port} cannot be opened: {error}") from error


def read_board(path: Path) -> Board:
    """A board from its TOML file; FirmwareError names what is wrong in it."""
    try:
        table = tomllib.loads(path.read_text())["board"]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FirmwareError(f"{path} cannot be read: {error}") from error
    except KeyError:
        raise FirmwareError(f"{path} has no table [board]") from None
    for key, value in table.items():
        if key not in KEYS:
            raise FirmwareError(f"{path}: no setting {key!r}: there are {', '.join(KEYS)}")
        if not isinstance(value, KEYS[key]):
            raise FirmwareError(f"{path}: {key} = {value!r} is of the wrong type")
    if missing := [key for key in ("name", "port") if key not in table]:
        raise FirmwareError(f"{path}: {' and '.join(missing)} must be given")
    return Board(**table)
