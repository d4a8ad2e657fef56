"""What all results together say, in sentences: every word and figure is computed from the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from dotbench.bench.compare.results import Results
from dotbench.bench.metrics.metric import STATUSES, Row
from dotbench.bench.report import coverage
from dotbench.bench.report.marks import lossy
from dotbench.bench.report.matrices import matrices
from dotbench.bench.report.verdict import COMPETING, Verdict, code, count, verdict
from dotbench.bench.show.grid import LOSSY, section, short, times_by_batch


@dataclass(frozen=True)
class Summary:
    """``facts``: title and value; ``sentences``: of all matrices together; ``verdicts``: one a matrix."""

    facts: tuple[tuple[str, str], ...]
    sentences: tuple[str, ...]
    verdicts: tuple[Verdict, ...] = field(default=())


def summary(results: Results) -> Summary:
    """Of all results."""
    verdicts = tuple(_verdicts(results))
    sentences = [*_ranks(verdicts), *coverage.sentences(results), *_marked(results, verdicts), *_troubles(results)]
    return Summary(tuple(_facts(results, verdicts)), tuple(sentences), verdicts)


def _verdicts(results: Results) -> Iterable[Verdict]:
    own: dict[tuple[str, str, str], list[Row]] = {}
    for file in ("space", "time"):
        for row in results.rows.get(file, []):
            own.setdefault((file, row["dataset"], row["matrix_sha256"]), []).append(row)
    for matrix in matrices(results):
        spaces, timed = (own.get((file, matrix.dataset, matrix.sha256), []) for file in ("space", "time"))
        yield verdict(matrix, spaces, times_by_batch(timed).get(1, {}))


def _facts(results: Results, verdicts: tuple[Verdict, ...]) -> Iterable[tuple[str, str]]:
    yield "Matrices", str(len(verdicts))
    rows = [row for found in results.rows.values() for row in found]
    names = {which: {row["format"] for row in rows if section(row) == which} for which in range(COMPETING)}
    yield "Formats", str(len(names[0]))
    if names[1]:
        yield "Libraries beside them", str(len(names[1]))
    yield "Rows", f"{len(rows):,}".replace(",", " ")
    machines = sorted({str(row["machine"]) for row in rows if row.get("machine")})
    yield "Machine" if len(machines) < 2 else "Machines", ", ".join(machines) or "none: nothing here was timed"


def _ranks(verdicts: tuple[Verdict, ...]) -> Iterable[str]:
    """Who is best how often."""
    smallest = Counter(one.smallest for one in verdicts if one.smallest)
    fastest = Counter(one.fastest[0] for one in verdicts if one.fastest)
    if smallest:
        yield f"Smallest: {_tally(smallest)}. Lossy formats do not compete."
    if fastest:
        yield f"Fastest with one vector: {_tally(fastest)}. Libraries compete, too."
    both = sum(1 for one in verdicts if one.smallest and one.smallest in one.fastest)
    known = sum(1 for one in verdicts if one.smallest and one.fastest)
    if smallest and fastest:
        on = f"On {both} of {known} matrices one format is both" if both else "No format is both on any matrix"
        yield f"{on}: what to take depends on the matrix and on what counts."


def _tally(found: Counter[str]) -> str:
    """Names and how many matrices each one won, the most first."""
    total = sum(found.values())
    order = sorted(found, key=lambda name: (-found[name], name))
    said = [f"`{short(name)}` on {found[name]} of {total}" for name in order[:1]]
    said += [f"`{short(name)}` on {found[name]}" for name in order[1:6]]
    more = sum(found[name] for name in order[6:])
    return ", ".join(said) + (f", others on {more}" if more else "")


def _marked(results: Results, verdicts: tuple[Verdict, ...]) -> Iterable[str]:
    """What is not what it seems: twins, lossy formats."""
    twins = sum(one.matrix.twin for one in verdicts)
    if twins:
        be = "is a twin" if twins == 1 else "are twins"
        yield (
            f"{count(twins, 'matrix', 'matrices')} {be}: synthetic, with the shape, density and values of "
            "a real one that could not be had. Their names say so."
        )
    losing = sorted(lossy(results))
    if losing:
        more = f" and {len(losing) - 4} more" if len(losing) > 4 else ""
        yield f"Lossy (marked {LOSSY}, they hold another matrix than was asked for): {code(losing[:4])}{more}."


def _troubles(results: Results) -> Iterable[str]:
    found = Counter(row["status"] for rows in results.rows.values() for row in rows)
    said = [f"{found[status]} {status}" for status in STATUSES[1:] if found[status]]
    if said:
        yield f"Not every cell has a figure: {', '.join(said)}. Each such row says why, in the table of all rows."
