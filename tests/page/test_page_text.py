"""What the page says: short enough to be read, in one file, every number from a run."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser

import pytest

import opcount as oc
from analysis.page.__main__ import main
from analysis.page.events import TEMPLATES
from analysis.programs.networks import mlp

SILENT = {"script", "style", "noscript", "title"}
EMPTY = {"meta", "link", "input", "line", "circle", "rect", "br"}


class Text(HTMLParser):
    """The words of a page, each with the ids of what it stands in; and the addresses that it loads."""

    def __init__(self, html):
        super().__init__()
        self.words, self.open, self.loaded, self.linked = [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.loaded += [attrs[name] for name in ("src", "srcset", "data", "poster") if name in attrs]
        self.loaded += [attrs["href"] for _ in range(tag in {"link", "image", "use"} and "href" in attrs)]
        self.linked += [attrs["href"] for _ in range(tag == "a")]
        if tag not in EMPTY:
            self.open.append((tag, attrs.get("id")))

    def handle_endtag(self, tag):
        if tag not in EMPTY:
            assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if not SILENT & {tag for tag, _ in self.open}:
            self.words += [(word, {name for _, name in self.open}) for word in data.split()]


@pytest.fixture(scope="module")
def html(page):
    return page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def text(html):
    return Text(html)


@pytest.fixture(scope="module")
def data(html):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', html)[1])


def words_in(text, name):
    return [word for word, names in text.words if name in names]


def test_it_is_one_small_file_that_loads_nothing(page, text):
    assert page.stat().st_size <= 300_000
    assert [address for address in text.loaded if not address.startswith("data:")] == []
    assert "url(" not in page.read_text(encoding="utf-8") and "@import" not in page.read_text(encoding="utf-8")


def test_the_answer_is_short_and_so_is_what_stands_before_the_explorer(text):
    before = [names for _, names in text.words]
    first = next(index for index, names in enumerate(before) if "explorer" in names)
    assert 80 <= len(words_in(text, "answer")) <= 120
    assert first <= 300


def test_the_parts_of_the_question_lead_to_their_answers(html, text):
    anchors = [address for address in text.linked if address.startswith("#")]
    assert len(anchors) == 4 and all(f'id="{anchor[1:]}"' in html for anchor in anchors)


def test_the_words_of_the_field_are_explained(html):
    meanings = re.findall(r'<dfn tabindex="0" title="([^"]+)">([^<]+)</dfn>', html)
    assert {"adjoint", "memoization"} <= {word for _, word in meanings}
    assert all(len(meaning.split()) > 5 for meaning, _ in meanings)
    assert html.count("<dfn") == len(meanings)


def test_costs_are_those_of_runs(data):
    for depth, width in ((1, 2), (2, 2), (3, 2), (2, 3), (4, 1)):
        loss, parameters = mlp((1, *[width] * depth, 1))
        costs = {name: values[depth - 1][width - 1] for name, values in data["costs"].items()}
        products = {m: oc.gradient(loss, parameters, method=m).phases["accumulation"].mul for m in oc.METHODS}
        assert (costs["forget"], costs["remember"]) == (products["naive"], products["memoized"])
        assert costs["remember"] == products["backprop"]
        assert costs["parameters"] == len(oc.trace(loss, parameters).inputs)


def test_the_lighthouse_takes_its_published_products(data):
    assert [order["products"] for order in data["lighthouse"].values()] == [15, 18, 12]


def test_a_build_that_fails_leaves_the_page_as_it_was(page, tmp_path, capsys):
    old = shutil.copy(page, tmp_path / "index.html")
    templates = shutil.copytree(TEMPLATES, tmp_path / "templates")
    (templates / "loop.txt").write_text("def derivatives():\n    return dict.fromkeys(nodes, 0.0)\n", encoding="utf-8")
    assert main(["--out", str(tmp_path)], templates) == 1
    assert old.read_bytes() == page.read_bytes()
    assert "not written" in capsys.readouterr().err


@pytest.mark.parametrize("taken", ["index.html", "."])
def test_what_somebody_else_wrote_is_not_overwritten(tmp_path, capsys, taken):
    out = tmp_path / "mine"
    path = out if taken == "." else out / taken
    path.parent.mkdir(exist_ok=True)
    path.write_text("precious", encoding="utf-8")
    assert main(["--out", str(out)]) == 2
    assert path.read_text(encoding="utf-8") == "precious" and "name another folder" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_named_on_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("no folder")
    assert main(["--out", str(tmp_path / "file" / "reports")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("analysis.page: ") and "reports" in error and error.count("\n") == 1
