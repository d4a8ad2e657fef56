"""What `nox -s wheels` finds in a wheel, on wheels that are made here of the kernels at hand."""

from __future__ import annotations

import platform
import sys
import zipfile
from pathlib import Path

import pytest

from dotbench.cdot import build

sys.path.insert(0, str(Path(__file__).parents[2] / "wheels"))
import contents
import installed
import kernels

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="kernels are compared with those built here: an x86-64 machine brings them"
)
NAME = "dotbench-0.1.0-py3-none-manylinux_2_28_x86_64.whl"


@pytest.fixture(scope="module")
def members() -> dict[str, bytes]:
    """Files of a wheel for x86-64 as it has to be."""
    built = {f"cdot-{isa}.so": build.build(isa) for isa in kernels.LEVELS["x86_64"]}
    built |= {f"count-{isa}": build.driver("count", isa) for isa in kernels.LEVELS["x86_64"]}
    found = {contents.BUILT + name: path.read_bytes() for name, path in built.items()}
    return found | dict.fromkeys(
        [*contents.DATA, f"{contents.BUILT}compiler", f"{contents.BUILT}dependencies-0.json"], b"x"
    )


def wheel(folder: Path, members: dict[str, bytes], name: str = NAME) -> Path:
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, data in members.items():
            archive.writestr(place, data)
    return folder / name


def test_a_wheel_as_it_has_to_be(tmp_path: Path, members: dict[str, bytes]) -> None:
    assert contents.faults(wheel(tmp_path, members), "x86_64") == []
    moved = {f"dotbench-0.1.0.data/purelib/{name}": data for name, data in members.items()}
    assert contents.faults(wheel(tmp_path, moved), "x86_64") == []


def test_what_a_library_is() -> None:
    one = contents.read_object(build.build("x86_64_v3").read_bytes())
    assert one.machine == "EM_X86_64" and one.exports >= contents.SYMBOLS
    assert (2, 2) <= one.glibc <= (2, 28) and "libc.so.6" in one.needs


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dotbench/py.typed": None}, ["dotbench/py.typed is not in it"]),
        ({f"{contents.BUILT}cdot-x86_64.so": None}, [f"{contents.BUILT}cdot-x86_64.so: it is not there"]),
        ({f"{contents.BUILT}compiler": None}, ["it does not say which compiler built its kernels"]),
        ({f"{contents.BUILT}dependencies-0.json": None}, ["the compiler's list of dependencies is not in it"]),
    ],
)
def test_what_is_missing(tmp_path: Path, members: dict[str, bytes], change: dict[str, None], words: list[str]) -> None:
    left = {name: data for name, data in members.items() if name not in change}
    assert contents.faults(wheel(tmp_path, left), "x86_64") == words


def test_kernels_of_another_machine_and_a_program_for_a_library(tmp_path: Path, members: dict[str, bytes]) -> None:
    name, library = f"{contents.BUILT}cdot-aarch64.so", f"{contents.BUILT}cdot-x86_64.so"
    driver = f"{contents.BUILT}count-aarch64"
    given = {**members, name: members[library], driver: members[f"{contents.BUILT}count-x86_64"]}
    other = wheel(tmp_path, given, NAME.replace("x86_64", "aarch64"))
    assert contents.faults(other, "aarch64") == [f"{one}: it is for EM_X86_64" for one in (name, driver)]
    swapped = {**members, library: members[f"{contents.BUILT}count-x86_64"]}
    (fault,) = contents.faults(wheel(tmp_path, swapped), "x86_64")
    assert fault.startswith(f"{library}: it does not export bench_dot, cdot_find, cdot_product")


def test_a_name_and_a_size(tmp_path: Path, members: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    found = contents.faults(wheel(tmp_path, members, "dotbench-0.1.0-py3-none-any.whl"), "x86_64")
    assert found == ["its name does not end in -py3-none-manylinux_2_28_x86_64.whl"]
    monkeypatch.setattr(contents, "MOST_BYTES", 1000)
    (fault,) = contents.faults(wheel(tmp_path, members), "x86_64")
    assert fault.endswith("bytes, at most 1000 are allowed")


def test_a_newer_glibc_than_the_name_says(
    tmp_path: Path, members: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "GLIBC", (2, 1))
    found = contents.faults(wheel(tmp_path, members, NAME.replace("2_28", "2_1")), "x86_64")
    assert len(found) == 4 and all(": it asks for glibc 2." in fault for fault in found)


def test_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTBENCH_WHEEL", "arm64")
    assert kernels.machine() == "aarch64" and kernels.platform_tag() == "manylinux_2_28_aarch64"
    monkeypatch.setenv("DOTBENCH_WHEEL", "riscv64")
    with pytest.raises(SystemExit, match="no kernels for riscv64: DOTBENCH_WHEEL may be x86_64 or aarch64"):
        kernels.machine()
    assert {isa for levels in kernels.LEVELS.values() for isa in levels} <= set(build.TARGETS)


def test_limits() -> None:
    assert installed.First(95, 60).faults() == []
    assert installed.First(95.1, 61).faults() == [
        "95.1 MB are installed, at most 95 are allowed",
        "the first product came after 61 s, at most 60 are allowed",
    ]


def test_megabytes_are_those_of_what_came_with_the_wheel(tmp_path: Path) -> None:
    for name, size in (("numpy/a.py", 1000), ("dotbench/b.so", 2000), ("pip/c.py", 5000), ("setuptools-1.0/d", 7)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(bytes(size))
    (tmp_path / "dotbench" / "link").symlink_to(tmp_path / "pip" / "c.py")
    assert installed.megabytes(tmp_path) == 0.003


def test_a_step_that_fails_says_its_words(tmp_path: Path) -> None:
    with pytest.raises(installed.Failed, match="no such thing"):
        installed.call(sys.executable, "-c", "raise SystemExit('no such thing')", folder=tmp_path)
