"""A run from the command line: journal, screen, export, and what is said at the end."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from dotbench.bench.metrics import registry
from dotbench.bench.metrics.column import plain_word
from dotbench.bench.metrics.hashes import code_sha
from dotbench.bench.plan.plan import Plan
from dotbench.bench.record import export, identity
from dotbench.bench.record.columns import key
from dotbench.bench.record.export import AGAIN
from dotbench.bench.record.journal import Journal
from dotbench.bench.run.outcome import Outcome
from dotbench.bench.run.runner import Runner
from dotbench.bench.show import next_step
from dotbench.bench.show.answer import print_answers
from dotbench.bench.show.plural import counted
from dotbench.bench.show.reader_gone import ReaderGone
from dotbench.bench.show.screen import duration, make
from dotbench.cdot.places import results_folder

Row = dict[str, Any]
RESULTS = results_folder()
OWN = ("file", "model")  # sources of matrices that are somebody's own
INTERRUPTED, READER_GONE = 130, 141  # as a shell says of Ctrl-C, and of a program that wrote to nobody


def journal_path(home: Path, quick: bool) -> Path:
    """Quick runs have a journal of their own, so that none of their cells counts as measured."""
    return home / ("quick.sqlite" if quick else "journal.sqlite")


def run_plan(plan: Plan, home: Path, out: Path, console: Console, quick: bool) -> int:
    """Runs a plan and exports it; the exit status: 0, 1 if a cell failed, 130 after Ctrl-C."""
    start = time.monotonic()
    again = f"{AGAIN} --quick" if quick else AGAIN
    with Journal(journal_path(home, quick)) as journal, make(console, plan) as screen:
        runner = Runner(plan, home, journal, screen)
        try:
            outcome = runner.run()
        except KeyboardInterrupt:
            return _stopped(runner.outcome, out, console, again)
        except ReaderGone:
            return _stopped(runner.outcome, out, Console(stderr=True), again, READER_GONE)
    write(outcome.rows, out, console, again)
    _summary(outcome, time.monotonic() - start, out, console)
    if quick and outcome.all():
        console.print("a quick look: few short passes, wide intervals; without --quick they are narrow")
    if outcome.all():
        console.print(_next(out), highlight=False, soft_wrap=True)
    return 1 if outcome.failed() or outcome.missing or outcome.unrecorded else 0


def _stopped(outcome: Outcome, out: Path, console: Console, again: str, status: int = INTERRUPTED) -> int:
    """What is finished is exported, so that nothing that was measured has to be asked for again."""
    if outcome.all():
        count = write(outcome.rows, out, console, again)
        console.print(f"{export.rows_of(count)} in {out}", highlight=False, soft_wrap=True)
    said = "Stopped. Finished cells and passes are kept: the same command goes on from here."
    console.print(said, soft_wrap=True)
    return status


def _next(out: Path) -> str:
    """What opens what was written."""
    folder = "" if out.resolve() == RESULTS.resolve() else f" {next_step.shown(out)}"
    return next_step.line(f"report{folder}", "plots, tables and where figures come from, as a page for the browser")


def write(rows: dict[str, list[Row]], out: Path, console: Console, again: str = AGAIN) -> int:
    """Exports rows into ``out`` and says which rows were left out, kept or dropped there; how many these files hold
    now."""
    filled: dict[str, list[Row]] = {}
    left_out = export.LeftOut()
    for name, part in rows.items():
        if good := [row for row in part if not left_out.takes(name, row)]:
            filled[name] = [row | {"dataset": plain_word(row["dataset"])} for row in good]
    _say_left_out(left_out, console)
    keys = {name: {key(name, row) for row in part} for name, part in filled.items()}
    report = export.export(filled, out, keys, current_sha, again)
    for line in report.lines():
        console.print(Text(line, "dim"), soft_wrap=True)
    return sum(report.written.values())


def _say_left_out(left_out: export.LeftOut, console: Console) -> None:
    for line in left_out.lines():
        console.print(Text(line, "red"), soft_wrap=True)


def current_sha(file: str, row: Row) -> str | None:
    """The ``code_sha`` that a CSV row would have in this checkout; of no row where its reference is another one.

    None where nobody can say it here: a format or a library that is not installed, a metric that is unfit.
    """
    if identity.is_lacking(row["format"], row["params"]) or file in registry.unfit():
        return None
    found = code_sha(file, row["format"], row["params"])
    if found and (known := row.get("reference_sha")):
        return found if known == code_sha(file, row["reference"], "") else "another reference"
    return found


def export_journal(home: Path, out: Path | None, console: Console, quick: bool) -> int:
    """Exports every finished cell of the journal that this checkout's code measured, of each name the matrix that was
    read last under it. Own files' rows go into a folder of their own, as after a run, unless ``out`` is chosen; so do
    those of quick runs, which are taken where there are no others."""
    left_out = export.LeftOut()
    rows = _finished(home, quick, left_out)
    if not rows and not quick and (rows := _finished(home, True, left_out)):
        console.print("There are only rows of quick runs (dotbench run --quick):", highlight=False)
        quick = True
    _say_left_out(left_out, console)
    if not rows:
        console.print("The journal has no finished cells of this code: dotbench run small")
        return 2
    again = f"{AGAIN} --quick" if quick else AGAIN
    for folder, part in _by_folder(rows, home, out, quick).items():
        count = write(part, folder, console, again)
        console.print(f"{export.rows_of(count)} in {folder}", highlight=False, soft_wrap=True)
        console.print(_next(folder), highlight=False, soft_wrap=True)
    return 0


def _finished(home: Path, quick: bool, left_out: export.LeftOut) -> list[tuple[str, Row]]:
    """(metric, row) of the cells that are still what their names and this checkout's code stand for; ``left_out`` gets
    the rows that can stand in no file."""
    if not (path := journal_path(home, quick)).exists():
        return []
    with Journal(path) as journal:
        now = journal.matrices_now()
        return [
            (known["metric"], row)
            for known, row in journal.rows()
            if not left_out.takes(known["metric"], row, known)
            and now.get(row["dataset"], row["matrix_sha256"]) == row["matrix_sha256"]
            and current_sha(known["metric"], row) in (None, row["code_sha"])  # None: of a library that is gone
        ]


def _by_folder(
    rows: list[tuple[str, Row]], home: Path, out: Path | None, quick: bool
) -> dict[Path, dict[str, list[Row]]]:
    found: dict[Path, dict[str, list[Row]]] = {}
    for metric, row in rows:
        folder = out or (home / "quick" if quick else home / "own" if row.get("source") in OWN else RESULTS)
        found.setdefault(folder, {}).setdefault(metric, []).append(row)
    return found


def _lacking_line(reasons: list[str]) -> str:
    """How many cells have no figure. Reasons have been said while the run went on; of several the doctor knows more.

    >>> _lacking_line(["no QEMU", "no QEMU"])
    '2 cells unavailable here, for the reason that is said above'
    """
    count = counted(len(reasons), "cell")
    if len(set(reasons)) == 1:
        return f"{count} unavailable here, for the reason that is said above"
    return f"{count} unavailable here; their rows say why (dotbench doctor: what would help)"


def _summary(outcome: Outcome, seconds: float, out: Path, console: Console) -> None:
    rows = outcome.all()
    if not rows:
        return _left_out(outcome, console)
    good = sum(row["status"] == "ok" for row in rows)
    console.print()
    line = f"{good} of {counted(len(rows), 'cell')} ok in {duration(seconds)}"
    if outcome.measuring_seconds:
        line += f" (measuring {duration(outcome.measuring_seconds)}, in samples {duration(outcome.sampling_seconds)})"
    console.print(line, highlight=False)
    _timing_summary(outcome, console)
    lacking = [row["reason"] for row in rows if row["status"] in ("unavailable", "skipped")]
    if lacking:
        console.print(_lacking_line(lacking), highlight=False, soft_wrap=True)
    twins = sorted({row["dataset"] for row in rows if row["source"] == "twin"})
    if twins:
        console.print(
            f"twins, not the real matrices: {', '.join(twins)}. For the real ones allow the network, or set "
            "DOTBENCH_DATA to a folder that holds them (dotbench list datasets)",
            soft_wrap=True,
        )
    _left_out(outcome, console)
    failed = outcome.failed()
    if failed:
        why = "its row says why" if len(failed) == 1 else "their rows say why"
        console.print(Text(f"{counted(len(failed), 'cell')} failed; {why}", "red"))
    if outcome.unrecorded:
        are = "is" if outcome.unrecorded == 1 else "are"
        lost = f"{counted(outcome.unrecorded, 'cell')} {are} in the results and not in the journal: {outcome.full}"
        console.print(Text(lost, "red"), soft_wrap=True)
    if (slow := outcome.busy_rows()) is not None:
        console.print(Text(slow, "yellow"), soft_wrap=True)
    console.print(f"results: {out}", highlight=False, soft_wrap=True)
    console.print()
    print_answers(outcome.rows, console)


def _left_out(outcome: Outcome, console: Console) -> None:
    for problem in outcome.missing:
        console.print(Text(f"left out: {problem}", "red"), soft_wrap=True)


def _timing_summary(outcome: Outcome, console: Console) -> None:
    """Errors of products, widths of intervals, and what timing costs beside its samples."""
    times = outcome.rows.get("time", [])
    errors = [row["product_error"] for row in times if row.get("product_error") is not None]
    widths = [(row["ratio_high"] / row["ratio_low"]) ** 0.5 - 1 for row in times if row["status"] == "ok"]
    if errors:
        console.print(f"every product checked: largest error {max(errors):.1e} of sum |w||x|", highlight=False)
    if widths:
        console.print(f"median half-width of the intervals: {statistics.median(widths):.1%}", highlight=False)
    if (shares := outcome.overhead()) is not None:
        console.print(
            f"time outside samples: {shares[0]:.0%} of the time in samples, {shares[1]:.1%} without the starts and "
            "imports of the measuring processes",
            highlight=False,
        )
