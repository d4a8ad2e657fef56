"""Compressed layers inside a PyTorch model, for inference on the CPU::

    import dotbench.torch

    model = dotbench.torch.convert(model.eval(), "csc_min")  # in place; or a dict, a pick's JSON, a pack
    print(model.dotbench)                                    # what was replaced, what was left, and why
    with torch.inference_mode():
        y = model(x)

Layers multiply through the custom operator ``dotbench::linear``, which `linear` calls. A layer's payload is a buffer of
bytes, so ``state_dict``, ``torch.save`` of it and safetensors keep it. Needs the extra ``torch``.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

if __name__ != "dotbench.torch":  # the folder dotbench/ itself is on the path: this is then in PyTorch's place
    raise ImportError("this is dotbench.torch, and no PyTorch: leave the folder dotbench/ out of the path")

from dotbench.cdot.bfloat16 import bfloat16_from_bits, is_bfloat16, widened
from dotbench.cdot.limits import LIMITS
from dotbench.cdot.places import brings
from dotbench.formats import registry
from dotbench.formats.format import Format
from dotbench.formats.packs.decoding import outputs_by_inputs
from dotbench.formats.payloads.addressed import Addressed
from dotbench.formats.payloads.payload import Payload
from dotbench.formats.picks import Conversion, Pick, picks_of

try:
    import torch
    from torch import Tensor, nn
except ImportError as missing:
    raise ImportError(f"dotbench.torch needs PyTorch ({missing}): {brings('torch')}") from missing

__all__ = ["Conv", "Conversion", "Linear", "convert", "linear", "opened"]

FLOATS = (torch.float32, torch.float16, torch.bfloat16)


# ---- the operator


@dataclass(frozen=True)
class _Opened:
    """A payload as long as its tensor is what it was: the same memory, not written to since.

    ``version`` counts what PyTorch writes; a write around it (``tensor.data``) is seen by the checksum that every
    payload carries. The memory is held by an alias of the tensor, so that the tensor itself can go.
    """

    tensor: weakref.ref[Any]
    address: int
    version: int
    checksum: Any
    found: int
    payload: Payload
    product: Addressed
    n: int
    m: int


_threads = torch.get_num_threads
_OPENED: dict[int, _Opened] = {}  # by id of the tensor; one that goes takes its entry along


def _opened(tensor: Any) -> _Opened:
    one = _OPENED.get(id(tensor))
    if (
        one is not None
        and one.address == tensor.data_ptr()
        and (one.version < 0 or one.version == tensor._version)
        and one.checksum[0] == one.found
        and one.tensor() is tensor
    ):
        return one
    return _open(tensor)


def _open(tensor: Any) -> _Opened:
    """PayloadError (a ValueError) where the bytes are no payload; they are checked as those of a stranger's file."""
    if tensor.dtype != torch.uint8 or tensor.dim() != 1 or tensor.device.type != "cpu" or not tensor.is_contiguous():
        said = f"{tensor.dtype} of shape {tuple(tensor.shape)} on {tensor.device}"
        raise RuntimeError(f"dotbench::linear: a payload is a tensor of bytes on the CPU, torch.uint8 (n,): not {said}")
    alias = tensor.detach()
    version = -1 if tensor.is_inference() else tensor._version  # before it is read
    data = alias.numpy()
    checked = registry.load(memoryview(data), LIMITS)  # reads a copy; what is multiplied are the tensor's own bytes
    payload = Payload(checked.format, data, "the layer's payload", LIMITS)
    product = Addressed(payload)
    checksum, key = data[24:28].view(np.uint32), id(tensor)

    def gone(reference: Any, known: dict[int, _Opened] = _OPENED) -> None:  # which may be at the end of a program
        if (one := known.get(key)) is not None and one.tensor is reference:
            known.pop(key, None)

    reference = weakref.ref(tensor, gone)
    one = _Opened(
        reference, alias.data_ptr(), version, checksum, int(checksum[0]), payload, product, *product.kernel.shape
    )
    _OPENED[key] = one
    return one


def _linear(x: Any, payload: Any, bias: Any = None, outputs: int | None = None) -> Any:
    one = _opened(payload)
    if x.dtype is not torch.float32 or not x.is_cpu:
        return _widened(x, payload, bias, outputs)
    shape = x.shape
    if not shape or shape[-1] != one.n or (outputs is not None and outputs != one.m):
        _refuse(shape, one, outputs)
    x = x.contiguous()
    if len(shape) == 2:  # the rest of this function is what a call costs besides its kernel
        batch = shape[0]
        y = x.new_empty((batch, one.m))
    else:
        batch = shape[:-1].numel()
        y = x.new_empty((*shape[:-1], one.m))
    one.product(x.data_ptr(), y.data_ptr(), batch, _threads())
    return y if bias is None else y.add_(bias)


def _widened(x: Any, payload: Any, bias: Any, outputs: int | None) -> Any:
    """float16 and bfloat16 are multiplied, and the bias is added, in float32; rounded once, at the end."""
    if x.device.type != "cpu":
        raise RuntimeError(f"dotbench::linear runs on the CPU, and x is on {x.device}: pass x.cpu(), model.cpu()")
    if x.dtype not in FLOATS:
        raise RuntimeError(f"dotbench::linear multiplies float32, float16 and bfloat16, and x is {x.dtype}")
    wide = None if bias is None else bias.float()
    return _linear(x.float(), payload, wide, outputs).to(x.dtype)


def _refuse(shape: Any, one: _Opened, outputs: int | None) -> None:
    if outputs is not None and outputs != one.m:
        raise RuntimeError(f"dotbench::linear: the payload has {one.m} outputs, and the layer {outputs}")
    rows = f"{shape[:-1].numel()}x{shape[-1]}" if shape else "a scalar"
    raise RuntimeError(
        f"mat1 and mat2 shapes cannot be multiplied ({rows} and {one.n}x{one.m}): dotbench::linear of an x of shape "
        f"{tuple(shape)} and a payload of {one.n} inputs, {one.m} outputs"
    )


def _fake(x: Any, payload: Any, bias: Any = None, outputs: int | None = None) -> Any:
    """What compilers need to know: a payload's bytes say how many outputs there are, and they see none."""
    if x.device != payload.device:
        raise RuntimeError(f"dotbench::linear: x is on {x.device}, and the payload on {payload.device}")
    m = outputs if outputs is not None else None if bias is None else bias.shape[0]
    if m is None:
        m = torch.library.get_ctx().new_dynamic_size()
    return x.new_empty((*x.shape[:-1], m))


def _backward(context: Any, *gradients: Any) -> None:
    raise RuntimeError(
        "dotbench::linear is for inference and has no gradient: train the dense model and convert it then; call a "
        "converted one under torch.inference_mode()"
    )


# What `torch.library.custom_op` does besides costs a call 3 us under inference_mode, 5 under no_grad.
torch.library.define("dotbench::linear", "(Tensor x, Tensor payload, Tensor? bias=None, int? outputs=None) -> Tensor")
torch.library.impl("dotbench::linear", "default", _linear)
torch.library.register_fake("dotbench::linear", _fake)
torch.library.register_autograd("dotbench::linear", _backward)
_CALL = torch.ops.dotbench.linear.default


def linear(x: Tensor, payload: Tensor, bias: Tensor | None = None, outputs: int | None = None) -> Tensor:
    """x W + bias through the operator ``dotbench::linear``: of (..., n) is made (..., m), fresh memory.

    ``x``: float32, float16 or bfloat16; the result has its type, and sums are of float32. ``payload``: the bytes of
    one, uint8; it is opened once, and again when it was written to. ``bias``: (m,). ``outputs``: m, for compilers,
    which do not see it in the bytes. As many threads as ``torch.get_num_threads()``, where they have enough to do.
    RuntimeError: shapes that do not fit, another type or device, a gradient that is asked for. PayloadError (a
    ValueError): the bytes are damaged.
    """
    return _CALL(x, payload, bias, outputs)


def opened(payload: Tensor) -> Payload:
    """What a layer's buffer holds: format, shape, nonzeros, sections; a view of its bytes.

    PayloadError (a ValueError): they are damaged.
    """
    return _opened(payload).payload


# ---- layers


class _Layer(nn.Module):  # type: ignore[misc]
    """What both layers have: the payload as a buffer, the bias that the dense layer had, its dtype."""

    payload: Any

    def __init__(self, module: Any, payload: Payload, inputs: int, outputs: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        with torch.inference_mode(False):  # else a later load_state_dict could not write to it
            self.register_buffer("payload", torch.from_numpy(np.array(payload.data, np.uint8)))
        self.register_parameter("bias", module.bias)
        self.dtype, self.shape = module.weight.dtype, shape
        self.inputs, self.outputs = inputs, outputs
        self.train(module.training)
        for name in ("_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called",
                     "_forward_pre_hooks", "_forward_pre_hooks_with_kwargs"):  # fmt: skip
            self.__dict__[name] = module.__dict__[name]  # themselves: handles that take hooks away know these

    @property
    def weight(self) -> Tensor:
        """The dense tensor, decoded anew each time: for code that looks at it, and asks its type."""
        W = outputs_by_inputs(_opened(self.payload).payload)
        dense = torch.from_numpy(widened(W) if is_bfloat16(W.dtype) else W)
        return dense.to(self.dtype).reshape(self.shape)

    def extra_repr(self) -> str:
        device = self.payload.device
        what = _opened(self.payload).payload if device.type == "cpu" else f"payload on {device}"
        return f"{self.inputs}, {self.outputs}, bias={self.bias is not None}, {what}"

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *more: Any) -> None:
        """A payload of another length is no mismatch; one of another matrix, or a damaged one, is."""
        new = state_dict.get(f"{prefix}payload")
        if new is not None:
            try:
                one = _opened(new.cpu())
                if (one.n, one.m) != (self.inputs, self.outputs):
                    raise ValueError(f"it is of {one.n} x {one.m}, and the layer of {self.inputs} x {self.outputs}")
            except (ValueError, RuntimeError) as error:
                more[-1].append(f"{prefix}payload cannot be taken: {error}")
                return
            if new.shape != self.payload.shape:
                with torch.inference_mode(False):
                    self.payload = torch.empty(new.shape, dtype=torch.uint8, device=self.payload.device)
        super()._load_from_state_dict(state_dict, prefix, *more)


class Linear(_Layer):
    """In the place of an ``nn.Linear``. Buffer ``payload`` (uint8), parameter ``bias`` or None."""

    def __init__(self, module: Any, payload: Payload) -> None:
        super().__init__(module, payload, module.in_features, module.out_features, tuple(module.weight.shape))
        self.in_features, self.out_features = module.in_features, module.out_features

    def forward(self, x: Tensor) -> Tensor:
        return _CALL(x, self.payload, self.bias, self.outputs)


class Conv(_Layer):
    """In the place of an ``nn.Conv1d`` or ``nn.Conv2d`` with a kernel of 1: a product at each place."""

    def __init__(self, module: Any, payload: Payload) -> None:
        super().__init__(module, payload, module.in_channels, module.out_channels, tuple(module.weight.shape))
        self.in_channels, self.out_channels, self.stride = module.in_channels, module.out_channels, module.stride

    def forward(self, x: Tensor) -> Tensor:
        rank = len(self.stride)
        if x.dim() not in (rank + 1, rank + 2) or x.shape[-rank - 1] != self.inputs:
            raise RuntimeError(
                f"Given groups=1, weight of size {list(self.shape)}, expected input to have {self.inputs} channels "
                f"and {rank + 1} or {rank + 2} dimensions, but got an input of size {list(x.shape)}"
            )
        channels_last = x.dim() == 4 and not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last)
        if any(step != 1 for step in self.stride):
            x = x[(..., *(slice(None, None, step) for step in self.stride))]
        y = _CALL(x.movedim(-rank - 1, -1), self.payload, self.bias, self.outputs).movedim(-1, -rank - 1)
        return y if channels_last else y.contiguous()


# ---- the conversion


def convert(model: nn.Module, pick: Pick, filter_fn: Callable[[nn.Module, str], bool] | None = None) -> nn.Module:
    """Replaces ``nn.Linear`` and 1 x 1 ``nn.Conv1d`` and ``nn.Conv2d`` by compressed layers, in place.

    ``pick``: a format's name for all of them; a dict of formats by names of modules; what ``dotbench pick --json``
    said, a dict or the path of a .json file; or an open pack (`dotbench.open_pack`), whose payloads then take the
    place of these weights, whatever they were, and whose other tensors are not looked at. ``filter_fn(module, name)``:
    false for layers that shall stay. Layers whose pick is ``dense`` stay, too.

    Returns the model, or where it is such a layer itself its replacement; ``model.dotbench`` is a `Conversion`.
    ValueError: a format or a name that there is not, a weight that the format does not take, a pack of another shape;
    nothing is replaced then.
    """
    picks = picks_of(pick)
    names = _names(model)
    picks.check_names({name for known in names.values() for name in known})
    tied = _tied(names)
    replacements: dict[Any, _Layer] = {}
    replaced: dict[str, str] = {}
    left: dict[str, str] = {}
    before = 0
    for module, known in names.items():
        named = next((name for name in known if name in picks.names()), None)
        if not isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d)):
            if named is not None:
                left[named] = f"it is {type(module).__name__}, and no nn.Linear or 1 x 1 convolution"
            continue
        wanted, name = picks.of(known), known[0] if named is None else named
        if wanted is None:
            left[name] = "its pick is dense" if named is not None else "the pick does not name it"
        elif filter_fn is not None and not filter_fn(module, name):
            left[name] = "filter_fn leaves it out"
        elif why := _unfit(module) or tied.get(module, ""):
            left[name] = why
        else:
            payload = _payload(module, name, wanted)
            replacements[module] = (Linear if type(module) is nn.Linear else Conv)(module, payload)
            replaced[name] = str(payload.format)
            before += module.weight.nbytes
    for parent in list(model.modules()):
        for key, child in parent._modules.items():
            if child in replacements:
                parent._modules[key] = replacements[child]
    made = replacements.get(model, model)
    after = sum(layer.payload.nbytes for layer in replacements.values())
    made.dotbench = Conversion(replaced, left, before, after)
    return made


def _names(model: Any) -> dict[Any, list[str]]:
    """All modules, once each, with all names that they go by."""
    found: dict[Any, list[str]] = {}
    for name, module in model.named_modules(remove_duplicate=False):
        found.setdefault(module, []).append(name)
    return found


def _tied(names: dict[Any, list[str]]) -> dict[Any, str]:
    """Of modules whose weight is somebody else's, too (an embedding's), or is read by somebody else, why they stay.

    Memory tells, for a parameter may be made of another one's; that of a whole file may be one storage, and is no tie.
    """
    found, spans = dict[Any, str](), []
    for module, known in names.items():
        if isinstance(module, (nn.TransformerEncoderLayer, nn.MultiheadAttention)):  # for a kernel that has no payloads
            found |= dict.fromkeys(module.children(), f"{type(module).__name__} reads its weight")
        for own, tensor in (*module._parameters.items(), *module._buffers.items()):
            if tensor is not None and not nn.parameter.is_lazy(tensor) and tensor.layout is torch.strided:
                extent = 1 + sum((size - 1) * step for size, step in zip(tensor.shape, tensor.stride(), strict=True))
                if tensor.numel() and (start := tensor.data_ptr()):  # else on a device without numbers: it stays anyway
                    spans.append((start, start + extent * tensor.itemsize, module, own, f"{known[0]}.{own}".strip(".")))
    groups, end = list[list[Any]](), 0
    for span in sorted(spans, key=lambda span: span[:2]):
        if span[0] >= end:
            groups.append([])
        groups[-1].append(span)
        end = max(end, span[1])
    for group in groups:
        for *_, module, own, name in group:
            if own == "weight" and (others := [other for *_, other in group if other != name]):
                found.setdefault(module, f"its weight is {others[0]}, too")
    return found


def _unfit(module: Any) -> str:
    """Why a layer stays as it is; nothing where it can be replaced."""
    if type(module) not in (nn.Linear, nn.Conv1d, nn.Conv2d):
        return f"it is {type(module).__name__}, which may do more than its base"
    weight = module._parameters.get("weight")
    if weight is None:
        return "its weight is computed anew at each call: torch.nn.utils.prune.remove, or parametrize's, comes first"
    if type(module) is not nn.Linear:
        if any(size != 1 for size in module.kernel_size):
            return f"its kernel is {' x '.join(map(str, module.kernel_size))}"
        if module.groups != 1:
            return f"it has {module.groups} groups"
        if module.padding not in ("valid", "same") and any(module.padding):
            return f"its padding is {module.padding}"
    if weight.device.type != "cpu":
        return f"its weight is on {weight.device}, and payloads are made and multiplied on the CPU"
    if weight.dtype not in FLOATS:
        return f"its weight is {weight.dtype}, and float32, float16 and bfloat16 are taken"
    return "" if weight.numel() else "its weight is empty"


def _payload(module: Any, name: str, wanted: Format | Payload) -> Payload:
    """The weight in that format, or what the pack has; ValueError names the layer."""
    weight = module.weight.detach().reshape(module.weight.shape[:2])
    if isinstance(wanted, Payload):
        if wanted.shape != (weight.shape[1], weight.shape[0]) or str(wanted.dtype).startswith("int"):
            n, m = wanted.shape
            raise ValueError(
                f"{name or 'the layer'}: the pack has {n} inputs by {m} outputs of {wanted.dtype}, and the layer "
                f"{weight.shape[1]} by {weight.shape[0]} of {str(weight.dtype).removeprefix('torch.')}"
            )
        return wanted
    if weight.dtype is torch.bfloat16:
        W = bfloat16_from_bits(weight.contiguous().view(torch.uint16).numpy())
    else:
        W = weight.numpy()
    try:
        return wanted.encode(W.T, threads=torch.get_num_threads())
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name or 'the layer'} cannot be stored as {wanted}: {error}") from error
