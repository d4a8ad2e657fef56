"""One run of libFuzzer on one target: its words, what they say, and whether what it found is real."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fuzzing import kernels, made, readers
from fuzzing.progress import Tried
from fuzzing.target import Target, folder

ROOT = made.TESTS.parent
FOUND = Path(__file__).with_name("found")  # inputs of mended findings: seeds for ever
UNSURE = ("timeout", "oom", "killed")  # what a busy machine may be to blame for
HANG = 20  # seconds on the wall; the targets themselves allow a second of the processor
READERS_SLOWER = 4  # than payloads, at the least
SAME_SECONDS = 120  # at the most, of a run by executions
AGAIN = 3  # times that a slow input is tried alone: a busy machine makes anything slow


@dataclass(frozen=True)
class Outcome:
    """What a run added, and the findings that were confirmed, each with what was said of it."""

    tried: Tried
    findings: tuple[tuple[Path, str], ...] = ()


def command(target: Target) -> list[str]:
    """What runs a target."""
    return kernels.command(target) if target.kind == "payload" else readers.command(target)


def environment(scratch: str) -> dict[str, str]:
    """Of a fuzzer: our modules, few freed bytes kept, nothing of the network, files in ``scratch``."""
    paths = (str(ROOT), str(made.TESTS), os.environ.get("PYTHONPATH", ""))
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "ASAN_OPTIONS": "quarantine_size_mb=16",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "DOTBENCH_OFFLINE": "1",
        "PYTHONHASHSEED": "0",  # the same order of sets in the same run again
        "TMPDIR": scratch,
    }


def seeds(target: Target) -> Path:
    """A folder with what fuzzing starts from: made files, and inputs of old findings."""
    place = folder() / "seeds" / target.name.replace(":", "-")
    place.mkdir(parents=True, exist_ok=True)
    kind, _, rest = target.name.partition(":")
    good = made.payloads(*rest.split(":")) if kind == "payload" else readers.KINDS[rest].seeds()
    old = FOUND / target.name.replace(":", "-")
    for number, data in enumerate([*good, *(path.read_bytes() for path in sorted(old.glob("*")))]):
        (place / f"{number:04}").write_bytes(data)
    return place


def run(target: Target, seconds: int, seed: int | None) -> Outcome:
    """Fuzzes until the time is over or something was found; what a busy machine made slow is tried on."""
    target.corpus.mkdir(parents=True, exist_ok=True)
    target.findings.mkdir(parents=True, exist_ok=True)
    words = [*command(target), str(target.corpus), str(seeds(target)), *flags(target), f"-seed={seed}" if seed else ""]
    total, end = Tried(target.name, target.build), time.monotonic() + seconds
    while (left := round(end - time.monotonic())) > 0 or not total.executions:
        tried, said, kept = _once(target, [*filter(None, words), f"-max_total_time={max(1, left)}"])
        total = total.plus(tried)
        findings = confirmed(target, kept, said)
        if findings:
            return Outcome(total.plus(Tried(target.name, target.build, findings=len(findings))), findings)
    return Outcome(total)


def same(target: Target, executions: int, seed: int) -> Outcome:
    """A run that is the same each time, until the code changes: from made files and old findings alone."""
    target.findings.mkdir(parents=True, exist_ok=True)
    executions = executions if target.kind == "payload" else max(1, executions // READERS_SLOWER)
    with tempfile.TemporaryDirectory() as corpus:
        words = [*command(target), corpus, str(seeds(target)), *flags(target), f"-seed={seed}", f"-runs={executions}"]
        tried, said, kept = _once(target, [*words, f"-max_total_time={SAME_SECONDS}"])
    findings = confirmed(target, kept, said)
    return Outcome(tried.plus(Tried(target.name, target.build, findings=len(findings))), findings)


def flags(target: Target) -> list[str]:
    """libFuzzer's words that are the same for each run."""
    return [
        f"-timeout={HANG}", f"-max_len={target.longest}", *target.limits, "-print_final_stats=1",
        f"-artifact_prefix={target.findings}/", "-verbosity=1",
    ]  # fmt: skip


def _once(target: Target, words: list[str]) -> tuple[Tried, str, list[Path]]:
    """What a run tried, said and kept. A reader that is killed leaves its last input; without one, its words are kept."""
    before = set(target.findings.iterdir())
    start = time.monotonic()
    with _scratch() as place:
        done = _called(words, place)
        said = f"{done.stdout}\nstatus {done.returncode}"
        if done.returncode and set(target.findings.iterdir()) == before:
            last = next(Path(place).glob("fuzz-*/fuzzed*"), None)
            data = last.read_bytes() if last else said.encode()
            name = f"{'killed' if last else 'words'}-{hashlib.sha256(data).hexdigest()[:16]}"
            (target.findings / name).write_bytes(data)
    kept = sorted(set(target.findings.iterdir()) - before)
    return read(target, said, round(time.monotonic() - start)), said, kept


def _scratch() -> tempfile.TemporaryDirectory[str]:
    """A folder in memory where there is one: a file is written for each input."""
    memory = Path("/dev/shm")
    return tempfile.TemporaryDirectory(prefix="dotbench-fuzz-", dir=memory if memory.is_dir() else None)


def read(target: Target, said: str, seconds: int) -> Tried:
    """Executions and edges out of libFuzzer's words."""
    number = re.search(r"number_of_executed_units:\s*(\d+)", said)
    steps = re.findall(r"^#(\d+)\s.*?cov: (\d+)", said, re.MULTILINE)
    edges = max((int(cov) for _, cov in steps), default=0)
    executions = int(number[1]) if number else max((int(count) for count, _ in steps), default=0)
    return Tried(target.name, target.build, executions, edges, seconds, 0, datetime.now(UTC).date().isoformat())


def confirmed(target: Target, kept: list[Path], said: str) -> tuple[tuple[Path, str], ...]:
    """The kept inputs that are findings; one that is slow only on a busy machine is deleted."""
    found = []
    for path in kept:
        words = path.name.startswith("words")
        if path.name.startswith(UNSURE) and not any(replay(target, path) for _ in range(AGAIN)):
            path.unlink()
        elif not path.name.startswith("slow-unit"):
            found.append((path, summary(said) if words else replay(target, path) or summary(said)))
    return tuple(found)


def replay(target: Target, path: Path) -> str:
    """What one input does alone, in the last lines of what is said; nothing where it does no harm."""
    check = ["--check", str(path)] if target.kind == "reader" else [str(path), *flags(target)]
    with _scratch() as place:
        done = _called([*command(target), *check], place)
    return summary(done.stdout) if done.returncode else ""


def _called(words: list[str], scratch: str) -> subprocess.CompletedProcess[str]:
    """Both of its streams as one text."""
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    return subprocess.run(words, env=environment(scratch), cwd=folder(), **both)


def summary(said: str) -> str:
    """The lines that name a fault."""
    telling = re.findall(
        r"^(?:.*runtime error.*|.*ERROR: .*|SUMMARY: .*|\w+(?:\.\w+)*(?:Error|Finding).*)$", said, re.MULTILINE
    )
    return "\n".join(telling[:4]) or said[-500:]
