"""Which rows the committed pages are drawn from: a note in them, and where to look for those rows.

``nox -s docs`` draws from results/ as it is; any run changes that folder. So what is committed is held against
the rows of HEAD, and outside a repository against the note.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from dotbench.bench.compare.errors import CompareError
from dotbench.bench.compare.results import Results, of_folder, of_revision
from dotbench.bench.metrics.metric import Row

# What pages, tables and the plot take from a row. Hashes of code are left out: they change no page.
COLUMNS = {
    "space": "dataset format params bytes bits_per_nonzero ratio lossless",
    "time": "dataset format params batch threads cache reference time_ratio ratio_low ratio_high ns_per_nonzero",
    "cycles": "dataset format params kernel placement pixels cycles_est_mid",
}
NOTE = re.compile(r"from the rows ([0-9a-f]{16})")


def digest(rows: dict[str, list[Row]]) -> str:
    """Of the figures that pages show, in any order of rows; rows that failed have none.

    >>> digest({"space": [{"status": "failed"}]}) == digest({})
    True
    """
    found = hashlib.sha256()
    for line in sorted(_lines(rows)):
        found.update(line.encode() + b"\n")
    return found.hexdigest()[:16]


def _lines(rows: dict[str, list[Row]]) -> Iterable[str]:
    for file, names in COLUMNS.items():
        for row in rows.get(file, []):
            if row["status"] == "ok":
                yield "\0".join([file, *(str(row.get(name)) for name in names.split())])


def note(rows: dict[str, list[Row]]) -> str:
    """For a page's last line.

    >>> NOTE.search(note({})) is not None
    True
    """
    return f"from the rows {digest(rows)}"


def noted(page: str) -> str:
    """The digest in a page, or "" where it has none."""
    found = NOTE.search(page)
    return found[1] if found else ""


def sources(folder: Path, page: str) -> list[Results]:
    """The rows that committed pages may be drawn from, of results in ``folder``: those that HEAD has, and those of
    the folder where ``page`` notes them (they are drawn anew, and not committed yet). Outside a repository only the
    note decides; an empty list says that the rows of the pages are not at hand."""
    here = of_folder(folder, str(folder))
    drawn = [here] if digest(here.rows) == noted(page) else []
    try:
        return [of_revision("HEAD", folder), *drawn]
    except CompareError:
        return drawn
