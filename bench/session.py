"""A run from the command line: journal, screen, export, and what is said at the end."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from bench import export, identity
from bench.journal import Journal
from bench.outcome import Outcome
from bench.plan import Plan
from bench.rows import key
from bench.run import Runner
from bench.show import next_step
from bench.show.answer import print_answers
from bench.show.screen import duration, make
from cdot import build

Row = dict[str, Any]


def journal_path(home: Path, quick: bool) -> Path:
    """Quick runs have a journal of their own, so that none of their cells counts as measured."""
    return home / ("quick.sqlite" if quick else "journal.sqlite")


def run_plan(plan: Plan, home: Path, out: Path, console: Console, quick: bool) -> int:
    """Runs a plan and exports it; the exit status: 0, 1 if a cell failed, 130 after Ctrl-C."""
    start = time.monotonic()
    with Journal(journal_path(home, quick)) as journal, make(console, plan) as screen:
        runner = Runner(plan, home, journal, screen)
        try:
            outcome = runner.run()
        except KeyboardInterrupt:
            outcome = None
    if outcome is None:
        console.print("Stopped. Finished cells and passes are kept: the same command goes on from here.")
        return 130
    write(outcome.rows, out, console)
    _summary(outcome, time.monotonic() - start, out, console)
    if quick and outcome.all():
        console.print("a quick look: few short passes, wide intervals; without --quick they are narrow")
    if outcome.all():
        console.print(_next(out), highlight=False, soft_wrap=True)
    return 1 if outcome.failed() or outcome.missing or outcome.unrecorded else 0


def _next(out: Path) -> str:
    """What opens what was written."""
    home = build.FOLDER.parent / "results"
    folder = "" if out.resolve() == home.resolve() else f" {next_step.shown(out)}"
    return next_step.line(f"report{folder}", "plots, tables and where figures come from, as a page for the browser")


def write(rows: dict[str, list[Row]], out: Path, console: Console) -> None:
    """Exports rows into ``out`` and says which rows were kept or dropped there."""
    filled = {name: part for name, part in rows.items() if part}
    keys = {name: {key(name, row) for row in part} for name, part in filled.items()}
    report = export.export(filled, out, keys, current_sha)
    for line in report.lines():
        console.print(Text(line, "dim"), soft_wrap=True)


def current_sha(file: str, row: Row) -> str | None:
    """The ``code_sha`` that a CSV row would have in this checkout; of no row where its reference is another one."""
    found = identity.code_sha(file, row["format"], row["params"])
    if found and (known := row.get("reference_sha")):
        return found if known == identity.code_sha(file, row["reference"], "") else "another reference"
    return found


def export_journal(home: Path, out: Path, console: Console, own: bool) -> int:
    """Exports every finished cell of the journal that this checkout's code measured; own files' too if ``own``."""
    with Journal(journal_path(home, False)) as journal:
        rows: dict[str, list[Row]] = {}
        for known, row in journal.rows():
            wanted = own or row["source"] != "file"
            if wanted and current_sha(known["metric"], row) == row["code_sha"]:
                rows.setdefault(known["metric"], []).append(row)
    if not rows:
        console.print("The journal has no finished cells of this code: dotbench run small")
        return 2
    write(rows, out, console)
    console.print(f"{sum(map(len, rows.values()))} rows in {out}")
    console.print(_next(out), highlight=False, soft_wrap=True)
    return 0


def _summary(outcome: Outcome, seconds: float, out: Path, console: Console) -> None:
    rows = outcome.all()
    if not rows:
        return _left_out(outcome, console)
    good = sum(row["status"] == "ok" for row in rows)
    console.print()
    line = f"{good} of {len(rows)} cells ok in {duration(seconds)}"
    if outcome.measuring_seconds:
        line += f" (measuring {duration(outcome.measuring_seconds)}, in samples {duration(outcome.sampling_seconds)})"
    console.print(line, highlight=False)
    _timing_summary(outcome, console)
    lacking = sum(row["status"] in ("unavailable", "skipped") for row in rows)
    if lacking:
        console.print(f"{lacking} cells unavailable here; their rows say why (dotbench doctor: what would bring them)")
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
        console.print(Text(f"{len(failed)} cells failed; their rows say why", "red"))
    if outcome.unrecorded:
        lost = f"{outcome.unrecorded} cells are in the results and not in the journal: {outcome.full}"
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
