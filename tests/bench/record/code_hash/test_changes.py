"""Each listed change of the sources changes the hashes of exactly the rows whose figures it can change."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dotbench.bench.metrics import hashes
from dotbench.bench.record import identity

sys.path.insert(0, str(Path(__file__).parents[3]))

import hash_rows
from hash_changes import ALL, CHANGES, Change


@pytest.fixture(scope="module")
def before() -> dict[str, str | None]:
    found = hash_rows.hashes_of(hash_rows.with_changes({}))
    assert None not in found.values() and len(set(found.values())) == len(found)
    assert all(found[row] == hashes.code_sha(*hash_rows.split(row)) for row in found)
    return found


@pytest.mark.parametrize("change", CHANGES, ids=[change.name for change in CHANGES])
def test_a_change_touches_its_rows_and_no_others(change: Change, before: dict[str, str | None]) -> None:
    text = (identity.ROOT / change.file).read_text()
    assert change.old in text, "the list is out of date"
    after = hash_rows.hashes_of(hash_rows.with_changes({change.file: text.replace(change.old, change.new, 1)}))
    named = {metric: hash_rows.LABELS[metric] if rows == ALL else rows for metric, rows in change.rows.items()}
    expected = {f"{metric} {label}" for metric, labels in named.items() for label in labels.split()}
    assert {row for row in before if before[row] != after[row]} == expected


def test_the_four_changes_of_the_fault_are_seen_together(before: dict[str, str | None]) -> None:
    """They once left every hash as it was: a table's size, a bound, an unpinned timer and no check at all."""
    names = "look-ups of 11 bits", "a doubled term of a bound", "an unpinned timer", "a correctness limit of 1"
    texts = {
        change.file: (identity.ROOT / change.file).read_text().replace(change.old, change.new, 1)
        for change in CHANGES
        if change.name in names
    }
    assert len(texts) == 4
    after = hash_rows.hashes_of(hash_rows.with_changes(texts))
    same = {row for row in before if before[row] == after[row]}
    assert same == {"cycles rle4"}  # bits are compared there, on no timer; it has neither look-ups nor bounds
