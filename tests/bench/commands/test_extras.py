"""Verbs where extras are not installed: one line that says what is missing and what brings it."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from dotbench.bench.commands.verbs import VERBS
from dotbench.bench.machine.extras import EXTRAS, missing
from dotbench.cdot import places

sys.path.insert(0, str(Path(__file__).parents[2]))
import without

ROOT = Path(__file__).resolve().parents[3]
CALL = "from dotbench.bench.cli import main; sys.argv = ['dotbench', *sys.argv[1:]]; main()"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MODULES = {module for extra in EXTRAS.values() for module in extra.modules.values()}
CORE = {"numpy", "cffi", "click", "rich"}


def packages(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=;\[ ]", line)[0] for line in requirements}


def test_extras_are_those_of_the_project() -> None:
    assert packages(PROJECT["dependencies"]) == CORE
    for name, extra in EXTRAS.items():
        assert set(extra.modules) == packages(PROJECT["optional-dependencies"][name])


def test_only_extras_of_their_own_bring_gigabytes() -> None:
    """The two commands of the README install neither torch nor MKL."""
    extras = PROJECT["optional-dependencies"]
    assert {name for name, lines in extras.items() if packages(lines) & {"torch", "mkl"}} == {"mkl", "torch"}
    bring = {name for name, lines in extras.items() if re.search(r"dotbench\[.*\b(mkl|torch|graphblas)\b", str(lines))}
    assert bring == {"peers"} and "peers" not in str({name: extras[name] for name in extras if name != "peers"})
    assert re.findall(r"^(\w+) = .*\bpeers\b", (ROOT / "noxfile.py").read_text(), re.MULTILINE) == ["PEERS"]


def test_verbs_are_what_their_commands_say() -> None:
    for verb in VERBS.values():
        command = verb.command()
        assert command.short_help == verb.summary and command.name == verb.name
        assert set(verb.extras) <= set(EXTRAS)


@pytest.mark.parametrize("verb", sorted(name for name, verb in VERBS.items() if verb.extras))
def test_a_verb_says_the_line_that_brings_its_extra(verb: str) -> None:
    done = without.run(CALL, verb, packages=MODULES)
    extras = ",".join(("compiler", *VERBS[verb].extras))
    assert done.returncode == 2 and not done.stdout
    assert re.fullmatch(
        rf"Error: dotbench {verb} needs the extras? .*\(not installed: scipy, .*\): "
        rf"python -m pip install -e '\.\[{extras}\]'\n",
        done.stderr,
    )


def test_one_package_that_is_missing_is_enough() -> None:
    done = without.run(CALL, "report", packages={"plotly"})
    assert done.returncode == 2
    assert "needs the extra report (not installed: plotly): python -m pip install -e '.[report]'" in done.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("cite", "ham"), ("doctor",)])
def test_what_the_core_alone_can_do(arguments: tuple[str, ...]) -> None:
    done = without.run(CALL, *arguments, packages=MODULES - {"ziglang"})
    assert done.returncode == 0, done.stderr
    if arguments == ("--help",):
        assert re.findall(r"^  (\w+) ", done.stdout, re.MULTILINE)[-len(VERBS) :] == sorted(VERBS)
    if arguments == ("doctor",):
        assert "lacking: extra run" in done.stdout
        for extra in set(EXTRAS) - {"run", "compiler"}:
            assert f"  extra {extra}: python -m pip install -e '.[{extra}]'" in done.stdout
        assert "next: python -m pip install -e '.[compiler,run]'" in done.stdout


def test_help_imports_no_verb() -> None:
    code = (
        "from dotbench.bench.cli import command\ntry:\n    command(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in sys.modules if name.partition('.')[0] in ('numpy', 'scipy', 'pandas', 'cffi')])"
    )
    assert without.run(code, packages=()).stdout.splitlines()[-1] == "[]"


def test_known_troubles_are_classes_that_there_are() -> None:
    from importlib import import_module

    from dotbench.bench import cli

    for name in cli.TROUBLES:
        module, _, kind = name.rpartition(".")
        assert issubclass(getattr(import_module(module), kind), Exception)


def test_lines_of_an_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "CHECKOUT", False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("dotbench.bench.machine.extras.find_spec", lambda name: None)
    assert missing(("report",), "dotbench report") == (
        "dotbench report needs the extra report (not installed: plotly, pandas, psutil): "
        "python -m pip install 'dotbench[report]'"
    )
    assert missing((), "dotbench cite") == ""


def test_a_table_of_text_without_pyarrow(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("1,2\n3,4\n")
    done = without.run(CALL, "fetch", str(tmp_path / "w.csv"), packages={"pyarrow"})
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "read by pyarrow, which is not installed: python -m pip install -e '.[tables]'" in done.stderr


def test_a_frame_in_the_core() -> None:
    """The metrics say what the columns are, and what they measure with is of the extra, too."""
    done = without.run("from dotbench import bench; bench.load('results')", packages=MODULES)
    assert done.stderr.splitlines()[-1].endswith(
        "(not installed: plotly, pandas, psutil): python -m pip install -e '.[report]'"
    )


def test_a_frame_without_pandas() -> None:
    done = without.run("from dotbench import bench; bench.load('results')", packages={"pandas"})
    assert done.stderr.splitlines()[-1] == (
        "ImportError: dotbench.bench.load needs the extra report (not installed: pandas): "
        "python -m pip install -e '.[report]'"
    )
