"""What ``dotbench pick --json`` says: everything, for programs."""

from __future__ import annotations

import json
from typing import Any

from dotbench.bench.pick.answer import Answer, Candidate, Layer, Time, Total, total
from dotbench.bench.pick.weights import Model, Weights
from dotbench.datasets.file_hashes import sha256

VERSION = 1


def as_json(answer: Answer) -> str:
    """One object; every tensor is in one of its lists."""
    good = [layer for layer in answer.layers if not layer.failed]
    question = answer.question
    return json.dumps(
        {
            "version": VERSION,
            "goal": str(question.goal),
            "target": "cortex-m55" if question.on_target else "host",
            "code_bytes": answer.code_bytes,
            "batch": question.batch,
            "threads": question.threads,
            "files": [_file(model) for model in answer.models],
            "layers": [_layer(layer) for layer in good],
            "totals": _total(total(good)),
            "not_multiplied": [_other(one) for one in answer.others if one.role != "unread"],
            "not_read": [
                {"name": one.name, "bytes": one.nbytes, "why": one.note}
                for one in answer.others
                if one.role == "unread"
            ],
            "failed": [{"name": layer.name, "why": layer.failed} for layer in answer.layers if layer.failed],
            "checked": answer.checked,
            "stopped": answer.stopped or None,
            "seconds": round(answer.seconds, 3),
            "peak_bytes": answer.peak_bytes,
        },
        indent=1,
    )


def _file(model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        "kind": model.kind,
        "bytes": model.nbytes,
        "sha256": {path.name: sha256(path) for path in model.files},
        "notes": list(model.notes),
    }


def _layer(layer: Layer) -> dict[str, Any]:
    weights = layer.weights
    n, m = weights.shape or (0, 0)
    return {
        "name": layer.name,
        "dataset": weights.dataset,
        "role": weights.role,
        "n": n,
        "m": m,
        "dtype": weights.dtype,
        "stored_as": layer.dtype,
        "scales": weights.scales or None,
        "density": layer.density,
        "distinct": layer.distinct,
        "distinct_is_a_bound": layer.many,
        "negative_zeros": layer.negative_zeros,
        "bytes_in_file": weights.nbytes,
        "bytes_of_scales": weights.scale_bytes,
        "bytes_dense": layer.dense.bytes,
        "floor": {"bytes": layer.floor.bytes, "kind": layer.floor.kind} if layer.floor else None,
        "break_even_density": layer.break_even,
        "candidates": [_candidate(one) for one in layer.candidates],
        "excluded": [{"format": one.label, "bound": one.bound, "why": one.why} for one in layer.excluded],
        "pick": layer.pick,
        "reason": layer.reason,
        "note": "; ".join(filter(None, dict.fromkeys((weights.note, layer.note)))),
        "what_if": vars(layer.what_if) if layer.what_if else None,
    }


def _candidate(one: Candidate) -> dict[str, Any]:
    times = {"predicted": _time(one.predicted), "measured": _time(one.measured)}
    cycles = vars(one.cycles) if one.cycles else None
    return {"format": one.label, "bytes": one.bytes, "how": one.how, "time_ratio": times, "cycles": cycles}


def _time(found: Time | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "ratio": found.ratio,
        "low": found.low,
        "high": found.high,
        "like": found.like or None,
        "dense_ns": found.dense_ns,
    }


def _total(found: Total) -> dict[str, Any]:
    return {**vars(found), "time_ratio": found.ratio}


def _other(one: Weights) -> dict[str, Any]:
    return {
        "name": one.name,
        "role": one.role,
        "shape": one.shape,
        "dtype": one.dtype,
        "bytes": one.nbytes,
        "bytes_of_scales": one.scale_bytes,
        "why": one.why,
    }
