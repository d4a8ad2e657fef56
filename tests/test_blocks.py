"""Every block of code in the pages runs: Python, commands, and pieces of other files.

Each block runs for itself, in a folder of its own, with what the comment before it says it is given
(``<!-- given: W, X -->``; the names stand in `given`). A block of a kind that is not known here fails.
"""

from __future__ import annotations

import doctest
import importlib
import re
import shlex
import sys
import tomllib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import save_file

from dotbench.bench.cli import command
from dotbench.bench.packs.choose import smallest
from dotbench.bench.packs.pack import pack
from dotbench.datasets.models import names as model_names

sys.path.insert(0, str(Path(__file__).parent))
from markdown_pages import ROOT, Block, all_blocks, codes, name, pages

RESULTS = str(ROOT / "results")
SPACE = "--metrics space"

# What runs in place of a command of a page, and why. All others run as they stand.
INSTEAD = {
    "run --datasets w.npy --formats csc,ham,sham": (f"{SPACE}", "sizes only: times take many passes"),
    "pick model.safetensors": ("--quick", "times take some seconds: tests/bench/pick has them"),
    "diff picks picks": (f"= diff {RESULTS} {RESULTS}", "folders of a line that may come later"),
    "diff": (f"= diff {RESULTS} {RESULTS}", "a checkout may be without its history, and results/ may be of a run"),
    "diff main HEAD": (f"= diff {RESULTS} {RESULTS}", "the same"),
    "diff results ../theirs": (f"= diff {RESULTS} {RESULTS}", "nobody else's results are at hand"),
    "diff HEAD --markdown": (f"= diff {RESULTS} {RESULTS} --markdown", "as diff"),
    "log time:SiNa:sham:batch=8": ("--help", "as diff"),
    "report": ("--out report.html", "the page would go into the checkout"),
    "breakeven 512x4096": ("--help", "it times for a minute: tests/bench/breakeven has small ones"),
    "breakeven 512x4096 --batch 1,8": ("--help", "the same"),
    "breakeven 512x4096 --dtype float32,int8 --batch 1,8,32": ("--help", "the same"),
    "breakeven 768x768 --formats csc,csc_palette --zeros 50,70,90 --out breakeven.csv": ("--help", "the same"),
    "doctor": ("--help", "it compiles, and asks this machine what it is: tests/bench/machine/test_doctor.py"),
}  # fmt: skip


def matrix() -> np.ndarray:
    """A pruned layer: 64 inputs, 32 outputs, a fifth of the entries, four values."""
    random = np.random.default_rng(0)
    values = random.choice(np.array([-1, -0.5, 0.5, 1], np.float32), (64, 32))
    return np.where(random.random((64, 32)) < 0.2, values, 0).astype(np.float32)


def packed_model(folder: Path) -> None:
    """A pack of a pruned layer, outputs first as PyTorch has it, half of whose zeros are negative, and of a bias."""
    mask = np.where(np.arange(64 * 32).reshape(64, 32) % 2, 1, -1).astype(np.float32)
    save_file({"fc1.weight": matrix() * mask, "fc1.bias": np.ones(64, np.float32)}, folder / "whole.safetensors")
    pack(model_names.tensors(folder / "whole.safetensors"), smallest(), folder / "packed.safetensors")


def given(what: str, folder: Path) -> dict[str, Any]:
    """What a page's comment names: variables of a block of Python, or files beside commands."""
    if what == "W":
        return {"W": matrix()}
    if what == "X":
        return {"X": np.random.default_rng(1).random((8, 64), np.float32)}
    if what == "w.npy":
        np.save(folder / what, matrix())
    elif what == "nets.npz":
        np.savez(folder / what, fc1=matrix().T, fc2=matrix())
    elif what == "model.safetensors":
        save_file({"fc1.weight": np.ascontiguousarray(matrix().T), "fc1.bias": np.ones(32, np.float32)}, folder / what)
    elif what == "packed.safetensors":
        packed_model(folder)
    elif what == "results":
        (folder / what).symlink_to(RESULTS)
    else:
        raise AssertionError(f"nobody here can give {what}: tests/test_blocks.py says what can be")
    return {}


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks write below tmp_path, journal and caches too; the compiled kernels are those of the checkout."""
    from dotbench.cdot import build

    home = tmp_path / "home"
    home.mkdir()
    (home / "build").symlink_to(build.build().parent)
    monkeypatch.setenv("DOTBENCH_HOME", str(home))
    monkeypatch.chdir(tmp_path)


# ---- Python


def python_error(block: Block, folder: Path) -> str:
    """Runs a block, in a namespace of its own; a session with ``>>>`` has to print what it shows."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for what in block.given:
        if not re.search(rf"\b{re.escape(what)}\b", block.text):
            return f"{block}: {what} is given and not used"
        names |= given(what, folder)
    if ">>> " not in block.text:
        try:
            exec(compile(block.text, str(block), "exec"), names)
        except Exception as error:
            return f"{block}: {type(error).__name__}: {error}"
        return ""
    said: list[str] = []
    example = doctest.DocTestParser().get_doctest(block.text, names, str(block), str(block.page), block.line)
    doctest.DocTestRunner(verbose=False).run(example, out=said.append)
    return "".join(said)


@pytest.mark.parametrize("order", [1, -1], ids=["as they stand", "reversed"])
def test_python(order: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All blocks of Python, one after the other in one process: none needs, or spoils, another."""
    errors = []
    for number, block in enumerate([block for block in all_blocks() if block.kind == "python"][::order]):
        (folder := tmp_path / str(number)).mkdir()
        monkeypatch.chdir(folder)
        errors.append(python_error(block, folder))
    assert len(errors) >= 20 and list(filter(None, errors)) == []


# ---- commands


def lines(text: str) -> list[list[str]]:
    """The words of each command of a block of ``sh``; comments are left out."""
    joined = text.replace("\\\n", " ").splitlines()
    return [words for line in joined if (words := shlex.split(re.sub(r"(^|\s)#.*", "", line)))]


def parsed(words: Sequence[str]) -> None:
    """Lets click read a command line of dotbench without running it: an option that is gone is an error."""
    if list(words) in (["--help"], ["--version"]):
        return
    group = click.Context(command, info_name="dotbench")
    verb, found, rest = command.resolve_command(group, list(words))
    assert verb and found
    found.make_context(verb, list(rest), parent=group)


def parsed_by(module: str, words: Sequence[str]) -> None:
    """The same for a module with a command of its own."""
    found = importlib.import_module(module)
    if isinstance(main := getattr(found, "main", None), click.Command):
        main.make_context(module, list(words))
    else:
        assert not words, f"nobody here can read what {module} is told"


# What reads the words behind ``--`` of a session; of others none may stand in a page.
READERS: dict[str, Callable[[list[str]], None]] = {
    "pick": lambda words: parsed(["pick", *words]),
    "small": lambda words: parsed(["run", "small", *words]),
    "full": lambda words: parsed(["run", "full", *words]),
    "selftest": lambda words: parsed(["selftest", *words]),
    "limits": partial(parsed_by, "dotbench.bench.goals.race"),
    "firmware": partial(parsed_by, "dotbench.bench.microcontroller.command"),
}


def of_session(words: Sequence[str]) -> None:
    """``-s NAME -- ...``: the session is there, and its command reads what stands behind."""
    sessions = re.findall(r"^@nox\.session\ndef (\w+)", (ROOT / "noxfile.py").read_text(), re.MULTILINE)
    assert words[0] == "-s" and words[1] in (*sessions, "NAME"), f"no session {words[1]}"
    if more := list(words[2:]):
        assert more[0] == "--" and words[1] in READERS, f"nobody here can read what the session {words[1]} is told"
        READERS[words[1]](more[1:])


def of_python(words: Sequence[str]) -> None:
    if words[0] == "noxfile.py":
        of_session(words[1:])
    elif words[0] != "-m":
        assert (ROOT / words[0]).is_file(), f"no file {words[0]}"
    elif words[1] in ("dotbench", "bench"):
        of_dotbench(words[2:])
    elif words[1] == "pytest":
        of_pytest(words[2:])
    else:
        parsed_by(words[1], words[2:])


def of_pytest(words: Sequence[str]) -> None:
    """Files of tests are there; what is said of them besides, pytest reads."""
    missing = [word for word in words if word.startswith("tests/") and not (ROOT / word).exists()]
    assert not missing, f"no file {missing[0]}"


def of_dotbench(words: Sequence[str]) -> None:
    """Reads the line as it stands, and runs it or what stands for it."""
    parsed(words)
    more, _ = INSTEAD.get(" ".join(words), ("", ""))
    instead = shlex.split(more[1:]) if more.startswith("=") else [*words, *shlex.split(more)]
    assert instead[0] == words[0]
    done = CliRunner().invoke(command, instead)
    assert done.exit_code == 0, (
        f"dotbench {shlex.join(instead)} exits with {done.exit_code}: {done.output} {done.exception!r}"
    )


def of_pip(words: Sequence[str]) -> None:
    """Installing: folders and extras are there. (tests of the wheel install it.)"""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert words[0] == "install"
    for word in words[1:]:
        folder, _, wanted = word.partition("[")
        assert not folder.startswith(".") or (ROOT / folder).is_dir(), f"no folder {folder}"
        if folder in (".", "dotbench"):
            assert set(filter(None, wanted.rstrip("]").split(","))) <= set(extras), f"no such extras: {wanted}"


def of_bash(words: Sequence[str]) -> None:
    assert (ROOT / words[0]).is_file(), f"no file {words[0]}"


PROGRAMS: dict[str, Callable[[Sequence[str]], None]] = {
    "dotbench": of_dotbench, "python": of_python, "python3": of_python, "nox": of_session, "pip": of_pip, "bash": of_bash,
    # other people's: nothing of ours is in their lines
    "cd": lambda _: None, "git": lambda _: None, "pre-commit": lambda _: None, "sudo": lambda _: None,
}  # fmt: skip


def command_error(block: Block, words: Sequence[str]) -> str:
    try:
        PROGRAMS[words[0]](words[1:])
    except KeyError:
        return f"{block}: nobody here knows the program {words[0]}"
    except (AssertionError, click.ClickException, ImportError, SystemExit) as error:
        return f"{block}: {shlex.join(words)}: {error}"
    return ""


@pytest.mark.parametrize("order", [1, -1], ids=["as they stand", "reversed"])
def test_commands(order: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = []
    for number, block in enumerate([block for block in all_blocks() if block.kind == "sh"][::order]):
        (folder := tmp_path / str(number)).mkdir()
        monkeypatch.chdir(folder)
        for what in block.given:
            assert what in block.text, f"{block}: {what} is given and not used"
            given(what, folder)
        errors += [command_error(block, words) for words in lines(block.text)[::order]]
    assert len(errors) >= 10 and list(filter(None, errors)) == []


def test_every_replacement_is_of_a_line() -> None:
    """`INSTEAD` has no lines that no page has any more."""
    known = {" ".join(words[1:]) for block in all_blocks() if block.kind == "sh" for words in lines(block.text)}
    assert set(INSTEAD) - known == set()


@pytest.mark.parametrize("page", [page for page in pages() if page.name != "CHANGELOG.md"], ids=name)
def test_commands_in_sentences_are_read(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Options and sessions that sentences and tables name are there; nothing is run."""
    monkeypatch.setitem(PROGRAMS, "dotbench", parsed)
    errors = []
    for line, code in codes(page):
        if re.match(r"(dotbench|python3?|nox|pip|bash) (?!-m dotbench$)", code):
            errors.append(command_error(Block(page, line, "sh", code, ()), shlex.split(code)))
    assert list(filter(None, errors)) == []


def examples() -> list[tuple[str, str]]:
    """(where it stands, command line) of the examples below ``--help``, and of the example of a workflow."""
    group = click.Context(command, info_name="dotbench")
    verbs = [(verb, command.get_command(group, verb)) for verb in command.list_commands(group)]
    texts = [(f"dotbench {verb} --help", found.epilog or "") for verb, found in verbs if found]
    texts.append(("dotbench --help", command.epilog or ""))
    workflow = ROOT / "examples" / "github-action" / "dotbench-diff.yml"
    texts.append((workflow.name, workflow.read_text()))
    found = [(where, line.strip()) for where, text in texts for line in text.splitlines()]
    return [(where, line) for where, line in found if line.startswith("dotbench ")]


def test_examples_of_help_and_workflow_are_read() -> None:
    errors = []
    for where, line in examples():
        words = shlex.split(re.split(r"  +| > | \|\| |: two folders", line)[0])
        try:
            parsed(words[1:])
        except click.ClickException as error:
            errors.append(f"{where}: {line}: {error}")
    assert len(examples()) >= 12 and errors == []


# ---- pieces of other files


def quoted(block: Block) -> str:
    """C, YAML and the like in a page is a piece of a file of the tree: of one whose path the page names."""
    paths = {code for _, code in codes(block.page)}
    files = [ROOT / path for path in paths if "/" in path and (ROOT / path).is_file()]
    return (
        ""
        if any(block.text.strip() in file.read_text() for file in files)
        else f"{block}: in no file that the page names"
    )


def toml(block: Block) -> str:
    try:
        tomllib.loads(block.text)
    except tomllib.TOMLDecodeError as error:
        return f"{block}: {error}"
    return ""


def followed(block: Block) -> str:
    """Steps that tests take one after the other in a copy of the code (tests/steps.py)."""
    return "" if block.page.name == "CONTRIBUTING.md" else f"{block}: only CONTRIBUTING.md has blocks of {block.kind}"


def nothing(block: Block) -> str:
    return ""


KINDS: dict[str, Callable[[Block], str]] = {
    "text": nothing,  # what a program printed, and drawings
    "python": nothing,  # test_python
    "sh": nothing,  # test_commands
    "bash": followed,
    "diff": followed,
    "toml": toml,
    "c": quoted,
    "yaml": quoted,
}


@pytest.mark.parametrize("page", pages(), ids=name)
def test_blocks_are_of_a_known_kind(page: Path) -> None:
    errors = []
    for block in all_blocks():
        if block.page == page:
            check = KINDS.get(block.kind)
            errors.append(check(block) if check else f"{block}: nobody here knows blocks of kind {block.kind!r}")
    assert list(filter(None, errors)) == []


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("sh", "dotbench run --dataset w.npy", "No such option"),
        ("sh", "dotbench ruin small", "No such command"),
        ("sh", "dotbench run --cache lukewarm", "exits with"),
        ("sh", "python3 noxfile.py -s medium", "no session medium"),
        ("sh", "nox -s small -- --fast", "No such option"),
        ("sh", "nox -s lint -- --fast", "nobody here can read"),
        ("sh", "python -m dotbench.bench.nobody", "No module named"),
        ("sh", "pip install '.[everything]'", "no such extras"),
        ("sh", "pip install ./examples/nobody", "no folder"),
        ("sh", "conda install dotbench", "nobody here knows the program"),
        ("python", "W.sum()", "NameError"),
        ("python", ">>> 1 + 1\n3\n", "Got:\n    2"),
        ("c", "int x;", "in no file"),
        ("toml", "a = ", "Invalid"),
    ],
)
def test_a_block_that_is_wrong_is_found(
    kind: str, text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests above can fail."""
    monkeypatch.setattr(Block, "__str__", lambda block: block.kind)
    (tmp_path / "page.md").write_text(f"```{kind}\n{text}\n```\n")
    block = Block(tmp_path / "page.md", 1, kind, text, ())
    if kind == "sh":
        (line,) = lines(text)
        assert words in command_error(block, line)
    else:
        assert words in (python_error(block, tmp_path) if kind == "python" else KINDS[kind](block))
