"""Frozen dataclasses whose fields are their identity: how they are written and read as text."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

TYPES: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "str": str}  # of parameters
DEFAULTS: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,)}  # what they may be


@dataclasses.dataclass(frozen=True)
class Parametrised:
    """Base of formats and peers: a name, and fields that are parameters."""

    name: ClassVar[str]

    @property
    def params(self) -> str:
        """Parameters that differ from their defaults, sorted: ``alpha=8,gamma=0.5``."""
        changed = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        }
        return ",".join(f"{key}={changed[key]}" for key in sorted(changed))

    def __str__(self) -> str:
        """The name on the command line and in tables; parsing is its inverse."""
        return f"{self.name}[{self.params}]" if self.params else self.name


def split(text: str) -> tuple[str, dict[str, str]]:
    """Name and parameters of ``name`` or ``name[key=value,...]``; ValueError for anything else.

    Tables leave a key out where its value says which one it is: such a value stands under ``""``.

    >>> split("column_combined[alpha=8,gamma=0.5]"), split("eie[huffman]")
    (('column_combined', {'alpha': '8', 'gamma': '0.5'}), ('eie', {'': 'huffman'}))
    """
    match = re.fullmatch(r"(?P<name>[^\[\]]+)(\[(?P<params>[^\[\]]*)\])?", text.strip())
    if not match:
        raise ValueError(f"{text!r} is no format: write name or name[key=value,key=value]")
    pairs = [_pair(part) for part in (match["params"] or "").split(",") if part.strip()]
    params = dict(pairs)
    if len(params) < len(pairs):
        raise ValueError(f"{text!r} has a parameter twice: write name[key=value,key=value]")
    return match["name"].strip(), params


def _pair(text: str) -> tuple[str, str]:
    """Key and value; a value alone has no key."""
    key, separator, value = text.partition("=")
    return (key.strip(), value.strip()) if separator else ("", key.strip())


def with_keys(kind: Any, params: dict[str, str]) -> dict[str, str]:
    """The parameters with the key of a value that stands alone; ValueError where none or several would take it."""
    if "" not in params:
        return params
    value, names = params[""], [field.name for field in dataclasses.fields(kind)]
    if names == [name for name in names if name in params]:
        raise ValueError(f"{kind.name}[{value}]: {value!r} is one value too many: it has {', '.join(names) or 'none'}")
    if len(names) == 1:
        return {names[0] if key == "" else key: text for key, text in params.items()}
    able = [name for name in names if name not in params and _takes(kind, name, value)]
    if len(able) == 1:
        return {able[0] if key == "" else key: text for key, text in params.items()}
    could = f"could be {' or '.join(f'{name}={value}' for name in able)}" if able else "is none of its values"
    keys = ", ".join(f"{name}=..." for name in names)
    raise ValueError(f"{kind.name}[{value}]: {value!r} {could}: write the key, of {keys}")


def _takes(kind: Any, name: str, value: str) -> bool:
    try:
        with_params(kind, {name: value})
    except ValueError:
        return False
    return True


def type_name(field: dataclasses.Field[Any]) -> str:
    """Of a class, or of an annotation that was kept as text (``from __future__ import annotations``)."""
    return field.type if isinstance(field.type, str) else getattr(field.type, "__name__", str(field.type))


def parameter_faults(kind: Any) -> Iterator[str]:
    """A sentence for each parameter that no text can give, or that a run without parameters could not do without."""
    for field in dataclasses.fields(kind):
        type_ = type_name(field)
        if type_ not in TYPES:
            yield f"its parameter {field.name} is of type {field.type}: {', '.join(TYPES)} can be given"
        elif field.default is dataclasses.MISSING:
            yield f"its parameter {field.name} has no default: standard runs name no parameters"
        elif not isinstance(field.default, DEFAULTS[type_]) or isinstance(field.default, bool):
            yield f"its parameter {field.name} is {type_}, and {field.default!r:.80} by default"


def with_params(kind: Any, params: dict[str, str]) -> Any:
    """An instance from parameters as text; ValueError names an unknown one or one that does not convert."""
    fields = {field.name: field for field in dataclasses.fields(kind)}
    values: dict[str, Any] = {}
    for key, text in with_keys(kind, params).items():
        if key not in fields:
            known = ", ".join(fields) or "none"
            raise ValueError(f"{kind.name} has no parameter {key!r}: it has {known}")
        type_ = type_name(fields[key])
        try:
            values[key] = TYPES[type_](text)
        except ValueError:
            raise ValueError(f"{kind.name}[{key}={text}]: {text!r} is not {type_} as {key} is") from None
    return kind(**values)
