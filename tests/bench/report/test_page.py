"""The report without a browser: what is packed, escaped, said, and where it comes from. tests/browser drives it."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from dotbench.bench.cli import command
from dotbench.bench.compare.results import Results, find
from dotbench.bench.metrics import registry
from dotbench.bench.record.export import render
from dotbench.bench.record.journal import Journal
from dotbench.bench.report import axes, charts, marks, pack
from dotbench.bench.report.origin import Origin, origin
from dotbench.bench.report.page import data, page, plotly, prose
from dotbench.bench.report.write import write

sys.path.insert(0, str(Path(__file__).parents[2]))
import made_results as made

HOSTILE = "</script><script>alert('<!--')</script><img src=x onerror=alert(1)>&amp;"


class Page(HTMLParser):
    """Scripts, headings, labels and all text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        (self.scripts if self.tags and self.tags[-1][0] == "script" and self.cdata_elem else self.texts).append(data)

    @property
    def data(self) -> dict[str, Any]:
        return dict(json.loads(next(text for text in self.scripts if text.startswith('{"files"'))))

    def count(self, tag: str) -> int:
        return sum(found == tag for found, _ in self.tags)


def folder(tmp_path: Path, **files: list[made.Row]) -> Path:
    return made.written(files, tmp_path / "results")


def written(path: Path, tmp_path: Path) -> Page:
    write(str(path), tmp_path / "report.html", path, tmp_path / "home", "today")
    return Page((tmp_path / "report.html").read_text())


# ---- packing


@given(st.lists(st.tuples(
    st.text(), st.sampled_from(["", "0", "32", "123456789012345", "12345678901234567", "007"]),
    st.sampled_from(["", "1.0000", "0.3913", "-0.5000", "-0.0000", "123456.7890"]),
    st.sampled_from(["", "0", "4.327e-07", "2.800e-01", "nan", "inf"]),
)))  # fmt: skip
def test_records_survive_packing_with_every_letter(records: list[tuple[str, ...]]) -> None:
    names = ["dataset", "bytes", "ratio", "error"]
    found = pack.packed(names, records, registry.get("space"))
    again = json.loads(pack.script_json(found))
    assert pack.unpacked(again) == [list(record) for record in records]


def test_a_column_is_numbers_only_where_these_print_the_same_again() -> None:
    records = [["csc", "32", "1.50", "4.3e-07", "1e5"], ["ham", "", "0.25", "0", "7"]]
    columns = dict(pack.packed(["format", "bytes", "ratio", "error", "nnz"], records, registry.get("space"))["columns"])
    assert columns["format"] == {"words": ["csc", "ham"], "codes": [0, 1]}  # text that looks like no number
    assert columns["bytes"] == {"decimals": 0, "values": [32, None]}
    assert columns["ratio"] == {"decimals": 2, "values": [1.5, 0.25]}
    assert columns["error"] == {"words": ["4.3e-07", "0"], "codes": [0, 1], "number": True}
    assert columns["nnz"] == {"words": ["1e5", "7"], "codes": [0, 1], "number": True}
    assert pack.packed(["params"], [["7"], ["7"]], registry.get("space"))["columns"] == [
        ["params", {"words": ["7"]}]
    ]  # a word even so


def test_the_page_holds_every_field_of_every_file(tmp_path: Path) -> None:
    path = made.written(made.results(3), tmp_path / "results")
    found = written(path, tmp_path).data
    assert set(found["files"]) == {file.stem for file in path.iterdir()}
    for file, packed in found["files"].items():
        text = "".join(
            ",".join(record) + "\n"
            for record in [[n for n, _ in packed["columns"]], *(map(quoted, r) for r in pack.unpacked(packed))]
        )
        assert text == (path / f"{file}.csv").read_text()


def quoted(field: str) -> str:
    return f'"{field}"' if "," in field else field


def test_columns_in_another_order_and_an_older_file_stay_as_they_are(tmp_path: Path) -> None:
    text = "format,params,dataset,matrix_sha256,status,code_sha,bytes\ncsc,,w,00,ok,11,640\n"
    (tmp_path / "space.csv").write_text(text)
    results = find(str(tmp_path), tmp_path)
    packed = data(results, Origin("x"))["files"]["space"]
    assert [name for name, _ in packed["columns"]] == text.splitlines()[0].split(",")
    assert pack.unpacked(packed) == [text.splitlines()[1].split(",")]


# ---- safety


def test_hostile_names_are_text_wherever_they_stand(tmp_path: Path) -> None:
    rows = made.results(1)
    for found in rows.values():
        for row in found:
            row["dataset"], row["reason"] = HOSTILE, HOSTILE
    tame = written(made.written(made.results(1), tmp_path / "tame"), tmp_path)
    found = written(made.written(rows, tmp_path / "results"), tmp_path)
    assert found.count("script") == tame.count("script") == 4
    assert found.count("img") == 0
    assert found.tags[-5:] == tame.tags[-5:]  # what follows the data is still there
    assert HOSTILE in "".join(found.texts)
    assert found.data["matrices"][0]["dataset"] == HOSTILE


def test_a_name_in_backticks_or_with_dollars_is_no_markup() -> None:
    assert prose("`a</code>` $data & more") == "<code>a&lt;/code&gt;</code> $data &amp; more"


def test_the_policy_names_exactly_the_pages_scripts_and_no_address(tmp_path: Path) -> None:
    found = written(made.written(made.results(1), tmp_path / "results"), tmp_path)
    policy = next(known["content"] for tag, known in found.tags if known.get("http-equiv"))
    scripts = [text for text in found.scripts if not text.startswith('{"files"')]
    assert policy and len(scripts) == 3
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "http" not in policy
    addresses = [known.get("src") or known.get("href") or "" for _, known in found.tags]
    assert [address for address in addresses if address and not address.startswith(("#", "data:,"))] == []


def test_plotly_cannot_end_its_script_element() -> None:
    assert "</script" not in plotly().lower() and "<!--" not in plotly() and "\r\n" not in plotly()


# ---- the page


def test_language_headings_and_names(tmp_path: Path) -> None:
    found = written(made.written(made.results(2), tmp_path / "results"), tmp_path)
    assert ("html", {"lang": "en"}) in found.tags
    levels = [int(tag[1]) for tag, _ in found.tags if tag in ("h1", "h2", "h3")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    ids = [known["id"] for _, known in found.tags if known.get("id")]
    assert len(ids) == len(set(ids))
    labels = {known["aria-labelledby"] for _, known in found.tags if known.get("aria-labelledby")}
    assert labels <= {*ids, "details-title"}  # that one comes with the dialog's content


def test_ten_thousand_rows_are_under_five_megabytes_beside_plotly(tmp_path: Path) -> None:
    rows = made.results(300, more=("e1", "e2", "e3", "e4"))
    path = folder(tmp_path, space=rows["space"], time=rows["time"])
    assert len(rows["space"]) + len(rows["time"]) >= 10_000
    done = write(str(path), tmp_path / "report.html", path, tmp_path, "today")
    assert (tmp_path / "report.html").stat().st_size == done.size
    assert done.size - done.plotly < 5_000_000


def test_one_file_alone_is_a_report_too(tmp_path: Path) -> None:
    rows = made.results(2)
    for file in ("space", "time", "systolic", "levels"):
        path = made.written({file: rows[file]}, tmp_path / file)
        found = written(path, tmp_path).data
        assert list(found["files"]) == [file]
        assert [chart["file"] for chart in found["charts"]] == [f for f in (file,) if f in ("systolic", "levels")]


def test_axes_and_charts_are_those_that_some_row_has_a_figure_for() -> None:
    rows = made.results(1)
    rows["energy"] = [row | {"joules_per_dot": None, "net_joules_per_dot": None} for row in rows["energy"]]
    rows["levels"] = [row | {"status": "failed"} for row in rows["levels"]]
    complete = {file: [typed(file, row) for row in found] for file, found in rows.items()}
    results = Results("x", complete)
    columns = {(axis["file"], axis["column"]) for axis in axes.there(results)}
    assert {("space", "bytes"), ("time", "time_ratio"), ("instructions", "instructions_per_dot")} <= columns
    assert {file for file, _ in columns} == {"space", "time", "instructions", "energy", "systolic"}
    assert [column for file, column in columns if file == "energy"] == ["model_pj_per_entry"]
    assert [chart["file"] for chart in charts.there(results)] == ["systolic"]
    assert charts.there(results)[0]["beside"] == "error_product"


def test_microcontroller_files_have_axes_and_a_chart_once_there_are_such() -> None:
    row = made.common(0) | {"format": "csc", "layer": "pw1", "kernel": "vector", "runner": "qemu", "placement": "itcm",
                            "instructions": 900, "cycles_est_low": 800, "cycles_est_mid": 1000, "cycles_est_high": 1300}  # fmt: skip
    row = typed("cycles", row)
    results = Results("x", {"cycles": [row]})
    assert [(axis["column"], axis["low"]) for axis in axes.there(results)] == [
        ("cycles_est_mid", "cycles_est_low"),
        ("instructions", ""),
    ]
    (chart,) = charts.there(results)
    assert (chart["lines"], [strip["column"] for strip in chart["strips"]]) == (
        ["kernel"],
        ["cycles_est_mid", "instructions"],
    )
    assert axes.splits("cycles", [row]) == ["kernel", "placement", "runner"]
    other = row | {"matrix_sha256": "11", "kernel": "dot"}  # each matrix has its kernel: nothing to choose
    assert axes.splits("cycles", [row, other]) == ["placement", "runner"]
    assert axes.splits("cycles", [row, other, other | {"kernel": "open"}]) == ["kernel", "placement", "runner"]
    text = page(results, Origin("x"), "today")
    assert 'data-chart="cycles"' in text and '<a href="#cycles-chart">Microcontroller</a>' in text


def typed(file: str, row: made.Row) -> made.Row:
    return {name: row.get(name) for name in registry.get(file).names}


def test_a_cell_measured_with_two_instruction_sets_is_told_apart_by_it() -> None:
    row = typed("time", made.timed(made.common(0) | {"format": "ham"}, 2.0, 1, 100))
    assert axes.splits("time", [row]) == ["batch", "threads", "cache"]
    assert axes.splits("time", [row, row | {"isa": "x86_64"}]) == ["batch", "threads", "cache", "isa"]
    other = row | {"batch": 8, "reference_sha": "00"}  # another cell, measured by other code: no choice to make
    assert axes.splits("time", [row, other]) == ["batch", "threads", "cache"]


def test_marks_are_pairs_of_colour_and_symbol_and_lossy_ones_say_so() -> None:
    rows = made.results(1, more=tuple(f"z{number}" for number in range(60)))
    found = marks.marks(Results("x", {file: rows[file] for file in ("space", "time")}))
    looks = [(one["colour"], one["symbol"]) for one in found.values() if one["section"] in ("formats", "libraries")]
    assert len(looks) > 60 and len(set(looks)) == len(looks)
    assert [name for name, one in found.items() if one["lossy"]] == ["column_combined[gamma=0.5]"]
    levels = marks.marks(Results("x", {"levels": rows["levels"]}))
    assert (
        rows["levels"][0]["lossless"] is False and not levels["nested[levels=4]"]["lossy"]
    )  # the level is, the format is not
    assert found["ceiling:decode[format=ham]"]["section"] == "ceilings"
    assert found["bound:h0"]["short"] == "h0"


# ---- where figures come from


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=n", "-c", "user.email=e@x", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ("git", "-C", str(folder), *identity, *words), capture_output=True, text=True, check=True
    ).stdout


def test_commits_and_states_of_files(tmp_path: Path) -> None:
    rows = made.results(1)
    path = folder(tmp_path, space=rows["space"], time=rows["time"])
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "First figures")
    first = git(tmp_path, "rev-parse", "HEAD").strip()
    (path / "time.csv").write_bytes(render("time", rows["time"][1:]))
    git(tmp_path, "commit", "-qam", "Times anew")
    found = origin(find(str(path), path), str(path), path, tmp_path / "none.sqlite")
    assert found.commit and found.commit.subject == "Times anew" and not found.dirty
    assert found.files["space"]["commit"]["sha"] == first
    assert found.files["time"]["commit"]["subject"] == "Times anew"
    (path / "space.csv").write_bytes(render("space", rows["space"][1:]))
    made.written({"levels": rows["levels"]}, path)
    found = origin(find(str(path), path), str(path), path, tmp_path / "none.sqlite")
    states = {file: known["state"] for file, known in found.files.items()}
    assert states == {"space": "changed since the commit", "time": "committed", "levels": "not committed"}
    assert found.dirty
    text = page(find(str(path), path), found, "today")
    assert f"{found.commit.short}, and changes since" in text
    old = origin(find(first[:10], path), first[:10], path, tmp_path / "none.sqlite")
    assert old.commit and old.commit.sha == first and not old.dirty


def test_no_repository_means_no_commit(tmp_path: Path) -> None:
    path = folder(tmp_path, space=made.results(1)["space"])
    found = origin(find(str(path), path), str(path), path, tmp_path / "none.sqlite")
    assert found.commit is None and not found.dirty
    assert found.files == {"space": {"path": (path / "space.csv").as_posix()}}
    assert "<dt>Commit</dt>" not in page(find(str(path), path), found, "today")


def test_machines_and_files_are_the_journals_of_these_results(tmp_path: Path) -> None:
    path = made.written(made.results(2), tmp_path / "results")
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.record_machine(made.MACHINE, {"zone": "x", "cpu_model_name": "EPYC", "load": None})
        journal.record_machine("another", {"cpu_model_name": "none of these"})
        journal.record_input(f"{1:064x}", "layer001/90-0-32", "mirror", "f" * 64)
        journal.record_input("9" * 64, "elsewhere", "mirror", "e" * 64)
    found = origin(find(str(path), path), str(path), path, tmp_path / "journal.sqlite")
    assert found.machines == {made.MACHINE: {"cpu_model_name": "EPYC", "zone": "x"}}
    assert list(found.machines[made.MACHINE]) == ["cpu_model_name", "zone"]
    known = {"dataset": "layer001/90-0-32", "source": "mirror", "sha256": "f" * 64}
    assert found.inputs == {f"{1:064x}": [known]}


def test_a_journal_that_cannot_be_read_is_a_note(tmp_path: Path) -> None:
    path = folder(tmp_path, space=made.results(1)["space"])
    (tmp_path / "journal.sqlite").write_bytes(b"no database at all, but long enough to be taken for one")
    found = origin(find(str(path), path), str(path), path, tmp_path / "journal.sqlite")
    assert len(found.notes) == 1 and "journal" in found.notes[0]


# ---- the command, and bad input


def run(*words: str) -> Any:
    return CliRunner().invoke(command, ["report", *words])


def test_the_command_says_where_the_page_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTBENCH_HOME", str(tmp_path / "home"))
    path = folder(tmp_path, space=made.results(1)["space"])
    done = run(str(path))
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"{tmp_path / 'home' / 'report.html'} (")
    done = run(str(path / "space.csv"), "--out", str(tmp_path / "deep" / "own.html"))
    assert done.exit_code == 0 and (tmp_path / "deep" / "own.html").stat().st_size > 1_000_000


@pytest.mark.parametrize("name, what, said", [
    ("empty", None, "no results in {path}: none of space.csv"),
    ("header", "{header}", "its files have no rows. dotbench run small measures some"),
    ("conflict", "{header}<<<<<<< ours\n", "space.csv, line 2: a merge conflict"),
    ("doubled", "dataset,dataset,format\n", "line 1: column dataset is there more than once"),
    ("newer", "{header_newer}", "column from_tomorrow is unknown in space.csv: a newer version of dotbench wrote it"),
    ("word", "{header}w,00,file,csc,,ok,,11,ten\n", "fields"),
])  # fmt: skip
def test_bad_input_is_a_clear_error_and_nothing_is_written(
    tmp_path: Path, name: str, what: str | None, said: str
) -> None:
    path = tmp_path / name
    path.mkdir()
    header = render("space", []).decode()
    if what is not None:
        text = what.replace("{header}", header).replace("{header_newer}", header.strip() + ",from_tomorrow\n")
        (path / "space.csv").write_text(text)
    done = run(str(path), "--out", str(tmp_path / "report.html"))
    assert done.exit_code == 2
    assert said.format(path=path) in done.output
    assert not (tmp_path / "report.html").exists()


def test_values_that_are_no_numbers_are_named(tmp_path: Path) -> None:
    path = folder(tmp_path, space=made.results(1)["space"])
    text = (path / "space.csv").read_text().splitlines()
    text[1] = text[1].replace(",512,", ",many,", 1)
    (path / "space.csv").write_text("\n".join(text) + "\n")
    done = run(str(path), "--out", str(tmp_path / "report.html"))
    assert done.exit_code == 2 and "line 2: column n: " in done.output and "'many'" in done.output


def test_no_such_folder_and_no_such_place(tmp_path: Path) -> None:
    done = run(str(tmp_path / "nowhere") + "/")
    assert done.exit_code == 2 and "there is no file or folder" in done.output
    path = folder(tmp_path, space=made.results(1)["space"])
    (tmp_path / "file").write_text("")
    done = run(str(path), "--out", str(tmp_path / "file" / "report.html"))
    assert done.exit_code == 2 and "Choose another file with --out" in done.output
