"""What other packages bring as entry points: formats, metrics, peers, readers of files.

What such a package does wrong is told in a line with its name, and costs nothing else: everything else works.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
NAME = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True)
class Broken:
    """A plug-in that is left out: the distribution it is of, and what is wrong with it."""

    distribution: str
    reason: str

    def __str__(self) -> str:
        return f"the plug-in {self.distribution} is left out: {self.reason}. Update it, or pip uninstall it"


class Wrong(ValueError):
    """What a plug-in brings is not what its group is for, or does not go with what there is."""


def loaded(group: str, checked: Callable[[Any, EntryPoint, list[T]], T]) -> tuple[list[T], list[Broken]]:
    """What a group's entry points bring, in the order of their names, and those that are left out.

    ``checked(object, point, others)`` gives the object of a point if it can stand beside the ``others`` that were found
    before it; it raises Wrong with the words for a person if it cannot.
    """
    found: list[T] = []
    points, broken = _points(group)
    for point in sorted(points, key=lambda point: (point.name, point.value)):
        try:
            found.append(checked(point.load(), point, found))
        except (Exception, SystemExit) as error:  # whatever a stranger's module does when it is imported
            broken.append(Broken(distribution_of(point), _words(point, error)))
    return found, broken


def bringing(group: str, fits: Callable[[Any], bool]) -> Iterator[str]:
    """The distributions whose objects of a group fit, for an error that names them; nothing is imported for that."""
    for point in _points(group)[0]:
        with contextlib.suppress(Exception, SystemExit):  # what is broken has been told of
            if point.module in sys.modules and fits(point.load()):
                yield distribution_of(point)


def check_attributes(of: Any, called: str, *names: str) -> None:
    """Wrong where something lacks attributes, by their names."""
    if missing := [name for name in names if not hasattr(of, name)]:
        raise Wrong(f"{called} has no {' and no '.join(missing)}")


def check_name(name: Any, what: str, taken: Iterable[str] = ()) -> None:
    """Wrong where a name cannot be one, or somebody else has it."""
    if not (isinstance(name, str) and NAME.fullmatch(name)):
        raise Wrong(f"{name!r:.80} is no name of a {what}: letters, digits and _")
    if name in taken:
        raise Wrong(f"there is a {what} {name!r} already: it needs another name")


def _words(point: EntryPoint, error: BaseException) -> str:
    """An error in a line."""
    return " ".join(str(error).split())[:300] if isinstance(error, Wrong) else f"{point.value} raises {in_words(error)}"


def in_words(error: BaseException) -> str:
    """What a stranger's code raised, in a line.

    >>> in_words(ValueError("of two\\nlines")), in_words(KeyError())
    ('ValueError: of two lines', 'KeyError')
    """
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}".removesuffix(": ")


def distribution_of(point: EntryPoint) -> str:
    """The distribution that an entry point is of; the point's own name where that is not known."""
    with contextlib.suppress(Exception):  # its metadata may be what is broken
        if point.dist is not None and point.dist.name:
            return str(point.dist.name)
    return point.name


def _points(group: str) -> tuple[list[EntryPoint], list[Broken]]:
    """The entry points of all distributions; one whose metadata cannot be read takes no other one with it."""
    try:
        return list(entry_points(group=group)), []
    except Exception:
        return _points_one_by_one(group)


def _points_one_by_one(group: str) -> tuple[list[EntryPoint], list[Broken]]:
    points: dict[str, list[EntryPoint]] = {}
    broken: list[Broken] = []
    for number, distribution in enumerate(_each(distributions())):
        name = _name(distribution) or f"number {number}"
        try:
            own = [point for point in distribution.entry_points if point.group == group]
        except Exception as error:
            if group in _points_as_text(distribution):
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
