"""The command that writes the report: what it writes, what it refuses, and what trouble leaves behind."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.figures import style
from analysis.page import building
from analysis.report import writing
from analysis.report.study import Claim, Figure, Study, Table
from analysis.studies import STUDIES

ROOT = Path(__file__).parents[2]


def made_up(*, holds=True, text="One is one.", doing=lambda run: None, draw=None):
    """A study that takes no time."""

    def run(run):
        doing(run)
        table = pd.DataFrame({"kind": ["mul", "add"], "count": [2**100, 3]})
        figures = {"picture": Figure(draw, {"table": table}, "A picture.", "Two dots.")} if draw else {}
        return Study("Is it?", "It is.", [Claim(text, holds, "1 = 1")], {"numbers": Table(table, "Numbers")}, figures)

    return run


def dots(table):
    drawing, axes = style.figure()
    axes.plot(table["count"].astype(float), "o")
    return drawing


built = functools.cache(building.build)


@pytest.fixture
def studies(monkeypatch):
    """The studies that the command runs, made up ones in place of the real ones; the first page is built once."""
    found = {"first": made_up(draw=dots), "second": made_up()}
    monkeypatch.setattr("analysis.__main__.STUDIES", found)
    monkeypatch.setattr(building, "build", built)
    return found


@pytest.fixture
def out(tmp_path):
    return tmp_path / "place" / "reports"


def analyse(out, *options):
    return main(["--quick", "--jobs", "1", "--out", str(out), *options])


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def page_of(out):
    return (out / "evidence.html").read_text(encoding="utf-8")


def interrupt(*_):
    raise KeyboardInterrupt


def fail(*_, **__):
    raise RuntimeError("mine")


def interrupt_drawing(table):
    interrupt()


def fail_drawing(table):
    fail()


def test_a_report_is_a_page_its_twin_figures_and_data(studies, out):
    assert analyse(out) == 0
    assert contents(out).keys() == {
        "index.html",
        "evidence.html",
        "evidence.md",
        "figures/first_picture.svg",
        "figures/first_picture.png",
        *(f"data/counts/{slug}_numbers.{suffix}" for slug in studies for suffix in ("csv", "json")),
    }
    assert list(out.parent.iterdir()) == [out]  # nothing half done beside it
    for page in ("evidence.html", "evidence.md"):
        text = (out / page).read_text(encoding="utf-8")
        assert "One is one." in text
        assert "✗ **fails" not in text and 'class="fails"' not in text


def test_counts_in_the_data_are_exact_whatever_their_size(studies, out):
    analyse(out)
    assert (out / "data/counts/first_numbers.csv").read_bytes() == f"kind,count\nmul,{2**100}\nadd,3\n".encode()
    records = json.loads((out / "data/counts/first_numbers.json").read_bytes())
    assert records == [{"kind": "mul", "count": 2**100}, {"kind": "add", "count": 3}]


def test_writing_it_again_gives_the_same_bytes(studies, out):
    analyse(out)
    before = contents(out)
    built.cache_clear()
    analyse(out)
    assert contents(out) == before


def test_what_the_benchmarks_wrote_is_kept(studies, out):
    analyse(out)
    (out / "data" / "bench.json").write_text("{}")
    assert analyse(out) == 0
    assert (out / "data" / "bench.json").read_text() == "{}"


def test_the_first_page_is_written_first_and_linked(studies, out):
    studies["first"] = made_up(doing=fail)
    with pytest.raises(RuntimeError):
        analyse(out)
    assert list(contents(out)) == ["index.html"]
    studies["first"] = made_up()
    assert analyse(out) == 0
    assert '<a href="index.html">' in page_of(out) and '<a href="evidence.html">' in (out / "index.html").read_text()


def test_a_report_of_a_former_version_is_rebuilt(studies, out):
    analyse(out)
    (out / "evidence.html").rename(out / "report.html")
    (out / "evidence.md").rename(out / "report.md")
    assert analyse(out) == 0
    assert not {"report.html", "report.md"} & contents(out).keys()
    assert {"evidence.html", "evidence.md"} < contents(out).keys()


def test_a_figure_on_the_page_says_what_one_sees(studies, out):
    analyse(out)
    assert re.search(r'<svg role="img" aria-label="Two dots\."', page_of(out))
    assert "![Two dots.](figures/first_picture.svg)" in (out / "evidence.md").read_text(encoding="utf-8")


def test_a_word_of_the_field_is_explained_where_a_section_first_has_it(studies, out):
    studies["first"] = made_up(text="An adjoint & another adjoint.")
    studies["second"] = made_up(text="One partial derivative, two adjoints.")
    analyse(out)
    page = page_of(out)
    meaning = "how much the loss changes per unit of this value"
    assert f'An <dfn title="{meaning}">adjoint</dfn> &amp; another adjoint.' in page
    assert f'One partial derivative, two <dfn title="{meaning}">adjoints</dfn>.' in page


def test_code_in_a_text_is_code_on_the_page():
    assert writing.coded("n − 1 `add`, 1 < 2") == "n − 1 <code>add</code>, 1 &lt; 2"


def test_claims_are_folded_unless_one_fails(studies, out):
    studies["second"] = made_up(holds=False)
    analyse(out)
    summaries = re.findall(r"<details( open)?><summary><b>Claims, decided by the data</b>: ([^<]*)<", page_of(out))
    assert summaries == [("", "✓ all 1 hold"), (" open", "1 of 1 fails")]


def test_a_claim_that_fails_is_shown_and_is_the_exit_status(studies, out, capsys):
    studies["second"] = made_up(holds=False, text="Two is one.")
    assert analyse(out) == 1
    assert "✗ **fails:** Two is one." in (out / "evidence.md").read_text(encoding="utf-8")
    page = page_of(out)
    assert re.search(r'class="fails"[^>]*>\s*Two is one\.', page) and "✗" in page
    assert capsys.readouterr().err == "FAILED: Two is one. (1 = 1)\n"


def test_in_a_pipe_it_is_quiet(studies, out, capfd):
    studies["third"] = made_up(doing=lambda run: run.map(abs, [1, -2]))
    assert analyse(out) == 0
    assert capfd.readouterr() == ("", "")


def test_points_are_measured_in_their_order_by_any_number_of_processes(studies, out):
    found = []
    studies["first"] = made_up(doing=lambda run: found.extend(run.map(abs, range(-20, 0))))
    assert analyse(out, "--jobs", "2") == 0
    assert found == list(range(20, 0, -1))


@pytest.mark.parametrize("jobs", ["0", "-1", "two", "1.5", ""])
def test_a_number_of_jobs_that_is_none_is_a_usage_error(jobs, studies, out, capsys):
    with pytest.raises(SystemExit) as stopped:
        analyse(out, f"--jobs={jobs}")
    assert stopped.value.code == 2
    assert f"must be a positive integer, not '{jobs}'" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("notes.txt", []),
        (".git", []),
        ("notes.txt", ["--check"]),
        # folders of these names alone make no report: replacing them would lose what somebody keeps there
        ("data/mine.csv", []),
        ("figures/holiday.png", []),
        ("index.html", []),
    ],
    ids=["notes", "a checkout", "notes, only checking", "data", "figures", "a page"],
)
def test_a_folder_with_other_peoples_files_is_refused_before_anything_runs(name, option, studies, out, capsys):
    (out / name).parent.mkdir(parents=True)
    (out / name).write_text("precious")
    studies["first"] = made_up(doing=fail)
    before = contents(out)
    assert analyse(out, *option) == 2
    assert "no report" in capsys.readouterr().err
    assert contents(out) == before


def test_a_file_in_the_place_of_the_folder_is_refused(studies, out, capsys):
    out.parent.mkdir()
    out.write_text("precious")
    assert analyse(out) == 2
    assert "is a file" in capsys.readouterr().err
    assert out.read_text() == "precious"


def test_an_empty_folder_is_written_into(studies, out):
    out.mkdir(parents=True)
    assert analyse(out) == 0


def test_an_interrupted_run_leaves_the_last_report_whole(studies, out, capsys):
    analyse(out)
    before = contents(out)
    studies["second"] = made_up(doing=interrupt)
    assert analyse(out) == 130
    assert "as it was" in capsys.readouterr().err
    assert contents(out) == before and list(out.parent.iterdir()) == [out]


ASKED: list[int] = []
TROUBLE: list[BaseException] = []


def point(n):
    """A point that is written down, and the third of which may be interrupted."""
    ASKED.append(n)
    if n == 3 and TROUBLE:
        raise TROUBLE.pop()
    return n * n


@pytest.mark.parametrize("trouble", [KeyboardInterrupt(), RuntimeError("mine")], ids=["interrupted", "raised"])
def test_the_same_command_goes_on_with_what_was_not_finished(trouble, studies, out, capsys):
    squares = []
    studies["second"] = made_up(doing=lambda run: squares.extend(run.map(point, [1, 2, 3, 4])))
    arguments = ["--quick", "--out", str(out)]
    TROUBLE.append(trouble)
    with ThreadPoolExecutor(1) as executor:  # any executor will do, and one thread takes the points in their order
        if isinstance(trouble, KeyboardInterrupt):
            assert main(arguments, executor) == 130
            assert "the same command goes on from here" in capsys.readouterr().err
        else:
            with pytest.raises(RuntimeError, match="mine"):
                main(arguments, executor)
    finished = set(ASKED) - {3}
    assert {1, 2} <= finished and squares == []
    ASKED.clear()
    with ThreadPoolExecutor(1) as executor:
        assert main(arguments, executor) == 0
    assert squares == [1, 4, 9, 16] and 3 in ASKED and not {1, 2} & set(ASKED)
    assert list(out.parent.iterdir()) == [out]  # and nothing is left of it
    ASKED.clear()


def test_a_study_that_raises_leaves_the_last_report_whole(studies, out):
    analyse(out)
    before = contents(out)
    studies["second"] = made_up(doing=fail)
    with pytest.raises(RuntimeError, match="mine"):
        analyse(out)
    assert contents(out) == before and list(out.parent.iterdir()) == [out]


def test_a_point_that_raises_in_another_process_leaves_the_last_report_whole(studies, out):
    analyse(out)
    before = contents(out)
    studies["second"] = made_up(doing=lambda run: run.map(int, ["1", "x", "3"]))
    with pytest.raises(ValueError, match="invalid literal"):
        analyse(out)
    assert contents(out) == before
    (kept,) = {*out.parent.iterdir()} - {out}  # of the points that did not raise
    assert ".unfinished-" in kept.name


@pytest.mark.parametrize("trouble", [interrupt_drawing, fail_drawing], ids=["interrupted", "raised"])
def test_trouble_while_drawing_leaves_the_last_report_whole(trouble, studies, out):
    analyse(out)
    before = contents(out)
    studies["second"] = made_up(draw=trouble)
    if trouble is interrupt_drawing:
        assert analyse(out) == 130
    else:
        with pytest.raises(RuntimeError, match="mine"):
            analyse(out)
    assert contents(out) == before and list(out.parent.iterdir()) == [out]


def test_trouble_while_moving_it_into_place_leaves_the_last_report_whole(studies, out, monkeypatch):
    analyse(out)
    before = contents(out)
    moves = []
    rename = os.rename

    def second_fails(source, target):
        moves.append(target)
        if len(moves) == 2:
            raise OSError("no room")
        rename(source, target)

    monkeypatch.setattr(writing.os, "rename", second_fails)
    with pytest.raises(OSError, match="no room"):
        analyse(out)
    assert len(moves) == 3
    assert contents(out) == before and list(out.parent.iterdir()) == [out]


def test_a_check_finds_what_differs_and_writes_nothing(studies, out, capsys):
    analyse(out)
    before = contents(out)
    assert analyse(out, "--check") == 0
    (out / "data/counts/first_numbers.csv").write_text("kind,count\n")
    (out / "data/counts/second_numbers.json").unlink()
    (out / "data/counts/third_numbers.csv").write_text("of a study that is no more")
    changed = contents(out)
    capsys.readouterr()
    assert analyse(out, "--check") == 1
    said = capsys.readouterr().err
    assert re.findall(r"data/counts/(\S+) differs", said) == [
        "first_numbers.csv",
        "second_numbers.json",
        "third_numbers.csv",
    ]
    assert contents(out) == changed != before


def test_a_check_of_nothing_fails(studies, out):
    assert analyse(out, "--check") == 1
    assert not out.exists()


LINK = re.compile(
    r"""\b(?:src|href|srcset|data|action)\s*=\s*["']?([^"'\s>]*)|url\(\s*["']?([^"')]*)|(@import|<script)"""
)


FIRST_PAGE = "index.html"  # beside it, to which it leads


def outside(page):
    """Whatever a page would fetch: links that lead neither into itself nor carry their own data."""
    found = ["".join(groups) for groups in LINK.findall(page)]
    return [link for link in found if not link.startswith(("#", "data:")) and link != FIRST_PAGE]


def test_the_page_fetches_nothing(studies, out):
    analyse(out)
    page = page_of(out)
    assert "<svg" in page
    assert outside(page) == []


@pytest.mark.parametrize(
    "planted",
    ['<img src="https://e.org/a.png">', "<a href=http://e.org>", '<link href="//e.org/a.css">', "url(a.png)",
     "@import 'a.css'", "<script>", '<img src="figures/a.svg">'],
)  # fmt: skip
def test_what_a_page_would_fetch_is_found(planted):
    assert len(outside(planted)) == 1


@pytest.mark.parametrize(
    "planted", ['<a href="#top">', '<use xlink:href="#m1"/>', '<img src="data:image/png;base64,x">']
)
def test_what_a_page_carries_itself_is_let_through(planted):
    assert outside(planted) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (1234567, "1,234,567"), (10**12, "1.000e+12"), (10**400, "1e400"), (0.123456789, "0.123457"),
     (True, "True"), (None, "None"), (np.int64(1000), "1,000")],
    ids=str,
)  # fmt: skip
def test_a_cell_is_text_that_people_read(value, text):
    assert writing.cell(value) == text


def test_the_rows_of_a_table_are_named_only_where_their_names_have_one():
    picked = pd.DataFrame({"n": [1, 2]}, index=[7, 3])
    assert [*writing.cells(Table(picked, "title"))] == ["n"]
    assert [*writing.cells(Table(picked.rename_axis("place"), "title"))] == ["place", "n"]


def test_a_column_of_text_stands_to_the_left_and_breaks_into_lines():
    table = Table(pd.DataFrame({"n": [1], "a < b": ["x -> y, z"], "total": [1000]}), "Numbers", text=["a < b"])
    page = writing.html_table(table)
    assert '<th><div class="text">a &lt; b</div></th>' in page
    assert '<td><div class="text">x -&gt; y, z</div></td>' in page
    assert "<td>1,000</td>" in page
    rule = writing.markdown_table(table).splitlines()[1]
    assert [cell.startswith(":-") for cell in rule.strip("|").split("|")] == [True, True, False]


def test_what_is_not_favoured_is_named(studies, out):
    def other(run):
        return dataclasses.replace(made_up()(run), against=["It is slow."], favoured="the hare")

    studies["first"] = other
    analyse(out)
    for page in ("evidence.html", "evidence.md"):
        assert "What does not favour the hare" in (out / page).read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_whole_command_writes_a_whole_report(tmp_path):
    out = tmp_path / "reports"
    done = subprocess.run(
        [sys.executable, "-m", "analysis", "--quick", "--out", out],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert contents(out).keys() >= {"evidence.html", "evidence.md"}
    assert outside(page_of(out)) == []
    written = {path.name for path in (out / "data").rglob("*.*")}
    assert {name.rpartition(".")[2] for name in written} == {"csv", "json"}
    assert all(any(name.startswith(slug) for name in written) for slug in STUDIES)
