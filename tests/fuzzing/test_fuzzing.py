"""What the fuzzing session says and adds up, the files it starts from, and the inputs of old findings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dotbench import formats
from dotbench.cdot import build
from dotbench.cdot.bfloat16 import name_of
from fuzzing import kernels, made, progress, readers, runs
from fuzzing.progress import Tried
from fuzzing.target import Target

SAID = """#2	INITED cov: 212 ft: 300 corp: 1/1b exec/s: 0 rss: 30Mb
#1024	pulse  cov: 219 ft: 431 corp: 80/90Kb lim: 4096 exec/s: 512 rss: 41Mb
#2000	DONE   cov: 219 ft: 440 corp: 88/276Kb lim: 10240 exec/s: 1000 rss: 76Mb
stat::number_of_executed_units: 2000
"""
HAM = Target("payload:ham:int8", "x86_64", ())


def test_every_format_value_type_and_build_is_a_target() -> None:
    wanted = {
        (f"payload:{kind.name}:{value_type}", isa)
        for kind in formats.kinds().values()
        for value_type in kind.value_types
        for isa in build.instruction_sets()
    }
    assert {(target.name, target.build) for target in kernels.targets()} == wanted
    assert {target.name for target in readers.targets()} == {f"reader:{name}" for name in readers.KINDS}


def test_the_kernels_table_has_ids_and_fields() -> None:
    ham = formats.kinds()["ham"]
    assert f'{{"ham", &ham_decoder, {ham.format_id}, {ham.fields_bytes}}},' in kernels.table()


def test_what_libfuzzer_says_is_counted() -> None:
    found = runs.read(HAM, SAID, 7)
    assert (found.executions, found.edges, found.seconds) == (2000, 219, 7)
    stopped = runs.read(HAM, SAID.partition("#2000")[0], 1)  # killed: it said no total
    assert (stopped.executions, stopped.edges) == (1024, 219)


def test_runs_add_up_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "progress.csv"
    run = Tried("payload:ham:int8", "x86_64", 100, 50, 3, 0, "2026-01-02")
    more = Tried("payload:ham:int8", "x86_64", 20, 60, 4, 1, "2026-01-03")
    for one in (run, more):
        progress.write(progress.added(progress.read(path), [one]), path)
    assert list(progress.read(path).values()) == [
        Tried("payload:ham:int8", "x86_64", 120, 60, 7, 1, "2026-01-03"),
    ]


def test_what_is_missing_is_said() -> None:
    known = progress.added(
        {}, [Tried("payload:a:int8", "b", 4_000_000, 1, 600), Tried("reader:c", "python", 2_000_000, 1, 9)]
    )
    lines = progress.told(known)
    assert lines[0] == "payloads: 4,000,000 of 10,000,000 executions in 600 s; 6,000,000 are missing"
    assert lines[1] == "readers: 2,000,000 of 1,000,000 executions in 9 s; the goal is reached"
    assert lines[2] == "next: nox -s fuzz -- --minutes 15"


def test_the_committed_progress_reads() -> None:
    known = progress.read()
    assert known and all(tried.executions > 0 and tried.edges > 0 for tried in known.values())


@pytest.mark.parametrize("name", readers.KINDS)
def test_good_files_are_read(name: str, tmp_path: Path) -> None:
    """Fuzzing starts from some that are read, so that it does not try refusals alone."""
    path = tmp_path / f"fuzzed{readers.KINDS[name].suffix}"
    endings = [readers.check(name, seed, path) for seed in readers.KINDS[name].seeds()]
    assert "read" in endings


@pytest.mark.parametrize("name", formats.names())
def test_payloads_of_one_format(name: str) -> None:
    for value_type in formats.kinds()[name].value_types:
        found = [formats.load(data) for data in made.payloads(name, value_type)]
        assert len(found) >= len(made.SIZES)
        assert {(payload.format.name, name_of(payload.dtype)) for payload in found} == {(name, value_type)}


def test_memory_that_was_not_there_is_a_finding() -> None:
    with pytest.raises(readers.Finding, match="memory"):
        try:
            try:
                raise MemoryError
            except MemoryError as error:
                raise ValueError("no matrix") from error
        except ValueError as error:
            readers.out_of_memory(error)
    readers.out_of_memory(ValueError("no matrix"))


def old_findings(kind: str) -> list[Path]:
    return sorted(path for path in runs.FOUND.glob(f"{kind}-*") if any(path.iterdir()))


@pytest.mark.parametrize("folder", old_findings("reader"), ids=lambda folder: folder.name)
def test_old_findings_of_readers(folder: Path, tmp_path: Path) -> None:
    """In a process of their own: some were crashes."""
    words = [sys.executable, "-m", "fuzzing.readers", folder.name.partition("-")[2], "--check"]
    environment = runs.environment(str(tmp_path))
    done = subprocess.run([*words, *sorted(folder.iterdir())], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]


def test_old_findings_of_kernels(tmp_path: Path) -> None:
    """Refused or used, never a crash; the fuzzer starts from them too, under sanitizers."""
    for path in (path for folder in old_findings("payload") for path in sorted(folder.iterdir())):
        readers.check("payload", path.read_bytes(), tmp_path / "fuzzed.dbp")
