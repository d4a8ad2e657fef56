"""What belongs to weights of few bits and is stored beside them: scales, zero points, and weights packed otherwise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from dotbench.datasets.models.model_file import Scales
from dotbench.datasets.models.safetensors import gptq
from dotbench.datasets.models.stored_tensor import StoredTensor

# What a tensor beside a quantised one is called, if it is multiplied with nothing.
BESIDE = (
    *gptq.COMPANIONS,
    *("weight_scale", "weight_scale_inv", "weight_zero_point", "weight_shape", "weight_g_idx", "weight_global_scale"),
    *("input_scale", "input_zero_point", "scale", "zero_point", "SCB", "weight_format", "wf"),
    *("absmax", "quant_map", "nested_absmax", "nested_quant_map"),
)
SCALES = ("SCB", "weight_scale", "scales", "scale")  # of an int8 weight
PACKED = {
    "weight_packed": "packed weights of compressed-tensors are not read",
    "absmax": "packed weights of bitsandbytes are not read",  # a companion, of a weight of this kind alone
}
QUANTISED = ("int8", "uint8", "int32", "F8_E4M3", "F8_E5M2")


def resolved(tensors: Iterable[StoredTensor]) -> tuple[list[StoredTensor], set[str]]:
    """Tensors with GPTQ's unpacked, scales said, and reasons for what stays packed; and the names of companions, which
    are vectors whatever their rank.

    A tensor called ``scales`` is a companion only where a quantised one is beside it.
    """
    known = {one.name: one for one in tensors}
    found = [_resolved(one, known) for one in known.values()]
    bases = {_base(one.name) for one in known.values() if _is_quantised(one)}
    beside = {
        name
        for name in known
        if _last(name) in BESIDE and (_base(name) in bases or _base(name).removesuffix("weight.") in bases)
    }
    return found, beside | {name for name in known if ".quant_state." in name}


def _resolved(tensor: StoredTensor, known: Mapping[str, StoredTensor]) -> StoredTensor:
    last = _last(tensor.name)
    if last == gptq.PACKED:
        return gptq.unpacked(tensor, known)
    if last in PACKED and last != "absmax":
        return replace(tensor, unread=PACKED[last])
    if tensor.dtype == "uint8" and f"{tensor.name}.absmax" in known:
        return replace(tensor, unread=PACKED["absmax"])
    if tensor.dtype == "int8" and tensor.scales is None and len(tensor.shape) > 1:
        return replace(tensor, scales=_scales(tensor, known))
    return tensor


def _scales(tensor: StoredTensor, known: Mapping[str, StoredTensor]) -> Scales | None:
    """Those of an int8 weight, by their name and number."""
    base = _base(tensor.name)
    scales = next((known[base + name] for name in SCALES if base + name in known), None)
    if scales is None or not (count := math.prod(scales.shape)):
        return None
    m, entries = tensor.shape[0], math.prod(tensor.shape)
    if count > 1 and count != m and entries % count:
        return None
    per = "tensor" if count == 1 else "output" if count == m else f"group of {entries // count}"
    return Scales(per, scales.nbytes)


def _is_quantised(tensor: StoredTensor) -> bool:
    last = _last(tensor.name)
    return last in (gptq.PACKED, "weight_packed") or (last == "weight" and tensor.dtype in QUANTISED)


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _base(name: str) -> str:
    """What stands before the last part of a name, with its point.

    >>> _base("layers.0.weight"), _base("weight"), _base("fc.weight.absmax").removesuffix("weight.")
    ('layers.0.', '', 'fc.')
    """
    return name[: len(name) - len(_last(name))]
