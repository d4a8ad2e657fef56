"""What the command can do: each verb in a line of `dotbench --help`, and what it needs beside the core.

Read without importing a verb, so that help comes at once and where no extra is installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import click


@dataclass(frozen=True)
class Verb:
    """``module`` in this folder has the click command ``attribute``; ``extras`` of pyproject.toml are what it needs."""

    name: str
    summary: str
    extras: tuple[str, ...] = ("run",)
    attribute: str = ""

    def command(self) -> click.Command:
        """The command itself; its module is imported now."""
        found = getattr(import_module(f"dotbench.bench.commands.{self.name}"), self.attribute or self.name)
        assert isinstance(found, click.Command)
        return found


VERBS = {
    verb.name: verb
    for verb in (
        Verb("pick", "In which format each layer of your own model should be stored."),
        Verb("run", "Measure: encode, check every product, count bytes, time."),
        Verb("list", "The formats, or the data sets, that there are.", attribute="list_"),
        Verb("breakeven", "From what share of zeros on a format beats a dense product."),
        Verb("fetch", "Bring data sets into the cache."),
        Verb("doctor", "What this machine can measure, and what would bring more.", extras=()),
        Verb("table", "Results as tables: terminal, Markdown or LaTeX."),
        Verb("diff", "What changed between two results, and what may fail a build."),
        Verb("log", "A cell's committed values, commit by commit."),
        Verb("export", "The journal to CSV or pyperf JSON, the history to asv."),
        Verb("paper", "Every published figure beside ours."),
        Verb("report", "Results as one HTML page: plots, tables, where each figure comes from.", ("run", "report")),
        Verb("pack", "A whole model into one .safetensors file, products compressed.", ("run", "models")),
        Verb("unpack", "The tensors of a pack, as they were before.", ("run", "models")),
        Verb("cite", "How to cite a format, as BibTeX.", extras=()),
        Verb("selftest", "Does timing tell the truth on this machine?"),
    )
}
