"""The entropy-coding paper's modelled energy: as the authors' code computes it, and by their formulas."""

from __future__ import annotations

from functools import partial

from dotbench import formats
from dotbench.bench.energy.model import model_pj_per_entry
from dotbench.bench.energy.published import published_pj_per_entry
from dotbench.bench.published.at_hand import Data
from dotbench.bench.published.entropy_coding import NETWORK, PAPER, REPOSITORY, VGG
from dotbench.bench.published.figure import Absent, Figure, Group, Value

COLLECTED = "from this project's specification, formats.md section 1"
CODE = f"{REPOSITORY}: energy as its code computes it, {COLLECTED}"
FORMULAS = f"{PAPER}: energy formulas, {COLLECTED}"
RESULTS = f"{REPOSITORY}: results file of the networks, {COLLECTED}"
UNIT = "pJ per entry"


def by_the_formulas(name: str, format_: str, data: Data) -> Value:
    """Picojoules per entry of a product of one vector."""
    return _there(model_pj_per_entry(formats.get(format_), data.matrix(name)))


def by_the_code(name: str, format_: str, data: Data) -> Value:
    """The same with the three departures of the authors' code."""
    return _there(published_pj_per_entry(formats.get(format_), data.matrix(name)))


def with_the_networks_code(name: str, format_: str, data: Data) -> Value:
    """By the authors' code, with the Huffman code of the whole network."""
    code = data.published_code(name, format_)
    return _there(published_pj_per_entry(formats.get(format_), data.matrix(name), code))


def _there(figure: float | None) -> float:
    if figure is None:
        raise LookupError("there is no energy formula for this format")
    return figure


def _as_published(name: str, format_: str, published: str) -> Figure:
    compute, beside = partial(by_the_code, name, format_), partial(by_the_formulas, name, format_)
    return Figure(f"{name}: {format_}", CODE, published, compute, UNIT, beside=beside)


def _network(format_: str, published: str) -> Figure:
    compute = partial(with_the_networks_code, VGG, format_)
    return Figure(f"{VGG}: {format_}{NETWORK}", RESULTS, published, compute, UNIT)


def _corrected(name: str, format_: str, published: str) -> Figure:
    return Figure(f"{name}: {format_}", FORMULAS, published, partial(by_the_formulas, name, format_), UNIT)


AS_PUBLISHED = Group(
    "Modelled energy, as the published code computes it",
    "It departs from its own formulas: HAM's first term adds the entries to the cost of a codebook access instead of "
    "multiplying; CSC charges pointers and outputs once an entry instead of once a column; sHAM takes the width of "
    "row indices from the columns. Beside it, what the formulas give, which is what `energy.csv` has.",
    (
        _as_published("orsreg_1", "csc", "15.20231422"),
        _as_published("orsreg_1", "cser", "0.07935579"),
        _as_published("orsreg_1", "ham", "5.13994978"),
        _as_published("orsreg_1", "im", "255.04697462"),
        _as_published("orsreg_1", "sham", "0.09598703"),
        _as_published(VGG, "csc", "43.4600"),
        _as_published(VGG, "cser", "3.4692"),
        _as_published(VGG, "ham", "6.5193"),
        _as_published(VGG, "im", "255.9795"),
        _as_published(VGG, "sham", "4.6445"),
        _network("ham", "6.6771"),
        _network("sham", "4.6632"),
    ),
    beside="by formulas",
)
CORRECTED = Group(
    "Modelled energy, by the published formulas",
    "The same table of costs, with the formulas as they are printed.",
    (
        _corrected("orsreg_1", "csc", "0.20798316"),
        _corrected("orsreg_1", "cser", "0.07935579"),
        _corrected("orsreg_1", "ham", "9.13994875"),
        _corrected("orsreg_1", "im", "255.04697462"),
        _corrected("orsreg_1", "sham", "0.09598703"),
        _corrected(VGG, "csc", "8.4844"),
        _corrected(VGG, "cser", "3.4692"),
        _corrected(VGG, "ham", "10.5193"),
        _corrected(VGG, "im", "255.9795"),
        _corrected(VGG, "sham", "4.6445"),
    ),
)

GROUPS = (AS_PUBLISHED, CORRECTED)
ABSENT: tuple[Absent, ...] = ()
