"""The steps of the page are those that opcount executes, and a wrong one stops the build."""

from __future__ import annotations

import shutil

import pytest

import opcount as oc
from analysis.page.building import build
from analysis.page.events import METHODS, MODES, TEMPLATES, Call, Disagrees, Product, check, codes, recorded
from analysis.page.networks import SIZES, names, traced

COUNTS = {
    "1-2-1": {"forget": (12, 0), "remember": (8, 0), "loop": (8, 0)},
    "1-2-2-1": {"forget": (48, 4), "remember": (18, 2), "loop": (18, 2)},
    "1-2-2-2-1": {"forget": (134, 18), "remember": (28, 4), "loop": (28, 4)},
}
"""Products and sums, counted by hand on the first network."""


@pytest.fixture(scope="module")
def networks():
    return {name: traced(sizes) for name, sizes in SIZES.items()}


@pytest.fixture(scope="module")
def runs(networks):
    return {name: recorded(network, codes()) for name, network in networks.items()}


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("mode", MODES)
def test_steps_count_what_opcount_counts(networks, runs, name, mode):
    counts = runs[name][mode].counts()
    assert (counts["mul"], counts["add"]) == COUNTS[name][mode]
    network = networks[name]
    gradient = oc.gradient(network.loss, network.parameters, method=METHODS[mode])
    assert gradient.phases["accumulation"] == oc.Counts({key: counts[key] for key in ("mul", "add") if counts[key]})


@pytest.mark.parametrize("name", SIZES)
def test_the_recursion_is_called_for_each_input_and_along_each_edge_of_each_path(networks, runs, name):
    graph = networks[name].graph

    def calls(node):
        return 1 + sum(calls(user) for user, _ in graph.users[node])

    naive = sum(calls(node.index) for node in graph.inputs)
    assert runs[name]["forget"].counts()["calls"] == naive
    assert runs[name]["remember"].counts()["calls"] == len(graph.inputs) + len(graph.edges)
    assert runs[name]["loop"].counts()["calls"] == 0


def test_remembering_and_the_loop_make_the_same_products(runs):
    for found in runs.values():
        made = [sorted((p.tail, p.head, p.position, p.value) for p in found[mode].products) for mode in MODES]
        assert made[1] == made[2] == sorted(set(made[0]))


def wrong(step):
    """A step with one field changed, for each field and change."""
    yield from (step._replace(**{field: not getattr(step, field)}) for field in ("remembered", "costs", "added")
                if field in step._fields)  # fmt: skip
    for field in ("node", "tail", "head", "position", "caller", "call"):
        if field in step._fields:
            value = getattr(step, field)
            yield from (step._replace(**{field: other}) for other in ((value or 0) + 1, (value or 0) - 1, None)
                        if other != value)  # fmt: skip
    if isinstance(step, Product):
        yield step._replace(value=step.value * (1 + 1e-15))


@pytest.mark.parametrize("mode", MODES)
def test_any_wrong_step_is_found(networks, runs, mode):
    run, network = runs["1-2-1"][mode], networks["1-2-1"]
    planted = 0
    for position, step in enumerate(run.steps):
        before, after = run.steps[:position], run.steps[position + 1 :]
        for steps in (before + after, [*before, step, step, *after], *([*before, bad, *after] for bad in wrong(step))):
            with pytest.raises((Disagrees, TypeError, KeyError, IndexError)):
                check(run._replace(steps=steps), network)
            planted += 1
    assert planted >= 10 * len(run.steps) - len([step for step in run.steps if isinstance(step, Call)]) * 4


@pytest.mark.parametrize(
    ("mode", "code", "fault"),
    [
        ("forget", "# nothing is remembered", "@remember"),
        ("forget", "derivative(user) * partial", "partial * derivative(user)"),
        ("forget", "users[node]", "users[node][:1]"),
        ("remember", "@remember", "# nothing is remembered"),
        ("remember", "1.0 if", "2.0 if"),
        ("loop", "reversed(nodes)", "nodes"),
        ("loop", "found[operand] +=", "found[operand] ="),
    ],
)
def test_code_that_does_something_else_stops_the_build(tmp_path, mode, code, fault):
    templates = shutil.copytree(TEMPLATES, tmp_path / "templates")
    path = templates / f"{mode}.txt"
    assert code in path.read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace(code, fault), encoding="utf-8")
    with pytest.raises(Disagrees, match=f"^{mode}: "):
        build(templates)


def test_values_have_the_names_of_the_question(networks):
    found = " ".join(names(networks["1-2-1"]))
    assert found == "w₁ w₂ b₁ b₂ w₃ w₄ b₃ w₁x w₂x z₁ z₂ h₁ h₂ w₃h₁ w₄h₂ + o r L"
