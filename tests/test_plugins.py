"""Metrics, peers and readers of other packages join; what is broken is named in a line, and all else works."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import distributions
from distributions import call
from steps import BLOCK

ROOT = Path(__file__).resolve().parent.parent
STEPS = {
    name: block for what, name, _, block in BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text()) if what == "file"
}
METRIC, PEER, READER = (STEPS[name] for name in STEPS)
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
