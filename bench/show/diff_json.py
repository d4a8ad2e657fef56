"""What ``dotbench diff --json`` says: everything, for programs."""

from __future__ import annotations

import json
from typing import Any

from dotbench.bench.compare.align import Apart
from dotbench.bench.compare.diff import Change, Diff, Summary, summaries
from dotbench.bench.metrics.metric import Row
from dotbench.bench.record.columns import extra_keys


def as_json(diff: Diff, fail_on: str) -> str:
    """One object; figures as the CSV files hold them."""
    return json.dumps(
        {
            "a": diff.a.label,
            "b": diff.b.label,
            "fail_on": fail_on,
            "exit_status": diff.status,
            "summaries": [_summary_record(one) for one in summaries(diff.changes)],
            "changes": [_change_record(one) for one in diff.changes],
            "failed": [_apart_record(one) for one in diff.broken],
            "not_compared": [_apart_record(one) for one in diff.apart],
            "notes": diff.notes,
        }
    )


def _summary_record(one: Summary) -> dict[str, Any]:
    mean = {"geometric_mean": one.mean, "cells": one.cells, "verdicts": one.verdicts}
    return {"file": one.file, "figure": one.figure.column, "format": one.label, **mean}


def _cell_record(file: str, row: Row) -> dict[str, Any]:
    names = ("dataset", "matrix_sha256", "format", "params", *extra_keys(file))
    return {"file": file, **{name: row[name] for name in names}}


def _change_record(one: Change) -> dict[str, Any]:
    verdict = {"verdict": one.verdict, "better": one.better, "fails": one.fails}
    values = {"figure": one.figure.column, "a": one.before, "b": one.after}
    return _cell_record(one.file, one.b) | values | {"ratio": one.ratio, "low": one.low, "high": one.high} | verdict


def _apart_record(one: Apart) -> dict[str, Any]:
    sides = {side: row and row["status"] for side, row in (("a", one.a), ("b", one.b))}
    return _cell_record(one.file, one.row) | {"status": sides, "reason": one.reason}
