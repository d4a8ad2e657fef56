"""The command line: help that says what to do, names, and clear errors."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from dotbench import datasets, formats
from dotbench.bench.cli import command
from dotbench.bench.show.listing import distinct_values

sys.path.insert(0, str(Path(__file__).parents[2]))
import made_results

pytestmark = pytest.mark.usefixtures("home")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_help() -> None:
    text = call("--help").output
    for verb in ("pick", "run", "list", "fetch", "doctor", "export", "diff", "log", "paper", "selftest"):
        assert f"\n  {verb} " in text
    assert "Examples:" in text and not any(verb in text for verb in ("race", "scheduler"))
    assert "Exit status: 0 all is well; 3 it ran" in " ".join(call("selftest", "--help").output.split())
    assert "never results/" in " ".join(call("run", "--help").output.split())


def test_lists() -> None:
    text = call("list", "formats").output
    for name in (*(kind.name for kind in formats.registry.BUILT_IN), "blas_dense", "scipy_csc"):
        assert f"\n{name} " in text
    text = call("list", "datasets").output
    assert "orsreg_1" in text and "deepdta/80-0-256" in text and "512 x 4096" in text
    lines = text.splitlines()  # one line each where it is no terminal
    assert not any(line.startswith(" ") for line in lines)
    assert {line.split()[0] for line in lines} >= set(datasets.names())


def test_a_narrow_terminal_shows_addresses_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text, _, last = call("list", "datasets", "orsreg_1", "imagenet").output.rpartition("next: ")
    assert "run --datasets orsreg_1,imagenet " in last
    assert "…" not in text and max(map(len, text.splitlines())) <= 80
    assert "licence unknown" in " ".join(text.split()) and "2205 x 2205" in text


@pytest.mark.parametrize(("what", "most"), [("formats", 42), ("datasets", 54)])
def test_a_list_is_a_line_each(what: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = call("list", what).output
    lines = text.splitlines()
    assert len(lines) <= most and max(map(len, lines)) <= 80 and not re.search(r"\d…|…\d", text)
    assert ("column_combined ≈" if what == "formats" else "vgg19/*") in text
    assert f"dotbench list {what} NAME" in text


def test_a_format_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = " ".join(call("list", "formats", "eie[huffman]", "decode: ham", "zstd").output.split())
    for words in (
        "eie[coding=huffman]: Deep Compression", "parameters: coding=plain", "Published size: 32 K",
        "Han et al.", "docs/formats/eie.md", "--formats eie[coding=huffman]", "ceiling:decode[format=ham]",
        "it comes with its format: --formats ham", "parameters: level=3",
    ):  # fmt: skip
        assert words in text
    assert call("list", "formats", "cham").exit_code == 2


def test_the_values_that_are_left_are_said(tmp_path: Path) -> None:
    """A layer of "32 clusters" may have fewer after pruning."""
    row = made_results.results(1)["space"][0]
    made_results.written({"space": [row | {"distinct": 9}]}, tmp_path)
    assert distinct_values(tmp_path) == {row["dataset"]: 9} and distinct_values(tmp_path / "none") == {}


def test_tables_say_what_combining_costs(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.eye(8, dtype=np.float32))
    arguments = ("run", "--datasets", str(tmp_path / "w.npy"), "--formats", "column_combined")
    out = str(tmp_path / "out")
    assert call(*arguments, "--metrics", "space,systolic", "--quick", "--out", out).exit_code == 0
    text = call("table", out).output
    assert "column_combined on 32x32" in text and "error" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--datasets", "orsreg"), "no data set 'orsreg': did you mean orsreg_1"),
        (("run", "--formats", "cham"), "no format 'cham': did you mean"),
        (("run", "--formats", "sham[alpha=1]"), "sham has no parameter 'alpha'"),
        (("run", "--metrics", "speed"), "no metric 'speed': there are space, "),
        (("run", "--cache", "hot"), "no cache 'hot': there are warm, cold"),
        (("run", "--batch", "many"), "'many' is not a list of whole numbers"),
        (("run", "--threads", "0"), "0 is too small"),
        (("run", "medium"), "small"),
        (("fetch", "sina"), "did you mean SiNa"),
        (("list", "everything"), "formats"),
    ],
)
def test_what_is_not_known(arguments: tuple[str, ...], words: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 2 and words in result.output and "Traceback" not in result.output


def test_run_export_and_fetch(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.eye(8, dtype=np.float32))
    out = tmp_path / "results"
    assert call("export", "--out", str(out)).exit_code == 2  # nothing is measured yet
    arguments = ("run", "--datasets", str(tmp_path / "w.npy"), "--formats", "csc,sham", "--metrics", "space")
    result = call(*arguments, "--out", str(out))
    assert result.exit_code == 0, result.output
    first = (out / "space.csv").read_bytes()
    result = call("export", "--out", str(tmp_path / "again"))
    assert result.exit_code == 0 and "2 rows" in result.output
    assert (tmp_path / "again" / "space.csv").read_bytes() == first
    result = call("fetch", "deepdta/30-0-16~twin")
    assert result.exit_code == 0 and "deepdta/30-0-16~twin: twin, 192 x 1024, 137625 nonzeros" in result.output


def test_quick_runs_stay_out_of_results(tmp_path: Path, home: Path) -> None:
    np.save(tmp_path / "w.npy", np.eye(8, dtype=np.float32))
    result = call("run", "--quick", "--datasets", str(tmp_path / "w.npy"), "--formats", "csc", "--batch", "1")
    assert result.exit_code == 0, result.output
    assert (home / "quick" / "time.csv").exists() and not (home / "journal.sqlite").exists()


def test_fetch_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "w.npy"
    path.write_bytes(b"broken")
    result = call("fetch", str(path))
    assert result.exit_code == 2 and "cannot be read as a matrix" in result.output


def test_a_run_of_nothing_that_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("1,2\n3\n")
    result = call("run", "--quick", "--datasets", str(tmp_path / "w.csv"))
    assert result.exit_code == 1 and "left out: " in result.output and "line 2, has 1 fields" in result.output
    assert "results:" not in result.output and "a quick look" not in result.output


def test_doctor() -> None:
    result = call("doctor")
    assert result.exit_code == 0 and "kernels" in result.output and "compiler" in result.output


def test_known_troubles_become_messages(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from dotbench.bench import cli
    from dotbench.cdot.build import BuildError

    def fails(*_: object, **__: object) -> None:
        raise BuildError("no compiler")

    monkeypatch.setattr(cli, "command", fails)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 2 and "Error: no compiler" in capsys.readouterr().err


def test_own_files_stay_out_of_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dotbench.bench.run import session

    written: list[Path] = []
    monkeypatch.setattr(session, "write", lambda rows, out, *more: written.append(out))
    np.save(tmp_path / "w.npy", np.eye(8, dtype=np.float32))
    arguments = ("run", "--datasets", str(tmp_path / "w.npy"), "--formats", "csc", "--metrics", "space")
    assert call(*arguments).exit_code == 0 and [path.name for path in written] == ["own"]
    assert call("export").exit_code == 0 and [path.name for path in written] == ["own", "own"]
