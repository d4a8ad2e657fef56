"""What a payload asks of the format that wrote it; `dotbench.formats.format.Format` is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Protocol

from dotbench.formats.payloads.header import Header, Section


class OfFormat(Protocol):
    """Name and id, the sections, the kernel's file where it is not in cdot/, whether bits are kept, and what a product
    goes through."""

    name: ClassVar[str]
    format_id: ClassVar[int]
    kernel_source: ClassVar[Path | None]
    bitwise: ClassVar[bool]

    def layout(self, header: Header, fields: bytes) -> list[Section]: ...

    def steps(self, payload: Any) -> int: ...
