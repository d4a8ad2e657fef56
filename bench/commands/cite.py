"""The verb ``dotbench cite``."""

from __future__ import annotations

import click

from dotbench.bench.commands.errors import Trouble

HELP = """
\b
Examples:
  dotbench cite                dotbench itself
  dotbench cite ham > ham.bib  where HAM was published, and dotbench
"""


@click.command(epilog=HELP, short_help="How to cite a format, as BibTeX.")
@click.argument("names", nargs=-1, metavar="[FORMAT]...")
def cite(names: tuple[str, ...]) -> None:
    """How to cite dotbench and the works that formats come from, as BibTeX.

    What this repository does not know of a work is left out, and said.
    """
    from dotbench.bench.published.citations import DOTBENCH, bibtex, citations

    try:
        click.echo(citations(names) if names else bibtex(DOTBENCH))
    except ValueError as error:
        raise Trouble(str(error)) from error
