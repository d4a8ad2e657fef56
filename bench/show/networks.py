"""Whole networks in lines of at most 80 columns: totals by format, and each layer's choice."""

from __future__ import annotations

from collections.abc import Iterator

from dotbench.bench.microcontroller.networks import Choice, Total, fastest, smallest
from dotbench.bench.show.grid import short


def total_lines(found: dict[str, Total], clock_mhz: float) -> Iterator[str]:
    """Bytes, thousands of cycles and milliseconds by format, mid estimates, in the first two placements."""
    places = list(dict.fromkeys(place for one in found.values() for place in one.cycles))[:2]
    yield f"{'':<22}{'flash bytes':>15}{'RAM':>7}" + "".join(f"{place:>18}" for place in places)
    yield f"{'format':<22}{'weights':>8}{'code':>7}{'':>7}" + f"{'kcycles':>9}{'ms':>9}" * len(places)
    for name, one in found.items():
        line = f"{short(name):<22}{one.weight_bytes:>8}{one.code_bytes:>7}{one.scratch_bytes:>7}"
        for place in places:
            mid = one.cycles.get(place, (0, 0, 0))[1]
            line += f"{mid / 1e3:>9.0f}{mid / clock_mhz / 1e3:>9.2f}" if mid else f"{'-':>9}{'-':>9}"
        yield line


def choice_lines(layers: dict[str, dict[str, Choice]]) -> Iterator[str]:
    """A layer a line: its smallest format with bytes, its fastest with thousands of cycles, in the first placement."""
    places = [place for layer in layers.values() for one in layer.values() for place in one.cycles]
    place = places[0] if places else ""
    yield f"{'layer':<20}{'smallest':<18}{'bytes':>8}  {'fastest, ' + place:<18}{'kcycles':>9}"
    for name, layer in layers.items():
        small, fast = smallest(layer), fastest(place)(layer)
        kcycles = f"{fast.cycles[place][1] / 1e3:.0f}" if place in fast.cycles else "-"
        yield f"{name:<20}{short(small.label):<18}{small.weight_bytes:>8}  {short(fast.label):<18}{kcycles:>9}"
