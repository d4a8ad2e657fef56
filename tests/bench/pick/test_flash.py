"""Which formats take the least flash when the code of each counts once; by figures that are made up."""

from __future__ import annotations

import pytest

from dotbench.bench.pick import microcontroller
from dotbench.bench.pick.answer import Candidate, Cycles, Layer
from dotbench.bench.pick.microcontroller import least_cycles, least_flash, to_run
from dotbench.bench.pick.weights import Weights

CODE = {"dense_s8": 1000, "rice": 5000, "psr8": 2000, "ham": 20_000}


@pytest.fixture(autouse=True)
def _code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microcontroller, "code_bytes", CODE.__getitem__)


def layer(name: str, dtype: str = "int8", **sizes: int) -> Layer:
    weights = Weights(name, f"m#{name}", "product", (100, 100), dtype, 10_000, lambda: (None, ""))
    known = [
        Candidate("dense_s8", 10_000, "computed"),
        *(Candidate(one, size, "computed") for one, size in sizes.items()),
    ]
    return Layer(weights, known[0], tuple(known), dtype=dtype)


def test_a_kernel_has_to_save_more_than_its_code() -> None:
    assert least_flash([layer("a", ham=1000)]) == (["dense_s8"], 1000)
    many = [layer(str(number), ham=1000) for number in range(3)]
    assert least_flash(many) == (["ham"] * 3, 20_000)  # 27 000 bytes saved, 19 000 more of code


def test_one_kernel_for_all_beats_the_best_for_each() -> None:
    """Each layer's smallest alone would need both kernels."""
    layers = [layer("a", rice=3000, psr8=3500), layer("b", rice=4000, psr8=3900)]
    labels, code = least_flash(layers)
    assert labels == ["psr8", "psr8"] and code == 2000


def test_layers_of_other_types_stay_dense_and_need_no_code() -> None:
    floats = layer("f", "float32", psr8=10)
    assert least_flash([floats]) == (["dense_s8"], 0)
    labels, code = least_flash([floats, layer("a", psr8=1000)])
    assert labels == ["dense_s8", "psr8"] and code == 2000


def test_the_fewest_cycles_of_those_that_were_run() -> None:
    one = layer("a", psr8=3000, rice=2000)
    assert least_cycles(one) == "dense_s8"
    cycles = {"dense_s8": 900, "psr8": 400, "rice": 800}
    ran = one.with_candidates(
        Candidate(each.label, each.bytes, "computed", cycles=Cycles(cycles[each.label], 0, 0, 0, 0, "tcm"))
        for each in one.candidates
    )
    assert least_cycles(ran) == "psr8"


def test_what_is_run_is_dense_the_smallest_and_the_quickest() -> None:
    assert to_run(layer("a", ham=100, rice=200, rel15=300, csr16=400, psr8=500, bitmap=9900)) == (
        "dense_s8", "ham", "rice", "psr8", "csr16",
    )  # fmt: skip
