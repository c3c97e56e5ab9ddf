"""Figures that everybody can read: on a phone, with any colour vision, and without seeing them."""

from __future__ import annotations

import io
import re
from collections import Counter
from itertools import combinations

import pytest

import opcount as oc
from analysis.figures import growth, orders, style
from analysis.programs.networks import mlp
from analysis.report import texts
from analysis.studies import STUDIES
from analysis.studies.recursion import calls
from tests.support.colours import apart, ciede2000, contrast
from tests.support.studied import each_study, studied

OKABE_ITO = {"#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"}
PALETTE = [style.BLACK, style.ORANGE, style.SKY, style.GREEN, style.BLUE, style.VERMILION, style.PURPLE]
LEAST_DIFFERENCE = 10
LEAST_CONTRAST = 4.5
LEAST_SIZE = 9.0  # pixels
ON_A_PHONE = 390 - 2 * 16 * (0.9 + 0.3)  # the width of a figure: a phone's, without the margins of page and card


def svg_of(figure):
    drawing = figure.draw(**figure.data)
    written = io.StringIO()
    drawing.savefig(written, format="svg")
    style.close(drawing)
    return written.getvalue()


def confused(colours):
    """The pairs of colours that somebody would take for one."""
    return [pair for pair in combinations(colours, 2) if apart(*pair) < LEAST_DIFFERENCE]


# the first and others of the published pairs that test an implementation
@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, -1, 2), (50, 0, 0), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_difference_of_colours_is_as_published(one, other, difference):
    assert ciede2000(one, other) == pytest.approx(difference, abs=1e-4)


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000") == pytest.approx(21, abs=1e-3)
    assert contrast("#767676") == pytest.approx(4.54, abs=0.01)


def test_the_colours_are_okabe_and_itos():
    assert set(PALETTE) < OKABE_ITO
    used = {colour for colour, _ in style.LOOKS.values()} | set(style.PHASES.values())
    used |= {look[0] for looks in (growth.FAMILIES, growth.SWELL) for look in looks.values()}
    assert used <= set(PALETTE)


def test_no_two_colours_are_taken_for_one_with_any_colour_vision():
    assert confused(PALETTE) == []


@pytest.mark.parametrize("pair", [("#D55E00", "#B8860B"), ("#CC79A7", "#999999"), ("#A05000", "#73640A")])
def test_a_planted_pair_that_is_taken_for_one_is_found(pair):
    assert confused([*PALETTE, *pair]) != []


@pytest.mark.parametrize(
    "looks",
    [style.METHODS, style.ORDERS, style.PEERS, growth.FAMILIES, growth.SWELL],
    ids=["methods", "orders", "peers", "families", "swell"],
)
def test_what_is_shown_together_differs_in_more_than_colour(looks):
    assert len({look[1:] for look in looks.values()}) == len(looks)


@pytest.mark.parametrize("colour", PALETTE)
def test_text_in_a_colour_is_read_on_white(colour):
    assert contrast(style.ink(colour)) >= LEAST_CONTRAST
    assert style.contrast(colour) == pytest.approx(contrast(colour), abs=1e-3)


@each_study
def test_the_text_of_a_figure_is_text_that_can_be_read_on_a_phone(slug):
    for name, figure in studied(slug).figures.items():
        svg = svg_of(figure)
        width = float(re.search(r'viewBox="0 0 (\S+) ', svg)[1])
        words = re.findall(r'style="([^"]*font[^"]*)"', svg)
        assert "<text" in svg and not re.search(r'id="DejaVu', svg), f"{name}: text as outlines"
        sizes = [float(size) for style_ in words for size in re.findall(r"\b([\d.]+)px", style_)]
        assert min(sizes) * ON_A_PHONE / width >= LEAST_SIZE, f"{name}: {min(sizes)} of {width} is too small"
        if figure.draw is not orders.elimination:  # whose labels stand in boxes
            inks = {colour for style_ in words for colour in re.findall(r"fill: (#\w+)", style_)}
            assert [colour for colour in inks if contrast(colour) < LEAST_CONTRAST] == [], name


@each_study
def test_a_figure_says_in_words_what_one_sees(slug):
    for figure in studied(slug).figures.values():
        assert len(figure.alt) > 80 and figure.alt.endswith(".")
        assert figure.alt != figure.caption
        assert not re.search(r"\bnan\b|\{|\}", figure.alt)


def test_each_study_has_a_lead_in_plain_words():
    assert texts.LEADS.keys() == STUDIES.keys()
    assert [slug for slug, lead in texts.LEADS.items() if texts.FIELD_WORD.search(lead)] == []
    assert all(len(lead.split()) <= 70 for lead in texts.LEADS.values())


@pytest.mark.parametrize("method", ["naive", "memoized"])
def test_the_calls_that_are_drawn_are_those_of_the_recursion(method):
    loss, layers = mlp((1, 2, 2, 1))
    (weight, *others), *rows = layers[0]["w"]
    g = oc.gradient(lambda w: loss([{**layers[0], "w": [[w, *others], *rows]}, *layers[1:]]), weight, method, log=True)
    made = calls((1, 2, 2, 1))
    drawn = [
        (made[call["caller"]]["node"], call["node"])
        for call in made
        if call["caller"] >= 0 and (method == "naive" or call["with a memo"] != "never made")
    ]
    # along each edge that the recursion follows there is one product, if only by a structural one
    assert Counter(drawn) == Counter((entry.tail, entry.head) for entry in g.log if entry.kind != "add")
