"""Hashes of rows: what is in them of C, formats from elsewhere, libraries that are not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest

from dotbench import formats
from dotbench.bench.metrics import hashes as rows
from dotbench.bench.metrics import registry
from dotbench.bench.metrics.metric import Row
from dotbench.bench.record import export, identity
from dotbench.bench.record.code_hash.roots import NOT_FOLLOWED_C, Roots
from dotbench.bench.run import session
from dotbench.cdot import build, dependencies

# No metric's figures depend on these: a list of names, int8 outputs (`dotbench.formats.payloads.requantize`).
APART = {"cdot/formats/decoders.c", "cdot/core/requantize.c", "cdot/encode/ranks.c"}  # the last: of packs alone
APART_HEADERS = {"cdot/core/requantize.h", "cdot/encode/ranks.h"}


def of_metrics() -> list[Roots]:
    return [roots for metric in registry.ALL for roots in metric.roots.values()]


def test_every_c_file_is_in_the_hash_of_some_row() -> None:
    """A file that is in none could change what is measured, and old rows would pass for new ones."""
    hashes, files = identity.checkout(), set[str]()
    for metric in registry.ALL:
        roots = metric.roots["format"]
        for format_ in formats.standard_of_all():
            of, about = identity._hashes(format_)
            for nodes in of.c(roots, about, of.python(roots, about).words).values():
                files |= {file for file, _, _ in nodes}
    every = {path.relative_to(identity.ROOT).as_posix() for path in build.FOLDER.rglob("*.c")}
    assert every - files == APART
    headers = {path.relative_to(identity.ROOT).as_posix() for path in build.headers()}
    only_declare = {header for header in headers if not hashes.kernels().pieces(header)}
    assert headers - files - only_declare == APART_HEADERS & (headers - only_declare)


def test_what_is_left_out_is_there() -> None:
    """A name that is gone leaves nothing out."""
    linked = {name for target in ("host", "microcontroller") for name in identity.checkout().kernels(target).linked}
    assert linked >= NOT_FOLLOWED_C.keys()
    patterns = {pattern for roots in of_metrics() for pattern in (*roots.c_apart, *roots.c_only)}
    assert [one for one in sorted(patterns) if not any(fnmatch(name, one) for name in linked)] == []
    files = [pattern for roots in of_metrics() for pattern in (*roots.c_files, *roots.texts)]
    assert all(list(identity.ROOT.glob(one)) for one in files)


def test_a_kernel_is_found_by_what_defines_it() -> None:
    assert identity.kernel_file("csc_min").name == "csc.c"
    with pytest.raises(LookupError, match="nonesuch_decoder"):
        identity.kernel_file("nonesuch")


def test_hashes_are_the_same_in_another_process_and_folder(tmp_path: Path) -> None:
    """Whatever the order of sets there."""
    code = "from dotbench.bench.metrics.hashes import code_sha; print(code_sha('time', 'ham', ''), code_sha('cycles', 'rle4', ''))"
    environment = os.environ | {"PYTHONPATH": str(identity.ROOT), "PYTHONHASHSEED": "7", "DOTBENCH_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [rows.code_sha("time", "ham", ""), rows.code_sha("cycles", "rle4", "")]


# ---- what C files include


def test_lists_are_kept_beside_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "a folder"  # make writes its blank in another way
    shutil.copytree(build.FOLDER, root / "cdot", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setenv("DOTBENCH_HOME", str(tmp_path / "home"))
    lists = dependencies.of_checkout(root)
    included = ["core/cdot.h", "core/payload.h", "formats/csc.c", *(f"isa/{isa}/half.h" for isa in ("avx2", "neon"))]
    included += ["isa/portable/half.h", "parts/cut.h", "parts/half.h", "parts/narrow.h"]
    assert lists["host"]["cdot/formats/csc.c"] == [f"cdot/{name}" for name in included]
    assert "cdot/isa/avx2/multiply.h" in lists["host"]["cdot/core/multiply.c"]  # on every machine
    assert "cdot/isa/helium/multiply_s8.h" in lists["microcontroller"]["cdot/core/multiply_s8.c"]
    assert not any("mve" in file for files in lists["host"].values() for file in files)
    (stored,) = (tmp_path / "home" / "build").iterdir()
    assert stored.name.startswith("dependencies-")

    def never(*_: object) -> None:
        raise AssertionError("asked the compiler again")

    monkeypatch.setattr(dependencies, "included", never)
    assert dependencies.of_checkout(root) == lists
    stored.write_text("{")  # damaged: taken again
    with pytest.raises(AssertionError, match="asked the compiler again"):
        dependencies.of_checkout(root)


def test_the_compilers_words_are_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "bad.c").write_text('#include "\n')
    with pytest.raises(build.BuildError, match=r"listing what the kernels include failed:\n.*bad\.c"):
        dependencies.included("host", [tmp_path / "bad.c"], [])


# ---- formats from elsewhere


def test_a_format_from_elsewhere_has_hashes_of_its_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its Python and C count, and ours that they name."""
    shutil.copytree(identity.ROOT / "examples" / "ell" / "dotbench_ell", tmp_path / "other_ell")
    monkeypatch.syspath_prepend(str(tmp_path))
    from other_ell import Ell  # type: ignore[import-not-found]

    def shas() -> list[str]:
        identity._with_packages.cache_clear()
        hashes, about = identity._hashes(Ell())
        return [hashes.sha(registry.get(metric).roots["format"], about) for metric in ("space", "time", "cycles")]

    first = shas()
    assert len(set(first)) == 3 and shas() == first
    source = tmp_path / "other_ell" / "ell.c"
    source.write_text(source.read_text() + "\n/* Nothing. */\n")
    assert shas() == first
    source.write_text(source.read_text().replace("static void ell_seek(", "static inline void ell_seek("))
    changed = shas()
    assert not set(changed) & set(first)
    python = tmp_path / "other_ell" / "__init__.py"
    python.write_text(python.read_text().replace("default=0)", "default=1)"))
    assert not set(shas()) & {*first, *changed}


# ---- libraries that are not installed


def peer_row(**more: object) -> Row:
    row = {
        "dataset": "d", "matrix_sha256": "a" * 64, "source": "mirror", "format": "mlw", "params": "", "status": "ok",
        "reason": "", "code_sha": "of another machine", "n": 4, "m": 5, "nnz": 6, "distinct": 3, "dtype": "int8",
        "bytes": 9,
    }  # fmt: skip
    return row | more


@pytest.fixture
def without_mlw(monkeypatch: pytest.MonkeyPatch) -> None:
    from dotbench.bench.targets import peer

    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(peer, "find_spec", lambda module: None)
    monkeypatch.setattr(identity, "version", missing)


def test_a_row_of_a_library_that_is_not_installed_is_kept(without_mlw: None, tmp_path: Path) -> None:
    """Both where a run has no such cell, and where its row says that it could not be had."""
    export.export({"space": [peer_row()]}, tmp_path, {}, session.current_sha)
    for new in ([], [peer_row(status="unavailable", code_sha="of none", bytes=None)]):
        report = export.export({"space": new}, tmp_path, {}, session.current_sha)
        (kept,) = export.read(tmp_path / "space.csv", "space")
        assert (kept["code_sha"], kept["bytes"], kept["status"]) == ("of another machine", 9, "ok")
        assert not report.dropped
    fresh = peer_row(code_sha="of this one", bytes=8)  # measured: it is the row
    export.export({"space": [fresh]}, tmp_path, {}, session.current_sha)
    assert export.read(tmp_path / "space.csv", "space")[0]["bytes"] == 8


def test_without_a_lack_an_old_peer_row_is_dropped(tmp_path: Path) -> None:
    export.export({"space": [peer_row(format="zstd", dtype="float32")]}, tmp_path, {}, session.current_sha)
    report = export.export({"space": []}, tmp_path, {}, session.current_sha)
    assert report.dropped == {"space": 1}


def test_numpy_is_not_asked_for_its_figures() -> None:
    """Names of libraries are in the text of a definition, what they do is not ours."""
    texts = identity.checkout().python(Roots(("dotbench.bench.counting.bounds.entropy_bits",))).texts
    assert any("numpy.log2" in text for text in texts) and np.__name__ == "numpy"
