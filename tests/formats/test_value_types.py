"""What stored types are, and the numbers of formats and types: nobody else knows them."""

from __future__ import annotations

import numpy as np
import pytest

from dotbench import formats
from dotbench.cdot.arithmetic import ARITHMETICS
from dotbench.cdot.library import library
from dotbench.formats import ids
from dotbench.formats.value_types import FLOAT16, FLOAT32, INT8, VALUE_TYPES, value_type, value_type_of

BUILT_IN = formats.registry.BUILT_IN


def test_codes_are_those_of_the_kernels() -> None:
    kernels = library()
    assert {one.name: one.code for one in VALUE_TYPES} == {"float32": 1, "int8": 2, "float16": 3, "bfloat16": 4}
    for one in VALUE_TYPES:
        assert getattr(kernels, f"CDOT_{one.name.upper()}") == one.code
    assert (kernels.CDOT_IN_FLOAT32, kernels.CDOT_IN_INT32) == tuple(ARITHMETICS) == (1, 2)


def test_what_they_are() -> None:
    assert [one.dtype.itemsize for one in VALUE_TYPES] == [4, 1, 2, 2]
    assert [one.tolerance for one in VALUE_TYPES] == [1e-5, 0, 1e-5, 1e-5]
    assert [one.largest for one in VALUE_TYPES] == [float(np.finfo(np.float32).max), 127, 65504, 255 * 2.0**120]
    assert [str(one.arithmetic.outputs) for one in VALUE_TYPES] == ["float32", "int32", "float32", "float32"]
    assert (value_type("int8"), value_type_of(">f2"), value_type_of(np.float32)) == (INT8, FLOAT16, FLOAT32)
    with pytest.raises(KeyError, match="complex64"):
        value_type_of(np.complex64)


@pytest.mark.parametrize("stored", VALUE_TYPES, ids=lambda stored: stored.name)
def test_inputs_and_the_format_of_reference(stored: object) -> None:
    assert isinstance(stored, type(FLOAT32))
    X = stored.random_inputs(np.random.default_rng(0), (50, 100))
    assert X.dtype == stored.arithmetic.inputs and X.shape == (50, 100)
    if stored is INT8:
        assert (X.min(), X.max()) == (-128, 127)
    else:
        assert abs(X.mean()) < 0.05 and 0.97 < X.std() < 1.03
    payload = formats.get(stored.reference).encode(np.eye(100, dtype=stored.dtype))
    assert payload.dtype == stored.dtype and payload.header.value_type == stored.code
    assert np.array_equal(payload.dot(X), X)


def test_every_format_says_which_types_it_stores() -> None:
    for kind in BUILT_IN:
        assert kind.value_types and set(kind.value_types) <= {one.name for one in VALUE_TYPES}
    assert formats.names("float16") == ["dense", "csc", "csc_min", "sham"]
    assert formats.names("bfloat16") == ["dense", "csc", "csc_min", "sham", "rank"]


def test_ids_of_formats() -> None:
    """Unique, and each in the range of what the format stores."""
    taken = [kind.format_id for kind in formats.kinds().values()]
    assert len(taken) == len(set(taken))
    for kind in BUILT_IN:
        floats = "float32" in kind.value_types
        assert kind.format_id in (ids.FLOATS if floats else ids.BYTES) or kind.format_id in ids.OWN, kind.name
        assert ids.KEPT.get(kind.format_id, kind.name) == kind.name
    for kind in formats.kinds().values():
        assert kind in BUILT_IN or kind.format_id in ids.OTHERS


def test_ranges_of_ids_do_not_overlap() -> None:
    ranges = (ids.FLOATS, ids.BYTES, ids.OWN, ids.OTHERS)
    assert sum(map(len, ranges)) == len({number for one in ranges for number in one})
    assert all(number in ids.ALL for one in ranges for number in one) and set(ids.KEPT) <= set(ids.OWN)
