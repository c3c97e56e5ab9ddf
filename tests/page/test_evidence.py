"""The evidence in a browser: readable at every width, in light and in dark, folded and unfolded."""

from __future__ import annotations

import pytest

from analysis.report import writing
from tests.support.browser import SCHEMES, WIDTHS
from tests.support.studied import studied

SHOWN = ("recursion", "storage", "orders")  # call trees and graphs among the figures, wide tables among the tables
LEAST_SIZE = 9  # pixels, of text in a figure


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    out = tmp_path_factory.mktemp("evidence") / "reports"
    writing.write({slug: studied(slug) for slug in SHOWN}, out, "python -m analysis")
    return out / "evidence.html"


@pytest.mark.parametrize("folded", [True, False], ids=["folded", "unfolded"])
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_evidence_can_be_read(browser, evidence, width, scheme, folded):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="make test-page installs axe").Axe()
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    asked = []
    view = context.new_page()
    view.on("request", lambda request: asked.append(request.url))
    view.goto(evidence.as_uri())
    if not folded:
        view.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert view.evaluate("document.documentElement.scrollWidth") == width
    assert min(view.evaluate(SIZES)) >= LEAST_SIZE
    assert view.evaluate(CUT_OFF) == []
    results = axe.run(view)
    assert results.violations_count == 0, results.generate_report()
    assert asked == [evidence.as_uri()]
    context.close()


SIZES = """() => [...document.querySelectorAll("figure svg text")].map((text) => {
  const picture = text.ownerSVGElement;
  const scale = picture.getBoundingClientRect().width / picture.viewBox.baseVal.width;
  return parseFloat(getComputedStyle(text).fontSize) * scale;
})"""

CUT_OFF = """() => [...document.querySelectorAll("figure svg text")].filter((text) => {
  const [inner, outer] = [text.getBoundingClientRect(), text.ownerSVGElement.getBoundingClientRect()];
  return inner.left < outer.left - 1 || inner.right > outer.right + 1
    || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
}).map((text) => text.textContent)"""
