"""Every kernel of int8 on the target over all layers of real networks: a quarter of an hour, so only with -m slow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dotbench import formats
from dotbench.datasets.models.tflite.reader import read
from dotbench.firmware.jobs import PLACEMENTS
from dotbench.firmware.measure import checked, job_of
from dotbench.firmware.runners.qemu import Qemu

BUILT_IN = {kind.name for kind in formats.registry.BUILT_IN}
INT8 = [str(one) for one in formats.standard("int8") if one.name in BUILT_IN]
MODELS = ["dcsr_models/sparse_s_90", "dcsr_models/sparse_l_90", "mlperf_tiny/vww_96_int8"]


@pytest.mark.slow
@pytest.mark.parametrize("label", INT8)
@pytest.mark.parametrize("model", MODELS)
def test_all_layers_have_the_hosts_bits(qemu: Qemu, mirror: Path, model: str, label: str) -> None:
    layers = read(mirror / f"{model}.tflite").layers
    assert len(layers) >= 10
    for layer in layers:
        # a vector, and pixels in steps of sixteen, four and one, but where those would not fit the memory
        job = job_of(formats.parse(label).encode(layer.weights), pixels=21 if layer.weights.size < 100_000 else 1)
        report = checked(job, qemu.run(job, PLACEMENTS["sram"]))
        expected = job.x.astype(np.int32) @ layer.weights.astype(np.int32)
        assert (report.y[: job.m].view(np.int32) == expected).all(), layer.name
