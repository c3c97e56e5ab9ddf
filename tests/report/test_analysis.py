"""The analysis: its networks, its studies and their claims, its figures, and how the report is written."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import os
import pickle
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import opcount as oc
from analysis.__main__ import main
from analysis.figures import orders, style
from analysis.programs import digits, networks
from analysis.programs.networks import mlp, parameter_count, question_network, random_program, squared_residuals
from analysis.report import writing
from analysis.report.finished import Finished
from analysis.report.study import Claim, Figure, Study, Table
from analysis.studies import STUDIES, faster, scale, storage
from tests.support.studied import each_fault, each_study, failing, studied

ROOT = Path(__file__).parents[2]
SIZES = [(1, 2, 1), (1, 1), (3, 4, 4, 2), (2, 3, 3, 3, 1), (1, 64, 64, 1)]


# --- the functions under study


@pytest.mark.parametrize(("sizes", "parameters"), list(zip(SIZES, [7, 2, 46, 37, 4353], strict=True)), ids=str)
def test_a_network_has_a_weight_for_each_pair_of_neighbours_and_a_bias_for_each_node(sizes, parameters):
    loss, x = mlp(sizes)
    assert parameter_count(sizes) == parameters
    assert len(oc.trace(loss, x).inputs) == parameters


def test_the_network_of_the_question_is_the_one_that_was_asked_about():
    assert networks.PARAMETERS == {"w": [3.34, -3.53, -1.22, -2.30], "b": [-1.43, 0.57, 2.61]}
    assert networks.POINTS == ((0.0, 0.0), (0.5, 1.0), (1.0, 0.0))
    graph = oc.trace(squared_residuals(question_network), networks.PARAMETERS)
    assert len(graph.inputs) == len(networks.PARAMETER_NAMES) == 7
    assert graph.paths() == [3] * 7  # one for each point


@pytest.mark.parametrize("sizes", SIZES[:4], ids=str)
def test_a_network_computes_what_matrices_would(sizes):
    loss, layers = mlp(sizes)
    values = np.cos(np.arange(sizes[0]))
    for depth, layer in enumerate(layers, 1):
        values = np.array(layer["w"]) @ values + np.array(layer["b"])
        values = values if depth == len(layers) else np.tanh(values)
    assert loss(layers) == pytest.approx(np.sum((values - 0.5) ** 2), rel=1e-12)


def test_a_network_has_the_same_parameters_in_every_run():
    assert mlp((3, 4, 2))[1] == mlp((3, 4, 2))[1]


def test_the_question_in_fractions_stays_in_fractions():
    g = oc.gradient(*networks.exact_question())
    assert {type(number) for number in (g.value, *g.gradient["w"], *g.gradient["b"])} == {Fraction}


@pytest.mark.parametrize("terms", [1, 2, 7])
def test_a_total_of_n_terms_is_n_minus_one_additions(terms):
    assert oc.measure(networks.total, [1.0] * terms) == (terms, oc.Counts(add=terms - 1))


@pytest.mark.parametrize("seed", range(20))
def test_a_random_program_is_the_same_for_the_same_seed(seed):
    (f, x), (again, y) = random_program(seed), random_program(seed)
    assert x == y
    assert repr(oc.trace(f, x).nodes) == repr(oc.trace(again, y).nodes)
    assert repr(oc.trace(f, x).edges) == repr(oc.trace(f, x).edges)


def test_random_programs_differ_and_have_diamonds():
    graphs = [oc.trace(*random_program(seed)) for seed in range(40)]
    assert len({repr(graph.nodes) for graph in graphs}) == 40
    assert {len(graph.inputs) for graph in graphs} == {1, 2, 3, 4}
    assert sum(max(graph.paths()) > 1 for graph in graphs) > 20


# --- the studies


@each_study
def test_the_claims_of_a_study_hold(slug):
    study = studied(slug)
    assert study.question.endswith("?")
    assert study.claims
    assert [f"{claim.text} ({claim.evidence})" for claim in study.claims if not claim.holds] == []
    assert all(type(claim.holds) is bool or isinstance(claim.holds, np.bool_) for claim in study.claims)
    assert all(claim.evidence for claim in study.claims)


@each_study
def test_a_study_says_what_does_not_favour_backprop(slug):
    assert studied(slug).against


@each_study
def test_a_table_of_counts_holds_no_measured_number(slug):
    for table in studied(slug).tables.values():
        if table.exact:
            floats = table.frame.select_dtypes("floating")
            assert floats.empty, f"{list(floats)} of a table that is compared byte by byte"


@each_study
def test_a_figure_draws_what_stands_in_a_table_and_changes_nothing(slug):
    study = studied(slug)
    for figure in study.figures.values():
        if figure.draw is orders.elimination:  # a picture of a graph, which has no axes and stands in no table
            continue
        for frame in figure.data.values():
            assert any(
                set(frame.columns) <= set(table.frame.columns)
                and frame.equals(table.frame.loc[frame.index, list(frame.columns)])
                for table in study.tables.values()
            ), "a figure shows what stands in no table"
        before = {name: frame.copy() for name, frame in figure.data.items()}
        drawing = figure.draw(**figure.data)
        assert drawing.axes
        assert all(axes.get_xlabel() for axes in drawing.axes)
        style.close(drawing)
        assert all(frame.equals(before[name]) for name, frame in figure.data.items())


def test_every_plot_is_drawn_by_a_study():
    drawing = set()
    for path in (ROOT / "analysis" / "figures").glob("*.py"):
        module = importlib.import_module(f"analysis.figures.{path.stem}")
        drawing |= {
            f"{path.stem}.{name}"
            for name, function in inspect.getmembers(module, inspect.isfunction)
            if function.__module__ == module.__name__ and inspect.signature(function).return_annotation == "Figure"
        }
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "analysis" / "studies").rglob("*.py")]
    assert drawing == {name for source in sources for name in re.findall(r"Figure\(\s*(\w+\.\w+)", source)}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (7, "7"),
        (9_999_999, "9,999,999"),
        (10_000_000, "1.00×10⁷"),
        (123 * 10**38, "1.23×10⁴⁰"),
        (10**400, "1.00×10⁴⁰⁰"),
    ],
    ids=["small", "in full", "ten million", "large", "beyond floats"],
)
def test_a_count_is_written_as_people_read_it(number, text):
    assert faster.scientific(number) == text


def test_the_longest_path_and_what_is_alive_on_a_graph_counted_by_hand():
    # x | a = sin(x) | b = cos(x) | c = exp(b) | a * c: the path through b has four nodes
    graph = oc.trace(lambda x: np.sin(x) * np.exp(np.cos(x)), 0.3)
    assert storage.longest_path(graph) == 4
    assert storage.alive_at_once(graph) == 3  # a, b, and c while it is made of b


# --- faults in what a study measured


def one_more(call, column, **where):
    """A fault: one operation more in the one row, of those that a call of map gave, with these values."""

    def plant(found):
        rows = [row for rows in found[call] for row in rows if all(row[key] == where[key] for key in where)]
        assert len(rows) == 1
        rows[0][column] += 1

    return plant


ONE = oc.Counts(mul=1)


def altered(**fields):
    """A fault in the training of the classifier: fields as functions of what they were."""

    def plant(found):
        (trained,) = found[0]
        found[0] = [trained._replace(**{name: change(getattr(trained, name)) for name, change in fields.items()})]

    return plant


def more_in(name):
    return lambda counts: {**counts, name: counts[name] + ONE}


FAULTS = [
    ("scale", one_more(0, "total", m=1, method="naive", how="executed"), "At m = 1 it is the question's"),
    ("scale", one_more(0, "total", m=5, method="forward", how="executed"), "Each formula, found from shapes"),
    ("scale", one_more(0, "total", m=160_000, method="forward", how="from shapes"), "Each formula is what counting"),
    ("scale", one_more(0, "total", m=6, method=scale.NUMBERS, how="predicted"), "Where every number is a node"),
    ("scale", one_more(0, "total", m=7, method=scale.NUMBERS, how="executed"), "Where every number is a node"),
    ("scale", lambda found: found[1][0][3].update(executed=7), "Formulas in three sizes"),
    (
        "scale",
        lambda found: [row.update(evaluation=1) for rows in found[0] for row in rows if row["how"] == "from shapes"],
        "From 7 parameters to 10¹¹",
    ),
    (
        "sharing",
        one_more(0, "primal", sweep="depth", layers=3, batch=1, method="backprop", node="a number"),
        "Evaluating the function and its partials",
    ),
    (
        "sharing",
        one_more(0, "accumulation", sweep="depth", layers=3, batch=1, method="memoized", node="a number"),
        "So do the memoized recursion and backprop",
    ),
    (
        "sharing",
        one_more(0, "predicted", sweep="depth", layers=3, batch=4, method="naive", node="a number"),
        "Wherever an accumulation was both",
    ),
    (
        "sharing",
        one_more(0, "accumulation", sweep="grid", layers=4, width=5, batch=1, method="naive", node="an array"),
        "Where a node is an array, the naive",
    ),
    (
        "sharing",
        one_more(0, "accumulation", sweep="grid", layers=4, width=7, batch=1, method="naive", node="a number"),
        "Where a node is a number, each layer",
    ),
    ("classifier", altered(phases=more_in("partials")), "What the layers take adds up"),
    ("classifier", altered(update=more_in("layer 2")), "What the layers take adds up"),
    ("classifier", altered(evaluation=more_in("layer 1")), "Cutting the network off at each layer"),
    ("classifier", altered(by_hand=more_in("layer 1")), "In every layer backprop executes"),
    ("classifier", altered(by_hand_agrees=lambda _: 1e-3), "In every layer backprop executes"),
    ("classifier", altered(epochs=lambda epochs: [*epochs[:-1], more_in("primal")(epochs[-1])]), "An epoch counted"),
    ("classifier", altered(costs=lambda costs: costs | {1}), "Every step costs the same"),
    ("classifier", altered(curve=lambda curve: curve.assign(**{"test accuracy": 0.5})), "It learns"),
    ("classifier", altered(phases=lambda counts: {**counts, "primal": 9 * counts["primal"]}), "The accumulation costs"),
]


@each_fault(FAULTS)
def test_a_planted_fault_makes_its_claim_fail(slug, fault, text):
    assert [claim for claim in failing(slug, fault) if claim.startswith(text)]


def test_a_network_in_matrices_is_the_network_in_numbers():
    w, b = networks.PARAMETERS["w"], networks.PARAMETERS["b"]
    layers = [
        {"w": np.array([w[:2]]), "b": np.array(b[:2])},
        {"w": np.array([[w[2]], [w[3]]]), "b": np.array(b[2:])},
    ]
    data, targets = np.array(networks.POINTS).reshape(3, 2, 1).transpose(1, 0, 2)
    in_numbers = oc.gradient(squared_residuals(question_network), networks.PARAMETERS)
    for granularity in ("array", "scalar"):
        g = oc.gradient(networks.dense_loss(data, targets), layers, granularity=granularity)
        assert g.value == pytest.approx(in_numbers.value, rel=1e-12)
        assert np.concatenate([layer["w"].ravel() for layer in g.gradient]) == pytest.approx(in_numbers.gradient["w"])


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_the_network_of_some_shapes_alone_costs_what_the_network_of_these_shapes_does(sizes):
    for batch in (1, 3):
        executed = oc.gradient(*networks.dense(sizes, batch))
        assert oc.gradient(*networks.dense(sizes, batch, array=oc.spec)).phases == executed.phases
        assert sum(array.size for layer in executed.gradient for array in layer.values()) == parameter_count(sizes)


def test_the_digits_are_those_that_were_published():
    images, labels = digits.images_and_digits()
    assert images.shape == (1797, 64) and {*np.unique(images * 16)} == {*range(17)}
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert "CC BY 4.0" in digits.DIGITS.read_text(encoding="utf-8")[:1000]


# --- the report


def made_up(*, holds=True, text="One is one.", doing=lambda run: None, draw=None):
    """A study that takes no time."""

    def run(run):
        doing(run)
        table = pd.DataFrame({"kind": ["mul", "add"], "count": [2**100, 3]})
        figures = {"picture": Figure(draw, {"table": table}, "A picture.")} if draw else {}
        return Study("Is it?", "It is.", [Claim(text, holds, "1 = 1")], {"numbers": Table(table, "Numbers")}, figures)

    return run


def dots(table):
    drawing, axes = style.figure()
    axes.plot(table["count"].astype(float), "o")
    return drawing


@pytest.fixture
def studies(monkeypatch):
    """The studies that the command runs, made up ones in place of the real ones."""
    found = {"first": made_up(draw=dots), "second": made_up()}
    monkeypatch.setattr("analysis.__main__.STUDIES", found)
    return found


@pytest.fixture
def out(tmp_path):
    return tmp_path / "place" / "reports"


def analyse(out, *options):
    return main(["--quick", "--jobs", "1", "--out", str(out), *options])


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def interrupt(*_):
    raise KeyboardInterrupt


def fail(*_, **__):
    raise RuntimeError("mine")


def test_a_report_is_a_page_its_twin_figures_and_data(studies, out):
    assert analyse(out) == 0
    assert contents(out).keys() == {
        "report.html",
        "report.md",
        "figures/first_picture.svg",
        "figures/first_picture.png",
        *(f"data/counts/{slug}_numbers.{suffix}" for slug in studies for suffix in ("csv", "json")),
    }
    assert list(out.parent.iterdir()) == [out]  # nothing half done beside it
    for page in ("report.html", "report.md"):
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
    analyse(out)
    assert contents(out) == before


def test_what_the_benchmarks_wrote_is_kept(studies, out):
    analyse(out)
    (out / "data" / "bench.json").write_text("{}")
    assert analyse(out) == 0
    assert (out / "data" / "bench.json").read_text() == "{}"


def test_a_claim_that_fails_is_shown_and_is_the_exit_status(studies, out, capsys):
    studies["second"] = made_up(holds=False, text="Two is one.")
    assert analyse(out) == 1
    assert "✗ **fails:** Two is one." in (out / "report.md").read_text(encoding="utf-8")
    page = (out / "report.html").read_text(encoding="utf-8")
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
    ],
    ids=["notes", "a checkout", "notes, only checking", "data", "figures"],
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


def test_what_another_version_or_a_cut_file_left_is_not_taken_for_finished(out):
    finished = Finished(out, True)
    finished.keep(b"one", 1)
    finished.keep(b"two", 2)
    assert Finished(out, True).results == {b"one": 1, b"two": 2}
    assert Finished(out, False).results == {}
    finished.path.write_bytes(finished.path.read_bytes()[:-3])
    assert Finished(out, True).results == {b"one": 1}
    finished.forget()
    assert Finished(out, True).results == {}


KEPT = {b"none": None, b"number": 1.5, b"many": list(range(300)), b"last": ("x", 10**30)}
MORE = {b"more": "y" * 70, b"still more": {"z": [1, 2]}}


def kept_in_turn(out):
    """The bytes of a file that was written result by result, and its size after each."""
    finished, sizes = Finished(out, True), []
    for key, result in KEPT.items():
        finished.keep(key, result)
        sizes.append(finished.path.stat().st_size)
    return finished.path, finished.path.read_bytes(), sizes


def check_that_it_goes_on(path, found, out, expected):
    """Where these bytes are found, the results in `expected` are known, and those kept from then on stay known."""
    path.write_bytes(found)
    for more in ({}, MORE):
        resumed = Finished(out, True)
        assert resumed.results == expected
        for key, result in more.items():
            resumed.keep(key, result)
        expected = expected | more
    assert Finished(out, True).results == expected


def test_a_run_goes_on_wherever_the_one_before_was_killed_while_it_wrote(out, monkeypatch):
    monkeypatch.setattr("analysis.report.finished._digest", lambda quick: "0")  # the code is the same all the time
    path, whole, sizes = kept_in_turn(out)
    for cut in range(len(whole) + 1):
        expected = dict(list(KEPT.items())[: sum(size <= cut for size in sizes)])
        check_that_it_goes_on(path, whole[:cut], out, expected)


@pytest.mark.parametrize("seed", range(20))
def test_a_run_goes_on_behind_whatever_bytes_stand_at_the_end(seed, out, monkeypatch):
    monkeypatch.setattr("analysis.report.finished._digest", lambda quick: "0")
    path, whole, sizes = kept_in_turn(out)
    garbage = np.random.default_rng(seed).bytes(1 + seed**2)
    for cut in (0, *sizes):
        expected = dict(list(KEPT.items())[: sum(size <= cut for size in sizes)])
        begun = whole[cut : cut + 1 + seed]
        for end in (garbage, bytes(len(garbage)), begun + garbage, pickle.dumps("ab"), pickle.dumps(seed) + garbage):
            check_that_it_goes_on(path, whole[:cut] + end, out, expected)


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


@pytest.mark.parametrize("trouble", [interrupt, fail], ids=["interrupted", "raised"])
def test_trouble_while_writing_leaves_the_last_report_whole(trouble, studies, out):
    analyse(out)
    before = contents(out)
    studies["second"] = made_up(draw=lambda table: trouble())
    if trouble is interrupt:
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


def outside(page):
    """Whatever a page would fetch: links that lead neither into itself nor carry their own data."""
    found = ["".join(groups) for groups in LINK.findall(page)]
    return [link for link in found if not link.startswith(("#", "data:"))]


def test_the_page_fetches_nothing(studies, out):
    analyse(out)
    page = (out / "report.html").read_text(encoding="utf-8")
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
    for page in ("report.html", "report.md"):
        assert "What does not favour the hare" in (out / page).read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_whole_command_writes_a_whole_report(tmp_path):
    out = tmp_path / "reports"
    done = subprocess.run(
        [sys.executable, "-m", "analysis", "--quick", "--out", out],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert contents(out).keys() >= {"report.html", "report.md"}
    assert outside((out / "report.html").read_text(encoding="utf-8")) == []
    written = {path.name for path in (out / "data").rglob("*.*")}
    assert {name.rpartition(".")[2] for name in written} == {"csv", "json"}
    assert all(any(name.startswith(slug) for name in written) for slug in STUDIES)
