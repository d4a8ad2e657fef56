"""The journal's raw times as pyperf JSON, for ``pyperf stats``, ``hist``, ``dump`` and the like.

One benchmark a time cell, one run a pass (a process of its own), one value a round: seconds of one product. The
pairing with the reference kernel is not in there: pyperf compares what it reads as if it were independent, and
`dotbench diff` does not.
"""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotbench.bench.compare.cells import label
from dotbench.bench.metrics.metric import Row
from dotbench.bench.record.columns import key
from dotbench.bench.record.export import fault_of, write_whole
from dotbench.bench.record.journal import Journal

if TYPE_CHECKING:
    import pyperf  # type: ignore[import-untyped]

    from dotbench.bench.record.export import ShaNow

# Of the process that asked for the machine's metadata, and not of the ones that measured.
NOT_OURS = ("mem_max_rss", "command_max_rss", "uptime", "name", "unit")
OF_THE_ROW = ("dataset", "matrix_sha256", "source", "format", "params", "code_sha", "batch", "threads", "cache")
OF_THE_PLACE = ("isa", "compiler", "reference", "reference_sha", "machine")


def write(journal: Journal, path: Path, sha_now: ShaNow) -> int:
    """Writes the raw times of the cells that this checkout's code measured; how many. ``.gz`` compresses."""
    cells = _cells(journal, sha_now)
    if cells:
        import pyperf

        machines = {name: _plain(known) for name, known in journal.machines().items()}
        suite = pyperf.BenchmarkSuite([_benchmark(row, passes, machines) for row, passes in cells])
        text = io.StringIO()
        suite.dump(text)
        data = text.getvalue().encode()
        write_whole(path, gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return len(cells)


def _cells(journal: Journal, sha_now: ShaNow) -> list[tuple[Row, list[dict[str, Any]]]]:
    """Of several measurements of a cell (another instruction set, say) the last."""
    found: dict[tuple[Any, ...], tuple[Row, list[dict[str, Any]]]] = {}
    now = journal.matrices_now()  # of each name one matrix
    for known, row, passes in journal.finished_passes():
        if known["metric"] != "time" or fault_of("time", row, known) or sha_now("time", row) != row["code_sha"]:
            continue
        if now.get(row["dataset"], row["matrix_sha256"]) == row["matrix_sha256"]:
            found[key("time", row)] = row, passes
    return list(found.values())


def _benchmark(row: Row, passes: list[dict[str, Any]], machines: dict[str, dict[str, Any]]) -> pyperf.Benchmark:
    import pyperf

    name = f"{row['dataset']} {label(row)} batch={row['batch']} threads={row['threads']} {row['cache']}"
    about = _plain({column: row.get(column) for column in (*OF_THE_ROW, *OF_THE_PLACE)})
    shared = {**machines.get(str(row.get("machine")), {}), **about, "name": name, "unit": "second"}
    return pyperf.Benchmark(
        [
            pyperf.Run(
                [ns / 1e9 for ns, _ in one["rounds"]],
                metadata={**shared, "duration": one["sampling_seconds"], "loops": 2 * one["repeats"]},
                collect_metadata=False,
            )
            for one in passes
        ]
    )


def _plain(known: dict[str, Any]) -> dict[str, Any]:
    """Metadata as pyperf takes it: numbers and lines of text, nothing empty."""
    plain: dict[str, Any] = {}
    for name, value in known.items():
        if name in NOT_OURS or value is None or value == "":
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool)
        plain[name] = value if number else " ".join((value if isinstance(value, str) else json.dumps(value)).split())
    return plain
