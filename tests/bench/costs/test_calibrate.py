"""Factors of a machine: kept, read back, and none where they are another machine's. Nothing is timed here."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dotbench import formats
from dotbench.bench.costs import calibrate
from dotbench.bench.costs.predict import counts_of, predicted_ns
from dotbench.bench.machine import describe
from dotbench.bench.timing import pairs
from dotbench.datasets.thinned import Thinned


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    library = calibrate.build.build()  # before its folder is another one, which would compile it there
    monkeypatch.setattr(calibrate.build, "state_folder", lambda: tmp_path)
    monkeypatch.setattr(calibrate.build, "build", lambda *_: library)
    return tmp_path


@pytest.fixture
def twice_as_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every product takes twice what the table says, and csc three times that."""

    def timed(shape: Any, zeros: float, dtype: str, labels: Any, rng: Any) -> Iterator[tuple[str, Any, float]]:
        family = Thinned((64, 64), "int8" if dtype == "int8" else "float32", 32)
        for label in labels:
            payload = formats.parse(label).encode(family.matrix(400))
            yield label, payload, (6 if label == "csc" else 2) * (predicted_ns(label, counts_of(payload, 32)) or 0)

    monkeypatch.setattr(calibrate, "timed", timed)


@pytest.mark.usefixtures("twice_as_slow")
def test_factors_are_kept_and_read_back(home: Path) -> None:
    said: list[str] = []
    assert calibrate.calibration() is None
    made = calibrate.calibrate(said.append)
    assert calibrate.calibration() == made and len(said) == 3
    assert made.scale("csc", "float32") == pytest.approx(6) and made.scale("csr16", "int8") == pytest.approx(2)
    assert made.scale("cser", "float32") == pytest.approx(2)
    assert [path.suffix for path in home.iterdir()] == [".json"]


@pytest.mark.usefixtures("twice_as_slow")
def test_another_machine_and_other_kernels_ask_for_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calibrate.calibrate()
    library = tmp_path / "other.so"
    library.write_bytes(b"others")
    with monkeypatch.context() as patch:
        patch.setattr(calibrate.build, "build", lambda *_: library)
        assert calibrate.calibration() is None
    monkeypatch.setattr(describe, "machine_id", lambda: "another x8")
    assert calibrate.calibration() is None


@pytest.mark.parametrize("dtype", sorted(calibrate.LABELS))
def test_products_are_compared_and_timed_in_pairs_with_the_first(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is a made one: every kernel takes twice the first one's time, which is least disturbed at 100 ns."""
    references = iter([130.0, 100.0, *[170.0] * 9])

    def measure(*_: Any) -> pairs.Pass:
        return pairs.Pass(math.log(2), 500.0, next(references), (), 0.0, 1)

    monkeypatch.setattr(calibrate.pairs, "measure", measure)
    monkeypatch.setattr(calibrate, "pin", lambda: None)
    monkeypatch.setattr(calibrate, "unpin", lambda: None)
    found = list(calibrate.timed((96, 64), 80.0, dtype, calibrate.LABELS[dtype], random.Random(0)))
    assert [label for label, _, _ in found] == list(calibrate.LABELS[dtype])
    assert all(ns == pytest.approx(200) for _, _, ns in found)
    assert all(payload.header.nnz == round(0.2 * 96 * 64) for _, payload, _ in found)


@pytest.mark.parametrize("text", [
    "", "[]", "{}", '{"version": 1}', '{"version": 0, "factors": {}}', '{"version": 1, "factors": {"float32": 2}}',
    '{"version": 1, "factors": {"float32": {"csc": "2"}}}', '{"version": 1, "factors": {"float32": {"csc": 0}}}',
    '{"version": 1, "factors": {"float32": {"csc": NaN}}}', "\N{SNOWMAN}",
])  # fmt: skip
def test_a_damaged_file_is_none(text: str) -> None:
    calibrate.file().write_text(text, "utf-8")
    assert calibrate.calibration() is None


def test_an_empty_file_of_factors_changes_nothing() -> None:
    calibrate.file().write_text(json.dumps({"version": 1, "factors": {}}))
    known = calibrate.calibration()
    assert known is not None and known.scale("csc", "float32") == 1.0


@pytest.mark.usefixtures("twice_as_slow")
def test_the_command_says_where_they_are(home: Path) -> None:
    done = CliRunner().invoke(calibrate.main, [])
    assert done.exit_code == 0 and f"kept in {home}" in done.output and "csc 6.00" in done.output
