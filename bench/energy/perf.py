"""perf's power events: one ``perf stat`` a window, switched on and off through its control pipes.

The events read the same registers as the powercap tree, but at any moment and not on a tick, so a
window's edges are off by up to a period each. It is the cross-check, and what is left where the tree is
closed and perf is not.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
from pathlib import Path

from bench.energy.counters import DRAM, PACKAGE, CounterLost, NotMeasurable
from bench.energy.meters import Clock, Meter, Reading

EVENTS = {PACKAGE: "power/energy-pkg/", DRAM: "power/energy-ram/"}
EVENT_FOLDER = Path("/sys/bus/event_source/devices/power/events")
PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")
CURE = "sudo sysctl kernel.perf_event_paranoid=0"
PERIOD = 0.001  # seconds: how often the hardware's registers move
PATIENCE = 10.0  # seconds that perf has for an answer
CONTROL_LACKS = "this perf has no --control (Linux 5.10 brought it)"


def parse(text: str, event: str) -> float:
    """Joules of an event in the output of ``perf stat -x,``; NotMeasurable where it has none.

    >>> parse("12.50,Joules,power/energy-pkg/,1000123,100.00,,", "power/energy-pkg/")
    12.5
    """
    for line in text.splitlines():
        fields = line.split(",")
        if len(fields) < 3 or fields[2] != event:
            continue
        try:
            joules = float(fields[0])
        except ValueError:
            raise NotMeasurable(f"perf says {fields[0]} of {event}") from None
        if fields[1] != "Joules" or not joules >= 0:
            raise NotMeasurable(f"perf says {fields[0]} {fields[1]} of {event}, which is no energy")
        return joules
    raise NotMeasurable(why_not(text))


def why_not(words: str) -> str:
    """perf's own words where there are no figures, for people."""
    if "control" in words and ("unknown" in words.lower() or "usage" in words.lower()):
        return CONTROL_LACKS
    if "Cannot find PMU" in words or "event syntax error" in words:
        return "perf has no power events here"
    first = next((line.strip() for line in words.splitlines() if line.strip()), "no words")
    return f"perf counts nothing ({first[:120]})"


def environment() -> dict[str, str]:
    """Numbers with points, whatever the user's language."""
    return dict(os.environ, LC_ALL="C")


def stat(program: str, kinds: tuple[str, ...]) -> list[str]:
    """The command that counts on the whole machine and prints fields with commas between."""
    return [program, "stat", "-a", "-x,", *(word for kind in kinds for word in ("-e", EVENTS[kind]))]


class PerfMeter(Meter):
    """Runs ``perf stat -a`` for each window."""

    kind, source, period = "perf", "perf", PERIOD

    def __init__(self, program: str, clock: Clock, kinds: tuple[str, ...]) -> None:
        self._program, self._clock, self._kinds = program, clock, kinds
        self._process: subprocess.Popen[str] | None = None
        self._pipes: tuple[int, int] = (-1, -1)

    def start(self) -> None:
        control, command = os.pipe()
        answer, acknowledge = os.pipe()
        events = [word for kind in self._kinds for word in ("-e", EVENTS[kind])]
        arguments = [
            self._program,
            "stat",
            "-a",
            "-x,",
            *events,
            "-D",
            "-1",
            "--control",
            f"fd:{control},{acknowledge}",
        ]
        self._pipes = command, answer
        self._process = subprocess.Popen(
            arguments,
            pass_fds=(control, acknowledge),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        os.close(control)
        os.close(acknowledge)
        self._tell("enable")
        self._started = self._clock.now()

    def stop(self) -> Reading:
        self._tell("disable")
        seconds = self._clock.now() - self._started
        assert self._process
        self._process.send_signal(signal.SIGINT)  # perf prints, and ends
        words = self._end()
        return Reading(seconds, {kind: parse(words, EVENTS[kind]) for kind in self._kinds})

    def close(self) -> None:
        if self._process:
            self._process.kill()
            self._end()

    def _tell(self, word: str) -> None:
        """A command, and perf's answer to it; CounterLost with perf's words where there is none."""
        command, answer = self._pipes
        with contextlib.suppress(BrokenPipeError):
            os.write(command, f"{word}\n".encode())
        ready = select.select([answer], [], [], PATIENCE)[0]
        if ready and os.read(answer, 16):
            return
        assert self._process
        self._process.kill()
        words = self._end()
        raise CounterLost(why_not(words) if ready else f"perf gave no answer for {PATIENCE:.0f} s")

    def _end(self) -> str:
        """Waits for perf and closes the pipes; what perf said."""
        assert self._process
        try:
            words = self._process.communicate(timeout=PATIENCE)[1]
        except subprocess.TimeoutExpired:
            self._process.kill()
            words = self._process.communicate()[1]
        for pipe in self._pipes:
            os.close(pipe)
        self._process = None
        return words


def counts(program: str, kinds: tuple[str, ...]) -> None:
    """One short count of these events; NotMeasurable says why there is none."""
    command = [*stat(program, kinds), "--", "true"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment())
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotMeasurable(f"{program} does not run ({error})") from error
    for kind in kinds:
        parse(done.stderr, EVENTS[kind])


def open_perf(clock: Clock, program: str = "perf", paranoid: Path = PARANOID) -> PerfMeter:
    """perf's meter, with DRAM where perf has it; NotMeasurable with the reason and the cure."""
    found = shutil.which(program)
    if not found:
        raise NotMeasurable("perf is not installed", "sudo apt-get install linux-perf")
    for kinds in ((PACKAGE, DRAM), (PACKAGE,)):
        try:
            counts(found, kinds)
            return PerfMeter(found, clock, kinds)
        except NotMeasurable as error:
            lack = error
    if "no power events" not in lack.reason and is_closed(paranoid):
        raise NotMeasurable("perf may not count for the whole machine", CURE) from lack
    raise lack


def is_closed(paranoid: Path) -> bool:
    """Whether the kernel keeps machine-wide counts from this user."""
    try:
        return int(paranoid.read_text()) > 0 and os.geteuid() != 0
    except (OSError, ValueError):
        return False
