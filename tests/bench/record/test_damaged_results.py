"""Results files that are cut short: a clear error or whole rows, never another figure, and nothing is changed.

``nox -s faults`` sets DOTBENCH_FAULT_CUTS for the campaign.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dotbench.bench.compare.errors import CompareError
from dotbench.bench.compare.results import of_folder
from dotbench.bench.metrics import registry
from dotbench.bench.record import export
from dotbench.bench.record.columns import as_text

CUTS = int(os.environ.get("DOTBENCH_FAULT_CUTS", "0")) or 40
Row = dict[str, Any]


def test_cut_short(tmp_path: Path, row: Callable[..., Row]) -> None:
    chance, seen = random.Random(8), 0
    files = list(registry.names())
    for number in range(CUTS):
        file = files[number % len(files)]
        rows = [row(file, dataset=f"d{one}", reason='a "b", c' if one % 3 else "") for one in range(12)]
        path = tmp_path / f"{file}.csv"
        data = export.render(file, rows)
        known = [as_text(file, one) for one in export_rows(path, file, data)]
        short = data[: chance.randrange(len(data))]
        path.write_bytes(short)
        try:
            found = [as_text(file, one) for one in export.read(path, file)]
        except export.ExportError as error:
            seen += 1
            assert "Nothing was changed" in str(error) and f"{path}, line " in str(error)
            with pytest.raises(export.ExportError):
                export.export({file: rows[:1]}, tmp_path, {}, lambda file, row: "c0de")
            with pytest.raises(CompareError):
                of_folder(tmp_path, "x")
            assert path.read_bytes() == short
        else:
            assert found == known[: len(found)]
        path.unlink()
    assert seen >= 0.8 * CUTS
    print(f"results: {CUTS} cut short, {seen} of them refused by line, the others end with a whole row")


def export_rows(path: Path, file: str, data: bytes) -> list[Row]:
    path.write_bytes(data)
    return export.read(path, file)
