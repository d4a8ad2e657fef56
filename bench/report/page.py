"""The page: the template of ``assets/`` with styles, scripts, plotly, results and their summary put in.

Values from results are data for the scripts, or escaped text. The page's policy names the hash of each of its
scripts, so that no other one runs even if a value got past that, and nothing is fetched from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from dotbench.bench.compare.results import Results
from dotbench.bench.metrics import registry
from dotbench.bench.pick.record import Line
from dotbench.bench.report import axes, charts, marks, matrices, pack, picks
from dotbench.bench.report.origin import Origin, describe
from dotbench.bench.report.summary import Summary, summary
from dotbench.bench.report.verdict import Verdict, count

ASSETS = Path(__file__).parent / "assets"
SCRIPTS = (  # each uses those before it
    "dom", "data", "address", "numbers", "symbols", "theme", "details", "points", "legend", "names", "pareto", "trade",
    "answers", "multiples", "print", "strips", "columns", "table", "origin", "start",
)  # fmt: skip
SHOWN = 12  # matrices whose sentences are open from the start


def page(results: Results, origin: Origin, made: str, picked: Sequence[Line] = ()) -> str:
    """The whole HTML of results; ``made`` is the date it was written, ``picked`` what layers take, where known."""
    script = "\n".join(_asset(f"{name}.js") for name in SCRIPTS)
    scripts = {"script": script, "plotly": plotly(), "plots": _asset("plots.js")}
    found = summary(results)
    return Template(_asset("page.html")).substitute(
        policy=_policy(scripts.values()),
        title=escape(f"dotbench: {origin.label}"),
        label=escape(origin.label),
        made=escape(made),
        style=_asset("style.css"),
        facts=_facts(found, origin),
        sentences=_items(found.sentences),
        first=_first(found.verdicts, matrices.start(matrices.matrices(results), results)),
        verdicts=_verdicts(found.verdicts),
        picks=picks.section(picked),
        charts="\n".join(_chart(chart) for chart in charts.there(results)),
        links=_links(results),
        data=pack.script_json(data(results, origin) | {"answers": [one.answers for one in found.verdicts]}),
        **scripts,
    )


def data(results: Results, origin: Origin) -> dict[str, Any]:
    """What the scripts work on."""
    known = matrices.matrices(results)
    return {
        "files": {
            file: pack.packed(_columns(results, file), _records(results, file), registry.get(file))
            for file in results.rows
        },
        "splits": {file: axes.splits(file, rows) for file, rows in results.rows.items()},
        "axes": axes.there(results),
        "usual": axes.usual(),
        "charts": charts.there(results),
        "marks": marks.marks(results),
        "matrices": [asdict(matrix) | {"twin": matrix.twin, "shape": matrix.shape} for matrix in known],
        "start": matrices.start(known, results),
        "sources": matrices.SOURCES,
        "metrics": list(registry.names_in_runs()),
        "origin": asdict(origin) | {"commit": describe(origin.commit) if origin.commit else None},
    }


def _columns(results: Results, file: str) -> tuple[str, ...]:
    """The file's own columns in its own order, so that a download is the file again."""
    return results.columns.get(file) or registry.get(file).names


def _records(results: Results, file: str) -> list[list[str]]:
    metric = registry.get(file)
    place = {name: index for index, name in enumerate(metric.names)}
    order = [place[name] for name in _columns(results, file)]
    texts = (metric.as_text(row) for row in results.rows[file])
    return [[text[index] for index in order] for text in texts]


@cache
def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


@cache
def plotly() -> str:
    """plotly's script, without what would end it early inside a page."""
    from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]  # slow to import

    return re.sub(r"<(?=/script|!--)", r"\\x3c", get_plotlyjs().replace("\r\n", "\n"), flags=re.IGNORECASE)


def _policy(scripts: Iterable[str]) -> str:
    """The content security policy: these scripts, styles of the page, pictures made in it, and nothing else."""
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def prose(text: str) -> str:
    """A sentence as HTML: escaped, names in backticks as code.

    >>> prose("`a<b` is smallest")
    '<code>a&lt;b</code> is smallest'
    """
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))


def _items(sentences: Iterable[str]) -> str:
    return "\n".join(f"<li>{prose(sentence)}</li>" for sentence in sentences)


def _facts(found: Summary, origin: Origin) -> str:
    facts = [*found.facts, *([("Commit", _commit(origin))] if origin.commit else [])]
    return "\n".join(f"<div><dt>{escape(title)}</dt><dd>{escape(value)}</dd></div>" for title, value in facts)


def _commit(origin: Origin) -> str:
    assert origin.commit is not None
    states = {known["state"] for known in origin.files.values()}
    if states == {"not committed"}:
        return "none: not committed"
    return origin.commit.short + (", and changes since" if origin.dirty else "")


def _first(verdicts: tuple[Verdict, ...], start: int) -> str:
    """The three answers of the matrix that is shown first, for whoever runs no scripts, too."""
    return "".join(
        f'<li class="card"><h3>{escape(title)}</h3><p>{prose(words)}</p></li>'
        for title, words in (verdicts[start].answers if verdicts else ())
    )


def _verdicts(verdicts: tuple[Verdict, ...]) -> str:
    """A card a matrix of which something is said; many of them are folded away."""
    cards = [_card(number, one) for number, one in enumerate(verdicts) if one.sentences]
    shown = f'<ul class="cards">{"".join(cards[:SHOWN])}</ul>'
    if len(cards) <= SHOWN:
        return shown
    more = count(len(cards) - SHOWN, "more matrix", "more matrices")
    return f'{shown}<details><summary>{more}</summary><ul class="cards">{"".join(cards[SHOWN:])}</ul></details>'


def _card(number: int, one: Verdict) -> str:
    twin = ' <span class="tag">twin</span>' if one.matrix.twin else ""
    return (
        f'<li class="card"><h3><a href="#trade" data-matrix="{number}">{escape(one.matrix.dataset)}</a>{twin}</h3>'
        f'<p class="quiet">{escape(one.matrix.shape)}</p><ul>{_items(one.sentences)}</ul></li>'
    )


def _chart(chart: dict[str, Any]) -> str:
    """The place of a chart of `charts`."""
    file = escape(chart["file"])
    return (
        f'<section id="{file}-chart" aria-labelledby="{file}-title"><h2 id="{file}-title">{escape(chart["title"])}</h2>'
        f'<p class="text">{escape(chart["text"])}</p><div data-chart="{file}"></div></section>'
    )


def _links(results: Results) -> str:
    """To the charts that are there."""
    links = [(escape(chart["file"]), escape(chart["link"])) for chart in charts.there(results)]
    return "\n".join(f'<li><a href="#{file}-chart">{words}</a></li>' for file, words in links)
