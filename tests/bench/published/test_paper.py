"""Published figures beside ours: verdicts, the page and the terminal, and that docs/paper.md is current."""

from __future__ import annotations

import io
import pkgutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from dotbench.bench import published as package
from dotbench.bench.cli import command
from dotbench.bench.commands.errors import Trouble
from dotbench.bench.commands.paper import write_page
from dotbench.bench.published import paper
from dotbench.bench.published import papers as published
from dotbench.bench.published.at_hand import Data, NotAtHand
from dotbench.bench.published.figure import Absent, Figure, Group, Value
from dotbench.bench.published.paper import Results, agrees, evaluate, evaluate_all, printed, status
from dotbench.bench.show.paper import forgotten, heading, page, page_rows, print_paper, summary
from dotbench.datasets import DataError

PAGE = Path(__file__).parents[3] / "docs" / "paper.md"
NEEDS_NO_MIRROR = 10  # figures at the least: cycles, a case by hand, whole networks


def figure(published: str, value: Value | Exception, **more: object) -> Figure:
    def compute(_: Data) -> Value:
        if isinstance(value, Exception):
            raise value
        return value

    return Figure(f"w: {published}", "a paper", published, compute, **more)  # type: ignore[arg-type]


@pytest.fixture
def data(tmp_path: Path) -> Data:
    return Data(tmp_path / "home")


def results_of(data: Data, *figures: Figure, beside: str = "") -> Results:
    return evaluate_all([Group("Sizes", "About.", figures, beside)], data)


# ---- one figure


@pytest.mark.parametrize(
    ("published", "value", "ours", "verdict"),
    [
        ("1.01491", 1.0149088, "1.01491", "equal"),
        ("1.01491", 1.014916, "1.01492", "+0.00059 %"),
        ("154075", 154075, "154075", "equal"),
        ("154075", 154076.0, "154076", "+0.00065 %"),
        ("6.027e-6", 6.0271e-3, "6.027e-3", "1000 x"),
        ("2.907e-3", 2.90681e-3, "2.907e-3", "equal"),
        ("24317", 24165, "24165", "-0.63 %"),
        ("1.6 to 2.0", 1.662, "1.7", "inside"),
        ("1.6 to 2.0", 1.53, "1.5", "-4.4 %"),  # against the nearer end
        ("1.6 to 2.0", 2.74, "2.7", "+37 %"),
        ("0.00000", 0.0, "0.00000", "equal"),
        ("0.00000", 0.1, "0.10000", "differs"),  # no ratio to nothing
        ("[0, 1] [2]", "[0, 1] [2]", "[0, 1] [2]", "equal"),
        ("[0, 1] [2]", "[0] [1, 2]", "[0] [1, 2]", "differs"),
    ],
)
def test_verdicts(data: Data, published: str, value: Value, ours: str, verdict: str) -> None:
    found = evaluate(figure(published, value), data)
    assert (found.ours, found.verdict) == (ours, verdict)
    agreed = verdict in ("equal", "inside")
    assert found.equal == agreed and found.lost == (not agreed)
    assert not evaluate(figure(published, value, note="known.", differs=True), data).lost


def test_what_is_not_at_hand_and_what_fails(data: Data) -> None:
    lacking = evaluate(figure("1", NotAtHand("covtype")), data)
    assert (lacking.ours, lacking.verdict, lacking.lacks) == ("", "not at hand", "covtype") and not lacking.lost
    failing = evaluate(figure("1", KeyError("macs")), data)
    assert failing.verdict == "failed" and failing.error == "KeyError: 'macs'"
    with pytest.raises(DataError, match="damaged"):
        evaluate(figure("1", DataError("the file is damaged")), data)


def test_exit_statuses(data: Data) -> None:
    """0: all agree, differ for a known reason, or lack data; 1: one is lost; 2: one fails, whatever else."""
    good, known = figure("1", 1), figure("2", 3, note="a misprint.", differs=True)
    lacking, lost, failing = figure("4", NotAtHand("x")), figure("5", 6), figure("7", OSError("gone"))
    found = results_of(data, good, known, lacking)
    assert status(found) == 0 and paper.lost_or_failed(found) == []
    found = results_of(data, good, lost)
    assert status(found) == 1 and paper.lost_or_failed(found) == ["Sizes: w: 5: 5 published, 6 here (+20 %)"]
    found = results_of(data, failing, lost, good, known, lacking)
    assert status(found) == 2 and paper.lost_or_failed(found)[0] == "Sizes: w: 7: OSError: gone"
    assert paper.counts(found) == {"equal": 1, "differ": 1, "lost": 1, "failed": 1, "lacking": 1}
    assert summary(found) == (
        "5 figures: 1 agree as printed, 1 differ for a known reason, 1 NO LONGER AGREE, 1 FAILED, 1 not at hand"
    )


def test_a_known_difference_needs_its_reason() -> None:
    with pytest.raises(ValueError, match="w: 1: a figure that differs needs a note"):
        figure("1", 2, differs=True)


# ---- the page


def test_the_page_by_hand(data: Data) -> None:
    beside = figure("0.5", 0.5, unit="MB", beside=lambda _: 0.75)
    found = results_of(data, beside, figure("12345", 54321, unit="MB", note="it was typed backwards.", differs=True),
                       beside="our payload")  # fmt: skip
    absent = [Absent("net: accuracy", "another paper", "97.61", "%", "training")]
    text = page(found, absent)
    assert page_rows(text) == {
        ("Sizes (MB)", "w: 0.5"): {
            "figure": "w: 0.5", "published": "0.5", "ours": "0.5", "difference": "equal", "our payload": "0.8",
            "source": "[1]",
        },
        ("Sizes (MB)", "w: 12345"): {
            "figure": "w: 12345", "published": "12 345", "ours": "54 321", "difference": "4.4 x",
            "our payload": "", "source": "[1]",
        },
        ("Published figures that are not computed here", "net: accuracy"): {
            "figure": "net: accuracy", "published": "97.61 %", "needs": "training", "source": "[2]",
        },
    }  # fmt: skip
    assert "- w, 12345: it was typed backwards.\n" in text and text.endswith("1. a paper\n2. another paper\n")


def test_a_page_is_not_written_with_less_than_it_has(data: Data, tmp_path: Path) -> None:
    place = tmp_path / "paper.md"
    rich = page(results_of(data, figure("1", 1), figure("2", 2)), [])
    poor = page(results_of(data, figure("1", 1), figure("2", NotAtHand("x"))), [])
    write_page(poor, place)
    write_page(rich, place)
    assert forgotten(rich, poor) == ["Sizes: w: 2"] and forgotten(poor, rich) == []
    with pytest.raises(Trouble, match=r"paper.md has figures whose data is not at hand here \(1: Sizes: w: 2"):
        write_page(poor, place)
    assert place.read_text() == rich
    write_page(page(results_of(data, figure("1", 1)), []), place)  # a figure that was taken out is no loss


# ---- the registry


def test_every_module_with_figures_is_listed() -> None:
    found = {one.name for one in pkgutil.iter_modules(package.__path__)}
    with_figures = {name for name in found if hasattr(import_module(f"dotbench.bench.published.{name}"), "ABSENT")}
    assert with_figures == {module.__name__.rpartition(".")[2] for module in published.MODULES}


def test_figures_are_told_apart_and_have_sources() -> None:
    groups = published.groups()
    names = [(heading(group), one.what) for group in groups for one in group.figures]
    assert len(set(names)) == len(names) and not any("|" in what for _, what in names)
    for group in groups:
        assert group.about and bool(group.beside) == any(one.beside for one in group.figures)
        for one in group.figures:
            assert one.source and (not one.note or one.note.endswith("."))
            if one.published[0].isdigit():  # prints as it was printed
                low = one.published.partition(" to ")[0]
                assert printed(float(low), one.published) == low and agrees(low, one.published)
    computed = {what for _, what in names}
    for one in published.absent():
        assert one.source and one.needs and one.what not in computed


# ---- docs/paper.md


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Results:
    """All figures where nothing is at hand."""
    (tmp_path / "nothing").mkdir()
    monkeypatch.setenv("DOTBENCH_DATA", str(tmp_path / "nothing"))
    return evaluate_all(published.groups(), Data(tmp_path / "home"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Results]:
    """All figures from the mirror, computed once."""
    found: list[Results] = []

    def results() -> Results:
        if not found:
            found.append(evaluate_all(published.groups(), Data(tmp_path_factory.mktemp("home"))))
        return found[0]

    return results


def test_the_page_is_current_without_a_mirror(bare: Results) -> None:
    """What needs no data is computed anew; what was published, and where, is compared for all figures."""
    there, here = page_rows(PAGE.read_text()), page_rows(page(bare, published.absent()))
    assert list(there) == list(here)
    assert status(bare) == 0
    computed = 0
    for key, fields in here.items():
        if "ours" not in fields or fields["ours"]:
            assert fields == there[key]
            computed += "ours" in fields
        else:
            same = ("published", "unit", "source")
            assert [fields.get(name) for name in same] == [there[key].get(name) for name in same]
    assert computed >= NEEDS_NO_MIRROR


def test_a_twin_is_never_compared(bare: Results) -> None:
    """orsreg_1~twin could be made anywhere."""
    of_matrices = {one.lacks for one in paper.every(bare) if one.lacks}
    assert {"orsreg_1", "SiNa", "covtype", "census-1000", "vgg19/90-0-32"} <= of_matrices


@pytest.mark.real_data("all")
def test_the_page_is_current(mirror: Path, whole: Callable[[], Results]) -> None:
    results = whole()
    assert paper.lost_or_failed(results) == []
    assert page(results, published.absent()) == PAGE.read_text(), "run nox -s paper, and look at what changed"


@pytest.mark.real_data("all")
def test_only_what_the_mirror_lacks_is_not_at_hand(mirror: Path, whole: Callable[[], Results]) -> None:
    found = [*paper.every(whole())]
    assert {one.lacks for one in found} == {"", "covtype", "census", "imagenet"}
    differing = {one.figure.what: one.verdict for one in found if one.figure.differs and one.ours}
    assert differing == {  # a mark that is not needed would hide a loss
        "SiNa: density": "1000 x",
        "SiNa: distinct nonzero values": "-0.63 %",
        "bytes of sham stored over claimed: deepdta/60-0-256": "+37 %",
    }


# ---- in a terminal


def shown(results: Results, width: int) -> list[str]:
    out = io.StringIO()
    print_paper(results, published.absent(), Console(file=out, width=width))
    return out.getvalue().splitlines()


@pytest.mark.real_data("all")
@pytest.mark.parametrize("width", [80, 120])
def test_terminal(mirror: Path, whole: Callable[[], Results], width: int) -> None:
    """Nothing is cut off or folded; names of titles are short where there is less room."""
    lines = shown(whole(), width)
    assert max(map(len, lines)) <= width and not any("…" in line for line in lines)
    assert any(line.split()[:4] == ["sham,", "own", "code", "1.87461"] for line in lines)
    assert any(line.startswith("  budget of 75 %") and line.rstrip().endswith("[16]") for line in lines)
    titles = [line.split() for line in lines if line.startswith("figure ")]
    assert len(titles) == len(whole()) + 1 and {title[-1] for title in titles} == {"from" if width == 80 else "source"}
    assert "not at hand: census, covtype, imagenet" in [line.strip() for line in lines]


def test_terminal_without_data(bare: Results) -> None:
    text = "\n".join(shown(bare, 80))
    assert "  L = 256, 16 groups" in text and "1240" in text and "not at hand: SiNa, census" in text


# ---- the command


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A registry of a few figures."""
    monkeypatch.setenv("DOTBENCH_HOME", str(tmp_path / "home"))

    def use(*figures: Figure) -> None:
        monkeypatch.setattr(published, "groups", lambda: [Group("Sizes", "About.", figures)])

    return use


def test_the_command(elsewhere: Callable[..., None], tmp_path: Path) -> None:
    elsewhere(figure("1", 1), figure("2", NotAtHand("x")))
    result = CliRunner().invoke(command, ["paper"])
    assert result.exit_code == 0 and "2 figures: 1 agree as printed, 1 not at hand" in result.output
    result = CliRunner().invoke(command, ["paper", "--markdown"])
    assert result.exit_code == 0 and result.stdout.startswith("# Published figures beside ours\n")
    place = tmp_path / "paper.md"
    result = CliRunner().invoke(command, ["paper", "--out", str(place)])
    assert result.exit_code == 0 and page_rows(place.read_text())["Sizes", "w: 1"]["ours"] == "1"
    elsewhere(figure("1", NotAtHand("x")))
    result = CliRunner().invoke(command, ["paper", "--out", str(place)])
    assert result.exit_code == 2 and "It is left as it is" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [(5, 1, "Sizes: w: 1: 1 published, 5 here (5 x)"), (OSError("gone"), 2, "Sizes: w: 1: OSError: gone")],
)
def test_exit_status_of_the_command(elsewhere: Callable[..., None], value: Value, code: int, words: str) -> None:
    elsewhere(figure("1", value))
    result = CliRunner().invoke(command, ["paper"])
    assert result.exit_code == code and words in result.stderr
