"""Instruction counts: exact, the same in every folder and environment, and equal to the committed ones.

``python tests/bench/counting/test_callgrind.py`` writes counts.csv anew for the instruction sets that run here, or the
one that DOTBENCH_ISA names: after a change of kernels, with that change in the same commit.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from dotbench import formats
from dotbench.bench.counting import callgrind
from dotbench.bench.counting.callgrind import Count, CountError, Job, Unavailable
from dotbench.cdot import build

sys.path.insert(0, str(Path(__file__).parents[2]))

import copied

ROOT = Path(__file__).resolve().parents[3]
COMMITTED = Path(__file__).resolve().with_name("counts.csv")
COUNTED = ("csc", "sham")
GOLDEN = ROOT / "tests" / "formats" / "golden"

pinned = pytest.mark.skipif("DOTBENCH_CC" in os.environ, reason="counts are of the pinned compiler: unset DOTBENCH_CC")


def matrix(n: int = 300, m: int = 200) -> np.ndarray:
    """n by m, made by integer arithmetic alone: a tenth nonzero, eleven values."""
    i, j = np.meshgrid(np.arange(n), np.arange(m), indexing="ij")
    mixed = (i * 7919 + j * 104729 + i * j * 31) % 101
    return np.where(mixed < 10, mixed % 11 - 11.5, 0).astype(np.float32)


def job(folder: Path, name: str, W: np.ndarray, begin: int = 0, end: int | None = None) -> Job:
    path = folder / f"{name}-{W.shape[1]}.dbp"
    formats.get(name).encode(W).save(path)
    return Job(name, path, begin, W.shape[1] if end is None else end)


def counts(folder: Path) -> list[tuple[str, str, str]]:
    """Format, instructions of a product and of its decoding, as they stand in the file."""
    found = callgrind.count([job(folder, name, matrix()) for name in COUNTED], folder)
    rows = []
    for name, one in zip(COUNTED, found, strict=True):
        assert isinstance(one, Count), one
        rows.append((name, str(one.dot), str(one.decode)))
    return rows


def committed(path: Path = COMMITTED) -> dict[str, list[tuple[str, str, str]]]:
    """The same by instruction set."""
    rows: dict[str, list[tuple[str, str, str]]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["isa"], []).append((row["format"], row["dot"], row["decode"]))
    return rows


def write() -> None:
    """Counts on every instruction set that runs here, the others kept as they are."""
    known = committed() if COMMITTED.exists() else {}
    named = os.environ.get("DOTBENCH_ISA")
    for isa in [named] if named else build.instruction_sets():
        os.environ["DOTBENCH_ISA"] = isa
        with tempfile.TemporaryDirectory() as folder:
            known[isa] = counts(Path(folder))
    with COMMITTED.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["isa", "format", "dot", "decode"])
        writer.writerows([isa, *row] for isa in sorted(known) for row in known[isa])


@pinned
@pytest.mark.parametrize("isa", ["x86_64", "x86_64_v3"])
def test_counts_are_the_committed_ones(
    valgrind: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isa: str
) -> None:
    if isa not in build.instruction_sets():
        pytest.skip(f"no {isa}: a processor with AVX2 brings it")
    monkeypatch.setenv("DOTBENCH_ISA", isa)
    assert counts(tmp_path) == committed()[isa]


@pinned
def test_another_folder_and_another_environment_change_nothing(valgrind: None, tmp_path: Path) -> None:
    """A clone elsewhere, with a build of its own, everything in the environment that could matter."""
    clone = tmp_path / "a folder with a rather longer name than that of the checkout" / "clone"
    copied.code(clone, "tests")
    again = clone / COMMITTED.relative_to(ROOT)
    again.write_text(COMMITTED.read_text().replace(",csc,", ",csc,1"))  # to be put right
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(clone),
        "HOME": str(tmp_path),
        "VALGRIND_OPTS": "--toggle-collect=main",
        "LD_BIND_NOW": "1",
        "GLIBC_TUNABLES": "glibc.cpu.x86_non_temporal_threshold=16384",
        "LONG": "x" * 5003,
        "DOTBENCH_ISA": build.chosen_isa(),
    }
    (tmp_path / ".valgrindrc").write_text("--toggle-collect=main\n")
    command = [sys.executable, str(clone / Path(__file__).resolve().relative_to(ROOT))]
    subprocess.run(command, env=environment, cwd=tmp_path, check=True)
    assert committed(again)[build.chosen_isa()] == committed()[build.chosen_isa()]
    assert committed(again) != committed()  # the other instruction set was left alone


def test_what_is_counted(valgrind: None, tmp_path: Path) -> None:
    """Columns that are alike cost alike: the count is the kernel's and holds nothing that happens once."""
    W = np.tile(matrix(64, 1) + 1, (1, 96))
    jobs = [job(tmp_path, "csc", W[:, :m]) for m in (32, 64, 96)]
    jobs += [job(tmp_path, "dense", W, 0, 64), job(tmp_path, "dense", W, 32, 96), job(tmp_path, "csc", W[:, :32])]
    found = [one for one in callgrind.count(jobs, tmp_path) if isinstance(one, Count)]
    assert len(found) == len(jobs)
    assert found[1].dot - found[0].dot == found[2].dot - found[1].dot > 32 * 64
    assert found[3].dot == found[4].dot and found[3].decode == found[4].decode
    assert (found[0].dot, found[0].decode) == (found[5].dot, found[5].decode)
    exact = callgrind.vector(64).astype(np.float64) @ W
    assert np.allclose(found[2].y, exact, rtol=1e-6)
    assert (found[3].y[64:] == 0).all() and np.allclose(found[3].y[:64], exact[:64], rtol=1e-6)


def test_both_sides_agree_on_repetitions_and_arguments() -> None:
    text = (ROOT / "cdot" / "drivers" / "count.c").read_text()
    assert f"FEW = {callgrind.FEW}, MANY = {callgrind.MANY}, ARGUMENTS = {callgrind.ARGUMENTS}," in text


# ---- payloads and kernels that cannot be counted

PLUGIN = """
#include <stdlib.h>
#include <string.h>
#include "core/payload.h"
extern const cdot_decoder NAME_decoder;
static const char *volatile text = "text";
static volatile size_t length;
static int open_it(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace, uint64_t room)
{
    cdot_reader reader;
    (void)room;
    int status = cdot_read_header(&reader, payload, size, 2, 0);
    if (!status)
        cdot_fill_view(view, &NAME_decoder, &reader, workspace);
    return status;
}
static void seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    (void)view, (void)cursor, (void)column, (void)end, (void)scratch;
}
static int next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    (void)view, (void)cursor, (void)block, (void)text, (void)length;
    BODY;
    return 0;
}
static inline int fused(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
                        uint32_t col_begin, uint32_t col_end, void *scratch)
{
    (void)view, (void)x, (void)ldx, (void)y, (void)ldy, (void)batch, (void)col_begin, (void)col_end, (void)scratch;
    return 0;
}
const cdot_decoder NAME_decoder = {
    .version = CDOT_VERSION, .open = open_it, .seek = seek, .next = next, .dot = FUSED
};
"""


def plugin(folder: Path, name: str, body: str, dot: str = "NULL") -> Job:
    """A job of a format whose decoder does ``body`` and shows nothing."""
    source = folder / f"{name}.c"
    source.write_text(PLUGIN.replace("NAME", name).replace("BODY", body).replace("FUSED", dot))
    return Job(name, GOLDEN / "csc-1.dbp", 0, 40, source)


def test_kernels_that_cannot_be_counted_do_not_stop_the_others(valgrind: None, tmp_path: Path) -> None:
    cut = tmp_path / "cut.dbp"
    cut.write_bytes((GOLDEN / "csc-1.dbp").read_bytes()[:-1])
    jobs = [
        Job("csc", GOLDEN / "csc-1.dbp", 0, 40),
        plugin(tmp_path, "dies", "abort()"),
        Job("csc", cut, 0, 40),
        plugin(tmp_path, "calls_libc", "length = strlen(text)"),
        Job("csc", GOLDEN / "csc-1.dbp", 8, 41),
        Job("csc", GOLDEN / "csc-1.dbp", 0, 40),
        Job("no_such", GOLDEN / "csc-1.dbp", 0, 40),
        Job("csc", tmp_path / "gone.dbp", 0, 40),
        plugin(tmp_path, "fused_kernel", "", "fused"),
    ]
    found = list(callgrind.count(jobs, tmp_path))
    assert len(found) == len(jobs) and isinstance(found[0], Count)
    assert isinstance(found[5], Count) and found[5].dot == found[0].dot
    assert isinstance(found[8], Count) and found[8].decode is None and 0 < found[8].dot < found[0].dot
    words = {k: str(found[k]) for k, one in enumerate(found) if isinstance(one, CountError)}
    assert words[1] == "counting ended early: SIGABRT"
    assert words[2].startswith("it is cut short") and words[2].endswith("(error -1)")
    assert "strlen" in words[3] and "differ between machines" in words[3]
    assert words[4].startswith("the column range is out of order")
    assert words[6].startswith("it holds another format") and "gone.dbp: cannot be opened" in words[7]
    assert set(words) == {1, 2, 3, 4, 6, 7} and not list(tmp_path.glob("tmp*"))  # no dumps left


def test_valgrind_ends_with_who_counts(valgrind: None, tmp_path: Path) -> None:
    plugin(tmp_path, "hangs", "for (;;) length++")
    script = (
        "from pathlib import Path; from dotbench.bench.counting import callgrind; from dotbench.bench.counting.callgrind import Job; "
        f"job = Job('hangs', Path({str(GOLDEN / 'csc-1.dbp')!r}), 0, 40, Path({str(tmp_path / 'hangs.c')!r})); "
        f"print(list(callgrind.count([job], Path({str(tmp_path)!r}))))"
    )
    build.driver("count"), build.build(plugin=tmp_path / "hangs.c")
    process = subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        children: list[psutil.Process] = []
        for _ in wait(60):
            children = [one for one in psutil.Process(process.pid).children() if ready(tmp_path)]
            if children:
                break
        assert children
    finally:
        process.kill()
        process.wait()
    gone, alive = psutil.wait_procs(children, 20)
    assert len(gone) == 1 and not alive


def wait(seconds: float) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(0.05)


def ready(folder: Path) -> bool:
    """Whether the program has written its first dump: the product of nothing is over, decoding hangs."""
    return any(folder.glob("tmp*/counts*"))


# ---- dumps

DUMP = """# callgrind format
version: 1
creator: callgrind-3.19.0
cmd:  ./count a=b
desc: Trigger: --dump-after=count_dump

positions: line
events: Ir
summary: {total}

ob=/usr/lib/libc.so.6
fl=./csu/libc-start.c
fn=__libc_start_main
cob=/home/x/count
cfn=main
calls=1 0
0 {total}

ob=/home/x/cdot.so
fn=cdot_dot
0 40
fi=/home/x/avx2.h
0 5
fe=/home/x/dot.c
cob=/home/x/count
cfn=memset
calls=3 0
0 {memset}

ob=/home/x/count
fn=memset
0 {memset}
{more}
totals: {total}
"""


def dump(path: Path, total: int, memset: int, more: str = "") -> None:
    path.write_text(DUMP.format(total=total, memset=memset, more=more))


def test_dumps_are_read(tmp_path: Path) -> None:
    dump(tmp_path / "counts.1", 52, 7)
    assert callgrind.read_dump(tmp_path / "counts.1") == {("cdot.so", "cdot_dot"): 45, ("count", "memset"): 7}
    dump(tmp_path / "counts.2", 60, 15)
    ours = {"cdot.so", "count"}
    assert callgrind.difference(tmp_path, 1, ours) == 4  # (60 - 52) / 2
    dump(tmp_path / "counts.2", 61, 16)
    with pytest.raises(CountError, match="52 instructions in 1 and 61 in 3 products: they differ"):
        callgrind.difference(tmp_path, 1, ours)
    dump(tmp_path / "counts.2", 60, 12, "\nob=/usr/lib/libm.so.6\nfn=expf\n0 3\n")
    with pytest.raises(CountError, match="expf of libm.so.6 is called"):
        callgrind.difference(tmp_path, 1, ours)


@pytest.mark.parametrize(
    ("old", "new"), [("totals: 52", "totals: 53"), ("totals: 52", ""), ("events: Ir", "events: Ir Dr")]
)
def test_dumps_that_are_not_whole(tmp_path: Path, old: str, new: str) -> None:
    dump(tmp_path / "counts.1", 52, 7)
    path = tmp_path / "counts.1"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(CountError, match=r"counts.1 is no whole dump"):
        callgrind.read_dump(path)


# ---- machines without valgrind, or with one that cannot be used


def fake(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    (folder / "valgrind").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "valgrind").chmod(0o755)


def lack(tmp_path: Path) -> Unavailable:
    """What two jobs get, both of them."""
    jobs = [Job("csc", GOLDEN / "csc-1.dbp", 0, 40)] * 2
    found = list(callgrind.count(jobs, tmp_path))
    assert len(found) == 2 and str(found[0]) == str(found[1]) and isinstance(found[0], Unavailable)
    assert str(found[0]).endswith(found[0].cure)
    return found[0]


def test_no_valgrind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert str(lack(tmp_path)) == "valgrind is not installed: sudo apt-get install valgrind"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo valgrind-3.2.1-Debian", "is 3.2.1-Debian, and 3.15 or later is needed"),
        ("echo Valgrind of another make", "--version says 'Valgrind of another make'"),
        ("exit 3", "--version says 'nothing'"),
        (
            'case "$1" in --version) echo valgrind-3.15.0.GIT;; *) echo "valgrind: failed to start tool" >&2; exit 1; esac',
            "valgrind 3.15.0.GIT does not run the kernels (valgrind: failed to start tool)",
        ),
        (
            'case "$1" in --version) echo valgrind-3.15.0;; *) echo ready; echo "vex: unhandled instruction bytes" >&2; '
            "kill -ILL $$; esac",
            "valgrind 3.15.0 does not know an instruction of the kernels",
        ),
    ],
)
def test_valgrinds_that_are_of_no_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, words: str) -> None:
    build.driver("count")
    fake(monkeypatch, tmp_path, script)
    assert words in lack(tmp_path).what


def test_a_valgrind_that_does_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake(monkeypatch, tmp_path, "")
    (tmp_path / "valgrind").write_bytes(b"\x7fELF of another machine")
    assert "does not run" in lack(tmp_path).what and lack(tmp_path).cure == callgrind.AGAIN


if __name__ == "__main__":
    write()
