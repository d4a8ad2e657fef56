"""Metrics, peers and readers of other packages join; what is broken is named in a line, and all else works."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import distributions
from distributions import call
from steps import BLOCK

from dotbench.bench.metrics import registry
from dotbench.bench.run import jobs

ROOT = Path(__file__).resolve().parent.parent
STEPS = {
    name: block for what, name, _, block in BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text()) if what == "file"
}
METRIC, PEER, READER = (STEPS[name] for name in STEPS)


def metric(name: str, *changes: tuple[str, str]) -> str:
    """The metric of CONTRIBUTING under another name, with other words in it."""
    text = METRIC.replace('"peak_rss"', f'"{name}"')
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


YIELD = '        yield Cell("{}", dataset, one.name, one.params)\n'
ROOT_NAME = 'f"{__name__}.measure"'
BROKEN = {
    "another class": ("dotbench.metrics", "METRIC = 5", "METRIC", "5 is no dotbench.bench.metrics.metric.Metric"),
    "a taken name": ("dotbench.metrics", METRIC.replace('="peak_rss"', '="time"'), "METRIC", "a metric 'time' already"),
    "no such figure": (
        "dotbench.metrics",
        METRIC.replace('Figure("peak_rss_bytes"', 'Figure("bytes"'),
        "METRIC",
        "figure bytes is no column of peak_rss",
    ),
    "lacks arguments": ("dotbench.metrics", METRIC.replace("    cells=cells,\n", ""), "METRIC", "raises TypeError"),
    "roots in a list": (
        "dotbench.metrics",
        METRIC.replace('"peak_rss"', '"listed"')
        .replace("roots={", "roots=[{")
        .replace("PRODUCTS_C)},", "PRODUCTS_C)}],"),
        "METRIC",
        "roots of listed are [{'format': Roots(",
    ),
    "roots that are words": (
        "dotbench.metrics",
        METRIC.replace('Roots((f"{__name__}.measure",)', 'Roots(f"{__name__}.measure"'),
        "METRIC",
        "definitions of the roots of peak_rss by format are 'dotbench_bad5.measure': a tuple of names",
    ),
    "roots of what is not measured": (
        "dotbench.metrics",
        METRIC.replace('roots={"format"', 'roots={"formats"'),
        "METRIC",
        "peak_rss has roots of 'formats': there are format, peer, bound, ceiling:decode, ceiling:memcpy",
    ),
    "a job's name": (
        "dotbench.metrics",
        METRIC.replace('="peak_rss"', '="encoding"'),
        "METRIC",
        "a metric 'encoding' al",
    ),
    "shown in words": (
        "dotbench.metrics",
        METRIC.replace("alone=True", "shown='last'"),
        "METRIC",
        "is 'last': a whole",
    ),
    "no such place": (
        "dotbench.metrics",
        METRIC.replace("alone=True", "place=('os',)"),
        "METRIC",
        "has os: there are m",
    ),
    "a parameter without a default": (
        "dotbench.peers",
        PEER.replace("    name: ClassVar", "    size: int\n\n    name: ClassVar"),
        "Einsum",
        "einsum: its parameter size has no default: standard runs name no parameters",
    ),
    "no peer": (
        "dotbench.peers",
        "class Einsum: name = 'e'",
        "Einsum",
        "is no subclass of dotbench.bench.targets.peer",
    ),
    "a format's name": ("dotbench.peers", PEER.replace('"einsum"', '"ham"'), "Einsum", "peer or format 'ham' already"),
    "no packages": ("dotbench.peers", PEER.replace("    packages", "    other"), "Einsum", "Einsum has no packages"),
    "no reader": ("dotbench.readers", "READER = 'x'", "READER", "'x' is no dotbench.datasets.reader.Reader"),
    "a taken ending": ("dotbench.readers", READER.replace('".tsv"', '".npy"'), "READER", ".npy is read by npy already"),
    "no ending": (
        "dotbench.readers",
        READER.replace('(".tsv",)', '(".",)'),
        "READER",
        "tsv reads ('.',): a tuple of endin",
    ),
    "no such module": ("dotbench.readers", "import no_such_library", "READER", "raises ModuleNotFoundError"),
}


def install(site: Path, name: str, group: str, text: str, of: str) -> None:
    """A module with one entry point."""
    distributions.install(site, name, text, f"[{group}]\n{name} = {name}:{of}\n")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    return tmp_path / "site"


def test_what_other_packages_bring_joins_a_run(site: Path) -> None:
    install(site, "other_metric", "dotbench.metrics", METRIC, "METRIC")
    install(site, "other_peer", "dotbench.peers", PEER, "Einsum")
    install(site, "other_reader", "dotbench.readers", READER, "READER")
    (site.parent / "w.tsv").write_text("1\t0\t2\n0\t0\t3\n")
    done = call(
        site, "-m", "dotbench", "run", "--datasets", "w.tsv", "--formats", "csc,einsum", "--metrics", "peak_rss,time",
        "--batch", "1", "--quick", "--out", "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    look = "from dotbench import bench; f = bench.load('out'); print(*(f.metric + ' ' + f.format + ' ' + f.status), sep=';')"
    rows = set(call(site, "-c", look).stdout.strip().split(";"))
    assert {"peak_rss csc ok", "time csc ok", "time einsum ok"} <= rows
    shas = "from dotbench.bench.metrics.hashes import code_sha; print(code_sha('peak_rss', 'csc', ''), code_sha('time', 'einsum', ''))"
    first, second = call(site, "-c", shas).stdout.split()
    assert len(first) == len(second) == 16
    (site / "other_metric.py").write_text(METRIC.replace("ru_maxrss * 1024", "ru_maxrss * 1000"))
    changed, same = call(site, "-c", shas).stdout.split()
    assert changed != first and same == second  # what a metric depends on is in its package, too


READS = """import numpy as np
from dotbench.datasets.errors import DataError
from dotbench.datasets.models.layer import Layer, Model
from dotbench.datasets.reader import Reader, Streamed

def fail(error): raise error
def eye(path, wanted): return np.eye(3)

class Late:
    shape, dtype = (3, 3), np.dtype(np.float32)
    def histogram(self): fail(KeyError("late"))
    def columns(self, begin, end): fail(KeyError("late"))

READER = Reader("{name}", "a reader that is wrong", (".{name}",), {does})
"""
ARRAY = "a numpy array of two dimensions, a scipy matrix or dotbench.datasets.reader.Streamed is needed. Update"
WRONG_READERS = {  # what a reader does, and what is said of it behind the file's name
    "read=lambda path, _: fail(KeyError('x'))": "cannot be read as a matrix: {reader} raises KeyError: 'x'. Is the file whole?",
    "read=lambda path, _: exit(3)": "cannot be read as a matrix: {reader} raises SystemExit: 3. Is the file whole? Update",
    "read=lambda path, _: fail(FileNotFoundError('codes'))": "{reader} raises FileNotFoundError: codes. Is the file",
    "read=lambda path, _: fail(DataError('it is odd'))": "cannot be read as a matrix by {reader}: it is odd",
    "read=lambda path, _: None": "cannot be read: read of {reader} returned None, and " + ARRAY,
    "read=lambda path, _: [1]": "cannot be read: read of {reader} returned list ([1]), and " + ARRAY,
    "read=lambda path, _: np.ones(3)": "read of {reader} returned ndarray of shape (3,), and " + ARRAY,
    "read=lambda path, _: Streamed(5, '')": "read of {reader} returned Streamed (",
    "read=lambda path, _: Streamed(Late(), '')": "cannot be read as a matrix: {reader} raises KeyError: 'late'. Is the",
    "read=lambda path, _: np.full((2, 2), None)": "cannot be read as a matrix by {reader}: dtype object cannot be encoded",
    "read=eye, members=lambda path: fail(KeyError('x'))": "cannot be looked into: {reader} raises KeyError: 'x'. Is",
    "read=eye, members=lambda path: exit(3)": "cannot be looked into: {reader} raises SystemExit: 3. Is the file",
    "read=eye, members=lambda path: 5": "members of {reader} returned int (5), and names of arrays, as a list of str is",
    "read=eye, members=lambda path: [5]": "members of {reader} returned list ([5]), and names of arrays",
    "read=eye, members=lambda path: ['a'], is_whole=lambda names: fail(KeyError('x'))": "{reader} raises KeyError: 'x'",
    "model=lambda path: fail(KeyError('x'))": "cannot be read as a model: {reader} raises KeyError: 'x'. Is the file",
    "model=lambda path: 5": "model of {reader} returned int (5), and a dotbench.datasets.models.layer.Model is needed",
    "model=lambda path: Model('m', 5)": "model of {reader} returned layers 5, and a tuple of dotbench.datasets.models",
    "model=lambda path: Model('m', (), 5)": "model of {reader} returned unread 5, and a tuple of dotbench.datasets",
    "model=lambda path: Model('m', (Layer('a', *'bcdefghijkl'),))": "returned weights of a that are no numpy array of int8",
}


def test_every_kind_of_wrong_reader_is_named_and_other_files_are_measured(site: Path) -> None:
    files = ["w.npy"]
    np.save(site.parent / "w.npy", np.eye(4, dtype=np.float32))
    for number, does in enumerate(WRONG_READERS):
        files.append(f"w.r{number}")
        (site.parent / files[-1]).write_text("1")
        text = READS.replace("{name}", f"r{number}").replace("{does}", does)
        install(site, f"reads_wrong{number}", "dotbench.readers", text, "READER")
    run = ["-m", "dotbench", "run", "--datasets", ",".join(files), "--formats", "csc", "--metrics", "space"]
    done = call(site, *run, "--out", "out")
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    said = done.stdout.splitlines()
    for number, (does, words) in enumerate(WRONG_READERS.items()):
        line = next(line for line in said if line.startswith(f"w.r{number}: w.r{number} "))
        assert words.replace("{reader}", f"the reader r{number} of the plug-in reads-wrong{number}") in line, (
            does,
            line,
        )
        if "Error('it is odd')" not in does and "None)" not in does:
            assert line.endswith(f"Update the plug-in, or pip uninstall reads-wrong{number}"), (does, line)
    rows = list(csv.DictReader((site.parent / "out" / "space.csv").read_text().splitlines()))
    assert [(row["dataset"], row["format"], row["status"]) for row in rows] == [("w.npy", "csc", "ok")]
    listed = call(site, "-m", "dotbench", "list", "datasets", "w.r16")
    assert (
        listed.returncode == 2 and "Traceback" not in listed.stderr and "of the plug-in reads-wrong16" in listed.stderr
    )


CONFORMS = """from dotbench.bench.conformance.reader import ReaderConformance
from other_reader import READER

class TestTsv(ReaderConformance):
    reader = READER
"""


def test_a_reader_of_a_package_outside_has_its_tests_from_the_conformance_class(site: Path) -> None:
    install(site, "other_reader", "dotbench.readers", READER, "READER")
    (site.parent / "test_tsv.py").write_text(CONFORMS)
    done = call(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_tsv.py")
    assert done.returncode == 0 and "4 passed" in done.stdout, done.stdout
    without = READER.replace('    write=lambda path, W: np.savetxt(path, W, delimiter="\\t"),\n', "")
    assert without != READER
    (site / "other_reader.py").write_text(without)
    done = call(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_tsv.py")
    assert "tsv has no write(path, W), which makes the files of its tests" in done.stdout and "2 passed" in done.stdout


def test_every_kind_of_broken_plugin_is_named_and_the_others_work(site: Path) -> None:
    for number, (group, text, of, _) in enumerate(BROKEN.values()):
        install(site, f"dotbench_bad{number}", group, text, of)
    install(site, "dotbench_z", "dotbench.metrics", METRIC.replace('"peak_rss"', '"last"'), "METRIC")
    done = call(site, "-m", "dotbench", "run", "--datasets", "none.npy", "--metrics", "none")
    told = {line.split()[2]: line for line in done.stderr.splitlines() if line.startswith("the plug-in ")}
    for number, (what, (*_, words)) in enumerate(BROKEN.items()):
        line = told[f"dotbench-bad{number}"]
        assert words in line and line.endswith("Update it, or pip uninstall it"), (what, line)
    assert "dotbench-z" not in told and "Traceback" not in done.stderr
    names = call(site, "-c", "from dotbench.bench.metrics import registry; print(*registry.names_in_runs())").stdout
    assert names.split()[-2:] == ["energy", "last"]


def test_names_of_jobs_are_taken() -> None:
    assert set(registry.JOBS) == jobs.ELSEWHERE.keys()


ALONE = "    alone=True,\n"
UNFIT = {  # metrics that are whole, and that a run cannot ask
    metric("lost", (ROOT_NAME, '"nowhere.measure"')): (
        "roots of lost by format: UnknownRoot: no module of the project defines nowhere.measure: write where it is now"
    ),
    metric("of_peers", ('roots={"format"', 'roots={"peer"')): (
        "of_peers has cells of dense, and no roots by 'format': their rows would have no hash"
    ),
    metric("raising", ('    """Every format."""\n', "    raise KeyError('x')\n")): "cells of raising raises KeyError: 'x'",
    metric("none", ("    cells=cells,", "    cells=lambda plan, dataset: None,")): (
        "cells of none raises TypeError: 'NoneType' object is not iterable"
    ),
    metric("words", ("    cells=cells,", "    cells=lambda plan, dataset: ['csc'],")): "cells of words gives 'csc', no dot",
    metric("other", (YIELD.format("other"), YIELD.format("space"))): "cells of other gives a cell of the metric 'space'",
    metric("twice", (YIELD.format("twice"), 2 * YIELD.format("twice"))): "cells of twice gives dense more than once",
    metric("elsewhere", ('"elsewhere", dataset, one', '"elsewhere", "v", one')): (
        "cells of elsewhere gives a cell of 'v', and was asked for w.npy"
    ),
    metric("typed", ("one.params)", "one.params, '1')")): "cells of typed gives a cell whose batch is '1'",
    metric("detailed", ("one.params)", "one.params, detail='x')")): "cells of detailed gives the detail 'x': key=value",
    metric("keyed", (ALONE, "    keys=('peak_rss_bytes',),\n")): "constant of keyed gives no peak_rss_bytes",
    metric("constant", (ALONE, "    constant=lambda cell, place: 1 / 0,\n")): (
        "constant of constant raises ZeroDivisionError: division by zero"
    ),
    metric("evil", (ALONE, "    constant=lambda cell, place: {'dataset': 'evil'},\n")): (
        "evil gives column dataset, which it does not declare as its own"
    ),
    metric("slow", (ALONE, "    seconds=lambda cell, work: 1 / 0,\n")): "seconds of slow raises ZeroDivisionError: div",
    metric("endless", (ALONE, "    seconds=lambda cell, work: float('nan'),\n")): "seconds of endless gives nan: a number",
}  # fmt: skip


def test_metrics_that_a_run_cannot_ask_are_named_and_nothing_else_is_lost(site: Path) -> None:
    for number, text in enumerate(UNFIT):
        install(site, f"dotbench_bad{number}", "dotbench.metrics", text, "METRIC")
    install(site, "dotbench_z", "dotbench.metrics", METRIC, "METRIC")
    (site.parent / "v.tsv").write_text("1,0,2\n0,0,3\n")
    (site.parent / "v.tsv").rename(site.parent / "v.csv")
    run = ("-m", "dotbench", "run", "--datasets", "v.csv", "--formats", "csc,ham", "--quick", "--out", "out")
    done = call(site, *run, "--metrics", "space,peak_rss")
    assert done.returncode == 0 and "4 of 4 cells ok" in done.stdout, done.stdout + done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("the plug-in ")]
    words = {line.split()[2]: line for line in told}
    assert len(told) == len(words) == len(UNFIT) and "Traceback" not in done.stderr, done.stderr
    for number, said in enumerate(UNFIT.values()):
        line = words[f"dotbench-bad{number}"]
        assert f" is left out: {said}" in line and line.endswith("Update it, or pip uninstall it"), line
    asked = call(site, *run, "--metrics", "other")
    assert asked.returncode == 2 and "no metric 'other': there are space, " in asked.stderr, asked.stderr


PASSES = ALONE + "    of_passes=lambda cell, passes, nnz, seconds, stop: 1 / 0,\n"
DONE = '{"peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}'
LATER = {  # metrics that go wrong with this matrix and no other
    metric("asked", ('    """Every format."""\n', "    if dataset == 'v.csv':\n        raise OSError('gone')\n")): (
        "cells of asked raises OSError: gone"
    ),
    metric("unknown", (YIELD.format("unknown"), YIELD.format("unknown") + "    yield Cell('unknown', dataset, 'x.' if dataset == 'v.csv' else 'y')\n")): (
        "unknown has a cell of x., which is no format, peer, bound or ceiling"
    ),
    metric("slow", (ALONE, "    seconds=lambda cell, work: 1 / (work.entries == 10**6),\n")): (
        "seconds of slow raises ZeroDivisionError: division by zero"
    ),
}  # fmt: skip
FAILING = {
    metric("constant", (ALONE, "    constant=lambda cell, place: {} if cell.dataset == 'w.npy' else [],\n")): (
        "constant of constant gives [], no dictionary of columns"
    ),
    metric("passes", (ALONE, PASSES), (DONE, "{'log_ratio': 0.0, 'sampling_seconds': 0.1}")): (
        "of_passes of passes raises ZeroDivisionError: division by zero"
    ),
    metric("ratio", (ALONE, PASSES)): "ratio is measured in passes, and gives no log_ratio of one",
    metric("rounds", (ALONE, PASSES), (DONE, "{'log_ratio': 0.0, 'sampling_seconds': 1, 'rounds': 5}")): (
        "rounds gives rounds of a pass that cannot be read: KeyError: 'repeats'"
    ),
}  # fmt: skip


def test_a_metric_that_goes_wrong_later_fails_its_cells_or_is_left_out(site: Path) -> None:
    for number, text in enumerate((*LATER, *FAILING)):
        install(site, f"dotbench_bad{number}", "dotbench.metrics", text, "METRIC")
    (site.parent / "v.csv").write_text("1,0,2\n0,0,3\n")
    names = ",".join(text.split('    name="')[1].split('"')[0] for text in (*LATER, *FAILING))
    run = ("-m", "dotbench", "run", "--datasets", "v.csv", "--formats", "csc", "--quick", "--out", "out")
    done = call(site, *run, "--metrics", f"space,{names}")
    assert done.returncode == 1 and "1 of 5 cells ok" in done.stdout, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    for number, said in enumerate(LATER.values()):
        assert f"left out: the plug-in dotbench-bad{number} is left out: {said}" in done.stdout, done.stdout
    for said in FAILING.values():
        assert f"failed: {said}" in done.stdout, done.stdout
    assert sorted(path.name for path in (site.parent / "out").iterdir())[-1] == "space.csv"


GIVEN = {  # what is told of a cell, and what its row says
    "csc": ('{"code_sha": "x", "dataset": "evil", "status": "ok"}', "columns code_sha, dataset, status, which it does"),
    "csc_min": ('{"peak_rss_bytes": 1.5}', "column peak_rss_bytes: 1.5 is no whole number"),
    "im": ('{"peak_rss_bytes": "many"}', "column peak_rss_bytes: 'many' is no whole number"),
    "ham": ('{"peak_rss_bytes": float("nan")}', "column peak_rss_bytes: nan is no whole number"),
    "sham": ('{"peak_rss_bytes": 2**63}', "column peak_rss_bytes: 9223372036854775808 is no whole number of 64 bits"),
    "bitmap": ('{"batch": 2, "peak_rss_bytes": 1}', "peak_rss gives batch 2 for the cell with batch 1"),
    "cser": ('{"seconds": float("inf")}', "column seconds: inf is no finite number"),
    "bsr": ('{"word": 5}', "column word: 5 is no text"),
    "eie": ('{"sure": "maybe"}', "column sure: 'maybe' is neither true nor false"),
    "dense": ('{"peak_rss_bytes": 7.0, "batch": 1, "seconds": 1, "word": "w", "sure": True}', ""),
}
MORE = (
    "from dotbench.bench.metrics.column import count",
    "from dotbench.bench.metrics.column import count, number, truth, word",
), (
    'included"),)',
    'included"), count("batch", "", "b"), number("seconds", 1, "s", "s"), word("word", "w"), truth("sure", "s"))',
)  # fmt: skip


def test_what_is_no_column_or_does_not_fit_one_fails_its_cell(site: Path) -> None:
    given = "{" + ", ".join(f'"{name}": {data}' for name, (data, _) in GIVEN.items()) + "}[cell.format]"
    keys = ALONE + "    keys=('batch',),\n    constant=lambda cell, place: {'batch': 1},\n"
    install(site, "given", "dotbench.metrics", metric("peak_rss", *MORE, (DONE, given), (ALONE, keys)), "METRIC")
    (site.parent / "v.csv").write_text("1,0,2\n0,0,3\n")
    run = ("run", "--datasets", "v.csv", "--formats", ",".join(GIVEN), "--metrics", "space,peak_rss", "--out", "out")
    done = call(site, "-m", "dotbench", *run)
    assert done.returncode == 1 and "11 of 20 cells ok" in done.stdout, done.stdout + done.stderr
    with (site.parent / "out" / "peak_rss.csv").open(newline="") as stream:
        rows = {row["format"]: row for row in csv.DictReader(stream)}
    assert rows.keys() == GIVEN.keys() and {row["dataset"] for row in rows.values()} == {"v.csv"}
    assert {len(row["code_sha"]) for row in rows.values()} == {16}
    for name, (_, words) in GIVEN.items():
        assert rows[name]["status"] == ("failed" if words else "ok")
        assert words in rows[name]["reason"], rows[name]
    assert (rows["dense"]["peak_rss_bytes"], rows["dense"]["seconds"], rows["dense"]["sure"]) == ("7", "1.0", "true")
    assert (site.parent / "out" / "space.csv").read_text().count("\n") == 11


def test_a_peer_that_stores_nothing_is_told_so(site: Path) -> None:
    store = "    def store(self, source: object, path: Path) -> int:\n        return 4\n\n    def target("
    text = PEER.replace("    packages", "    stored: ClassVar[bool] = True\n    packages").replace(
        "    def target(", store
    )
    install(site, "other_peer", "dotbench.peers", text, "Einsum")
    (site.parent / "v.csv").write_text("1,0,2\n0,0,3\n")
    run = ("run", "--datasets", "v.csv", "--formats", "csc,einsum", "--metrics", "space", "--out", "out")
    done = call(site, "-m", "dotbench", *run)
    said = "StoredWrongly: store of einsum wrote no file at the path that it was given: the peer has to be mended"
    assert done.returncode == 1 and said in done.stdout, done.stdout + done.stderr
    assert "Free some room" not in done.stdout
