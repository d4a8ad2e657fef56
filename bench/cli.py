"""The command ``dotbench``: a group whose verbs are imported when they are called, and how known troubles end."""

from __future__ import annotations

import sys

import click

from dotbench.bench.commands.errors import Trouble
from dotbench.bench.commands.verbs import VERBS
from dotbench.bench.machine.extras import missing
from dotbench.bench.show.escape import Commands, echo
from dotbench.bench.show.reader_gone import ReaderGone

EXAMPLES = """
\b
Examples:
  dotbench pick model.safetensors                     your own model: which format, layer by layer
  dotbench run small                                  the standard run, results into results/
  dotbench run small --datasets 'vgg19/90*' --quick   a look in seconds, nothing into results/
  dotbench run --datasets w.npy --formats csc,ham     your own matrix, in two formats
  dotbench list formats                               what can be compared
"""
TROUBLES = {  # errors that say in a line what to do; by name, for who did not import their modules cannot meet them
    "dotbench.cdot.build_errors.BuildError",
    "dotbench.bench.record.journal.JournalError",
    "dotbench.bench.record.export.ExportError",
    "dotbench.datasets.errors.DataError",
}


class Verbs(Commands):
    """The verbs of `VERBS`, each imported when it is called: help is quick, and comes without any extra."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the alphabet."""
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name; Trouble with the line that brings what it needs and is not installed."""
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        if lack := missing(verb.extras, f"dotbench {verb.name}"):
            raise Trouble(lack)
        return verb.command()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A line a verb, by what `VERBS` says of it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, VERBS[name].summary) for name in self.list_commands(ctx)])


@click.group(
    cls=Verbs, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="dotbench")
def command() -> None:
    """In which compressed format should this weight matrix be stored?

    dotbench encodes matrices in every format, checks every product against float64, and measures
    bytes, time, instructions and energy. Results are CSV files that can be diffed from commit to commit.
    """
    from dotbench import formats  # numpy and the kernels: not for help

    for line in formats.broken():
        echo(line, err=True)


def _is_known(error: BaseException) -> bool:
    return any(f"{kind.__module__}.{kind.__qualname__}" in TROUBLES for kind in type(error).__mro__)


def main() -> None:
    """Entry point; known troubles become one clear message."""
    try:
        command(standalone_mode=True)
    except KeyboardInterrupt:
        sys.exit(130)
    except ReaderGone:
        sys.exit(141)  # as shells say of it
    except Exception as error:
        if not _is_known(error):
            raise
        echo(f"Error: {error}", err=True)
        sys.exit(2)
