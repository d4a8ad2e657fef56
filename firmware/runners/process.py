"""A simulator as a process: its words, its end, and what is said where it has none."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import tempfile
import time
from typing import IO

from dotbench.firmware.errors import TargetFailed, TargetHung, Unavailable

END = b"\x04"  # target/uart.c says it last
MOST = 64 << 20  # bytes of output


def output_of(command: list[str], seconds: float, what: str) -> str:
    """What a simulator writes until it ends or says `END`. It is killed with all its children after ``seconds``.

    Raises Unavailable where it cannot be started, TargetHung, and TargetFailed where a signal killed it or it
    ended with an error and without a word.
    """
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
            )
        except OSError as error:
            raise Unavailable(f"{what} does not run: {error.strerror or error}") from error
        assert process.stdout is not None
        with process, process.stdout as stream:
            out, ended = _read(stream, time.monotonic() + seconds)
            stopped = END in out and process.poll() is None
            if stopped or not ended:
                os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
        errors.seek(0)
        err = errors.read()[-300:].decode(errors="replace").strip()
    text = out.partition(END)[0].decode("ascii", "replace")
    if not ended:
        raise TargetHung(f"{what} did not end within {seconds:g} s; it said last: {_last_line(text)}")
    if code < 0 and not stopped:
        raise TargetFailed(f"{what} was killed by signal {-code}: {err or 'no reason given'}")
    if code and not text:
        raise TargetFailed(f"{what} ended with exit code {code}: {err or 'no reason given'}")
    return text


def _last_line(text: str) -> str:
    return next((line[:120] for line in reversed(text.splitlines()) if line.strip()), "nothing")


def _read(stream: IO[bytes], until: float) -> tuple[bytes, bool]:
    """What comes until the end or `END`, and whether there was an end in time."""
    out = bytearray()
    with selectors.DefaultSelector() as ready:
        ready.register(stream, selectors.EVENT_READ)
        while len(out) < MOST:
            left = until - time.monotonic()
            if left <= 0 or not ready.select(left):
                return bytes(out), False
            data = os.read(stream.fileno(), 1 << 16)
            out += data
            if not data or END in out:
                return bytes(out), True
    return bytes(out), False
