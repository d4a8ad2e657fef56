"""Formats of other packages: entry points of the group ``dotbench.formats``.

What such a package does wrong is told in a line with its name, and costs nothing else: every other format works.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points
from pathlib import Path
from typing import Any

from dotbench.formats.format import Format
from dotbench.formats.ids import ALL as IDS
from dotbench.formats.parameters import TYPES, split, type_name, with_params
from dotbench.formats.value_types import value_type_names

GROUP = "dotbench.formats"
NAME = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True)
class Broken:
    """A plug-in that is left out: the distribution it is of, and what is wrong with it."""

    distribution: str
    reason: str

    def __str__(self) -> str:
        return f"the plug-in {self.distribution} is left out: {self.reason}. Update it, or pip uninstall it"


def registered(built_in: Collection[type[Format]]) -> tuple[list[type[Format]], list[Broken]]:
    """The formats of other packages in the order of their entry points' names, and those that are left out."""
    found: list[type[Format]] = []
    points, broken = _points()
    for point in sorted(points, key=lambda point: (point.name, point.value)):
        try:
            found.append(_loaded(point, [*built_in, *found]))
        except (Exception, SystemExit) as error:  # whatever a stranger's module does when it is imported
            broken.append(Broken(_distribution(point), _words(point, error)))
    return found, broken


class Wrong(ValueError):
    """What a plug-in brings is no format, or none beside those that there are."""


def _loaded(point: EntryPoint, known: Iterable[type[Format]]) -> type[Format]:
    kind: Any = point.load()
    _check(kind)
    for other in known:
        if kind.name == other.name or kind.format_id == other.format_id:
            raise Wrong(
                f"the format {kind.name!r} (id {kind.format_id}) of {point.value} collides with {other.name!r} "
                f"(id {other.format_id}): one of them needs another name or id"
            )
    for params in ("", *kind.variants):
        with_params(kind, split(f"{kind.name}[{params}]")[1])
    checked: type[Format] = kind
    return checked


def _check(kind: Any) -> None:
    """Whether a plug-in's object can stand in the registry: what everybody asks of a format is there."""
    if not (isinstance(kind, type) and issubclass(kind, Format)):
        raise Wrong(f"{kind!r:.80} is no subclass of dotbench.formats.format.Format")
    if missing := [name for name in ("name", "format_id", "summary") if not hasattr(kind, name)]:
        raise Wrong(f"{kind.__name__} has no {' and no '.join(missing)}")
    if not (isinstance(kind.name, str) and NAME.fullmatch(kind.name)):
        raise Wrong(f"{kind.name!r:.80} is no name of a format: letters, digits and _")
    if not (isinstance(kind.format_id, int) and kind.format_id in IDS):
        raise Wrong(f"{kind.format_id!r:.80} is no id of a format: a number from 1 to {IDS.stop - 1}")
    if not (isinstance(kind.value_types, tuple) and kind.value_types and {*kind.value_types} <= {*value_type_names()}):
        raise Wrong(f"it stores {kind.value_types!r:.80}: a tuple of one or more of {', '.join(value_type_names())}")
    for field in dataclasses.fields(kind):
        if type_name(field) not in TYPES:
            raise Wrong(f"its parameter {field.name} is of type {field.type}: {', '.join(TYPES)} can be given")


def _words(point: EntryPoint, error: BaseException) -> str:
    """An error in a line."""
    said = " ".join(str(error).split())[:300]
    return said if isinstance(error, Wrong) else f"{point.value} raises {type(error).__name__}: {said}".rstrip(": ")


def _distribution(point: EntryPoint) -> str:
    with contextlib.suppress(Exception):  # its metadata may be what is broken
        if point.dist is not None and point.dist.name:
            return str(point.dist.name)
    return point.name


def _points() -> tuple[list[EntryPoint], list[Broken]]:
    """The entry points of all distributions; one whose metadata cannot be read takes no other one with it."""
    try:
        return list(entry_points(group=GROUP)), []
    except Exception:
        return _points_one_by_one()


def _points_one_by_one() -> tuple[list[EntryPoint], list[Broken]]:
    points: dict[str, list[EntryPoint]] = {}
    broken: list[Broken] = []
    for number, distribution in enumerate(_each(distributions())):
        name = _name(distribution) or f"number {number}"
        try:
            own = [point for point in distribution.entry_points if point.group == GROUP]
        except Exception as error:
            if GROUP in _points_as_text(distribution):
                broken.append(Broken(name, f"its entry points cannot be read ({' '.join(str(error).split())[:200]})"))
            continue
        points.setdefault(re.sub(r"[-_.]+", "-", name).lower(), own)  # the first of a name is the one that is imported
    return [point for own in points.values() for point in own], broken


def _points_as_text(distribution: Distribution) -> str:
    """What its entry points say, as far as it is text."""
    with contextlib.suppress(UnicodeDecodeError):
        return distribution.read_text("entry_points.txt") or ""
    where = distribution.locate_file("")
    for path in Path(str(where)).glob("*.dist-info/entry_points.txt"):
        if path.parent.name.lower().startswith(re.sub(r"[-_.]+", "_", _name(distribution)).lower()):
            return path.read_bytes().decode("latin-1")
    return ""


def _each(found: Iterable[Distribution]) -> Iterator[Distribution]:
    with contextlib.suppress(Exception):
        yield from found


def _name(distribution: Distribution) -> str:
    try:
        return str(distribution.name or "")
    except Exception:
        return ""
