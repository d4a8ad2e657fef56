"""What a figure depends on: hashes of sources, so that results of one code are told from another's.

`code_sha` in the CSV. For space it is the encoder and payload code; for time also the decoder, the
multipliers, the driver and the build. Comments, docstrings and layout of a file do not count.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import re
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import formats
from bench import peers
from bench.meters import meter
from bench.peers.peer import Peer
from cdot import build
from formats.format import Format
from formats.parameters import Parametrised

ROOT = build.FOLDER.parent
DRIVER_C = ("bench.c", "product.c", "dot.c")
COUNTED_C = ("drivers/count.c", "product.c", "dot.c")
DRIVER_PY = ("cdot/build.py", "bench/meters/pairs.py", "bench/meters/targets.py")


def dumped(tree: ast.Module) -> str:
    """A syntax tree as text, in every Python as in 3.11: 3.12 has a field more, 3.13 leaves empty ones out.

    >>> dumped(ast.parse("f()"))
    "Module(body=[Expr(value=Call(func=Name(id='f', ctx=Load()), args=[], keywords=[]))], type_ignores=[])"
    """
    more: dict[str, bool] = {"show_empty": True} if sys.version_info >= (3, 13) else {}
    return ast.dump(tree, **more).replace(", type_params=[]", "")


def normalised(path: Path) -> bytes:
    """A source file without what cannot change a figure: comments, docstrings, white space."""
    text = path.read_text()
    if path.suffix == ".py":
        tree = ast.parse(text)
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if (
                isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
                and body
                and isinstance(body[0], ast.Expr)
                and isinstance(body[0].value, ast.Constant)
            ):
                node.body = body[1:]
        return dumped(tree).encode()
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.DOTALL)
    return " ".join(text.split()).encode()


def hash_files(paths: list[Path], *words: str) -> str:
    """16 hex digits over names and contents, and over words that matter besides."""
    digest = hashlib.sha256(repr(words).encode())
    for path in sorted(set(paths)):
        digest.update(path.name.encode() + b"\0" + normalised(path) + b"\0")
    return digest.hexdigest()[:16]


def imported(path: Path, package: str = "formats") -> set[Path]:
    """A module of ``package`` and all modules of it that these import at module level, as files."""
    found, todo = set(), [path]
    while todo:
        here = todo.pop()
        found.add(here)
        for node in ast.parse(here.read_text()).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(package + "."):
                there = ROOT / Path(*str(node.module).split(".")).with_suffix(".py")
                if there.exists() and there not in found:
                    todo.append(there)
    return found


def library_versions(*names: str) -> list[str]:
    """``name version`` of installed packages."""
    out = []
    for name in names:
        try:
            out.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            out.append(f"{name} none")
    return out


def _module(of: Parametrised) -> Path:
    return Path(inspect.getfile(type(of)))


def encoders(modules: set[Path]) -> set[Path]:
    """What these modules encode with in C: cdot/NAME.py, NAME.c and its headers where they import from cdot.NAME."""
    names = {
        str(node.module).removeprefix("cdot.")
        for path in modules
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("cdot.")
    }
    written = [name for name in names if (build.FOLDER / f"{name}.c").exists()]
    files = {path for name in written for path in included(build.FOLDER / f"{name}.c")}
    headers = {path for path in files if path.suffix == ".h" and path.name != "cdot.h"}  # the kernels' contract
    return headers | {build.FOLDER / f"{name}{suffix}" for name in written for suffix in (".py", ".c")}


@cache
def space_sha(format_: Format) -> str:
    """Hash of what decides a payload's bytes: the format's Python and the C that it encodes with."""
    files = imported(_module(format_))
    return hash_files(sorted(files | encoders(files)))


def included(path: Path) -> set[Path]:
    """A C file, the headers it includes, the C files of these headers, and so on."""
    found: set[Path] = set()
    todo = [path.resolve()]
    while todo:
        here = todo.pop()
        found.add(here)
        for name in re.findall(r'^#include "(.+)"', here.read_text(), re.MULTILINE):
            near = here.parent / name
            header = (near if near.exists() else build.FOLDER / name).resolve()
            todo += [there for there in (header, header.with_suffix(".c")) if there.exists() and there not in found]
    return found


@cache
def time_sha(format_: Format) -> str:
    """Hash of what decides a product's time as well: kernels, multipliers, driver, build flags."""
    roots = [build.FOLDER / name for name in DRIVER_C]
    roots += kernel_files(format_)
    files = {file for root in roots for file in included(root)} | {ROOT / name for name in DRIVER_PY}
    return hash_files(sorted(files), space_sha(format_))


@cache
def instructions_sha(format_: Format) -> str:
    """Hash of what decides how many instructions a product has: as for time, but with the driver that counts."""
    roots = [build.FOLDER / name for name in COUNTED_C]
    roots += kernel_files(format_)
    files = {file for root in roots for file in included(root)} | {ROOT / "cdot/build.py"}
    return hash_files(sorted(files), space_sha(format_))


def kernel_file(name: str) -> Path:
    """cdot/<name>.c, or the file that defines ``<name>_decoder`` where two formats share one."""
    own = build.FOLDER / f"{name}.c"
    if own.exists():
        return own
    for path in build.sources():
        if re.search(rf"^const cdot_decoder {name}_decoder\b", path.read_text(), re.MULTILINE):
            return path
    raise FileNotFoundError(f"no C file in {build.FOLDER} defines {name}_decoder")


def kernel_files(format_: Format) -> list[Path]:
    """A format's C file, and those of its parts: NAME_*.c beside it, unless they are another format's."""
    if format_.kernel_source:
        return [format_.kernel_source]
    own = kernel_file(format_.name)
    parts = (path for path in build.sources() if path.name.startswith(f"{own.stem}_"))
    return [own, *(path for path in parts if not re.search(r"^const cdot_decoder ", path.read_text(), re.MULTILINE))]


@cache
def peer_sha(peer: Peer) -> str:
    """Hash for rows of other people's libraries: how we call them, and their versions."""
    files = [ROOT / path for path in (*DRIVER_PY, "bench/peers/peer.py")] + [_module(peer)]
    return hash_files(files, str(peer), *library_versions(*peer.packages))


@cache
def bounds_sha() -> str:
    """Hash for bounds: how they are counted."""
    return hash_files([ROOT / "bench/bounds.py", ROOT / "formats/huffman.py"])


def code_sha(metric: str, name: str, params: str) -> str | None:
    """The hash that a row of the CSV has in this checkout; None where nothing here makes such a row."""
    label = f"{name}[{params}]" if params else name
    try:
        if name.startswith("bound:"):
            return bounds_sha()
        if name.startswith("ceiling:"):
            return hash_files([], name, time_sha(formats.parse(params.removeprefix("format="))))
        if peers.is_peer(label):
            return peer_sha(peers.parse(label))
        format_ = formats.parse(label)
    except ValueError:
        return None
    how = meter(metric)
    kernels = instructions_sha if metric in ("instructions", "cycles") else time_sha
    base = kernels(format_) if how.KERNELS else space_sha(format_)
    return hash_files([ROOT / path for path in how.SOURCES], base) if how.SOURCES else base
