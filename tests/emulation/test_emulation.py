"""What the aarch64 session says where something is missing, what it asks for, what it calls equal and near."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dotbench.cdot import build
from dotbench.firmware.errors import Unavailable
from emulation import __main__ as session
from emulation import bits, debian, emulated_programs, machine

TESTS = Path(__file__).resolve().parents[1]
BUILT = build.build().parent
LISTING = "Inst libc6 (2.36-9 Debian:12 [arm64])\nInst python3 (3.11.2-1 Debian:12 [arm64])\nConf libc6 (2.36-9)"


@pytest.fixture
def emulator() -> str:
    """qemu-aarch64; without one the test is skipped by name."""
    try:
        return debian.qemu()
    except Unavailable as lack:
        pytest.skip(str(lack))


def said(path: str, *words: str) -> subprocess.CompletedProcess[str]:
    """What the session's module says with programs of ``path``."""
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-m", "emulation", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=TESTS.parent)


@pytest.mark.skipif(
    machine.platform.machine() != "x86_64", reason="results are compared with x86-64: such a machine brings it"
)
def test_without_an_emulator_the_session_names_the_line_that_brings_it(tmp_path: Path) -> None:
    line = "no qemu-aarch64 here: sudo apt-get install qemu-user\n"
    done = said(str(tmp_path))
    assert (done.returncode, done.stdout) == (1, f"aarch64: {line}")
    done = said(str(tmp_path), "--optional")
    assert (done.returncode, done.stdout) == (0, f"left out: aarch64: {line}")


def test_on_another_machine_the_session_says_which_one_does_it_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.platform, "machine", lambda: "aarch64")
    with pytest.raises(Unavailable, match="this is no x86-64 but aarch64: .*: on aarch64, nox -s tests runs the same"):
        machine.prepared()


def programs(folder: Path, **scripts: str) -> str:
    """A folder of programs of one line each."""
    for name, script in scripts.items():
        (folder / name.replace("_", "-")).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name.replace("_", "-")).chmod(0o755)
    return str(folder)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of its own."""
    monkeypatch.setenv("DOTBENCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("apt", "words"),
    [
        (
            None,
            "no apt-get here to fetch Python for aarch64 with: unpack Debian's arm64 packages of python3 and libstd",
        ),
        (
            "echo no such package >&2; exit 100",
            "apt-get has no Python .*no such package.*: echo 'deb .arch=arm64. http",
        ),
        (
            "case $* in *download*) echo gone >&2; exit 1;; esac; echo 'Inst libc6 (2'",
            "apt-get could not fetch it .gone.: try",
        ),
        ("echo 'Inst libc6 (2.36'; mkdir -p root", "no Python 3.11 or later in .*: use Debian 12"),
    ],
    ids=["no apt-get", "no source", "no network", "no Python"],
)
def test_a_system_that_cannot_be_had(
    apt: str | None, words: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    path = programs(tmp_path / "bin", **({"apt_get": apt, "dpkg_deb": "exit 0"} if apt else {}))
    monkeypatch.setenv("PATH", path + os.pathsep * bool(apt) + "/bin" * bool(apt))
    with pytest.raises(Unavailable, match=words):
        debian.system()
    assert not list(home.rglob("*.deb")) and not (debian.folder() / "system").exists()


@pytest.mark.parametrize(
    ("release", "line"),
    [
        ({"ID": "ubuntu", "VERSION_CODENAME": "noble"}, "http://ports.ubuntu.com/ubuntu-ports noble main universe"),
        ({"ID": "debian", "VERSION_CODENAME": "trixie"}, "http://deb.debian.org/debian trixie main"),
        ({"ID": "other"}, "http://deb.debian.org/debian stable main"),
    ],
)
def test_the_line_of_a_distribution(release: dict[str, str], line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian.platform, "freedesktop_os_release", lambda: release)
    assert debian.source() == f"echo 'deb [arch=arm64] {line}' | sudo tee /etc/apt/sources.list.d/arm64.list"


def test_a_system_is_unpacked_once_and_nothing_of_apt_is_kept(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    apt = (
        f"case $* in *--simulate*) echo '{LISTING}';; *download*) touch python3.deb; echo $* > {tmp_path}/asked;; esac"
    )
    unpack = "mkdir -p $3/usr/bin; : > $3/usr/bin/python3.11; : > $3/usr/bin/python3.11-config"
    path = programs(tmp_path / "bin", apt_get=apt, dpkg_deb=unpack)
    monkeypatch.setenv("PATH", f"{path}:/usr/bin:/bin")
    place = debian.system()
    assert debian.interpreter(place) == place / "usr" / "bin" / "python3.11"
    assert [path.name for path in debian.folder().iterdir()] == ["system"]
    asked = (tmp_path / "asked").read_text()
    assert asked.endswith(" download libc6 python3\n") and "-o APT::Architecture=arm64 " in asked
    (tmp_path / "bin" / "apt-get").unlink()
    assert debian.system() == place


def test_the_newest_python_is_taken(tmp_path: Path) -> None:
    (tmp_path / "usr" / "bin").mkdir(parents=True)
    for name in ("python3", "python3.9", "python3.13", "python3.11"):
        (tmp_path / "usr" / "bin" / name).touch()
    assert debian.interpreter(tmp_path).name == "python3.13"


def test_what_pip_is_asked_for() -> None:
    wanted = machine.requirements()
    assert {"numpy>=2.2,<3", "cffi>=1.17", "scipy>=1.15", "pytest>=8.3", "hypothesis>=6.100"} <= set(wanted)
    assert not [one for one in wanted if ";" in one]  # pip would read conditions as the host's
    words = machine.pip(Path("/usr/bin/python3.13"))
    assert {"--python-version=3.13", "--abi=cp313", "--platform=manylinux_2_28_aarch64"} <= set(words)


def test_the_environment_is_of_the_plain_build(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in machine.OTHERWISE:
        monkeypatch.setenv(name, "x86_64")
    found = machine.environment(QEMU_CPU="max")
    assert {name: found[name] for name in machine.OTHERWISE if name in found} == {
        "PYTHONPATH": str(TESTS), "QEMU_CPU": "max",
    }  # fmt: skip


def asked(**more: bool) -> argparse.Namespace:
    return argparse.Namespace(**{"quick": False, "whole": False, **more})


def test_what_is_selected_is_there() -> None:
    for names in (session.USUAL, session.WHOLE, session.QUICK, session.HOSTS, session.FAULTY):
        for name in names:
            file, _, test = name.partition("::")
            assert (TESTS.parent / file).exists(), file
            assert not test or f"def {test}(" in (TESTS.parent / file).read_text(), name
    assert session.selection(asked(), [])[-3:] == [
        "tests/cdot",
        "tests/formats",
        "--ignore=tests/formats/test_added.py",
    ]
    assert "tests/cdot" not in session.selection(asked(), ["tests/formats/test_golden.py", "-k", "sham"])
    assert session.selection(asked(whole=True), ["-x"])[-5:] == [*session.WHOLE, "-x"]


def test_what_is_left_out_is_named() -> None:
    assert session.lefts(asked()) == [*session.lefts(asked(whole=True)), *session.HOSTS.items()]
    assert session.lefts(asked(whole=True)) == list(session.FAULTY.items()) and session.lefts(asked(quick=True)) == []


def test_processors_that_an_emulator_does_not_know_are_left_out(tmp_path: Path) -> None:
    older = Path(programs(tmp_path, qemu="echo Available CPUs:; echo '  cortex-a72'; echo '  max'")) / "qemu"
    assert machine.Machine(Path("python"), (str(older),)).processors() == (["max"], ["cortex-a76"])
    assert session.wanted(True, ["max"]) == [
        ("aarch64_unfused", "", "cortex-a72"), ("aarch64", "", "cortex-a72"), ("aarch64", "", "max"),
    ]  # fmt: skip
    assert len(session.wanted(False, [])) == 3


def test_what_is_computed_is_the_same_again_and_faults_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the host for the emulated machine: the same build has the same bits, another one is told."""
    here = machine.Machine(Path(sys.executable), (str(Path(programs(tmp_path, qemu="")) / "qemu"),))
    monkeypatch.setenv("DOTBENCH_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "build").symlink_to(BUILT)
    monkeypatch.setattr(session, "OLDEST", "here")
    monkeypatch.setattr(bits, "FEW", ("extremes",))
    same = bits.Pair("one", "x86_64", "x86_64")
    monkeypatch.setattr(bits, "PAIRS", (same,))
    monkeypatch.setattr(session, "wanted", lambda few, newer: [("x86_64", "", "here")])
    assert list(session.compared(here, True)) == []
    assert "one: 58 payload, 58 decoded, 290 product: 406 the same bits; 0 wrong\n" in capsys.readouterr().out
    monkeypatch.setattr(session, "wanted", lambda few, newer: [("no build", "", "here")])
    assert list(session.compared(here, True)) == [
        "the build no build did not run to its end on here: its words stand above"
    ]
    assert not list(debian.folder().iterdir())


def test_programs_of_the_other_machine_get_the_emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "count"
    program.write_bytes(b"\x7fELF" + bytes(14) + (183).to_bytes(2, "little"))
    monkeypatch.setattr(emulated_programs, "EMULATOR", ["qemu-aarch64", "-L", "/system"])
    assert emulated_programs.emulated([program, "w"]) == ["qemu-aarch64", "-L", "/system", program, "w"]
    for command in ([sys.executable, "-c", ""], ["no such program"], "true", [str(tmp_path)]):
        assert emulated_programs.emulated(command) == command
    assert subprocess.Popen is not emulated_programs.Popen


def test_bits_are_compared_with_types_and_shapes() -> None:
    one = np.array([[0.0, 1.5]], np.float32)
    ours = {"a": one, "b": one, "c": one, "d": one, "e": one}
    theirs = {"a": one.copy(), "b": -one, "c": one.astype(np.float64), "d": one[0], "f": one}
    assert bits.differing(ours, theirs) == ["b", "c", "d", "e", "f"]
    assert bits.differing({"a": np.float32([0.0])}, {"a": np.float32([-0.0])}) == ["a"]


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inputs of the quick part."""
    folder = tmp_path_factory.mktemp("bits")
    bits.write_inputs(folder, few=True)
    return folder


def test_every_format_is_compared_on_the_matrices_of_its_type(few: Path) -> None:
    found = {(name, key) for name, key, _ in bits.inputs(few)}
    assert {("sham", "float32 long_codes"), ("dense-float16", "float32 n_257"), ("rice-int8", "int8 extremes")} <= found
    assert len({name for name, _ in found}) == len(bits.names()) >= 36
    assert len(found) == 3 * len(bits.names()) + sum(name.endswith("-int8") for name in bits.names())


def test_what_may_differ_has_to_be_near(few: Path) -> None:
    key = "float32 mixed_lengths"
    ours = {f"product {name} {key} of 1": np.zeros((1, 90), np.float32) for name in ("dense", "sham")}
    ours |= {"payload dense k": np.zeros(3, np.uint8), "product ham-int8 int8 k of 1": np.zeros((1, 2), np.int32)}
    near = {name: a + a.dtype.type(1) for name, a in ours.items()}
    near |= {f"product {name} {key} of 1": np.full((1, 90), 1e-39, np.float32) for name in ("dense", "sham")}
    differ = sorted(ours)
    _, fma, _, avx2 = bits.PAIRS
    certain = ["payload dense k", "product ham-int8 int8 k of 1"]
    assert bits.far(avx2, ours, near, differ, few) == certain
    assert bits.far(fma, ours, near, differ, few) == [*certain, f"product sham {key} of 1"]
    wrong = near | {f"product dense {key} of 1": np.full((1, 90), 0.1, np.float32)}
    assert bits.far(avx2, ours, wrong, differ, few) == [certain[0], f"product dense {key} of 1", certain[1]]


def test_a_comparison_says_figures_and_the_first_faults(capsys: pytest.CaptureFixture[str]) -> None:
    made = {f"product sham k of {batch}": np.zeros(1) for batch in range(9)} | {"payload sham k": np.zeros(1)}
    differ = sorted(made)[1:9]
    assert list(session.told("one, other", made, differ, differ[2:])) == [f"one, other: {n}" for n in differ[2:7]]
    line = "one, other: 1 payload, 0 decoded, 9 product: 2 the same bits; 2 products near; 6 wrong\n"
    assert capsys.readouterr().out == line


def test_the_processor_of_the_tests_refuses_what_others_run(emulator: str, tmp_path: Path) -> None:
    """A dot product of ARMv8.2 ends a program on the processor that the tests take, and on none of the others: kernels
    have no dispatch at run time, so none of theirs may be beyond what every aarch64 has."""
    source, program = tmp_path / "dot.c", tmp_path / "dot"
    source.write_text(
        "void _start(void) {\n"
        '    __asm__ volatile(".arch armv8.2-a+dotprod\\nudot v0.4s, v1.16b, v2.16b\\n"\n'
        '                     "mov x0, #7\\nmov x8, #93\\nsvc #0");\n}\n'
    )
    compiler = [
        *build.pinned_compiler(),
        "cc",
        "-target",
        "aarch64-linux-none",
        "-ffreestanding",
        "-nostdlib",
        "-static",
    ]
    done = subprocess.run(
        [*compiler, "-o", str(program), str(source)], capture_output=True, text=True, env=build.compiler_environment()
    )
    assert done.returncode == 0, done.stderr
    status = {
        cpu: subprocess.run([emulator, str(program)], env={"QEMU_CPU": cpu}, capture_output=True).returncode
        for cpu in (machine.OLDEST, *machine.NEWER)
    }
    assert status == {"cortex-a72": -4, "cortex-a76": 7, "max": 7}
