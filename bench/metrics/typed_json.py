"""Dataclasses as JSON and back, by their annotations: what does not fit is refused, with the name of its place."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

Kind = TypeVar("Kind")


class Malformed(ValueError):
    """JSON that is no such object; the message names the field and what is there."""


def to_json(value: Any) -> Any:
    """What `json.dumps` writes of a dataclass and of what is in it: objects, lists, paths as strings.

    >>> from dotbench.bench.plan.cell import Cell
    >>> from_json(Cell, to_json(Cell("space", "w", "csc"))) == Cell("space", "w", "csc")
    True
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: to_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(one) for one in value]
    return str(value) if isinstance(value, Path) else value


def from_json(kind: type[Kind], known: Any) -> Kind:
    """A dataclass from what `to_json` made of it; Malformed where a field is missing, unknown or of another type."""
    made: Kind = _dataclass(kind, known, kind.__name__)
    return made


def _dataclass(kind: type[Any], known: Any, where: str) -> Any:
    if not isinstance(known, dict):
        raise Malformed(f"{where} is {known!r:.80}, no object")
    there = {field.name: field for field in fields(kind)}
    needed = {name for name, one in there.items() if one.default is MISSING and one.default_factory is MISSING}
    for name in sorted(known.keys() - there.keys()):
        raise Malformed(f"{where} has {name!r}, which it does not know")
    for name in sorted(needed - known.keys()):
        raise Malformed(f"{where} lacks {name!r}")
    hints = get_type_hints(kind)
    return kind(**{name: _value(hints[name], value, f"{where}.{name}") for name, value in known.items()})


def _value(hint: Any, known: Any, where: str) -> Any:
    """One field: a dataclass, a tuple or dictionary of one type, a path, a number, a string, or anything."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is tuple and isinstance(known, list):
        return tuple(_value(inner[0], one, where) for one in known)
    if (origin or hint) is dict and isinstance(known, dict):
        return {key: _value(inner[1], one, f"{where}[{key!r}]") for key, one in known.items()}
    if is_dataclass(hint) and isinstance(hint, type):
        return _dataclass(hint, known, where)
    if hint is Path and isinstance(known, str):
        return Path(known)
    if hint is float and isinstance(known, int) and not isinstance(known, bool):
        return float(known)
    if hint is Any or (isinstance(hint, type) and type(known) is hint):
        return known
    raise Malformed(f"{where} is {known!r:.80}, no {getattr(hint, '__name__', hint)}")
