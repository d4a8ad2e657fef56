"""Cases for the width solver from JSON files: importances of a trained network, and budgets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dotbench.datasets.training.widths.networks import Chain, DsCnn, Network


def read_case(path: str | Path, outputs: int = 0) -> tuple[Network, list[int]]:
    """A network and the budgets of its levels; ValueError that names the file and what is wrong with it.

    A chain has ``importance_sorted`` (units of each layer) and ``macs_per_unit``; a DS-CNN has
    ``unit_importance_sorted`` (the convolution, then the depthwise layers), ``kernel_importance``
    [block][output filter][input] and ``macs`` (``conv``, ``dw``, ``pw_kernel``). Both have ``budgets``; a
    chain may have ``outputs``, the width of its classifier, or takes that of the call.
    """
    try:
        case = {"outputs": outputs, **json.loads(Path(path).read_text())}
        for key, make in KINDS.items():
            if key in case:
                return make(case), [int(budget) for budget in case["budgets"]]
    except KeyError as error:
        raise ValueError(f"{path} lacks {error}") from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error
    raise ValueError(f"{path} has neither of {' and '.join(KINDS)}: it is no case of a chain or of a DS-CNN")


def _chain(case: dict[str, Any]) -> Network:
    return Chain(case["importance_sorted"], case["macs_per_unit"], case["outputs"])


def _ds_cnn(case: dict[str, Any]) -> Network:
    first, *depthwise = case["unit_importance_sorted"]
    macs = case["macs"]
    return DsCnn(first, depthwise, case["kernel_importance"], (macs["conv"], macs["dw"], macs["pw_kernel"]))


KINDS: dict[str, Callable[[dict[str, Any]], Network]] = {
    "importance_sorted": _chain,
    "kernel_importance": _ds_cnn,
}
