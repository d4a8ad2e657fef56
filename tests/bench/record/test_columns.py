"""The columns of the CSV files, and how their figures print."""

from __future__ import annotations

import pytest

from dotbench.bench.metrics import registry
from dotbench.bench.metrics.column import Column
from dotbench.bench.record import columns

COMMON = "dataset matrix_sha256 source format params status reason code_sha"
SPACE = (
    "n m nnz distinct dtype lossless error bytes header_bytes scratch_bytes bits_per_entry bits_per_nonzero "
    "ratio paper_bits_per_entry entropy_bits_per_entry x_bound"
)
TIME = (
    "batch threads cache isa compiler reference reference_sha time_ratio ratio_low ratio_high ns_per_dot "
    "ns_per_nonzero gmac_per_s encode_seconds open_us passes stop machine "
    "call_ns product_error speedup probe_speedup"
)


def column(file: str, name: str) -> Column:
    return registry.get(file).column(name)


@pytest.mark.parametrize(("file", "names"), [("space", SPACE), ("time", TIME)])
def test_columns_and_their_order(file: str, names: str) -> None:
    assert list(registry.get(file).names) == f"{COMMON} {names}".split()


@pytest.mark.parametrize(
    ("file", "name", "value", "text"),
    [
        ("space", "bits_per_entry", 1.01491, "1.01491000"),
        ("space", "paper_bits_per_entry", 8 / 3, "2.66666667"),
        ("space", "ratio", 2.00004, "2.0000"),
        ("space", "x_bound", 1.23456, "1.2346"),
        ("space", "bytes", 4096.0, "4096"),
        ("space", "nnz", 2**40, "1099511627776"),
        ("space", "error", 0.0, "0"),
        ("space", "error", 0.000123456, "1.235e-04"),
        ("space", "lossless", True, "true"),
        ("space", "lossless", False, "false"),
        ("space", "reason", "two\nlines  and\ttabs ", "two lines and tabs"),
        ("time", "time_ratio", 0.99994, "0.9999"),
        ("time", "ns_per_dot", 1234.56, "1234.6"),
        ("time", "ns_per_nonzero", 0.98765, "0.9877"),
        ("time", "gmac_per_s", 1.0005, "1.000"),
        ("time", "encode_seconds", 0.5, "0.5000"),
        ("time", "open_us", 12.34, "12.3"),
        ("time", "product_error", 3.2e-8, "3.200e-08"),
        ("time", "speedup", 1.9, "1.9000"),
        ("time", "batch", 8, "8"),
    ],
)
def test_how_a_value_prints(file: str, name: str, value: object, text: str) -> None:
    one = column(file, name)
    assert one.text(value) == text
    assert one.text(one.read(text)) == text  # printing what was read changes nothing


def test_missing_values_are_empty_cells() -> None:
    fields = columns.as_text("space", {"dataset": "d", "error": None})
    assert fields == ["d"] + [""] * 23


def test_typed_is_the_inverse_of_as_text() -> None:
    row = {
        "dataset": "d",
        "matrix_sha256": "ab",
        "source": "twin",
        "format": "column_combined",
        "params": "alpha=8,gamma=0.5",
        "status": "ok",
        "reason": "",
        "code_sha": "cd",
        "n": 3,
        "lossless": True,
        "bits_per_entry": 1.5,
    }
    names = registry.get("space").names
    again = columns.typed("space", dict(zip(names, columns.as_text("space", row), strict=True)))
    assert {name: value for name, value in again.items() if value not in (None, "")} == {
        name: value for name, value in row.items() if value != ""
    }
    assert again["bytes"] is None and again["reason"] == ""


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("status", "done", "column status: 'done' is none of ok, failed, timeout, skipped, unavailable"),
        ("lossless", "yes", "column lossless: 'yes' is neither true nor false"),
        ("nnz", "1.5", "column nnz: "),
        ("ratio", "fast", "column ratio: "),
    ],
)
def test_what_does_not_fit_is_named(name: str, text: str, words: str) -> None:
    fields = dict.fromkeys(registry.get("space").names, "") | {"status": "ok", name: text}
    with pytest.raises(ValueError) as error:
        columns.typed("space", fields)
    assert str(error.value).startswith(words)


def test_a_key_holds_the_cell_and_not_the_measurement() -> None:
    cell = {"dataset": "d", "format": "csc", "params": "", "batch": 8, "threads": 1, "cache": "warm"}
    cell |= {"matrix_sha256": "ab"}
    one = cell | {"code_sha": "a", "isa": "x86_64", "machine": "a", "compiler": "a"}
    other = cell | {"code_sha": "b", "isa": "aarch64", "machine": "b", "compiler": "b"}
    assert columns.key("time", one) == columns.key("time", other) == ("d", "ab", "csc", "", 8, 1, "warm")
    assert columns.key("space", one) == ("d", "ab", "csc", "") and columns.place("space", one) == ("d", "csc", "")
    for name, value in {
        "dataset": "e",
        "matrix_sha256": "cd",
        "format": "ham",
        "params": "k=1",
        "batch": 1,
        "threads": 2,
    }.items():
        assert columns.key("time", one | {name: value}) != columns.key("time", one)


def test_counts_sort_as_numbers() -> None:
    def key(batch: int | str) -> tuple[object, ...]:
        cell = {"dataset": "d", "matrix_sha256": "", "format": "csc", "params": "", "threads": 1, "cache": "warm"}
        return columns.key("time", cell | {"batch": batch})

    assert sorted([key(16), key("8"), key(1)]) == [key(1), key(8), key(16)]
