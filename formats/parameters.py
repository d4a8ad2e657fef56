"""Frozen dataclasses whose fields are their identity: how they are written and read as text."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, ClassVar


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

    >>> split("column_combined[alpha=8,gamma=0.5]")
    ('column_combined', {'alpha': '8', 'gamma': '0.5'})
    """
    match = re.fullmatch(r"(?P<name>[^\[\]]+)(\[(?P<params>[^\[\]]*)\])?", text.strip())
    if not match:
        raise ValueError(f"{text!r} is no format: write name or name[key=value,key=value]")
    pairs = [pair.partition("=") for pair in (match["params"] or "").split(",") if pair.strip()]
    return match["name"].strip(), {key.strip(): value.strip() for key, _, value in pairs}


def with_params(kind: Any, params: dict[str, str]) -> Any:
    """An instance from parameters as text; ValueError names an unknown one or one that does not convert."""
    fields = {field.name: field for field in dataclasses.fields(kind)}
    values: dict[str, Any] = {}
    for key, text in params.items():
        if key not in fields:
            known = ", ".join(fields) or "none"
            raise ValueError(f"{kind.name} has no parameter {key!r}: it has {known}")
        convert = {"int": int, "float": float, "str": str}[str(fields[key].type)]
        try:
            values[key] = convert(text)
        except ValueError:
            raise ValueError(f"{kind.name}[{key}={text}]: {text!r} is not {fields[key].type} as {key} is") from None
    return kind(**values)
