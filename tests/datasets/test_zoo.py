"""The published int8 networks: what is in them, layer by layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dotbench import datasets
from dotbench.datasets.models import Layer, parse, read, stand_in, zoo

pytestmark = pytest.mark.real_data("all")

# layers, entries, nonzeros, and layers with at least 70 % zeros
MODELS = {
    "dense_l": (12, 603060, 452392, 1),
    "dense_s": (10, 39680, 35249, 0),
    "mobilenetv2_cifar10_dense100": (53, 2202560, 2177567, 0),
    "mobilenetv2_cifar10_dense50": (53, 681936, 674467, 0),
    "mobilenetv2_cifar10_dense75": (53, 1341584, 1326283, 0),
    "mobilenetv2_cifar10_sparse80": (53, 2202560, 792552, 12),
    "mobilenetv2_cifar10_sparse90": (53, 2202560, 464096, 16),
    "mobilenetv2_cifar10_sparse93": (53, 2202560, 462623, 14),
    "sparse_l_70": (12, 603060, 160347, 6),
    "sparse_l_75": (12, 603060, 139922, 6),
    "sparse_l_80": (12, 603060, 120025, 6),
    "sparse_l_85": (12, 603060, 99355, 6),
    "sparse_l_90": (12, 603060, 78860, 6),
    "sparse_l_95": (12, 603060, 52176, 6),
    "sparse_s_70": (10, 39680, 15236, 5),
    "sparse_s_75": (10, 39680, 13499, 5),
    "sparse_s_80": (10, 39680, 11759, 5),
    "sparse_s_85": (10, 39680, 10017, 5),
    "sparse_s_90": (10, 39680, 8282, 5),
    "sparse_s_95": (10, 39680, 6551, 5),
    "ad01_int8": (10, 264192, 239697, 0),
    "kws_ref_model": (10, 22016, 21848, 0),
    "pretrainedResnet_quant": (10, 77360, 76549, 0),
    "vww_96_int8": (28, 208112, 35854, 6),
    "cnn_s_quantized": (5, 69024, 67775, 0),
    "dnn_l_quantized": (4, 494424, 487067, 0),
    "dnn_s_quantized": (4, 79200, 78106, 0),
    "ds_cnn_s_quantized": (10, 22016, 21881, 0),
}

SPARSE_S_90 = [  # name, inputs, outputs, nonzeros, pixels
    ("03_conv10x4", 40, 64, 2525, 125),
    ("04_depthwise3x3", 9, 64, 566, 125),
    ("05_conv1x1", 64, 64, 410, 125),
    ("06_depthwise3x3", 9, 64, 570, 125),
    ("07_conv1x1", 64, 64, 410, 125),
    ("08_depthwise3x3", 9, 64, 576, 125),
    ("09_conv1x1", 64, 64, 410, 125),
    ("10_depthwise3x3", 9, 64, 569, 125),
    ("11_conv1x1", 64, 64, 410, 125),
    ("15_dense", 1536, 12, 1836, 1),
]


def layers(mirror: Path, model: str) -> tuple[Layer, ...]:
    found = read(mirror / zoo.models()[model]["mirror"])
    assert found.skipped == ()
    return found.layers


@pytest.mark.parametrize("model", MODELS)
def test_a_model(mirror: Path, model: str) -> None:
    found = layers(mirror, model)
    entries, nnz = sum(layer.weights.size for layer in found), sum(layer.nnz for layer in found)
    assert (len(found), entries, nnz, sum(layer.sparse() for layer in found)) == MODELS[model]
    for layer in found:
        entry = datasets.describe(f"tflite/{model}#{layer.name}")
        assert layer.weights.shape == entry.shape and layer.weights.dtype == np.int8
        assert len(layer.quantisation.scales) == (1 if layer.kind == "dense" else layer.weights.shape[1])
        assert layer.quantisation.symmetric and layer.bias is not None and layer.bias.dtype == np.int32
        assert (layer.input.type, layer.output.type) == ("INT8", "INT8")


def test_the_list_is_complete() -> None:
    assert set(MODELS) == set(zoo.models())
    assert len(zoo.entries()) == sum(layers for layers, *_ in MODELS.values()) == 553
    assert set(zoo.TIMED) <= set(zoo.entries()) and len(zoo.TIMED) == 10
    assert set(zoo.entries()) & set(datasets.FULL) == {*zoo.SMALL, *zoo.TIMED}
    others = set(datasets.FULL) - set(zoo.entries()) - set(datasets.seeded.FULL)
    assert others == set(datasets.names()) and datasets.FULL[-1] == "imagenet"


def test_ds_cnn_s_at_90_percent(mirror: Path) -> None:
    found = layers(mirror, "sparse_s_90")
    assert [(one.name, *one.weights.shape, one.nnz, one.pixels) for one in found] == SPARSE_S_90
    pointwise = found[2]
    assert pointwise.sparse() and pointwise.sparse(0.9) and not pointwise.sparse(0.91)  # 3686 zeros of 4096
    assert (found[0].window.strides, found[0].window.padding, found[0].activation) == ((2, 2), "SAME", "RELU")
    assert found[0].input.quantisation.zero_points.tolist() == [-41]


def test_exactly_at_the_threshold(mirror: Path) -> None:
    """70 % of 4096 is 2867.2, and 2867 zeros pass."""
    found = [one for one in layers(mirror, "sparse_s_70") if one.name.endswith("conv1x1")]
    assert [(one.zeros, one.sparse()) for one in found] == [(2867, True)] * 4


def test_ds_cnn_l_at_90_percent(mirror: Path) -> None:
    found = layers(mirror, "sparse_l_90")
    assert [one.nnz for one in found if one.kind == "conv"][1:] == [7618, 7618, 7618, 7618, 7613]  # a tenth
    assert (found[-1].name, found[-1].weights.shape, found[-1].nnz) == ("17_dense", (16560, 12), 17485)


def test_mobilenet_at_90_percent(mirror: Path) -> None:
    found = {layer.name: layer for layer in layers(mirror, "mobilenetv2_cifar10_sparse90")}
    last = found["67_conv1x1"]
    assert (last.weights.shape, last.nnz, last.pixels, last.activation) == ((320, 1280), 40960, 9, "RELU6")
    assert last.tensor == "functional_3/Conv_1/Conv2D/ReadVariableOp"
    first = found["02_conv3x3"]
    assert (first.weights.shape, first.window.strides, first.pixels) == ((27, 32), (2, 2), 48 * 48)


def test_half_pruned_by_training_alone(mirror: Path) -> None:
    """Six pointwise layers of the person detector are sparse, though nobody pruned it."""
    sparse = {one.name: one.nnz for one in layers(mirror, "vww_96_int8") if one.sparse()}
    assert list(sparse.values()) == [1629, 534, 341, 404, 763, 667]


def test_a_layer_as_a_data_set(mirror: Path, tmp_path: Path) -> None:
    name = "tflite/sparse_l_90#05_conv1x1"
    found = datasets.load(name, cache_dir=tmp_path)
    layer = datasets.layer(name, cache_dir=tmp_path)
    assert (found.source, found.matrix_sha256, found.reason) == ("mirror", datasets.describe(name).matrix_sha256, "")
    assert found.matrix.dtype == found.matrix.histogram().values.dtype == np.int8
    assert (datasets.pixels(name), datasets.pixels("tflite/sparse_l_90#04_depthwise3x3"), layer.pixels) == (250, 0, 250)
    assert found.matrix.columns(0, 276).dense(276).tolist() == layer.weights.T.tolist()


@pytest.mark.parametrize("model", ["sparse_s_90", "vww_96_int8"])
def test_every_page_cut(mirror: Path, model: str) -> None:
    data = (mirror / zoo.models()[model]["mirror"]).read_bytes()
    for size in range(0, len(data), 4093):
        with pytest.raises(datasets.DataError):
            parse(data[:size], model)


def test_twins_of_the_layers_of_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where neither mirror nor network is, and by name; they have the layer's shape, density and spread."""
    (tmp_path / "none").mkdir()
    monkeypatch.setenv("DOTBENCH_DATA", str(tmp_path / "none"))
    for name, (share, spread) in stand_in.FITTED.items():
        assert datasets.source_now(name) == "twin" and datasets.resolve([f"{name}~twin"]) == [f"{name}~twin"]
        found, named = (datasets.load(one, cache_dir=tmp_path) for one in (name, f"{name}~twin"))
        assert (found.name, found.source, found.dtype) == (f"{name}~twin", "twin", "int8")
        assert "not in the mirror" in found.reason or "no mirror" in found.reason
        assert found.matrix.shape == datasets.describe(name).shape and found.matrix_sha256 == named.matrix_sha256
        histogram = found.matrix.histogram()
        n, m = found.matrix.shape
        mean_square = (histogram.values.astype(float) ** 2 * histogram.counts).sum() / histogram.nnz
        assert abs(histogram.nnz / (n * m) - share) < 0.01 and abs(mean_square**0.5 / spread - 1) < 0.05
    with pytest.raises(datasets.DataError, match="DOTBENCH_OFFLINE"):
        datasets.load("tflite/ad01_int8#00_dense", cache_dir=tmp_path)
