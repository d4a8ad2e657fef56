"""Rows of every file, of formats of every kind, and their hashes."""

from __future__ import annotations

from collections.abc import Mapping

from dotbench.bench.metrics import hashes as metric_hashes
from dotbench.bench.record import identity
from dotbench.bench.record.code_hash.hashes import Hashes
from dotbench.bench.record.code_hash.sources import Sources
from dotbench.cdot import dependencies

LABELS = {
    "space": "csc csc_min im ham sham rle4 nested column_combined zstd mlw bound:h0",
    "time": "csc csc_min im ham sham dense_s8 nested scipy_csc zstd "
    "ceiling:memcpy[format=csc] ceiling:decode[format=ham]",
    "instructions": "csc im ham rle4",
    "levels": "nested",
    "systolic": "column_combined",
    "energy": "csc ham",
    "cycles": "rle4 ham",
}
ROWS = [f"{metric} {label}" for metric, labels in LABELS.items() for label in labels.split()]


def split(row: str) -> tuple[str, str, str]:
    """Metric, format and parameters."""
    metric, label = row.split(" ")
    name, _, params = label.removesuffix("]").partition("[")
    return metric, name, params


def hashes_of(hashes: Hashes) -> dict[str, str | None]:
    """The hash of each row."""
    return {row: metric_hashes.code_sha_of(hashes, *split(row)) for row in ROWS}


def with_changes(changed: Mapping[str, str]) -> Hashes:
    """Of this checkout with other texts in some files."""
    return Hashes(Sources(identity.ROOT, changed), dependencies.of_checkout)
