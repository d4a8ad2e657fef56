"""Which format is taken under which goal, and what is said of it: from figures that are made up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dotbench.bench.pick.answer import Candidate, Floor, Layer, Time, total
from dotbench.bench.pick.choose import chosen, labels
from dotbench.bench.pick.question import Goal, Unanswerable, parse_goal, parse_role
from dotbench.bench.pick.weights import Weights

WEIGHTS = Weights("fc1", "m.npz#fc1", "product", (100, 10), "float32", 4000, lambda: (None, ""))


def time(ratio: float) -> Time:
    return Time(ratio, ratio * 0.98, ratio * 1.02, dense_ns=1000.0)


def layer(**known: tuple[int, float | None]) -> Layer:
    """A layer with 1000 dense bytes, and formats with bytes and a time each."""
    dense = Candidate("dense", 1000, "computed", measured=time(1.0))
    others = [
        Candidate(name, size, "computed", measured=None if ratio is None else time(ratio))
        for name, (size, ratio) in known.items()
    ]
    return Layer(WEIGHTS, dense, (dense, *others), density=0.1, distinct=32, floor=Floor(400, "positions and values"))


SOME = layer(ham=(100, 5.0), sham=(200, 2.0), csc_min=(500, 0.5), csc=(900, 0.493), im=(250, 1.1))


@pytest.mark.parametrize(
    ("goal", "pick"),
    [
        ("bytes", "ham"),
        ("bytes,time<=2", "sham"),
        ("bytes,time<=1.2", "im"),
        ("bytes,time<=1", "csc_min"),
        ("bytes,time<=0.4", "dense"),
        ("time", "csc_min"),  # csc is 1.4 % faster, which is no difference, and larger
        ("time,bytes<=0.3", "dense"),
        ("time,bytes<=0.6", "csc_min"),
    ],
)
def test_the_least_within_the_limit(goal: str, pick: str) -> None:
    assert chosen(SOME, parse_goal(goal)).pick == pick
    assert labels([SOME, SOME], parse_goal(goal)) == [pick, pick]


def test_a_format_has_to_save_two_per_cent() -> None:
    assert chosen(layer(ham=(981, 1.0)), Goal("bytes")).pick == "dense"
    assert chosen(layer(ham=(980, 1.0)), Goal("bytes")).pick == "ham"


def test_time_takes_nothing_that_is_slower_or_as_fast_and_larger() -> None:
    assert chosen(layer(csc=(500, 1.01)), Goal("time")).pick == "dense"
    assert chosen(layer(csc=(500, 0.995)), Goal("time")).pick == "csc"
    assert chosen(layer(csc=(1500, 0.995)), Goal("time")).pick == "dense"
    assert chosen(layer(csc=(1500, 0.8)), Goal("time")).pick == "csc"


def test_a_limit_of_times_lets_nothing_through_whose_time_nobody_knows() -> None:
    assert chosen(layer(ham=(100, None)), parse_goal("bytes,time<=9")).pick == "dense"
    assert chosen(layer(ham=(100, None)), parse_goal("bytes")).pick == "ham"


def test_reasons_say_what_would_change_the_answer() -> None:
    found = chosen(replace(layer(bitmap=(1031, 2.0)), density=0.992, break_even={"bitmap": 0.875}), Goal("bytes"))
    assert found.reason == (
        "leave it dense: 0.8 % zeros, 32 values, the smallest other, bitmap, has 1 031 bytes (+3.1%), "
        "bitmap pays from 12.5 % zeros, an entropy code (positions and values) could save 60% at most"
    )
    assert chosen(SOME, Goal("bytes")).reason == "smallest: 90.0 % zeros, 32 values, 90% smaller, 5.0 of dense's time"
    limited = chosen(SOME, parse_goal("bytes,time<=0.4")).reason
    assert limited.startswith("leave it dense: 90.0 % zeros, 32 values, ham would be 90% smaller, and does not keep")


def test_totals_are_of_bytes_and_of_times_where_all_are_known() -> None:
    picked = [chosen(SOME, Goal("bytes")), chosen(layer(csc=(2000, 3.0)), Goal("bytes"))]
    found = total(picked)
    assert (found.bytes, found.dense_bytes) == (1100, 2000)
    assert found.ns == pytest.approx(6000) and found.dense_ns == pytest.approx(2000) and found.ratio == pytest.approx(3)
    unknown = replace(SOME, candidates=tuple(replace(one, measured=None) for one in SOME.candidates), pick="ham")
    assert total([unknown]).ns is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("speed", "there is no goal 'speed': bytes, time, flash, cycles"),
        ("bytes,time<1", "'time<1' is no limit"),
        ("bytes,bytes<=0.5", "a limit is of the other"),
        ("flash,time<=1", "flash has no limits yet"),
        ("bytes,time<=1,time<=2", "is no limit"),
    ],
)
def test_goals_that_make_no_sense(text: str, words: str) -> None:
    with pytest.raises(Unanswerable, match=words):
        parse_goal(text)


@pytest.mark.parametrize("text", ["fc1", "=product", "fc1=embedding", "fc1=Product"])
def test_roles_that_make_no_sense(text: str) -> None:
    with pytest.raises(Unanswerable, match="write a layer's name"):
        parse_role(text)
