"""Which matrices have which figures, and why some are in no plot: what was not measured has no empty box."""

from __future__ import annotations

from collections.abc import Iterable

from dotbench.bench.compare.results import Results
from dotbench.bench.metrics.metric import STATUSES
from dotbench.bench.report.verdict import code, count

Key = tuple[str, str]
SHOWN = 3  # names that stand in a sentence


def figures(results: Results) -> dict[str, set[Key]]:
    """By file: the matrices (name and hash) that have a row with a figure."""
    return {
        file: {(row["dataset"], row["matrix_sha256"]) for row in rows if row["status"] == "ok"}
        for file, rows in results.rows.items()
    }


def sentences(results: Results) -> Iterable[str]:
    """How many matrices have sizes and times, and why the others have not; nothing where all have both."""
    every = {(row["dataset"], row["matrix_sha256"]) for rows in results.rows.values() for row in rows}
    known = figures(results)
    sized, timed = known.get("space", set()), known.get("time", set())
    if sized & timed == every or not sized | timed:
        return
    yield (
        f"Of {count(len(every), 'matrix', 'matrices')} sizes are known of {len(sized)}, times of {len(timed)}, and "
        f"both of {len(sized & timed)}: these have a plot of size against speed."
    )
    for (lacks, has), names in sorted(_groups(results, every - (sized & timed), known).items()):
        have = "has" if len(names) == 1 else "have"
        yield f"{count(len(names), 'matrix', 'matrices')} {have} {lacks}, and {has}: {_some(names)}."


def _groups(results: Results, keys: set[Key], known: dict[str, set[Key]]) -> dict[tuple[str, str], list[str]]:
    """Names of matrices by what they lack and what they have."""
    found: dict[tuple[str, str], list[str]] = {}
    states = {file: _states(results, file) for file in ("space", "time")}
    for key in sorted(keys):
        lacks = [_lack(file, states[file].get(key, set())) for file in states if key not in known.get(file, set())]
        has = [f"`{file}.csv`" for file, own in known.items() if key in own]
        words = f"figures in {' and '.join(has)} only" if has else "figures in no file"
        found.setdefault((" and ".join(lacks), words), []).append(key[0])
    return found


def _states(results: Results, file: str) -> dict[Key, set[str]]:
    found: dict[Key, set[str]] = {}
    for row in results.rows.get(file, []):
        found.setdefault((row["dataset"], row["matrix_sha256"]), set()).add(row["status"])
    return found


def _lack(file: str, states: set[str]) -> str:
    """What is not there, or did not go well.

    >>> _lack("time", set()), _lack("time", {"timeout", "failed"})
    ('no row in `time.csv`', 'no row that went well in `time.csv` (failed, timeout)')
    """
    if not states:
        return f"no row in `{file}.csv`"
    return f"no row that went well in `{file}.csv` ({', '.join(state for state in STATUSES if state in states)})"


def _some(names: list[str]) -> str:
    """The first names of many.

    >>> _some(["a", "b", "c", "d", "e"])
    '`a`, `b`, `c` and 2 more'
    """
    if len(names) <= SHOWN + 1:
        return code(names)
    return ", ".join(f"`{name}`" for name in names[:SHOWN]) + f" and {len(names) - SHOWN} more"
