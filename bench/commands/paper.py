"""The verb ``paper``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from dotbench.bench.commands.errors import Trouble
from dotbench.bench.show import next_step, terminal
from dotbench.cdot import build

if TYPE_CHECKING:
    from dotbench.bench.published.paper import Results


@click.command(short_help="Every published figure beside ours.")
@click.option("--markdown", is_flag=True, help="As the page docs/paper.md, to standard output.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write the page there, if it knows no figure that has no data here.")  # fmt: skip
def paper(markdown: bool, out: Path | None) -> None:
    """Every published figure that can be computed here, beside ours, with its source and the difference.

    Exit status 1 if a figure that used to agree no longer does, 2 if one cannot be computed any more.
    """
    from dotbench.bench.published import paper as papers
    from dotbench.bench.published import papers as published
    from dotbench.bench.show.paper import page, print_paper, summary

    results = _computed()
    if out:
        write_page(page(results, published.absent()), out)
        click.echo(f"{out}: {summary(results)}")
    elif markdown:
        click.echo(page(results, published.absent()), nl=False)
    else:
        console = terminal.console()
        print_paper(results, published.absent(), console)
        if any(one.lacks for one in papers.every(results)):
            said = next_step.line("list datasets", "where the data of what is not at hand would come from")
            console.print(Text(said), soft_wrap=True)
    for line in papers.lost_or_failed(results):
        click.echo(line, err=True)
    sys.exit(papers.status(results))


def _computed() -> Results:
    """All figures, with a bar while that lasts."""
    from dotbench.bench.published import paper as papers
    from dotbench.bench.published import papers as published
    from dotbench.bench.published.at_hand import Data

    groups = published.groups()
    data = Data(build.state_folder(), progress=sys.stderr.isatty())
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("computing", total=sum(len(group.figures) for group in groups))
        return papers.evaluate_all(groups, data, lambda group, _: progress.update(bar, advance=1))


def write_page(text: str, path: Path) -> None:
    """Trouble where the page in place has figures that there is no data for here."""
    from dotbench.bench.show.paper import forgotten

    lacking = forgotten(path.read_text() if path.is_file() else "", text)
    if lacking:
        raise Trouble(
            f"{path} has figures whose data is not at hand here ({len(lacking)}: {lacking[0]}, ...). It is left as it "
            "is: set DOTBENCH_DATA to the mirror, or delete the page first"
        )
    path.write_text(text)
