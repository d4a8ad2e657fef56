"""What a format is: parameters that are its identity, an encoder, a layout, a published size.

A format is a frozen dataclass derived from `Format`. It says what it stores (`layout`), writes it
(`write`) and states its paper's size formula (`paper_bits`). Products, decoding, checks, threads, saving
and loading come from the payload and the kernels, and are the same for all.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from formats.header import Header, Section
from formats.source import Source, as_source

if TYPE_CHECKING:
    from formats.payload import Payload


@dataclasses.dataclass(frozen=True)
class Format(ABC):
    """Base of all formats; the fields of a subclass are its parameters."""

    name: ClassVar[str]
    format_id: ClassVar[int]  # 1 to 0x7fff are built in; formats from elsewhere take one above
    lossless: ClassVar[bool] = True
    coded: ClassVar[bool] = False  # decoding costs something, so `ceiling:decode` is measured
    kernel_source: ClassVar[Path | None] = None  # C file of a format that is not in cdot/
    fields_bytes: ClassVar[int] = 0
    summary: ClassVar[str]  # one line for `list formats`

    def encode(self, matrix: Any) -> Payload:
        """The payload of a matrix: numpy array, scipy sparse matrix or source, n inputs by m outputs.

        Raises TypeError or ValueError, naming the place, for what is no finite real matrix.
        """
        return self.write(as_source(matrix))

    @abstractmethod
    def write(self, source: Source) -> Payload:
        """Streams a source into a payload."""

    @abstractmethod
    def layout(self, header: Header, fields: bytes) -> list[Section]:
        """The sections behind header and fields, in order. ValueError if the fields make no sense."""

    @abstractmethod
    def paper_bits(self, source: Source) -> int:
        """The published size of this matrix in bits, by the paper's formula."""

    def holds(self, matrix: Any) -> Source:
        """The matrix that the payload of ``matrix`` decodes to: a lossy format's own, else the same."""
        return as_source(matrix)

    @classmethod
    def stored(cls, header: Header, fields: bytes) -> Self:
        """The format that wrote a payload: one whose parameters are in its fields reads them from there.

        ValueError if the fields make no sense.
        """
        return cls()

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
        """The name on the command line and in tables; `formats.parse` is its inverse."""
        return f"{self.name}[{self.params}]" if self.params else self.name


def with_params(kind: type[Format], params: dict[str, str]) -> Format:
    """A format from parameters as text; ValueError names an unknown one or one that does not convert."""
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
