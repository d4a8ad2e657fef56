"""Whether a table of embeddings is the head, too: said by a ``config.json`` beside the model, or by two names of it."""

from __future__ import annotations

import re
from pathlib import Path

from dotbench.datasets.errors import DataError
from dotbench.datasets.models.safetensors import strict_json

CONFIG, MOST_BYTES = "config.json", 1 << 20
KEY = "tie_word_embeddings"
HEAD = re.compile(r"((^|[._])(lm_head|embed_out|cls\.predictions\.decoder)|^output)\.q?weight$")
WORDS = re.compile(r"(^|[._])(embed_tokens|wte|word_embeddings|tok_embeddings|embed_in|shared)\.weight$")


def said_beside(path: Path) -> bool:
    """Whether the configuration beside a file says that head and embedding are one; False where there is none that
    can be read."""
    config = path.parent / CONFIG
    try:
        if config.resolve().parent not in (path.parent.resolve(), path.resolve().parent):
            return False
        found = strict_json.read(config, MOST_BYTES)
    except (DataError, OSError, RuntimeError):  # links in a circle
        return False
    text = found.get("text_config")
    return found.get(KEY) is True or (type(text) is dict and text.get(KEY) is True)


def of(names: list[str], rows: list[int]) -> str:
    """The name of the table that is the head, of tables with so many rows; "" where there is a head of its own, or no
    table of words.

    >>> of(["model.embed_tokens.weight", "norm.weight"], [100, 8]), of(["wte.weight", "lm_head.weight"], [9, 9])
    ('model.embed_tokens.weight', '')
    """
    if any(HEAD.search(name) for name in names):
        return ""
    tables = [(count, name) for name, count in zip(names, rows, strict=True) if WORDS.search(name)]
    return max(tables, key=lambda table: table[0])[1] if tables else ""
