"""`dotbench.torch.convert`: which layers of a model are replaced, and that it computes what it did."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="no torch: python3 noxfile.py -s torch brings it")

from torch import nn  # noqa: E402
from torch.nn.utils import parametrizations, prune  # noqa: E402

import dotbench  # noqa: E402
import dotbench.torch  # noqa: E402
from dotbench.bench.goals.torch_calls import pruned  # noqa: E402
from dotbench.bench.packs.choose import smallest  # noqa: E402
from dotbench.bench.packs.pack import pack  # noqa: E402
from dotbench.datasets.models import names as model_names  # noqa: E402


class Block(nn.Module):
    """A module within a module, whose layers go by names with dots."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.act, self.fc2 = nn.Linear(32, 48), nn.GELU(), nn.Linear(48, 32, bias=False)

    def forward(self, x: Any) -> Any:
        return x + self.fc2(self.act(self.fc1(x)))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks, self.head = nn.ModuleList([Block(), Block()]), nn.Linear(32, 10)

    def forward(self, x: Any) -> Any:
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def net() -> Any:
    return pruned(Net(), 0.9, 16)


def same(model: Any, other: Any, x: Any) -> None:
    with torch.inference_mode():
        torch.testing.assert_close(model(x), other(x), rtol=1e-4, atol=1e-5)


def kinds(model: Any) -> dict[str, str]:
    return {name: type(module).__name__ for name, module in model.named_modules() if not list(module.children())}


ALL = ["blocks.0.fc1", "blocks.0.fc2", "blocks.1.fc1", "blocks.1.fc2", "head"]


def test_a_format_for_all() -> None:
    dense = net()
    model = copy.deepcopy(dense)
    made = dotbench.torch.convert(model, "csc_min")
    assert made is model and made.dotbench.replaced == dict.fromkeys(ALL, "csc_min") and not made.dotbench.left
    assert all(type(made.get_submodule(name)) is dotbench.torch.Linear for name in ALL)
    same(made, dense, torch.randn(2, 5, 32))
    assert made.dotbench.bytes_before == sum(dense.get_submodule(name).weight.nbytes for name in ALL)
    assert made.dotbench.bytes_after == sum(made.get_submodule(name).payload.nbytes for name in ALL)
    assert str(made.dotbench).startswith(
        "5 layers replaced, 25856 bytes of weights became "
    ) and "Payload csc_min, 32 x 48" in repr(made)
    assert sorted(name for name, _ in made.named_parameters()) == [
        "blocks.0.fc1.bias", "blocks.1.fc1.bias", "head.bias",
    ]  # fmt: skip


def test_again_changes_nothing() -> None:
    made = dotbench.torch.convert(net(), "csc_min")
    before = kinds(made)
    assert not dotbench.torch.convert(made, "csc").dotbench.replaced and kinds(made) == before


def test_formats_by_names() -> None:
    """With or without ``.weight``; what is not named, and what is to be dense, stays."""
    dense = net()
    made = dotbench.torch.convert(
        copy.deepcopy(dense), {"blocks.1.fc1": "sham", "head.weight": "csc", "blocks.0.fc2": "dense"}
    )
    assert made.dotbench.replaced == {"blocks.1.fc1": "sham", "head": "csc"}
    assert made.dotbench.left["blocks.0.fc2"] == "its pick is dense"
    assert made.dotbench.left["blocks.0.fc1"] == "the pick does not name it"
    assert type(made.blocks[0].fc2) is nn.Linear and dotbench.torch.opened(made.head.payload).format.name == "csc"
    same(made, dense, torch.randn(3, 32))


@pytest.mark.parametrize("how", ["dict", "text", "path"])
def test_json_of_pick(how: str, tmp_path: Path) -> None:
    """Names of tensors; layers that the module has not, as of a part of the model, are none of ours."""
    said = {"version": 1, "layers": [
        {"name": "blocks.0.fc1.weight", "pick": "csc_min", "n": 32}, {"name": "blocks.0.fc2.weight", "pick": "dense"},
        {"name": "other.weight", "pick": "sham"},
    ]}  # fmt: skip
    path = tmp_path / "pick.json"
    path.write_text(json.dumps(said))
    pick = {"dict": said, "text": str(path), "path": path}[how]
    dense = net()
    made = dotbench.torch.convert(copy.deepcopy(dense), pick)
    assert made.dotbench.replaced == {"blocks.0.fc1": "csc_min"}
    same(made, dense, torch.randn(3, 32))


def test_what_the_command_says(tmp_path: Path) -> None:
    """From a file of weights to a converted model."""
    save_file = pytest.importorskip("safetensors.torch").save_file
    dense = net()
    save_file(dense.state_dict(), tmp_path / "model.safetensors")
    words = ["pick", str(tmp_path / "model.safetensors"), "--quick", "--json"]
    done = subprocess.run([sys.executable, "-m", "dotbench", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made = dotbench.torch.convert(copy.deepcopy(dense), json.loads(done.stdout))
    assert set(made.dotbench.replaced) | set(made.dotbench.left) == set(ALL) and made.dotbench.replaced
    same(made, dense, torch.randn(3, 32))


def test_a_pack(tmp_path: Path) -> None:
    """Payloads come from the file: the model may hold anything. Negative zeros are no matter of a product."""
    save_file = pytest.importorskip("safetensors.torch").save_file
    dense = net()
    save_file(dense.state_dict(), tmp_path / "model.safetensors")
    pack(model_names.tensors(tmp_path / "model.safetensors"), smallest(), tmp_path / "packed.safetensors")
    fresh = Net()
    fresh.load_state_dict({**fresh.state_dict(), **{k: v for k, v in dense.state_dict().items() if k.endswith("bias")}})
    with dotbench.open_pack(tmp_path / "packed.safetensors") as opened:
        packed = {name.removesuffix(".weight"): label for name, label in opened.formats().items()}
        made = dotbench.torch.convert(fresh, opened)
        other = nn.Module()
        other.head = nn.Linear(32, 11)
        with pytest.raises(
            ValueError, match="head: the pack has 32 inputs by 10 outputs of float32, and the layer 32 by 11"
        ):
            dotbench.torch.convert(other, opened)
    assert made.dotbench.replaced == packed and len(packed) >= 3
    same(made, dense, torch.randn(3, 32))  # the pack is closed: the model has its own bytes


def test_filter() -> None:
    asked = []

    def wanted(module: Any, name: str) -> bool:
        asked.append((type(module), name))
        return name.startswith("blocks.1")

    made = dotbench.torch.convert(net(), "csc", wanted)
    assert set(made.dotbench.replaced) == {"blocks.1.fc1", "blocks.1.fc2"}
    assert asked == [(nn.Linear, name) for name in ALL] and made.dotbench.left["head"] == "filter_fn leaves it out"


def test_a_layer_alone() -> None:
    dense = pruned(nn.Linear(32, 10), 0.9, 16)
    made = dotbench.torch.convert(dense, {"weight": "csc"})
    assert type(made) is dotbench.torch.Linear and made.dotbench.replaced == {"": "csc"} and type(dense) is nn.Linear
    same(made, dense, torch.randn(3, 32))


def test_shared_modules_stay_shared() -> None:
    """One module in two places is one payload, whichever of its names is picked."""
    layer = nn.Linear(32, 32)
    dense = pruned(nn.ModuleDict({"a": nn.Sequential(layer, nn.ReLU(), layer), "b": layer}), 0.9, 16)
    for pick in ("csc", {"b": "csc"}, {"a.2": "csc"}):
        made = dotbench.torch.convert(copy.deepcopy(dense), pick)
        assert made["b"] is made["a"][0] is made["a"][2] and type(made["b"]) is dotbench.torch.Linear
        assert len(made.dotbench.replaced) == 1
        same(made["a"], dense["a"], torch.randn(3, 32))


class Tied(nn.Module):
    def __init__(self, how: str) -> None:
        super().__init__()
        self.embed, self.mid, self.head = nn.Embedding(50, 32), nn.Linear(32, 32), nn.Linear(32, 50, bias=False)
        self.head.weight = self.embed.weight if how == "parameter" else nn.Parameter(self.embed.weight.data)

    def forward(self, x: Any) -> Any:
        return self.head(self.mid(self.embed(x)))


@pytest.mark.parametrize("how", ["parameter", "memory"])
def test_tied_weights_stay(how: str) -> None:
    dense, model = Tied(how), Tied(how)  # a copy of it would not share memory
    model.load_state_dict(dense.state_dict())
    made = dotbench.torch.convert(model, "csc")
    assert set(made.dotbench.replaced) == {"mid"} and made.dotbench.left == {"head": "its weight is embed.weight, too"}
    assert made.head.weight.untyped_storage()._cdata == made.embed.weight.untyped_storage()._cdata
    same(made, dense, torch.arange(50))


def test_a_part_of_a_tied_weight_is_tied() -> None:
    model = Tied("parameter")
    model.head.weight = nn.Parameter(model.embed.weight.data[10:])
    model.mid.weight = nn.Parameter(model.embed.weight.data[2:34].T)
    assert dotbench.torch.convert(model, "csc").dotbench.left == {
        "mid": "its weight is embed.weight, too",
        "head": "its weight is embed.weight, too",
    }


def test_weights_side_by_side_in_one_storage_are_not_tied(tmp_path: Path) -> None:
    """As where a whole file is mapped."""
    dense, model = net(), Net()
    memory = torch.cat([tensor.reshape(-1) for tensor in dense.state_dict().values()])
    state, at = {}, 0
    for name, tensor in dense.state_dict().items():
        state[name] = memory[at : at + tensor.numel()].view(tensor.shape)
        at += tensor.numel()
    model.load_state_dict(state, assign=True)
    assert dotbench.torch.convert(model, "csc").dotbench.replaced == dict.fromkeys(ALL, "csc")
    same(model, dense, torch.randn(3, 32))
    safetensors = pytest.importorskip("safetensors.torch")
    safetensors.save_file(dense.state_dict(), tmp_path / "model.safetensors")
    mapped = Net()
    mapped.load_state_dict(safetensors.load_file(tmp_path / "model.safetensors"), assign=True)
    assert dotbench.torch.convert(mapped, "csc").dotbench.replaced == dict.fromkeys(ALL, "csc")
    same(mapped, dense, torch.randn(3, 32))


class Checks(nn.Linear):
    """More than its base."""

    def forward(self, x: Any) -> Any:
        return super().forward(x).relu()


def test_what_is_more_than_a_linear_layer_stays() -> None:
    computed = parametrizations.weight_norm(nn.Linear(8, 8))
    masked = prune.l1_unstructured(nn.Linear(8, 8), "weight", 0.5)
    model = nn.ModuleDict({
        "sub": Checks(8, 8), "norm": computed, "mask": masked, "f64": nn.Linear(8, 8).double(),
        "away": nn.Linear(8, 8, device="meta"), "bi": nn.Bilinear(8, 8, 8), "lazy": nn.LazyLinear(8),
        "transformer": nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
    }).eval()  # fmt: skip
    dense = copy.deepcopy(model["transformer"])
    made = dotbench.torch.convert(model, "csc")
    assert not made.dotbench.replaced
    assert made.dotbench.left == {
        "sub": "it is Checks, which may do more than its base",
        "norm": "it is ParametrizedLinear, which may do more than its base",
        "mask": "its weight is computed anew at each call: torch.nn.utils.prune.remove, or parametrize's, comes first",
        "f64": "its weight is torch.float64, and float32, float16 and bfloat16 are taken",
        "away": "its weight is on meta, and payloads are made and multiplied on the CPU",
        "lazy": "it is LazyLinear, which may do more than its base",
        "transformer.self_attn.out_proj": "it is NonDynamicallyQuantizableLinear, which may do more than its base",
        "transformer.linear1": "TransformerEncoderLayer reads its weight",
        "transformer.linear2": "TransformerEncoderLayer reads its weight",
    }
    same(made["transformer"], dense, torch.randn(2, 3, 8))
    prune.remove(made["mask"], "weight")
    assert dotbench.torch.convert(made, "csc").dotbench.replaced == {"mask": "csc"}


def test_hooks_and_modes_are_kept() -> None:
    dense = net().train()
    said: list[str] = []
    handle = dense.head.register_forward_hook(lambda module, x, y: said.append(type(module).__name__))
    made = dotbench.torch.convert(dense, "csc")
    made(torch.randn(32))
    assert made.head.training and said == ["Linear"]
    handle.remove()
    made.eval()(torch.randn(32))
    assert said == ["Linear"] and not made.head.training


# ---- convolutions


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("stride", [1, 2, (2, 3)])
@pytest.mark.parametrize("padding", [0, "valid"])
def test_convolutions_of_planes(stride: Any, padding: Any, dtype: Any) -> None:
    dense = pruned(nn.Conv2d(24, 40, 1, stride, padding), 0.8, 16).to(dtype)
    made = dotbench.torch.convert(copy.deepcopy(dense), "csc_min")
    assert type(made) is dotbench.torch.Conv
    for x in (torch.randn(2, 24, 7, 9), torch.randn(24, 7, 9), torch.randn(1, 24, 1, 1), torch.randn(0, 24, 3, 3),
              torch.randn(2, 24, 7, 9).to(memory_format=torch.channels_last)):  # fmt: skip
        found, expected = made(x.to(dtype)), dense(x.to(dtype))
        assert found.dtype == expected.dtype and found.is_contiguous() == expected.is_contiguous()
        exact = nn.functional.conv2d(x.to(dtype).double(), dense.weight.double(), dense.bias.double(), dense.stride)
        room = nn.functional.conv2d(
            x.to(dtype).double().abs(), dense.weight.double().abs(), dense.bias.double().abs(), dense.stride
        )
        assert (
            (found.double() - exact).abs() <= 1e-5 * room + (exact.abs() / 256 if dtype != torch.float32 else 0)
        ).all()


def test_convolutions_of_rows() -> None:
    dense = pruned(nn.Conv1d(24, 40, 1, 2, padding=0, bias=False), 0.8, 16)
    made = dotbench.torch.convert(copy.deepcopy(dense), "csc_min")
    for x in (torch.randn(2, 24, 7), torch.randn(24, 8)):
        torch.testing.assert_close(made(x), dense(x))
    same_size = nn.Conv1d(24, 40, 1, padding="same")
    assert dotbench.torch.convert(nn.Sequential(same_size), "csc").dotbench.replaced == {"0": "csc"}


def test_convolutions_that_are_more_than_a_product_stay() -> None:
    left = dotbench.torch.convert(nn.Sequential(
        nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, (1, 3)), nn.Conv2d(4, 4, 1, groups=2), nn.Conv2d(4, 4, 1, padding=1),
        nn.ConvTranspose2d(4, 4, 1), nn.Conv3d(4, 4, 1),
    ), "csc").dotbench  # fmt: skip
    assert not left.replaced and left.left == {
        "0": "its kernel is 3 x 3", "1": "its kernel is 1 x 3", "2": "it has 2 groups", "3": "its padding is (1, 1)",
    }  # fmt: skip


def test_wrong_images_are_refused_as_by_the_dense_layer() -> None:
    dense = nn.Conv2d(4, 6, 1)
    made = dotbench.torch.convert(copy.deepcopy(dense), "csc")
    for shape in ((2, 5, 3, 3), (3, 3), (1, 1, 4, 3, 3)):
        with pytest.raises(RuntimeError):
            dense(torch.randn(shape))
        with pytest.raises(RuntimeError, match=r"weight of size \[6, 4, 1, 1\], expected input to have 4 channels"):
            made(torch.randn(shape))


# ---- mistakes


@pytest.mark.parametrize(
    ("pick", "words"),
    [
        ("csc_mini", "no format 'csc_mini': did you mean csc_min"),
        ({"head": "nothing"}, "no format 'nothing'"),
        ({"heads": "csc"}, "no layer 'heads', which the pick names: did you mean head"),
        ({"head": "csc", "heads": "csc"}, "no layer 'heads'"),
        ({"layers": [{"name": "x.weight", "pick": "csc"}]}, "no layer 'x', which the pick names"),
        ({"layers": [{"name": "head.weight"}]}, "a layer has no name or no pick"),
        ({"layers": ["head"]}, "a layer has no name or no pick"),
        ("psr8", "cannot be stored as psr8"),
        ({"head": "csc", "blocks.0.fc1": "psr8"}, "blocks.0.fc1 cannot be stored as psr8"),
    ],
)
def test_mistakes_are_named_and_nothing_is_replaced(pick: Any, words: str) -> None:
    model = net()
    before = kinds(model)
    with pytest.raises(ValueError, match=words):
        dotbench.torch.convert(model, pick)
    assert kinds(model) == before


def test_other_mistakes(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="this is int"):
        dotbench.torch.convert(net(), 3)
    (tmp_path / "pick.json").write_text("{")
    with pytest.raises(ValueError, match="is no JSON"):
        dotbench.torch.convert(net(), tmp_path / "pick.json")
    (tmp_path / "pick.json").write_text("[]")
    with pytest.raises(ValueError, match="is not what dotbench pick MODEL --json writes"):
        dotbench.torch.convert(net(), tmp_path / "pick.json")
    broken = net()
    with torch.no_grad():
        broken.head.weight[3, 4] = float("nan")
    with pytest.raises(ValueError, match="head cannot be stored as csc"):
        dotbench.torch.convert(broken, "csc")


def test_a_named_module_of_another_kind_is_said() -> None:
    made = dotbench.torch.convert(net(), {"head": "csc", "blocks.0.act": "csc"})
    assert made.dotbench.left["blocks.0.act"] == "it is GELU, and no nn.Linear or 1 x 1 convolution"


def test_stored_types() -> None:
    """bfloat16 and float16 are stored in two bytes where the format has such values, else exactly as float32."""
    cases = [(torch.bfloat16, "csc_min", "bfloat16"), (torch.bfloat16, "rank", "bfloat16"),
             (torch.float16, "csc_min", "float16"), (torch.float16, "bitmap", "float32")]  # fmt: skip
    for dtype, label, name in cases:
        dense = pruned(nn.Linear(64, 48), 0.5, 16).to(dtype)
        made = dotbench.torch.convert(copy.deepcopy(dense), label)
        assert name in repr(dotbench.torch.opened(made.payload))
        assert made.weight.dtype == dtype and torch.equal(made.weight, dense.weight)
    convolution = pruned(nn.Conv2d(8, 4, 1), 0.5, 16)
    made = dotbench.torch.convert(copy.deepcopy(convolution), "csc")
    assert torch.equal(made.weight, convolution.weight)
    assert np.array_equal(
        dotbench.torch.opened(made.payload).decode(), convolution.weight.detach().numpy()[:, :, 0, 0].T
    )
