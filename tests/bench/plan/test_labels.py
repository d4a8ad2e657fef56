"""What is printed is accepted: every label of a table is one that commands take, and means the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from dotbench import formats
from dotbench.bench.cli import command
from dotbench.bench.compare.cells import parse
from dotbench.bench.metrics import registry
from dotbench.bench.plan import labels
from dotbench.bench.plan.cell import BOUNDS
from dotbench.bench.record import export, identity
from dotbench.bench.show.grid import label
from dotbench.bench.targets import peers

VARIANTS = ("bsr[block=8]", "bsr[block=16]", "column_combined[alpha=4]", "column_combined[gamma=0.25]", "zstd[level=19]",
            "nested[levels=50]", "column_combined[alpha=4,gamma=0.25]", "rice[values=coded]")  # fmt: skip
KNOWN = (*map(str, formats.standard_of_all()), *(kind.name for kind in peers.ALL), *VARIANTS)


@pytest.mark.parametrize("name", KNOWN)
def test_short_and_full_are_inverse(name: str) -> None:
    assert labels.full(labels.short(name)) == labels.full(name) == name
    assert labels.full(f"{labels.short(name)} ≈") == name  # as a lossy one is marked
    for ceiling in (f"ceiling:memcpy[format={name}]", f"ceiling:decode[format={name}]"):
        if not peers.is_peer(name):
            assert labels.full(labels.short(ceiling)) == ceiling and labels.about(ceiling) == name


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds(name: str) -> None:
    assert labels.full(labels.short(name)) == labels.full(name) == name
    assert labels.choose([labels.short(name)]).bounds


def test_every_label_of_the_results_is_taken() -> None:
    names = set()
    for file in registry.names():
        path = identity.ROOT / "results" / f"{file}.csv"
        names |= {label(row) for row in export.read(path, file)} if path.is_file() else set()
    assert len(names) > 40
    for name in names:
        assert labels.full(labels.short(name)) == name and labels.choose([labels.short(name)])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("column_combined[8]", "'8' could be alpha=8 or gamma=8: write the key, of alpha=..., gamma=..., order=..."),
        ("column_combined[x]", "'x' is none of its values: write the key"),
        ("eie[arithmetic]", "codings are plain or huffman"),
        ("sham[8]", "'8' is one value too many: it has none"),
        ("eie[huffman,coding=huffman]", "'huffman' is one value too many: it has coding"),
        ("eie[coding=plain,coding=huffman]", "has a parameter twice"),
        ("decode: cham", "did you mean"),
        ("ceiling:speed[format=ham]", "no ceiling 'speed': there are memcpy and decode"),
    ],
)
def test_labels_that_are_none(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"(?s).*") as error:
        labels.choose([text])
    assert words in str(error.value)


def test_the_canonical_name_stays() -> None:
    assert str(formats.parse("eie[huffman]")) == "eie[coding=huffman]"
    assert formats.parse("bitmap[codebook]") == formats.get("bitmap", values="codebook")


def test_names_of_cells() -> None:
    """Globs, and formats that are not installed here, stay as they are."""
    assert parse("time:SiNa:eie[huffman]:batch=8").label == "eie[coding=huffman]"
    assert parse("SiNa:decode: ham").label == "ceiling:decode[format=ham]" and parse("SiNa:h0").label == "bound:h0"
    assert parse("SiNa:column_combined[*]").label == "column_combined[*]" and parse("SiNa:old[8]").label == "old[8]"


@pytest.mark.usefixtures("home")
def test_a_run_takes_them(tmp_path: Path) -> None:
    import numpy as np

    np.save(tmp_path / "w.npy", np.eye(8, dtype=np.float32))
    chosen = "eie[huffman],bitmap[codebook],column_combined ≈,decode: ham,h0,zstd[19]"
    arguments = ["run", "--datasets", str(tmp_path / "w.npy"), "--formats", chosen, "--metrics", "space"]
    done = CliRunner().invoke(command, [*arguments, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    names = {label(row) for row in export.read(tmp_path / "out" / "space.csv", "space")}
    assert names == {
        "eie[coding=huffman]",
        "bitmap[values=codebook]",
        "column_combined",
        "ham",
        "zstd[level=19]",
        *BOUNDS,
    }
