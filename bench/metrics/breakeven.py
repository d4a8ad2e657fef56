"""From what share of zeros on a format beats a dense product: rows of `dotbench.bench.breakeven`, no run makes them."""

from __future__ import annotations

from dotbench.bench.metrics.column import count, number, word
from dotbench.bench.metrics.figure import LEVEL, Figure
from dotbench.bench.metrics.metric import Metric, no_cells, not_measured
from dotbench.bench.metrics.time import OWN
from dotbench.bench.record.code_hash.roots import BUILD, Roots

ROOTS = {
    "format": Roots(
        (
            "dotbench.bench.breakeven.measure.Measurement",
            "dotbench.bench.breakeven.thresholds.crossing",
            "dotbench.bench.breakeven.thresholds.fewest",
            "dotbench.bench.timing.pairwise.race",
            "dotbench.datasets.thinned.Thinned",
            *OWN,
            *BUILD,
        ),
        kernel="whole",
    ),
}
PLACE = ("isa", "compiler", "machine")  # thresholds of times are those of a machine, of bytes of none
METRIC = Metric(
    name="breakeven",
    summary="from what share of zeros on a format has fewer bytes, and a faster product, than a dense matrix",
    columns=(
        count("n", "rows", "inputs of the layer"),
        count("m", "columns", "outputs of the layer"),
        count("distinct", "values", "distinct values that its nonzeros have, all equally likely"),
        word("dtype", "what the matrix's values are stored as"),
        word("rival", "the dense product that times are held against"),
        count("batch", "vectors", "multiplied at once"),
        count("threads", "threads", "asked for"),
        number("zeros_begin", 4, "%", "fewest zeros that were asked for"),
        number("zeros_end", 4, "%", "most zeros that were asked for"),
        word("bytes_answer", "from, always or never: where between these the payload is smaller than the dense array"),
        number("bytes_percent", 4, "%", "zeros from which on it is smaller, exact for this matrix"),
        count("bytes_zeros", "entries", "the same as a count: with one zero less it is not smaller"),
        word("time_answer", "from, always or never: where between these the product is faster than the rival's"),
        number("time_percent", 4, "%", "zeros from which on it is faster"),
        number(
            "percent_low", 4, "%", "lower end of its interval; empty: beyond what was asked for, of never: it is sure"
        ),
        number("percent_high", 4, "%", "upper end; empty: beyond what was asked for, of always: it is sure"),
        word("curve", "measured times over the rival's: zeros in %, ratio, its 99 % interval, bytes over dense bytes"),
        count("passes", "passes", "processes that measured each ratio"),
        word("isa", "instruction set that the kernels were compiled for"),
        word("compiler", "of the kernels, with its version"),
        word("machine", "where it was measured: processor and cores"),
    ),
    keys=("dtype", "rival", "batch", "threads"),
    figures=(
        Figure("bytes_percent", LEVEL, gates=False, answer="bytes_answer"),
        Figure(
            "time_percent",
            LEVEL,
            "",
            False,
            "percent_low",
            "percent_high",
            "passes",
            False,
            PLACE,
            answer="time_answer",
        ),
    ),
    equal=("zeros_begin", "zeros_end"),
    roots=ROOTS,
    cells=no_cells,
    measure=not_measured,
    shown=9,
    in_runs=False,
    made_by="`dotbench breakeven SHAPE` and `nox -s breakeven` do",
)
