"""perf's power events: one ``perf stat`` a window, switched on and off through its control pipes.

The events read the same registers as the powercap tree, but at any moment and not on a tick, so a
window's edges are off by up to a period each. It is the cross-check, and what is left where the tree is
closed and perf is not.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path

from dotbench.bench.energy import perf_cpus
from dotbench.bench.energy.counters import DRAM, PACKAGE, CounterLost, NotMeasurable
from dotbench.bench.energy.meters import Clock, Meter, Reading

EVENTS = {PACKAGE: "power/energy-pkg/", DRAM: "power/energy-ram/"}
EVENT_FOLDER = Path("/sys/bus/event_source/devices/power/events")
PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")
CURE = "sudo sysctl kernel.perf_event_paranoid=0"
PERIOD = 0.001  # seconds: how often the hardware's registers move
ROUNDING = 0.005  # joules by which a figure of two decimals may be off
PATIENCE = 10.0  # seconds that perf has for an answer
CONTROL_LACKS = "this perf has no --control (Linux 5.10 brought it)"


def by_processor(text: str, event: str) -> dict[str, float]:
    """Joules of an event in the output of ``perf stat -x,``, by the processor that counted (``-A``), "" for all.

    NotMeasurable where it has none.

    >>> by_processor("CPU0,12.50,Joules,power/energy-pkg/,1000123,100.00,,", "power/energy-pkg/")
    {'CPU0': 12.5}
    """
    found: dict[str, float] = {}
    for line in text.splitlines():
        fields = line.split(",")
        processor = fields.pop(0) if re.fullmatch(r"CPU\d+", fields[0]) else ""
        if len(fields) < 3 or fields[2] != event:
            continue
        try:
            joules = float(fields[0])
        except ValueError:
            raise NotMeasurable(f"perf says {fields[0]} of {event}") from None
        if fields[1] != "Joules" or not joules >= 0:
            raise NotMeasurable(f"perf says {fields[0]} {fields[1]} of {event}, which is no energy")
        found[processor] = joules
    if not found:
        raise NotMeasurable(why_not(text))
    return found


def parse(text: str, event: str, repeated: Collection[str] = ()) -> float:
    """Joules of an event, of all processors but those that show a register ``repeated``; NotMeasurable as above.

    >>> parse("12.50,Joules,power/energy-pkg/,1000123,100.00,,", "power/energy-pkg/")
    12.5
    """
    return sum(joules for processor, joules in by_processor(text, event).items() if processor not in repeated)


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
    """The command that counts on the whole machine and prints fields with commas between, a line a
    processor that counts."""
    return [program, "stat", "-a", "-x,", "-A", *(word for kind in kinds for word in ("-e", EVENTS[kind]))]


class PerfMeter(Meter):
    """Runs ``perf stat -a`` for each window."""

    kind, source, period = "perf", "perf", PERIOD

    def __init__(
        self,
        program: str,
        clock: Clock,
        kinds: tuple[str, ...],
        repeated: Mapping[str, str] | None = None,
        figures: int = 1,
    ) -> None:
        """``figures``: how many a window's is the sum of, one a socket, each rounded for itself."""
        self.resolution = ROUNDING * figures
        self._program, self._clock, self._kinds = program, clock, kinds
        self._repeated = repeated or {}
        self.remark = perf_cpus.remark(self._repeated)
        self._process: subprocess.Popen[str] | None = None
        self._pipes: tuple[int, int] = (-1, -1)

    def start(self) -> None:
        control, command = os.pipe()
        answer, acknowledge = os.pipe()
        delayed = ["-D", "-1", "--control", f"fd:{control},{acknowledge}"]
        arguments = [*stat(self._program, self._kinds), *delayed]
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
        return Reading(seconds, {kind: parse(words, EVENTS[kind], self._repeated) for kind in self._kinds})

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


def counts(program: str, kinds: tuple[str, ...], *what: str) -> dict[str, float]:
    """One short count of these events: joules of the package by processor; NotMeasurable says why there is none."""
    command = [*stat(program, kinds), "--", *(what or ("true",))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment())
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotMeasurable(f"{program} does not run ({error})") from error
    found = {kind: by_processor(done.stderr, EVENTS[kind]) for kind in kinds}
    return found[PACKAGE]


def repeated(program: str, found: Collection[str], machine: perf_cpus.Machine) -> dict[str, str]:
    """Processors at which perf shows a register again; asked only where it counts at several."""
    if len(found) < 2:
        return {}
    sleep = ("sleep", str(perf_cpus.SECONDS))
    return perf_cpus.repeats([counts(program, (PACKAGE,), *sleep) for _ in range(perf_cpus.COUNTS)], machine, PERIOD)


def open_perf(
    clock: Clock, program: str = "perf", paranoid: Path = PARANOID, machine: perf_cpus.Machine | None = None
) -> PerfMeter:
    """perf's meter, with DRAM where perf has it; NotMeasurable with the reason and the cure."""
    path = shutil.which(program)
    if not path:
        raise NotMeasurable("perf is not installed", "sudo apt-get install linux-perf")
    for kinds in ((PACKAGE, DRAM), (PACKAGE,)):
        try:
            found = counts(path, kinds)
            again = repeated(path, found, machine or perf_cpus.Machine())
            return PerfMeter(path, clock, kinds, again, max(1, len(found.keys() - again.keys())))
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
