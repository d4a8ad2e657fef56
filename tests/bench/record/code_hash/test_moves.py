"""Moving, splitting, joining and renaming files changes no hash, in Python and in C."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dotbench.bench.record import identity
from dotbench.bench.record.code_hash.hashes import Hashes
from dotbench.bench.record.code_hash.sources import Sources
from dotbench.cdot import dependencies

sys.path.insert(0, str(Path(__file__).parents[3]))

import copied
import hash_rows


class Copy:
    """A copy of the code, whose files can be moved about."""

    def __init__(self, root: Path) -> None:
        self.root = root
        copied.code(root)

    def replace(self, old: str, new: str, suffixes: str = ".py") -> None:
        """In all files of these kinds."""
        for path in [path for suffix in suffixes.split() for path in self.root.rglob(f"*{suffix}")]:
            text = path.read_text()
            if re.search(old, text):
                path.write_text(re.sub(old, new, text))

    def move(self, old: str, new: str) -> None:
        """A file, and nothing else."""
        (self.root / new).parent.mkdir(parents=True, exist_ok=True)
        (self.root / old).rename(self.root / new)

    def cut(self, name: str, begin: str, end: str = "") -> str:
        """Takes the part from one mark to another (or the end) out of a file."""
        text = (self.root / name).read_text()
        at = text.index(begin)
        to = text.index(end, at) if end else len(text)
        (self.root / name).write_text(text[:at] + text[to:])
        return text[at:to]

    def add(self, name: str, text: str) -> None:
        """At the end of a file, which is made if it is not there."""
        path = self.root / name
        path.write_text((path.read_text() if path.exists() else "") + "\n" + text)

    def hashes(self) -> dict[str, str | None]:
        return hash_rows.hashes_of(Hashes(Sources(self.root), lambda: dependencies.of_checkout(self.root)))


def move_a_module(copy: Copy) -> None:
    """Half of its importers name it, half what is in it."""
    copy.move("bench/machine/pinning.py", "bench/room/pinning.py")
    copy.add("bench/room/__init__.py", '"""A room."""\n')
    copy.replace(
        r"from dotbench\.bench\.machine\.pinning import pin, unpin\n",
        "from dotbench.bench.room import pinning as cores\n",
    )
    copy.replace(r"\(pin if (.*) else unpin\)\(\)", r"(cores.pin if \1 else cores.unpin)()")
    copy.replace(r"bench\.machine\.pinning import", "bench.room.pinning import")


def rename_a_module(copy: Copy) -> None:
    copy.move("formats/payloads/header.py", "formats/first_bytes.py")
    copy.replace(r"formats\.payloads\.header\b", "formats.first_bytes")


def split_a_module(copy: Copy) -> None:
    """Others find what has moved where it was."""
    part = copy.cut("bench/timing/pairs.py", "@dataclass(frozen=True)\nclass Estimate")
    constants = copy.cut("bench/timing/pairs.py", "CONFIDENCE = ", "WAITED")
    head = "from __future__ import annotations\nimport math\nimport statistics as stats\n"
    head += "from collections.abc import Sequence\nfrom dataclasses import dataclass\n"
    copy.add("bench/timing/estimates.py", head + constants + part.replace("statistics.", "stats."))
    copy.replace(
        r"from dotbench\.cdot\.errors import ClockError\n",
        "from dotbench.bench.timing.estimates import estimate\n\\g<0>",
    )


def join_modules(copy: Copy) -> None:
    text = copy.cut("cdot/errors.py", '"""')
    copy.add("cdot/library.py", text.replace("from __future__ import annotations\n", ""))
    (copy.root / "cdot/errors.py").unlink()
    copy.replace(r"cdot\.errors\b", "cdot.library")


def move_a_format(copy: Copy) -> None:
    """Into a folder, with its C file, whose importers look through a re-export."""
    copy.move("formats/ham.py", "formats/coded/entries.py")
    copy.add("formats/coded/__init__.py", "from dotbench.formats.coded.entries import Ham\n__all__ = ['Ham']\n")
    copy.add("formats/ham.py", "from dotbench.formats.coded import Ham\n")


def rename_a_header(copy: Copy) -> None:
    copy.move("cdot/core/payload.h", "cdot/core/reading.h")
    copy.replace(r'#include "core/payload\.h"', '#include "core/reading.h"', ".c .h")


def rename_a_c_file(copy: Copy) -> None:
    copy.move("cdot/formats/ham/ham_looks.c", "cdot/looks.c")
    copy.move("cdot/formats/csc.c", "cdot/columns.c")


def split_a_c_file(copy: Copy) -> None:
    part = copy.cut("cdot/core/payload.c", "enum { CRC_AT")
    includes = (
        '#include "core/payload.h"\n#include <string.h>\n#if defined(__SSE4_2__)\n#include <nmmintrin.h>\n#endif\n'
    )
    copy.add("cdot/checksum.c", includes.replace("payload.h", "reading.h") + part)


def join_c_files(copy: Copy) -> None:
    copy.add("cdot/encode/pack.c", copy.cut("cdot/encode/lists.c", "/*"))
    (copy.root / "cdot/encode/lists.c").unlink()


def split_a_header(copy: Copy) -> None:
    part = copy.cut("cdot/formats/ham/ham.h", "enum", "typedef")
    copy.add("cdot/sizes.h", f"#ifndef SIZES_H\n#define SIZES_H\n{part}\n#endif\n")
    copy.replace(r'#include "parts/huffman\.h"\n', '#include "parts/huffman.h"\n#include "sizes.h"\n', "ham.h")


def write_other_words(copy: Copy) -> None:
    """Comments, docstrings and layout, everywhere."""
    copy.replace(r"\nimport ", "\n# another comment\nimport ")
    copy.replace(r'\n    """[^"\n]*"""\n', '\n    """Other words."""\n\n')
    copy.replace(r"/\* [^*\n]* \*/", "/* other words */", ".c .h")
    copy.replace(r"\n    return ", "\n\n      return ", ".c .h")


STEPS = [
    move_a_module,
    rename_a_module,
    split_a_module,
    join_modules,
    move_a_format,
    rename_a_header,
    rename_a_c_file,
    split_a_c_file,
    join_c_files,
    split_a_header,
    write_other_words,
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("moved") / "checkout")


@pytest.mark.parametrize("step", STEPS, ids=[step.__name__ for step in STEPS])
def test_a_move_changes_no_hash(step: Callable[[Copy], None], copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step goes on from where the one before has left the copy."""
    monkeypatch.setenv("DOTBENCH_HOME", str(copy.root.parent / "home"))
    step(copy)
    before = hash_rows.hashes_of(identity.checkout())
    after = copy.hashes()
    assert {row for row in before if before[row] != after[row]} == set()
