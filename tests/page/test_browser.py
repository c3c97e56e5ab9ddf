"""The page in a browser: it counts what opcount counts, by mouse and by keyboard, and can be read by everybody."""

from __future__ import annotations

import itertools

import pytest

import opcount as oc
from analysis.page.events import METHODS, MODES
from analysis.page.networks import SIZES, traced
from tests.support.browser import SCHEMES, WIDTHS
from tests.support.colours import apart, contrast

COUNTERS = ("mul", "add", "calls")


@pytest.fixture
def opened(browser, page):
    """Opens the page, and at the end says whether it asked for anything else or complained."""
    contexts, trouble = [], []

    def open_page(width=1280, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        view = context.new_page()
        view.on("request", lambda request: request.url == page.as_uri() or request.url.startswith("data:")
                or trouble.append(request.url))  # fmt: skip
        view.on("console", lambda message: message.type in {"error", "warning"} and trouble.append(message.text))
        view.on("pageerror", lambda error: trouble.append(str(error)))
        view.goto(page.as_uri())
        return view

    yield open_page
    for context in contexts:
        context.close()
    assert trouble == []


def counters(view):
    return tuple(int(view.inner_text(f"#count-{name}")) for name in COUNTERS)


def choose(view, network, mode):
    view.select_option("#network", network)
    view.check(f"input[name=mode][value={mode}]")


# --- the explorer counts


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("mode", MODES)
def test_the_last_step_has_the_counts_of_opcount(opened, name, mode):
    view = opened()
    choose(view, name, mode)
    assert counters(view) == (0, 0, 0)
    view.click("#end")
    network = traced(SIZES[name])
    counts = oc.gradient(network.loss, network.parameters, method=METHODS[mode]).phases["accumulation"]
    assert counters(view)[:2] == (counts.mul, counts.add)
    assert (counters(view)[2] > 0) == (mode != "loop")


@pytest.mark.parametrize(("name", "mode"), [("1-2-1", mode) for mode in MODES] + [("1-2-2-1", "remember")])
def test_a_step_adds_one_of_each_at_most_and_back_takes_it_away(opened, name, mode):
    view = opened()
    choose(view, name, mode)
    seen = [counters(view)]
    shown = [looks(view)]
    while view.is_enabled("#step"):
        view.click("#step")
        seen.append(counters(view))
        shown.append(looks(view))
    for before, after in itertools.pairwise(seen):
        assert all(0 <= b - a <= 1 for a, b in zip(before, after, strict=True))
    assert len(set(shown)) == len(shown)  # each step shows something
    while view.is_enabled("#back"):
        assert (counters(view), looks(view)) == (seen.pop(), shown.pop())
        view.click("#back")
    assert (counters(view), looks(view)) == (seen.pop(), shown.pop())
    assert not seen and counters(view) == (0, 0, 0)


def looks(view):
    return view.evaluate(
        "() => [...document.querySelectorAll('#explorer [class]')].map((e) => e.getAttribute('class')).join() "
        "+ document.getElementById('narration').textContent"
    )


def test_another_network_or_mode_starts_from_zero(opened):
    view = opened()
    view.click("#end")
    for network, mode in (("1-2-1", "loop"), ("1-2-2-1", "loop"), ("1-2-2-1", "forget")):
        choose(view, network, mode)
        assert counters(view) == (0, 0, 0)
        view.click("#end")
        assert counters(view)[0] > 0


def test_play_runs_to_the_end_and_can_be_paused(opened):
    view = opened()
    choose(view, "1-2-1", "loop")
    view.fill("#speed", "12")
    view.click("#play")
    view.wait_for_function("() => document.getElementById('step').ariaDisabled === 'true'")
    assert counters(view) == (8, 0, 0) and view.inner_text("#play") == "Play"
    view.fill("#speed", "1")
    view.click("#play")
    assert view.inner_text("#play") == "Pause"
    view.click("#play")
    at = counters(view)
    view.wait_for_timeout(800)
    assert counters(view) == at and view.inner_text("#play") == "Play"


def test_the_code_that_is_shown_has_a_current_line(opened):
    view = opened()
    for mode in MODES:
        choose(view, "1-2-1", mode)
        assert view.locator("#code span").count() == 6
        lines = set()
        while view.is_enabled("#step"):
            view.click("#step")
            assert view.locator("#code .now").count() == 1
            lines.add(view.inner_text("#code .now").strip())
        expected = {"forget": 3, "remember": 4, "loop": 1}[mode]
        assert len(lines) == expected
        assert ("@remember" in lines) == (mode == "remember")


def test_what_is_remembered_lights_up_and_the_forest_shrinks(opened):
    view = opened()
    choose(view, "1-2-2-1", "remember")
    view.click("#end")
    hits = view.locator("#forest circle.hit").count()
    calls = counters(view)[2]
    assert hits > 0
    assert view.locator("#forest circle:not(.gone)").count() == calls
    choose(view, "1-2-2-1", "forget")
    view.click("#end")
    assert view.locator("#forest circle:not(.gone)").count() == counters(view)[2] > 2 * calls


def test_each_product_is_ticked_once_where_it_is_remembered(opened):
    view = opened()
    for mode, ticked in (("forget", False), ("remember", True), ("loop", True)):
        choose(view, "1-2-1", mode)
        view.click("#end")
        marks = [text.split()[-1] for text in view.locator("#products li").all_inner_texts()]
        assert len(marks) == 8
        assert (set(marks) == {"✓"}) == ticked


# --- the rest of the page


def test_the_guess_stays_beside_the_answer(opened):
    view = opened()
    view.fill("#guess-forget", "21")
    view.fill("#guess-remember", "7")
    view.press("#guess-remember", "Enter")
    said = view.inner_text("#guessed")
    assert "= 12 (your guess: 21)" in said and "8 (your guess: 7)" in said


def test_values_of_the_drawing_are_told_when_they_are_tapped(opened):
    view = opened(390, has_touch=True)
    for value in view.locator("#drawing .value").all():
        value.tap()
        assert view.inner_text("#said") == value.get_attribute("aria-label")


@pytest.mark.parametrize(("depth", "width"), [(1, 2), (4, 3), (8, 6), (1, 1)])
def test_sliders_show_exact_integers(opened, depth, width):
    from analysis.programs.networks import mlp

    view = opened()
    view.fill("#depth", str(depth))
    view.fill("#width", str(width))
    graph = oc.trace(*mlp((1, *[width] * depth, 1)))
    expected = [graph.predict("naive").mul, graph.predict("memoized").mul, len(graph.inputs)]
    assert [int(view.text_content(f"#cost-{name}")) for name in ("forget", "remember", "parameters")] == expected
    assert str(width) in view.inner_text("#cost-sentence")


def test_the_lighthouse_has_three_costs(opened):
    view = opened()
    shown = []
    for order in ("forward", "reverse", "optimal"):
        view.check(f"input[name=order][value={order}]")
        shown.append(int(view.inner_text("#lighthouse-products")))
    assert shown == [15, 18, 12]


# --- for everybody


def test_the_keyboard_is_enough(opened):
    view = opened()

    def reach(selector):
        for _ in range(80):
            view.keyboard.press("Tab")
            if view.evaluate("(s) => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"{selector} is not reached")

    reach("#guess-forget")
    view.keyboard.type("20")
    reach("#guess-remember")
    view.keyboard.type("9")
    view.keyboard.press("Enter")
    assert "20" in view.inner_text("#guessed") and "9" in view.inner_text("#guessed")
    reach("#network")
    view.keyboard.press("ArrowDown")
    assert view.input_value("#network") == "1-2-2-1"
    reach("input[name=mode]")
    view.keyboard.press("ArrowDown")
    assert view.is_checked("input[value=remember]")
    reach("#step")
    view.keyboard.press("Enter")
    assert counters(view) == (0, 0, 1)
    view.keyboard.press("ArrowRight")
    assert counters(view) == (0, 0, 2)
    view.keyboard.press("ArrowLeft")
    view.keyboard.press("ArrowLeft")
    assert counters(view) == (0, 0, 0)
    view.keyboard.press("End")
    assert counters(view)[:2] == (18, 2)
    view.keyboard.press("ArrowLeft")  # the focus is still there
    view.keyboard.press("ArrowLeft")
    assert counters(view)[2] < 49
    reach("#depth")
    before = view.text_content("#cost-forget")
    view.keyboard.press("ArrowRight")
    assert int(view.text_content("#cost-forget")) > int(before)


def test_keys_work_before_anything_has_the_focus(opened):
    view = opened()
    for key, calls in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1)):
        view.keyboard.press(key)
        assert counters(view)[2] == calls


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_is_wider_than_the_screen_and_every_label_is_seen(opened, width, scheme):
    view = opened(width, color_scheme=scheme)
    for name, mode in itertools.product(SIZES, MODES):
        choose(view, name, mode)
        view.click("#end")
        assert view.evaluate("() => document.documentElement.scrollWidth") <= width
        assert view.evaluate(HIDDEN) == []


HIDDEN = """() => {
  const wrong = [];
  for (const svg of document.querySelectorAll("svg")) {
    const texts = [...svg.querySelectorAll("text")].map((t) => [t.textContent, t.getBoundingClientRect(), t]);
    const beyond = svg.getBoundingClientRect();
    for (const [name, box, element] of texts) {
      const size = parseFloat(getComputedStyle(element).fontSize) * svg.getScreenCTM().a;
      if (size < 9) wrong.push(`${name} is ${size} px high`);
      if (box.left < -1 || box.right > window.innerWidth + 1 || !box.width) wrong.push(`${name} is outside`);
      if (box.bottom > beyond.bottom + 2 || box.top < beyond.top - 2) wrong.push(`${name} is cut off`);
    }
    for (const [i, [name, a]] of texts.entries())
      for (const [other, b] of texts.slice(i + 1)) {
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (across > 1 && down > 1) wrong.push(`${name} lies on ${other}`);
      }
    for (const node of svg.querySelectorAll(".node")) {
      const [box, label] = ["rect", "text"].map((name) => node.querySelector(name).getBoundingClientRect());
      const fits = label.left >= box.left - 1 && label.right <= box.right + 1;
      if (!fits) wrong.push(`${node.textContent} is wider than its box`);
    }
  }
  return wrong;
}"""


def test_the_check_of_labels_finds_one_that_lies_on_another(opened):
    view = opened(390)
    view.evaluate("() => document.querySelector('#graph text').setAttribute('x', -40)")
    view.evaluate("() => { const [a, b] = document.querySelectorAll('#drawing text'); "
                  "b.setAttribute('x', a.getAttribute('x')); b.setAttribute('y', a.getAttribute('y')); }")  # fmt: skip
    found = view.evaluate(HIDDEN)
    assert any("outside" in one for one in found) and any("lies on" in one for one in found)


def test_who_wants_less_motion_gets_none(opened):
    moving = "() => getComputedStyle(document.querySelector('.call')).transitionDuration"
    assert opened().evaluate(moving) != "0s"
    assert opened(reduced_motion="reduce").evaluate(moving) == "0s"


def test_without_scripts_there_are_the_answer_and_a_picture(opened):
    view = opened(390, java_script_enabled=False)
    assert view.is_visible("#answer") and view.is_visible("#drawing svg text >> nth=0")
    assert view.is_hidden("#explorer") and view.is_hidden("#depth")
    assert "134" in view.locator("table").inner_text()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(opened, scheme, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="make test-page installs axe").Axe()
    view = opened(width, color_scheme=scheme, reduced_motion="reduce")
    for name, mode in (("1-2-2-1", "remember"), ("1-2-1", "loop")):
        choose(view, name, mode)
        for _ in range(30 if mode == "remember" else 5):
            view.click("#step")
        results = axe.run(view)
        assert results.violations_count == 0, results.generate_report()


# --- colours


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_has_contrast(opened, scheme):
    view = opened(color_scheme=scheme, reduced_motion="reduce")
    for mode in MODES:
        choose(view, "1-2-2-1", mode)
        for steps in (0, 20):
            for _ in range(steps):
                view.click("#step")
            pairs = view.evaluate(TEXT_ON_GROUND)
            assert len(pairs) > 10
            assert [pair for pair in pairs if contrast(*map(written, pair[1:])) < 4.5] == []


TEXT_ON_GROUND = """() => {
  const found = [];
  const clear = (colour) => colour === "transparent" || colour === "rgba(0, 0, 0, 0)";
  for (const text of document.querySelectorAll("svg text")) {
    const box = text.parentNode.querySelector(".node > rect, .value > circle, .value > rect");
    const ground = box ? getComputedStyle(box).fill : getComputedStyle(document.body).backgroundColor;
    found.push([text.textContent, getComputedStyle(text).fill, ground]);
  }
  for (const element of document.querySelectorAll("p, li, small, figcaption, output, span, a, button, label, b")) {
    if (!element.textContent.trim()) continue;
    let behind = element;
    while (behind.parentElement && clear(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
    found.push([element.textContent, getComputedStyle(element).color, getComputedStyle(behind).backgroundColor]);
  }
  return found;
}"""


def written(colour):
    """A colour, as the browser writes it, as #RRGGBB."""
    parts = colour.partition("(")[2].rstrip(")").split(",")[:3]
    return "#" + "".join(f"{int(part):02X}" for part in parts)


SEEN_TOGETHER = [("--forget", "--remember", "--loop"), ("--shared-1", "--shared-2", "--ground"), ("--ground", "--line")]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_colours_are_told_apart_with_any_colour_vision(opened, scheme):
    view = opened(color_scheme=scheme)
    for together in SEEN_TOGETHER:
        colours = [written(view.evaluate(RESOLVED, name)) for name in together]
        assert [pair for pair in itertools.combinations(colours, 2) if apart(*pair) < 10] == []


RESOLVED = """(name) => {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `var(${name})`;
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}"""
