"""`code_sha`: hashes of the code that a figure depends on, so that results of one code are told from another's.

What belongs to a hash, `dotbench.bench.record.code_hash` finds; here is what rows, caches and exports ask for.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Protocol

from dotbench import formats
from dotbench.bench.record.code_hash.hashes import NOBODY, About, Hashes, digest
from dotbench.bench.record.code_hash.roots import PRODUCTS, PRODUCTS_C, Roots
from dotbench.bench.record.code_hash.sources import PACKAGE, Sources
from dotbench.bench.targets import peers
from dotbench.bench.targets.peer import Peer
from dotbench.cdot import build, dependencies
from dotbench.formats.format import Format
from dotbench.formats.parameters import Parametrised

ROOT = build.FOLDER.parent
PAYLOAD = Roots(apart=PRODUCTS, c_apart=(*PRODUCTS_C, "cdot_decode"))  # bytes, by the format that writes them
BOUNDS = Roots(("dotbench.bench.counting.bounds.bounds",), apart=PRODUCTS, c_apart=(*PRODUCTS_C, "cdot_decode"))


class Measured(Protocol):
    """What a metric says of its figures: ``roots`` by what is measured, and where its own code is."""

    @property
    def name(self) -> str: ...

    @property
    def roots(self) -> Mapping[str, Roots]: ...

    @property
    def module(self) -> str: ...


@cache
def checkout() -> Hashes:
    """Hashes of this checkout."""
    return Hashes(Sources(ROOT), dependencies.of_checkout)


@cache
def _with_packages(folders: tuple[tuple[str, Path], ...], kernel_source: Path | None) -> Hashes:
    """Hashes of this checkout and of formats, peers or metrics from elsewhere."""
    packages = dict(folders) | ({"kernel": kernel_source.parent} if kernel_source else {})
    return Hashes(Sources(ROOT, packages=packages), lambda: dependencies.with_plugin(kernel_source))


def _elsewhere(module: str) -> tuple[tuple[str, Path], ...]:
    """Name and folder of the package that a module is of, if that is not ours."""
    package = module.partition(".")[0]
    if package == PACKAGE:
        return ()
    top = Path(inspect.getfile(sys.modules[package]))
    return ((package, top.parent if top.name == "__init__.py" else top.with_suffix("")),)


def _hashes(
    of: Parametrised | None, ours: Hashes | None = None, metric: Measured | None = None
) -> tuple[Hashes, About]:
    """Where the code of a metric, and of a format or peer, is hashed, and what that is called there; ``ours``: not in
    this checkout."""
    kind = type(of)
    kernel, kernel_source = (of.name, of.kernel_source) if isinstance(of, Format) else ("", None)
    about = About(f"{kind.__module__}.{kind.__qualname__}", kernel) if of else NOBODY
    folders = {*(_elsewhere(kind.__module__) if of else ()), *(_elsewhere(metric.module) if metric else ())}
    if not folders:
        return ours or checkout(), about
    return _with_packages(tuple(sorted(folders)), kernel_source), about


def of_metric(metric: Measured) -> Hashes:
    """Where the code of a metric is hashed."""
    return _hashes(None, metric=metric)[0]


def library_versions(*names: str) -> list[str]:
    """``name version`` of installed packages."""
    out = []
    for name in names:
        try:
            out.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            out.append(f"{name} none")
    return out


@cache
def space_sha(format_: Format) -> str:
    """Hash of what decides a payload's bytes: the format's Python and the C that it encodes with."""
    hashes, about = _hashes(format_)
    return hashes.sha(PAYLOAD, about)


def peer_sha(peer: Peer, metric: Measured, ours: Hashes | None = None) -> str:
    """Hash for rows of other people's libraries: how we call them, and their versions."""
    hashes, about = _hashes(peer, ours, metric)
    return hashes.sha(metric.roots["peer"], about, str(peer), *library_versions(*peer.packages))


@cache
def bounds_sha() -> str:
    """Hash of how bounds are counted."""
    return checkout().sha(BOUNDS)


def definitions_sha(*dotted: str) -> str:
    """Hash of definitions of Python and what they name: for the name of a file that keeps what they found."""
    return digest(checkout().python(Roots(dotted)).texts)


@cache
def code_sha(metric: Measured, name: str, params: str) -> str | None:
    """The hash that a row of a metric has in this checkout; None where nothing here makes such a row."""
    return code_sha_of(None, metric, name, params)


def code_sha_of(sources: Hashes | None, metric: Measured, name: str, params: str) -> str | None:
    """The hash that a row would have if these were the sources; None: this checkout's."""
    label = f"{name}[{params}]" if params else name
    try:
        if name.startswith("bound:"):
            return _hashes(None, sources, metric)[0].sha(metric.roots["bound"], NOBODY)
        if name.startswith("ceiling:"):
            hashes, about = _hashes(formats.parse(params.removeprefix("format=")), sources, metric)
            return hashes.sha(metric.roots[name], about, name)
        if peers.is_peer(label):
            return peer_sha(peers.parse(label), metric, sources)
        hashes, about = _hashes(formats.parse(label), sources, metric)
        return hashes.sha(metric.roots["format"], about)
    except (ValueError, KeyError):
        return None
    except (build.BuildError, LookupError):
        if kernel_source(params.removeprefix("format=") if name.startswith("ceiling:") else label):
            return None  # of a plug-in: its cells say what is wrong
        raise


def kernel_source(label: str) -> Path | None:
    """The C file of a format from elsewhere; None for formats of ours, peers and whatever else rows are of."""
    try:
        return None if peers.is_peer(label) else formats.parse(label).kernel_source
    except ValueError:
        return None


def is_lacking(name: str, params: str) -> bool:
    """Whether a row is of a library that is not installed here: nobody here can say whether it is of today's code."""
    label = f"{name}[{params}]" if params else name
    try:
        return peers.is_peer(label) and bool(peers.lack(peers.parse(label)))
    except ValueError:  # parameters of another version
        return True


def kernel_file(name: str) -> Path:
    """The C file that defines ``<name>_decoder``."""
    (file, _, _), *_ = checkout().kernels().decoder(name)
    return ROOT / file
