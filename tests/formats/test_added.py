"""A format of floats and one of int8 are two files and two lines with what they name: CONTRIBUTING's are added."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from steps import SHAS, Copy

STEPS = {"a format of floats": "padded", "a format of int8": "indexed"}


@pytest.mark.parametrize("what", STEPS)
def test_a_format_is_two_files_and_two_lines(what: str, tmp_path: Path) -> None:
    copy, name = Copy(tmp_path / "checkout"), STEPS[what]
    before = copy.python("-c", SHAS)
    assert copy.follow(f"Adding {what}") == [
        "cdot/formats/decoders.c", f"cdot/formats/{name}.c", f"formats/{name}.py", "formats/registry.py",
    ]  # fmt: skip
    row = next(row for row in copy.rows("space") if row["format"] == name)
    assert row["status"] == "ok" and row["lossless"] == "true"
    assert copy.python("-c", SHAS) == before
