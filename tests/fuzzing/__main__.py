"""``python -m fuzzing --minutes N``: every payload format and every reader gets its share of the time.

It goes on where the last run was: corpora and findings lie in .dotbench/fuzz, what was tried is added up in
progress.csv. The first line of a target says what it did; a finding ends the target, not the run.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from fuzzing import kernels, progress, readers, runs
from fuzzing.target import Target, Unavailable, folder

READERS_SHARE = 0.5  # of the time; they are slower, and there are fewer
LEAST = 1  # second a target


def main() -> int:
    asked = _arguments()
    folder().mkdir(parents=True, exist_ok=True)
    targets, lacks = _usable(asked.only)
    for lack in lacks:
        print(f"left out: {lack}", flush=True)
    seconds = _shares(targets, asked.minutes * 60 * asked.jobs)
    known, findings = progress.read(), 0
    with ThreadPoolExecutor(asked.jobs) as pool:
        for outcome in pool.map(lambda target: _tried(target, seconds[target], asked), targets):
            known = progress.added(known, [outcome.tried])
            findings += len(outcome.findings)
            if not asked.unrecorded:
                progress.write(known)
    for line in progress.told(known):
        print(line)
    print(f"{len(targets)} targets, {findings} findings")
    return 1 if findings or not targets or (lacks and asked.strict) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nox -s fuzz --", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10, help="of this machine, shared among the targets (10)")
    parser.add_argument("--executions", type=int, help="of each payload target, in place of minutes; a quarter of each "
                        "reader: from the same inputs each time, so that the same code does the same again")  # fmt: skip
    parser.add_argument("--only", default="*", help="targets by name: 'payload:ham:*', 'reader:*'")
    parser.add_argument("--jobs", type=int, default=1, help="targets at the same time (1)")
    parser.add_argument("--seed", type=int, help="of the random numbers, for the same run again")
    parser.add_argument("--unrecorded", action="store_true", help="leave progress.csv as it is")
    parser.add_argument("--strict", action="store_true", help="a fuzzer that this machine lacks is a failure")
    return parser.parse_args()


def _usable(pattern: str) -> tuple[list[Target], list[str]]:
    """The targets that can run here, and what is missing for the others."""
    usable: list[Target] = []
    lacks: dict[str, None] = {}
    for target in (*kernels.targets(), *readers.targets()):
        if fnmatch.fnmatch(target.name, pattern):
            try:
                runs.command(target)
                usable.append(target)
            except Unavailable as lack:
                lacks[f"{target.kind}s: {lack}"] = None
    return usable, list(lacks)


def _shares(targets: list[Target], seconds: float) -> dict[Target, int]:
    """Payloads and readers share the time, the targets of a kind alike."""
    kinds: Callable[[str], list[Target]] = lambda kind: [target for target in targets if target.kind == kind]  # noqa: E731
    both = bool(kinds("payload")) and bool(kinds("reader"))
    share = {"payload": 1 - READERS_SHARE if both else 1, "reader": READERS_SHARE if both else 1}
    return {target: max(LEAST, round(seconds * share[target.kind] / len(kinds(target.kind)))) for target in targets}


def _tried(target: Target, seconds: int, asked: argparse.Namespace) -> runs.Outcome:
    if asked.executions:
        outcome = runs.same(target, asked.executions, asked.seed or 1)
    else:
        outcome = runs.run(target, seconds, asked.seed)
    print("\n".join(_lines(target, outcome)), flush=True)
    return outcome


def _lines(target: Target, outcome: runs.Outcome) -> Iterator[str]:
    tried = outcome.tried
    yield f"{target.label:36} {tried.executions:10,} executions {tried.edges:6,} edges {tried.seconds:5} s"
    for path, said in outcome.findings:
        yield f"  FINDING {path}\n    " + said.replace("\n", "\n    ")


if __name__ == "__main__":
    sys.exit(main())
