"""JSON from strangers: an object, no key of which is given twice, and no NaN."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dotbench.datasets.errors import DataError
from dotbench.datasets.models.opened import Opened
from dotbench.datasets.plain_names import shown


def parse(data: bytes, what: str) -> dict[str, Any]:
    """The object in ``data``; DataError, with ``what`` as its name, for all else.

    >>> parse(b'{"a": [1]}', "it")
    {'a': [1]}
    >>> parse(b'{"a": 1, "a": 2}', "it")
    Traceback (most recent call last):
    dotbench.datasets.errors.DataError: it names 'a' twice
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise DataError(f"{what} names {shown(name)!r} twice")
            found[name] = value
        return found

    def refuse(constant: str) -> Any:
        raise DataError(f"{what} holds {constant}, which is no JSON")

    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=unique, parse_constant=refuse)
    except DataError:
        raise
    except (ValueError, RecursionError) as error:
        raise DataError(f"{what} is no JSON: {str(error)[:120]}") from error
    if type(found) is not dict:
        raise DataError(f"{what} is no JSON object: it should start with {{")
    return found


def read(path: Path, most: int) -> dict[str, Any]:
    """The object in a file of at most ``most`` bytes."""
    opened = Opened(path)
    if opened.size > most:
        raise DataError(f"{path} has {opened.size} bytes: of such a file at most {most} are read")
    return parse(opened.bytes(0, opened.size), str(path))
