r"""A matrix's table in LaTeX: a float with caption and label, rules of booktabs, figures in columns of siunitx.

Text is escaped; figures are numbers, so that a paper decides how they look.
"""

from __future__ import annotations

import re

from dotbench.bench.show.escape import latex
from dotbench.bench.show.grid import SECTIONS, Field, Grid, notes

PREAMBLE = (
    r"% In the preamble: \usepackage{booktabs,siunitx} and \sisetup{detect-weight=true, mode=text}" "\n"
    "% Bold: the best of a column. In parentheses: half of the 99 % interval, in units of the last digits."
)  # fmt: skip
HEADINGS = {  # what a caption says of a column, by the beginning of its title
    "bits": "bits a nonzero",
    "smaller": "times smaller than dense",
    "time/": "time of a product over that with {against} (b: vectors at once)",
    "ns/": "nanoseconds a nonzero and vector",
    "a pixel": "thousands of estimated cycles for a pixel",
}


def latex_table(found: Grid, dataset: str, shape: str) -> str:
    """The whole float; ``shape`` is said in the caption, ``escape`` makes text of text."""
    columns = " ".join(_column([line.fields[at] for line in found.lines]) for at in range(len(found.titles) - 1))
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{latex(_caption(found, dataset, shape))}}}",
        rf"\label{{tab:{identifier(dataset)}}}",
        rf"\begin{{tabular}}{{l {columns}}}",
        r"\toprule",
        " & ".join(f"{{{latex(title)}}}" for title in found.titles) + r" \\",
        *_body(found),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def identifier(dataset: str) -> str:
    """A name for a label: letters, digits and hyphens.

    >>> identifier("vgg19/90-0-32~twin"), identifier("model.tflite#03_dense")
    ('vgg19-90-0-32-twin', 'model-tflite-03-dense')
    """
    return re.sub(r"[^A-Za-z0-9]+", "-", dataset).strip("-") or "matrix"


def _caption(found: Grid, dataset: str, shape: str) -> str:
    said = []
    for start, words in HEADINGS.items():
        title = next((title for title in found.titles if title.startswith(start)), "")
        if title:
            said.append(f"{title.partition(' ')[0]}: {words.format(against=_reference(title))}")
    named = f"{dataset}{f' ({shape})' if shape else ''}"
    return ". ".join([named, *said, *notes([found])]) + "."


def _reference(title: str) -> str:
    return title.partition("/")[2].partition(" ")[0]


def _column(fields: list[Field]) -> str:
    """siunitx's column, as wide as its longest number.

    >>> _column([Field("5.87 ±2%", number="5.87(12)"), Field("58.31", number="58.31(175)"), Field("timeout")])
    'S[table-format=2.2(3)]'
    """
    parts = [re.fullmatch(r"(\d+)(?:\.(\d+))?(?:\((\d+)\))?", field.number) for field in fields if field.number]
    widths = [max((len(part[at] or "") for part in parts if part), default=0) for at in (1, 2, 3)]
    return f"S[table-format={widths[0] or 1}.{widths[1]}{f'({widths[2]})' if widths[2] else ''}]"


def _body(found: Grid) -> list[str]:
    lines, section = [], -1
    for line in found.lines:
        if line.section != section:
            section = line.section
            lines.append(r"\midrule")
            if section:
                lines.append(rf"\multicolumn{{{len(found.titles)}}}{{l}}{{\emph{{{SECTIONS[section]}}}}} \\")
        lines.append(" & ".join([latex(line.name), *(_field(field) for field in line.fields)]) + r" \\")
    return lines


def _field(field: Field) -> str:
    """A number for siunitx; what is none stands in braces."""
    if not field.number:
        return f"{{{latex(field.text)}}}" if field.text else ""
    return rf"\bfseries {field.number}" if field.best else field.number
