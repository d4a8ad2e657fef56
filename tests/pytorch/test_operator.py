"""The operator dotbench::linear: what PyTorch demands of it, what it computes, and what it refuses."""

from __future__ import annotations

import copy
import gc
import shutil
import threading
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="no torch: python3 noxfile.py -s torch brings it")

import dotbench  # noqa: E402
import dotbench.torch  # noqa: E402
from dotbench import formats  # noqa: E402
from dotbench.bench.goals.torch_calls import pruned  # noqa: E402

OPERATOR = torch.ops.dotbench.linear.default
DTYPES = (torch.float32, torch.bfloat16, torch.float16)
ROUNDING = {torch.float32: 0.0, torch.bfloat16: 2.0**-8, torch.float16: 2.0**-11}  # half a step, of the result
LABELS = [str(one) for one in formats.standard("float32") if one.lossless and str(one) != "dense"]


def layer(n: int = 96, m: int = 80, zeros: float = 0.9, dtype: Any = torch.float32, bias: bool = True) -> Any:
    return pruned(torch.nn.Linear(n, m, bias=bias), zeros, 32).to(dtype)


def payload_of(dense: Any, label: str = "csc_min") -> Any:
    return dotbench.torch.convert(copy.deepcopy(dense), label).payload


def bounded(y: Any, dense: Any, x: Any) -> None:
    """Within 1e-5 of sum |w||x| + |b| of the product in float64, and where the result is rounded, that besides."""
    W, wide = dense.weight.detach().double(), x.double()
    bias = torch.zeros(W.shape[0], dtype=torch.float64) if dense.bias is None else dense.bias.detach().double()
    exact = wide @ W.T + bias
    room = 1e-5 * (wide.abs() @ W.abs().T + bias.abs()) + ROUNDING[y.dtype] * exact.abs() + 1e-12
    assert y.shape == exact.shape and ((y.double() - exact).abs() <= room).all()


@pytest.mark.parametrize(
    "arguments", ["all", "no bias", "no outputs", "payload alone", "vector", "batches", "bfloat16", "empty"]
)
def test_opcheck(arguments: str) -> None:
    """Schema, fake kernel, gradients that are refused, tracing with shapes that are not known."""
    dense = layer()
    x, bias, outputs = torch.randn(4, 96), dense.bias.detach(), 80
    if arguments == "vector":
        x = x[0]
    elif arguments == "batches":
        x = torch.randn(2, 3, 96)
    elif arguments == "bfloat16":
        x, bias = x.bfloat16(), bias.bfloat16()
    elif arguments == "empty":
        x = x[:0]
    given = {"no bias": (None, outputs), "no outputs": (bias, None), "payload alone": (None, None)}
    found = torch.library.opcheck(OPERATOR, (x, payload_of(dense), *given.get(arguments, (bias, outputs))))
    assert set(found.values()) == {"SUCCESS"} and len(found) == 4


@pytest.mark.parametrize("label", LABELS)
def test_every_format_of_floats(label: str) -> None:
    dense = layer()
    x = torch.randn(9, 96)
    y = dotbench.torch.linear(x, payload_of(dense, label), dense.bias.detach())
    bounded(y, dense, x)


def test_there_are_formats() -> None:
    assert {"csc", "csc_min", "ham", "sham", "bitmap"} <= set(LABELS)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(96,), (1, 96), (7, 96), (2, 3, 96), (2, 1, 2, 2, 96), (0, 96), (2, 0, 96)])
def test_outputs(shape: tuple[int, ...], dtype: Any, bias: bool) -> None:
    dense = layer(dtype=dtype, bias=bias)
    x = torch.randn(shape).to(dtype)
    made = dotbench.torch.convert(copy.deepcopy(dense), "csc")
    y = made(x)
    assert y.dtype == dtype == dense(x).dtype and y.shape == dense(x).shape and y.is_contiguous()
    bounded(y.detach(), dense, x)


def test_inputs_that_do_not_lie_in_a_row() -> None:
    dense = layer()
    made = dotbench.torch.convert(copy.deepcopy(dense), "csc")
    for x in (torch.randn(96, 5).T, torch.randn(5, 192)[:, ::2], torch.randn(1, 96).expand(5, 96), torch.randn(96, 1)[:, 0],
              torch.randn(3, 96, 4).transpose(1, 2), torch.view_as_complex(torch.randn(5, 96, 2)).conj().imag):  # fmt: skip
        bounded(made(x).detach(), dense, x)
    assert torch.view_as_complex(torch.randn(5, 96, 2)).conj().imag.is_neg()  # the last: negated when it is read


def test_memory_is_fresh() -> None:
    """No call gives what an earlier one gave, or its input."""
    dense = layer(64, 64)
    payload, x = payload_of(dense), torch.randn(1, 64)
    first = dotbench.torch.linear(x, payload)
    kept = first.clone()
    second = dotbench.torch.linear(-x, payload)
    assert torch.equal(first, kept) and not torch.equal(first, second)
    assert len({x.data_ptr(), first.data_ptr(), second.data_ptr()}) == 3


def test_defaults_of_pytorch_do_not_matter() -> None:
    dense = layer()
    payload, x = payload_of(dense), torch.randn(2, 96)
    expected = dotbench.torch.linear(x, payload)
    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"):
            assert torch.equal(dotbench.torch.linear(x, payload), expected)
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_threads(batch: int) -> None:
    """The same bits on one and on several; many enough nonzeros that several are taken."""
    dense = layer(2048, 2048, 0.5)
    payload, x = payload_of(dense, "csc"), torch.randn(batch, 2048)
    one = dotbench.torch.linear(x, payload)
    torch.set_num_threads(3)
    assert torch.equal(dotbench.torch.linear(x, payload), one)
    bounded(dotbench.torch.linear(x, payload, dense.bias.detach()), dense, x)


def test_callers_at_once() -> None:
    """PyTorch is called from several threads of Python; each call has memory of its own."""
    dense = layer(512, 512)
    payload, inputs = payload_of(dense), torch.randn(4, 200, 512)
    expected = torch.stack([torch.cat([dotbench.torch.linear(x[None], payload) for x in many]) for many in inputs])
    found = torch.zeros_like(expected)

    def call(number: int) -> None:
        for at, x in enumerate(inputs[number]):
            found[number, at] = dotbench.torch.linear(x, payload)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert torch.equal(found, expected)


# ---- payloads that change


@pytest.mark.parametrize("how", ["copy_", "copy_ in inference", "around the version", "set", "numpy", "freed"])
def test_a_payload_that_is_written_to_is_opened_again(how: str) -> None:
    """Of the same length and at the same address, so only what is in it tells."""
    dense = layer(bias=False)
    other = copy.deepcopy(dense)
    with torch.no_grad():
        other.weight.mul_(-2)
    old, new = payload_of(dense), payload_of(other)
    assert old.shape == new.shape and not torch.equal(old, new)
    x = torch.randn(2, 96)
    bounded(dotbench.torch.linear(x, old), dense, x)
    if how == "copy_":
        old.copy_(new)
    elif how == "copy_ in inference":
        with torch.inference_mode():
            old.copy_(new)
    elif how == "around the version":
        old.data.copy_(new)
    elif how == "set":
        old.data = new
    elif how == "numpy":
        old.numpy()[:] = new.numpy()
    else:
        del old
        old = new.clone()
    bounded(dotbench.torch.linear(x, old), other, x)


def test_payloads_made_in_inference_mode() -> None:
    """Such tensors have no version that could be asked for."""
    dense = layer(bias=False)
    x = torch.randn(2, 96)
    with torch.inference_mode():
        payload = payload_of(dense).clone()
        assert payload.is_inference()
        for _ in range(2):
            bounded(dotbench.torch.linear(x, payload), dense, x)
        payload.copy_(payload_of(pruned(copy.deepcopy(dense), 0.0, 2), "csc")[: len(payload)])
        with pytest.raises(ValueError):
            dotbench.torch.linear(x, payload)


def test_nothing_is_kept_of_payloads_that_are_gone() -> None:
    before = len(dotbench.torch._OPENED)
    payload = payload_of(layer())
    dotbench.torch.linear(torch.randn(96), payload)
    assert len(dotbench.torch._OPENED) == before + 1
    del payload
    gc.collect()
    assert len(dotbench.torch._OPENED) == before


def test_opened_says_what_there_is() -> None:
    dense = layer()
    found = dotbench.torch.opened(payload_of(dense, "sham"))
    assert found.format.name == "sham" and found.shape == (96, 80)
    assert np.array_equal(found.decode().T, dense.weight.detach().numpy())


# ---- what is refused


def test_wrong_shapes_are_refused_as_by_the_dense_layer() -> None:
    dense = layer()
    payload = payload_of(dense)
    for shape in ((95,), (3, 97), (96, 3), (2, 2, 1), (3, 0)):
        x = torch.randn(shape)
        with pytest.raises(RuntimeError):
            dense(x)
        with pytest.raises(RuntimeError, match=r"shapes cannot be multiplied \(\d+x\d+ and 96x80\)"):
            dotbench.torch.linear(x, payload)
    with pytest.raises(RuntimeError, match="a scalar and 96x80"):
        dotbench.torch.linear(torch.tensor(1.0), payload)
    with pytest.raises(RuntimeError, match="the payload has 80 outputs, and the layer 81"):
        dotbench.torch.linear(torch.randn(96), payload, None, 81)


def test_wrong_types_are_refused() -> None:
    payload = payload_of(layer())
    for x in (torch.randn(96).double(), torch.ones(96, dtype=torch.int64), torch.randn(96).to(torch.complex64)):
        with pytest.raises(RuntimeError, match="multiplies float32, float16 and bfloat16, and x is torch"):
            dotbench.torch.linear(x, payload)
    for wrong in (payload.float(), payload[None], payload.repeat_interleave(2)[::2]):
        with pytest.raises(RuntimeError, match="a payload is a tensor of bytes on the CPU"):
            dotbench.torch.linear(torch.randn(96), wrong)


class Elsewhere:
    """What is asked of a tensor of another device."""

    dtype, is_cpu, device = torch.float32, False, torch.device("cuda:0")


def test_other_devices_are_refused() -> None:
    payload = payload_of(layer())
    with pytest.raises(RuntimeError, match="runs on the CPU, and x is on cuda:0"):
        dotbench.torch._linear(Elsewhere(), payload)
    meta = dotbench.torch.linear(torch.empty(2, 96, device="meta"), payload.to("meta"), None, 80)
    assert meta.device.type == "meta" and meta.shape == (2, 80)  # no numbers, so nothing to multiply


def test_damaged_payloads_are_refused() -> None:
    payload = payload_of(layer())
    for place in (0, 5, 9, 26, 40, len(payload) - 1):
        bad = payload.clone()
        bad[place] ^= 1
        with pytest.raises(dotbench.formats.PayloadError):
            dotbench.torch.linear(torch.randn(96), bad)
    for length in (0, 7, 31, 33, len(payload) - 1):
        with pytest.raises(dotbench.formats.PayloadError):
            dotbench.torch.linear(torch.randn(96), payload[:length])


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_matrices_of_nothing(shape: tuple[int, int]) -> None:
    n, m = shape
    payload = torch.from_numpy(np.array(dotbench.encode(np.zeros(shape, np.float32), "csc").data))
    bias = torch.randn(m)
    for batch in (0, 1, 4):
        assert torch.equal(dotbench.torch.linear(torch.randn(batch, n), payload, bias), bias.expand(batch, m))


def test_payloads_of_integers_are_refused() -> None:
    payload = torch.from_numpy(np.array(dotbench.encode(np.eye(4, dtype=np.int8), "dense_s8").data))
    with pytest.raises(ValueError, match="multiplied by int8"):
        dotbench.torch.linear(torch.randn(4), payload)


@pytest.mark.parametrize("needs", ["x", "bias"])
def test_gradients_are_refused_in_plain_words(needs: str) -> None:
    dense = layer()
    x = torch.randn(2, 96, requires_grad=needs == "x")
    made = dotbench.torch.convert(dense.train(), "csc").requires_grad_(needs == "bias")
    y = made(x).sum()
    with pytest.raises(RuntimeError, match="for inference and has no gradient: train the dense model"):
        y.backward()


# ---- compilers


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # PyTorch's, of its own code
@pytest.mark.parametrize("backend", ["eager", "aot_eager", "inductor"])
def test_compile_whole_graphs(backend: str) -> None:
    if backend == "inductor" and not any(map(shutil.which, ("g++", "clang++"))):
        pytest.skip("no C++ compiler, which inductor calls")
    network = pruned(torch.nn.Sequential(torch.nn.Linear(96, 80), torch.nn.ReLU(), torch.nn.Linear(80, 10)), 0.9, 32)
    x = torch.randn(3, 96)
    expected = network(x).detach()
    made = dotbench.torch.convert(network, "csc_min")
    with torch.no_grad():
        compiled = torch.compile(made, fullgraph=True, backend=backend)
        assert torch.allclose(compiled(x), expected, atol=1e-5)
        assert torch.allclose(compiled(torch.cat([x, x])), torch.cat([expected, expected]), atol=1e-5)


def test_export() -> None:
    made = dotbench.torch.convert(torch.nn.Sequential(layer()), "csc_min")
    x = torch.randn(3, 96)
    program = torch.export.export(made, (x,))
    assert torch.allclose(program.module()(x), made(x))
    assert "dotbench.linear" in str(program.graph)
