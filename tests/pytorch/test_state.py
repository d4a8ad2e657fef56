"""Converted models are saved, loaded and copied as others are."""

from __future__ import annotations

import copy
import io
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="no torch: python3 noxfile.py -s torch brings it")

from torch import nn  # noqa: E402

import dotbench.torch  # noqa: E402
from dotbench.bench.goals.torch_calls import pruned  # noqa: E402

X = (5, 64)


def network(zeros: float = 0.9) -> Any:
    layers = (
        nn.Linear(64, 96),
        nn.ReLU(),
        nn.Linear(96, 48, bias=False),
        nn.Unflatten(-1, (48, 1)),
        nn.Conv1d(48, 8, 1),
    )
    return pruned(nn.Sequential(*layers), zeros, 16)


def converted(zeros: float = 0.9, label: str = "csc_min") -> Any:
    return dotbench.torch.convert(network(zeros), label)


def test_names_of_the_state() -> None:
    state = converted().state_dict()
    assert list(state) == ["0.bias", "0.payload", "2.payload", "4.bias", "4.payload"]
    assert {state[name].dtype for name in state if name.endswith("payload")} == {torch.uint8}


@pytest.mark.parametrize("kind", ["torch.save", "weights only", "safetensors"])
@pytest.mark.parametrize("assign", [False, True])
@pytest.mark.parametrize("target", ["itself", "fresh", "fresh, of another format and length", "in inference mode"])
def test_saved_and_loaded_is_equal(kind: str, target: str, assign: bool, tmp_path: Path) -> None:
    model, x = converted(), torch.randn(X)
    expected = model(x).detach()
    path = tmp_path / "state"
    if kind == "safetensors":
        safetensors = pytest.importorskip("safetensors.torch")
        safetensors.save_file(model.state_dict(), path)
        state = safetensors.load_file(path)
    else:
        torch.save(model.state_dict(), path)
        state = torch.load(path, weights_only=kind == "weights only")
    torch.manual_seed(1)
    other = (
        model
        if target == "itself"
        else converted(0.9 if target == "fresh" else 0.5, "csc_min" if target == "fresh" else "sham")
    )
    other(x)  # its payloads are opened
    with torch.inference_mode(target == "in inference mode"):
        other.load_state_dict(state, assign=assign)
    with torch.no_grad():
        assert torch.equal(other(x), expected)
    assert {name: tensor.tolist() for name, tensor in other.state_dict().items()} == {
        name: tensor.tolist() for name, tensor in state.items()
    }
    assert not any(buffer.is_inference() for buffer in other.buffers())


def test_payloads_anywhere_in_a_file(tmp_path: Path) -> None:
    """Where a file is mapped, bytes start at odd addresses; kernels want 16."""
    model, x = converted(), torch.randn(X)
    expected = model(x).detach()
    for offset in (1, 8, 15):
        state = model.state_dict()
        for name in [name for name in state if name.endswith("payload")]:
            memory = torch.empty(len(state[name]) + 64, dtype=torch.uint8)
            start = -memory.data_ptr() % 16 + offset
            memory[start : start + len(state[name])] = state[name]
            state[name] = memory[start : start + len(state[name])]
        other = converted(0.5)
        other.load_state_dict(state, assign=True)
        assert torch.equal(other(x), expected)
        other[0].payload[30] = 1  # kernels have a copy of these bytes, and it is not what is multiplied now
        with pytest.raises(ValueError):
            other(x)


def test_what_cannot_be_loaded_is_named_and_leaves_the_layer() -> None:
    model, x = converted(), torch.randn(X)
    expected = model(x).detach()
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    cases = {
        "0.payload cannot be taken: .*CRC": state["0.payload"].clone().index_fill_(0, torch.tensor([50]), 77),
        "0.payload cannot be taken: .*96 x 48, and the layer of 64 x 96": state["2.payload"],
        "0.payload cannot be taken: .*a tensor of bytes on the CPU": state["0.payload"].float(),
        "0.payload cannot be taken: the payload of 10 bytes is cut short": state["0.payload"][:10],
    }
    for words, tensor in cases.items():
        with pytest.raises(RuntimeError, match=words):
            model.load_state_dict({**state, "0.payload": tensor})
        assert torch.equal(model(x).detach(), expected)
    with pytest.raises(RuntimeError, match=r"Missing key.*0.payload"):
        model.load_state_dict(network().state_dict())
    with pytest.raises(RuntimeError, match=r"Unexpected key.*0.payload"):
        network().load_state_dict(state)


def test_copies_are_their_own() -> None:
    model, x = converted(), torch.randn(X)
    expected = model(x).detach()
    copied = copy.deepcopy(model)
    assert copied.dotbench == model.dotbench and torch.equal(copied(x), expected)
    copied[0].payload.copy_(torch.zeros_like(copied[0].payload))
    with pytest.raises(ValueError):
        copied(x)
    assert torch.equal(model(x), expected)
    del model
    assert torch.equal(converted()(x[:0]), expected[:0])


def test_a_whole_model_is_pickled() -> None:
    model, x = converted(), torch.randn(X)
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    assert torch.equal(torch.load(file, weights_only=False)(x), model(x))


def test_halves_of_a_converted_model() -> None:
    """``half()`` and ``bfloat16()`` after the conversion leave payloads, and what is multiplied follows x."""
    model, x = converted(), torch.randn(X)
    expected = model(x).detach()
    for dtype, room in ((torch.bfloat16, 0.1), (torch.float16, 0.01)):
        made = copy.deepcopy(model).to(dtype)
        assert made[0].payload.dtype == torch.uint8 and made(x.to(dtype)).dtype == dtype
        torch.testing.assert_close(made(x.to(dtype)).float(), expected, rtol=room, atol=room * 4)


def test_of_another_device() -> None:
    """A model that was moved says what it needs. (There is only one device without numbers here.)"""
    model = converted().to("meta")
    assert "payload on meta" in repr(model)
    assert model(torch.empty(X, device="meta")).shape == (5, 8, 1)
    with pytest.raises(RuntimeError, match="x is on cpu, and the payload on meta"):
        model(torch.randn(X))
