"""Plug-ins that are broken in all ways: each is named in a line, and everything else works."""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

import distributions
from distributions import call

ROOT = Path(__file__).resolve().parents[2]
ELL = ROOT / "examples" / "ell" / "dotbench_ell" / "__init__.py"

C = ELL.with_name("ell.c")
TELL = ELL.read_text().replace('"ell"', '"tell"').replace("0x8001", "0x8071")  # the example itself may be installed
GOOD = TELL.replace('Path(__file__).with_name("ell.c")', f"Path({str(C)!r})")
WRONG: dict[str, tuple[str, str]] = {  # the module's text, and what is said of it
    "raises": ("raise RuntimeError('no licence\\nfound')", "raises RuntimeError: no licence found"),
    "raises nothing said": ("raise ZeroDivisionError", "raises ZeroDivisionError."),
    "ends": ("import sys; sys.exit(3)", "raises SystemExit: 3"),
    "syntax": ("def", "raises SyntaxError"),
    "lacks a library": ("import no_such_library", "raises ModuleNotFoundError: No module named 'no_such_library'"),
    "has no such name": ("", "raises AttributeError: module 'dotbench_bad' has no attribute 'Ell'"),
    "a number": ("Ell = 5", "5 is no subclass of dotbench.formats.format.Format"),
    "another class": ("class Ell: name = 'ell'", "is no subclass of dotbench.formats.format.Format"),
    "a name that is there": (GOOD.replace('"tell"', '"csc"'), "collides with 'csc' (id 2)"),
    "an id that is there": (GOOD.replace("0x8071", "2"), "collides with 'csc' (id 2)"),
    "a name with brackets": (GOOD.replace('"tell"', '"e[red]ll"'), "'e[red]ll' is no name of a format"),
    "no id": (GOOD.replace("    format_id: ", "    other: "), "Ell has no format_id"),
    "no summary": (GOOD.replace("    summary: ", "    other: "), "Ell has no summary"),
    "an id out of range": (GOOD.replace("0x8071", "1 << 20"), "1048576 is no id of a format"),
    "not whole": (GOOD.replace("def write", "def rite"), "raises TypeError: Can't instantiate abstract class Ell"),
    "values of no type": (
        GOOD.replace("    fields_bytes", '    value_types: ClassVar[tuple[str, ...]] = ("bf16",)\n    fields_bytes'),
        "it stores ('bf16',)",
    ),
    "no C file": (TELL, "the C file of tell is not there: "),
    "a C file by its name": (
        TELL.replace('[Path] = Path(__file__).with_name("ell.c")', '[str] = "ell.c"'),
        "tell has the kernel_source 'ell.c': the Path of the C file with tell_decoder",
    ),
    "no kernels": (
        TELL.replace("    kernel_source", "    other"),
        "tell has the kernel_source None: the Path of the C file with tell_decoder",
    ),
    "a variant that it has not": (
        GOOD.replace("    fields_bytes", '    variants: ClassVar[tuple[str, ...]] = ("k=2",)\n    fields_bytes'),
        "tell has no parameter 'k'",
    ),
    "a parameter of no such type": (
        GOOD.replace("    name: ClassVar", "    k: list = None\n    name: ClassVar"),
        "its parameter k is of type <class 'list'>",
    ),
    "a parameter without a default": (
        GOOD.replace("    name: ClassVar", "    k: int\n    name: ClassVar"),
        "its parameter k has no default: standard runs name no parameters",
    ),
    "a default of another type": (
        GOOD.replace("    name: ClassVar", "    k: int = 'two'\n    name: ClassVar"),
        "its parameter k is int, and 'two' by default",
    ),
}


def install(site: Path, name: str, text: str, points: str = "") -> None:
    """A module with a format."""
    distributions.install(site, name, text, points or f"[dotbench.formats]\n{name} = {name}:Ell\n")


LOOK = "from dotbench import formats; print(*formats.names()); print(*formats.broken(), sep='\\n'); print(formats.standard()[0])"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    return tmp_path / "site"


def test_every_kind_of_broken_plugin_is_named_and_the_others_work(site: Path) -> None:
    """All of them at once, between two good ones."""
    install(site, "dotbench_a", GOOD.replace('"tell"', '"first"').replace("0x8071", "0x8072"))
    install(site, "dotbench_z", GOOD.replace('"tell"', '"last"').replace("0x8071", "0x8073"))
    for number, (text, _) in enumerate(WRONG.values()):
        install(site, f"dotbench_bad{number}", text)
    found = call(site, "-c", LOOK)
    assert found.returncode == 0, found.stderr
    names, *lines, standard = found.stdout.splitlines()
    assert {"csc", "first", "last"} <= set(names.split()) and standard == "dense" and len(lines) == len(WRONG)
    told = {line.split()[2]: line for line in lines}
    for number, (what, (_, words)) in enumerate(WRONG.items()):
        line = told[f"dotbench-bad{number}"]
        assert line.startswith(f"the plug-in dotbench-bad{number} is left out: "), what
        assert words.replace("dotbench_bad", f"dotbench_bad{number}") in line, (what, line)
        assert line.endswith("pip uninstall it")


def test_parameters_whose_types_are_classes(site: Path) -> None:
    """As they are where a module does not keep annotations as text."""
    parameters = "    width: int = 2\n    share: float = 0.5\n    name: ClassVar"
    install(site, "dotbench_a", GOOD.replace("    name: ClassVar", parameters, 1))
    found = call(site, "-c", "from dotbench import formats; print(formats.parse('tell[share=0.25,width=3]'))")
    assert found.stdout == "tell[share=0.25,width=3]\n", found.stderr
    wrong = call(site, "-c", "from dotbench import formats; formats.parse('tell[width=x]')")
    assert wrong.stderr.endswith("ValueError: tell[width=x]: 'x' is not int as width is\n")


NAMED = "    .version = CDOT_VERSION,\n    .open = ell_open,\n    .seek = ell_seek,\n    .next = ell_next,\n"
WRONG_KERNELS = {  # what is replaced in the C file by what, and what is said of it
    "no table": ("extern const cdot_decoder ell_", "extern const cdot_decoder other_", "kernels0.c defines no table "),
    "no next": ("    .next = ell_next,\n", "", "k1_decoder in kernels1.c leaves out .next, and open, seek, next have to"),
    "neither open nor seek": (
        "    .open = ell_open,\n    .seek = ell_seek,\n", "", "kernels2.c leaves out .open and .seek, and open, seek, next",
    ),
    "another contract": ("CDOT_VERSION", "1", "the kernels in kernels3.c were written for version 1 of the kernel contract"),
    "no version": ("    .version = CDOT_VERSION,\n", "", "kernels4.c were written before the kernel contract had versions"),
    "a table by position": (NAMED, "    0, ell_open, ell_seek, ell_next, 0, 0, 0\n", "kernels5.c:"),
    "an old path": ('"core/payload.h"', '"cdot/payload.h"', "kernels6.c:2:10: fatal error: 'cdot/payload.h' file not found"),
}  # fmt: skip


@pytest.mark.skipif("DOTBENCH_CC" in os.environ, reason="these are the words of our compiler: unset DOTBENCH_CC")
def test_kernels_that_cannot_be_used_are_named_and_all_other_formats_are_measured(site: Path) -> None:
    np.save(site.parent / "w.npy", np.eye(8, dtype=np.float32))
    for number, (old, new, _) in enumerate([*WRONG_KERNELS.values(), ("", "", "")]):
        text, name = C.read_text(), f"k{number}"
        assert old in text
        text = text.replace(old, new).replace("ell_", f"{name}_").replace("0x8001", f"0x810{number}")
        if number == 0:
            text = text.replace("k0_decoder", "other_decoder")
        (site / f"kernels{number}.c").write_text(text)
        module = TELL.replace('"tell"', f'"{name}"').replace("0x8071", f"0x810{number}")
        install(site, f"kernels{number}", module.replace("ell.c", f"kernels{number}.c"))
    names = ",".join(f"k{number}" for number in range(len(WRONG_KERNELS) + 1))
    run = ["-m", "bench", "run", "--datasets", "w.npy", "--formats", f"csc,{names}", "--metrics", "space,time"]
    found = call(site, *run, "--batch", "1", "--quick", "--out", "out")
    assert found.returncode == 1 and "Traceback" not in found.stderr, found.stdout + found.stderr
    for file in ("space", "time"):
        with (site.parent / "out" / f"{file}.csv").open(newline="") as stream:
            rows = {row["format"]: row for row in csv.DictReader(stream)}
        assert {name for name, row in rows.items() if row["status"] == "ok"} == {"csc", f"k{len(WRONG_KERNELS)}"}
        for number, (what, (*_, words)) in enumerate(WRONG_KERNELS.items()):
            row = rows[f"k{number}"]
            assert row["status"] == "failed" and words in row["reason"], (what, row["reason"])
            assert row["reason"].startswith(f"the plug-in kernels{number}: "), (what, row["reason"])
            cure = "build them again with its headers" if "contract" in words else f"or pip uninstall kernels{number}"
            assert row["reason"].endswith(cure), (what, row["reason"])
    product = (
        "import numpy; from dotbench import formats; formats.get('k1').encode(numpy.eye(4)).dot(numpy.ones(4, 'f'))"
    )
    alone = call(site, "-c", product)
    assert alone.returncode == 1, alone.stderr  # the interpreter lives
    assert "the plug-in kernels1: k1_decoder in kernels1.c leaves out .next" in alone.stderr
    assert alone.stderr.endswith("Update it, or pip uninstall kernels1\n")


POINTS = (
    ("[dotbench.formats]\nno equals sign\n", "its entry points cannot be read"),
    ("[dotbench.formats]\nell = two words : and\n", " raises "),
    ("[dotbench.formats]\nell = \n", " raises "),
    ("[console_scripts]\nno equals sign\n", ""),
    ("[dotbench.formats]\nell = caf\xe9:Ell\n", "its entry points cannot be read"),
    ("[console_scripts]\ncaf\xe9 = a:b\n", ""),
)


def test_metadata_that_cannot_be_read(site: Path) -> None:
    """Of a plug-in it is named; of a package that has nothing to do with us it is nothing to us."""
    install(site, "dotbench_a", GOOD)
    for number, (points, _) in enumerate(POINTS):
        install(site, f"dotbench_bad{number}", "", points)
    found = call(site, "-c", LOOK)
    assert found.returncode == 0, found.stderr
    names, *lines, _ = found.stdout.splitlines()
    assert "tell" in names.split() and len(lines) == 4
    for number, (_, words) in enumerate(POINTS):
        told = [line for line in lines if line.startswith(f"the plug-in dotbench-bad{number} is left out: ")]
        assert len(told) == bool(words) and all(words in line for line in told)


def test_commands_go_on_and_say_it(site: Path) -> None:
    install(site, "dotbench_bad", "raise RuntimeError('no licence \\x1b[31m')")
    np.save(site.parent / "w.npy", np.eye(8, dtype=np.float32))
    run = ["run", "--datasets", "w.npy", "--formats", "csc", "--metrics", "space", "--out", "out"]
    line = "the plug-in dotbench-bad is left out: dotbench_bad:Ell raises RuntimeError: no licence \\x1b[31m."
    for words in (run, ["table", "out"], ["list", "formats"], ["diff", "out", "out"], ["list", "datasets", "w.npy"]):
        found = call(site, "-m", "bench", *words)
        assert found.returncode == 0, found.stderr
        assert found.stderr.count(line) == 1 and "Traceback" not in found.stderr and "\x1b" not in found.stderr
    refused = call(site, "-m", "bench", "run", "--datasets", "w.npy", "--formats", "bad")
    assert refused.returncode == 2 and "no format 'bad'" in refused.stderr and "Traceback" not in refused.stderr


def test_a_payload_of_a_plugin_that_is_broken_now(site: Path) -> None:
    """The file's error says which plug-in may be what it lacks."""
    install(
        site,
        "dotbench_tell",
        GOOD,
    )
    save = "import numpy; from dotbench import formats; formats.get('tell').encode(numpy.eye(4)).save('w.dbp')"
    assert call(site, "-c", save).returncode == 0
    (site / "dotbench_tell.py").write_text("raise RuntimeError('gone')")
    found = call(site, "-c", "from dotbench import formats; formats.load('w.dbp')")
    assert "is of format 32881, which is not installed" in found.stderr
    assert "the plug-in dotbench-tell is left out" in found.stderr
