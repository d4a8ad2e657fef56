"""Rows as JSON, column by column: words once each with a code a row, figures as numbers.

Every column keeps the text that stands in the CSV file, so that what is downloaded from the page is what was
measured: a number is stored with its count of decimals, and what cannot be printed again from that (``4.327e-07``)
stays a word that says it is a number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from dotbench.bench.metrics.column import TEXT, TRUTH, Kind
from dotbench.bench.metrics.metric import Metric

Packed = dict[str, Any]

NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.(\d+))?")
DIGITS = 15  # that many survive being a double and being printed again


def packed(names: Sequence[str], records: Sequence[Sequence[str]], metric: Metric) -> Packed:
    """Of records in the order of ``names``, columns of a metric; `unpacked` is the inverse.

    >>> from dotbench.bench.metrics import space
    >>> packed(["format", "bytes"], [["csc", "32"], ["csc", ""]], space.METRIC)["columns"]
    [['format', {'words': ['csc']}], ['bytes', {'decimals': 0, 'values': [32, None]}]]
    """
    texts = list(zip(*records, strict=True)) or [()] * len(names)
    columns = [[name, _column(metric.column(name).kind, column)] for name, column in zip(names, texts, strict=True)]
    return {"count": len(records), "columns": columns}


def _column(kind: Kind, texts: Sequence[str]) -> Packed:
    decimals = None if kind is TEXT else _decimals(texts)
    if decimals is not None:
        return {"decimals": decimals, "values": [json.loads(text) if text else None for text in texts]}
    words = {text: code for code, text in enumerate(dict.fromkeys(texts))}
    found: Packed = {"words": list(words)}
    if len(words) != 1:
        found["codes"] = [words[text] for text in texts]
    if kind not in (TEXT, TRUTH):
        found["number"] = True
    return found


def _decimals(texts: Sequence[str]) -> int | None:
    """How many decimals all figures of a column have; None where that does not print them again, or is none."""
    found = set()
    for text in set(texts) - {""}:
        match = NUMBER.fullmatch(text)
        if not match or sum(map(str.isdigit, text)) > DIGITS or (float(text) == 0 and text.startswith("-")):
            return None
        found.add(len(match[1] or ""))
    return found.pop() if len(found) == 1 else None


def unpacked(found: Packed) -> list[list[str]]:
    """The records again, as the page's script reads them."""
    count = found["count"]
    texts = [_texts(column, count) for _, column in found["columns"]]
    return [list(record) for record in zip(*texts, strict=True)]


def _texts(column: Packed, count: int) -> list[str]:
    if "words" in column:
        return [column["words"][code] for code in column.get("codes", [0] * count)]
    return ["" if value is None else f"{value:.{column['decimals']}f}" for value in column["values"]]


def script_json(value: Any) -> str:
    """JSON that is safe inside a ``script`` element, whatever the values hold.

    >>> script_json("</script>")
    '"\\\\u003c/script\\\\u003e"'
    """
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")
