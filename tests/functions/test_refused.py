"""What has no exact count is refused."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import opcount as oc
from opcount.functions.op_counts import name_of
from opcount.functions.rows import CONVENTIONAL, function_named
from opcount.functions.table import ALL
from tests.support import rows
from tests.support.calls.moving import V
from tests.support.ground_truth import NOTHING
from tests.support.same import assert_same


@pytest.mark.parametrize("name", [name for name in rows.REFUSED if function_named(name) is not None])
def test_a_refused_function_says_so_and_counts_nothing(name):
    function, x = function_named(name), oc.wrap(V)
    with oc.count() as tally, pytest.raises(oc.Uncounted) as caught:
        x.__array_function__(function, (oc.Array,), (x,), {})
    message = str(caught.value)
    assert message.startswith(f"{name_of(function)}: ") and rows.REFUSED[name] in message
    assert "oc.register_rule" in message and "oc.unwrap(x)" in message
    assert tally.counts == NOTHING


@pytest.mark.parametrize(("program", "door"), [
    (lambda v: np.sort(v.astype(complex)), "np.sort"), (lambda v: np.median(v.astype(complex)), "np.median"),
    (lambda v: np.quantile(v, 0.5, weights=v, method="inverted_cdf"), "np.quantile"), (np.fft.fft, "np.fft.fft"),
    (lambda v: np.unique(np.diag(v), axis=0), "np.unique"), (lambda v: np.histogram(v, "auto"), "np.histogram"),
    (lambda v: np.linalg.svd(np.diag(v)), "np.linalg.svd"),
    (lambda v: np.polyfit([0, 1, 2], v, 1), "np.polyfit"), (lambda v: np.histogram2d(v, v, 2), "np.histogram2d"),
    (np.roots, "np.roots"), (lambda v: np.pad(v, 1, "mean"), "np.pad"),
    (lambda v: np.interp(v, [0, 9], [0, 1], period=9), "np.interp"),
    (lambda v: np.linalg.norm(np.diag(v), 2), "np.linalg.svd"), (lambda v: np.poly(np.diag(v)), "np.poly"),
    (lambda v: np.mean(v, dtype=complex), "np.mean"), (lambda v: np.add.reduce(v, dtype=bool), "np.add.reduce"),
])  # fmt: skip
def test_what_is_recorded_has_numpys_value_and_counts_nothing(program, door):
    with oc.count() as tally, pytest.raises(oc.Uncounted):
        program(oc.wrap(V))
    assert tally.counts == NOTHING
    with oc.count(uncounted="record") as tally:
        result = program(oc.wrap(V))
    assert_same(result, program(V))
    assert door in [exit.door for exit in tally.uncounted]


def test_a_budget_is_kept_by_a_whole_call():
    x = oc.wrap(V)
    for program in (np.average, np.cov, lambda v: np.einsum("i,i", v, v), lambda v: np.interp(v, v, v)):
        with pytest.raises(oc.BudgetExceeded), oc.count(budget=2) as tally:
            program(x)
        assert tally.counts.total <= 2


# --- conventions

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "rules.md"


def conventions():
    """The rules that the page has for transforms and decompositions, by their names."""
    section = PAGE.read_text(encoding="utf-8").partition("## Conventions")[2].partition("\n## ")[0]
    names = {"np": np, "oc": oc, "print": lambda *_: None}
    for cell in re.findall(r"^```{code-cell} python\n(.*?)^```", section, re.MULTILINE | re.DOTALL):
        exec(cell, names)
    return names


@pytest.mark.parametrize("name", [row.name for row in ALL if getattr(row.counts, "reason", "") in CONVENTIONAL])
def test_what_is_counted_by_a_convention_names_the_rule_and_the_page(name):
    function, x = function_named(name), oc.wrap(np.eye(4))
    for value in (x, oc.spec((4, 4))):
        with pytest.raises(oc.Uncounted, match=r"oc\.register_rule, as docs/how-to/rules\.md does") as caught:
            value.__array_function__(function, (oc.Array,), (value,), {})
        assert "5 n log2 n" in str(caught.value)


def butterflies(values):
    """A transform by radix 2 of complex numbers, each of which is a pair of wrapped numbers."""
    if len(values) == 1:
        return values
    even, odd = butterflies(values[::2]), butterflies(values[1::2])
    n, half = len(values), len(values) // 2
    result = [None] * n
    for k in range(half):
        turn = np.exp(-2j * np.pi * k / n)
        (a, b), (x, y) = even[k], odd[k]
        c, d = turn.real * x - turn.imag * y, turn.real * y + turn.imag * x
        result[k], result[k + half] = (a + c, b + d), (a - c, b - d)
    return result


@pytest.mark.parametrize("n", [2, 8, 64])
def test_five_n_log2_n_is_what_radix_2_executes(n):
    x = np.random.default_rng(n).random(n)
    with oc.count() as tally:
        found = butterflies([(oc.wrap(number), oc.wrap(0.0)) for number in x.tolist()])
    assert np.allclose([complex(*oc.unwrap(pair)) for pair in found], np.fft.fft(x))
    names = conventions()
    with oc.rules({np.fft.fft: names["transform"], np.fft.rfft: names["of_real_numbers"]}):
        counts = oc.measure(np.fft.fft, x).counts
        assert counts.flops() == tally.counts.flops() == 5 * n * np.log2(n)
        assert oc.measure(lambda x: np.fft.fft(x, axis=0), oc.spec((n, 3))).counts.flops() == 3 * counts.flops()
        assert oc.measure(np.fft.rfft, x).counts.flops() == counts.flops() / 2


def test_the_conventions_of_matrices_hold_for_stacks_and_shapes():
    rules = conventions()["CONVENTIONS"]
    with oc.rules(rules):
        for function in rules.keys() - {np.linalg.lstsq}:
            one = oc.measure(function, np.eye(6)).counts
            assert one.flops() > 6**3 and oc.measure(function, oc.spec((5, 6, 6))).counts.mul == 5 * one.mul
        assert oc.measure(np.linalg.eigh, np.eye(10)).counts == oc.Counts(mul=4500, add=4500)
        assert oc.measure(lambda a: np.linalg.lstsq(a, np.ones(6), None)[0], np.eye(6)).counts.flops() == 12 * 6**3
