"""Graphs of floats as columns: the loop on them is the loop on objects, in values, in counts, in what it warns of.

With a log, a gradient is accumulated on objects; without, on columns, where there are many nodes and all are floats.
"""

from __future__ import annotations

import random
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

import opcount as oc
from opcount.counting.accelerator import ACCELERATOR
from opcount.derivatives import columns, flat, graph
from opcount.derivatives.chain_rule import backprop
from opcount.derivatives.predict import ON_NUMBERS
from opcount.tracing.structural import number
from opcount.wrapping.operations import OPERATIONS, replaced
from tests.support.faults import planted
from tests.support.programs import CASES, programs, squared

RANDOM = settings(
    derandomize=True,
    max_examples=40,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
AS_FLOATS = {"float": float, "np.float64": np.float64}


def often(f, times=20):
    """A function of many nodes: f again and again, in a sum with weights."""

    def sums(x):
        total = f(x)
        for weight in range(1, times):
            total = total + weight * f(x) / 7.5
        return total

    return sums


def bits(value):
    """What tells two floats apart, signed zeros and types included."""
    if isinstance(value, (list, tuple)):
        return [bits(item) for item in value]
    if isinstance(value, dict):
        return {key: bits(item) for key, item in value.items()}
    return type(value), float(value).hex()


def said(do):
    """The result, and the warnings that it gave, each once."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = do()
    return result, {str(warning.message) for warning in caught}


def on_objects(f, x):
    """The gradient on objects: with a log, and under a budget, which counts partials one by one."""
    with oc.count(budget=10**12):
        return oc.gradient(f, x, log=True)


def check_same(f, x):
    """The gradient on columns is that on objects."""
    ours, ours_said = said(lambda: oc.gradient(f, x))
    objects, objects_said = said(lambda: on_objects(f, x))
    assert bits(ours.value) == bits(objects.value)
    assert bits(ours.gradient) == bits(objects.gradient)
    assert ours.phases == objects.phases
    assert ours.storage == objects.storage
    assert ours_said == objects_said
    return ours


def is_flat(f, x):
    return oc.trace(f, x).flat is not None


# --- the same


@given(programs())
@RANDOM
@pytest.mark.filterwarnings("ignore::opcount.NothingCounted")
def test_random_programs(program):
    check_same(often(program), program.x)
    check_same(often(program), [np.float64(number) for number in program.x])


def test_most_random_programs_are_flat():
    """So that the test before does not compare objects with objects."""
    found = []

    @given(programs())
    @RANDOM
    def draw(program):
        found.append(is_flat(often(program), program.x))

    draw()
    assert sum(found) > 0.8 * len(found)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("kind", AS_FLOATS.values(), ids=AS_FLOATS)
@pytest.mark.filterwarnings("ignore::opcount.NothingCounted")
def test_cases(case, kind):
    def as_kind(x):
        if isinstance(x, dict):
            return {key: as_kind(item) for key, item in x.items()}
        return [as_kind(item) for item in x] if isinstance(x, list) else kind(x)

    check_same(often(case.f), as_kind(case.x))


DATA = {
    "int": 3,
    "a large int": 2**53,
    "an int that is no float": 2**53 + 1,
    "np.float64": np.float64(0.3),
    "np.float32": np.float32(0.3),
    "np.int64": np.int64(3),
    "Fraction": Fraction(1, 3),
    "a wrapped float": oc.wrap(0.3),
    "a wrapped int": oc.wrap(3),
    "an array": np.array([0.5, 2.0]),
    "True": True,
}


def with_data(c):
    """A program that computes with data, wherever an operator can have it."""
    joined = np.sum if isinstance(c, np.ndarray) else lambda x: x

    def f(x):
        a, b = x
        for _ in range(20):
            a = c * a - b / c
            b = c - b * 0.5 + (a + c) / 1e17
            a = joined(c / (1.0 + a * a) + a)
        return joined(a * b)

    return f


@pytest.mark.parametrize("c", DATA.values(), ids=DATA)
@pytest.mark.parametrize("kind", AS_FLOATS.values(), ids=AS_FLOATS)
def test_data_of_any_class(c, kind):
    check_same(with_data(c), [kind(0.7), kind(0.2)])


FLAT_DATA = ["int", "a large int", "np.float64", "a wrapped float", "a wrapped int", "True"]


@pytest.mark.parametrize("name", DATA)
def test_data_that_is_a_float_stays_flat(name):
    assert is_flat(with_data(DATA[name]), [0.7, 0.2]) == (name in FLAT_DATA)


INPUTS = {
    "ints": [3, 2],
    "fractions": [Fraction(1, 3), Fraction(2, 5)],
    "decimals": [Decimal("0.3"), Decimal("0.7")],
    "a float and an int": [0.5, 2],
    "a float and a NumPy float": [0.5, np.float64(0.25)],
    "single precision": [np.float32(0.5), np.float32(0.25)],
}


def polynomial(x):
    a, b = x
    for _ in range(30):
        a, b = a / 3 - b, a + b / 7
    return a * b


@pytest.mark.parametrize("x", INPUTS.values(), ids=INPUTS)
def test_numbers_of_any_class(x):
    found = oc.gradient(polynomial, x)
    objects = on_objects(polynomial, x)
    assert (found.value, found.gradient, found.phases) == (objects.value, objects.gradient, objects.phases)
    assert list(map(type, found.gradient)) == list(map(type, objects.gradient))
    assert is_flat(polynomial, x) == (list(map(type, x)) in ([float, float], [float, np.float64]))


def turning(after, other):
    """A program of floats, which meets something else after so many operations."""

    def f(x):
        kept = [x[0] * 1.5, x[1] + x[0]]
        for i in range(100):
            if i == after:
                kept.append(other(kept[0], kept[1]))
            kept.append(kept[-1] * 0.5 + kept[-2] * kept[0] / 3.0)
        return kept[-1] + kept[0] + kept[60]

    return f


OTHERS = {
    "a Fraction": lambda a, b: a * Fraction(1, 3),
    "a power": lambda a, b: a**3 + b**2.5 + a**b,
    "an array": lambda a, b: np.sum(np.array([a, b]) * np.array([1.0, 2.0])),
    "a matrix": lambda a, b: (np.ones((2, 2)) @ np.array([a, b]))[0],
    "a comparison": lambda a, b: a if a < b else b,
    "rounding": lambda a, b: a * round(b) + np.floor(a),
    "a maximum": lambda a, b: np.maximum(a, b) + np.maximum(a, a) + max(a, b),
    "abs": lambda a, b: abs(-a) + np.sign(b),
    "a single": lambda a, b: a * np.float32(0.5) + b,
    "a primitive of one's own": oc.primitive(
        lambda a, b: a * b, partials=[lambda y, a, b: b, lambda y, a, b: a]
    ),
}  # fmt: skip


@pytest.mark.parametrize("after", [0, 1, 50, 99])
@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_a_tape_of_floats_that_meets_something_else(other, after):
    f = turning(after, other)
    found = check_same(f, [0.4, 0.9])
    if other is not OTHERS["a single"]:
        near = oc.gradient(f, [0.4, 0.9], "finite-difference")
        assert np.allclose(found.gradient, near.gradient, rtol=1e-6, atol=1e-8)
    assert found.phases["accumulation"] == oc.trace(f, [0.4, 0.9]).predict("backprop")


# --- what NumPy warns of, infinities, nan


def divided(x):
    return often(lambda x: x[0] / x[1] + x[1] * x[0])(x)


EXTREMES = [
    *([0.0, 0.0], [1.0, 0.0], [-1.0, -0.0], [1e300, 1e-300], [1e-320, 1e10], [1e200, 1e200]),
    *([float("inf"), 1.0], [float("nan"), 2.0], [5e-324, 5e-324], [-0.0, 1.0]),
]


@pytest.mark.parametrize("x", EXTREMES, ids=str)
@pytest.mark.parametrize("kind", AS_FLOATS.values(), ids=AS_FLOATS)
@pytest.mark.parametrize("f", [divided, often(lambda x: np.sqrt(x[0]) * np.log(x[1])), squared(80)])
def test_extremes(f, x, kind):
    x = list(map(kind, x)) if f is not squared(80) else kind(x[0])
    if "squared" in f.__qualname__:
        x = x[0]
    check_same(f, x)


def test_where_numpy_is_to_raise_it_raises():
    x = [np.float64(1e-200), np.float64(1e-200)]
    with np.errstate(under="raise"), pytest.raises(FloatingPointError):
        oc.gradient(often(lambda x: x[0] * (x[1] * x[1])), x)


# --- live, dead, several outputs


def branching(x):
    a, b = x
    kept = []
    for i in range(60):
        a = a * 0.9 + b / 3.0
        dead = np.exp(a) * b
        kept.append(dead if i == 7 else a)
    return kept


@pytest.mark.parametrize("outputs", [slice(None), slice(7, 8), slice(0, 1), slice(59, 60), slice(3, 50, 11)])
def test_only_partials_that_an_output_needs_are_counted(outputs):
    def f(x):
        return branching(x)[outputs]

    with oc.count() as ours:
        graph = oc.trace(f, [0.4, 0.9])
    assert graph.flat is not None
    with oc.count() as both, oc.count(budget=10**9):  # under a budget, number by number
        objects = oc.trace(f, [0.4, 0.9])
    assert objects.flat is None
    assert ours.counts == both.counts
    assert list(map(repr, graph.edges)) == list(map(repr, objects.edges))
    assert list(map(repr, graph.nodes)) == list(map(repr, objects.nodes))
    assert graph.output_indices == objects.output_indices


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_more_constants_than_nodes():
    """What Python has to do in the place of the accelerator, such as a division by zero, leaves a constant unused."""

    def f(x):
        for _ in range(200):
            assert oc.unwrap(1.0 / (x * 0.0)) in (np.inf, -np.inf)
        for _ in range(50):
            x = 0.5 - x / 3.0
        return x

    check_same(f, 0.7)


def test_a_constant_output():
    g = oc.gradient(lambda x: [x[0] * 1.5 + x[1] for _ in range(100)] and 3.0, [0.4, 0.9])
    assert (g.value, g.gradient) == (3.0, [0.0, 0.0])


METHODS = [method for method in oc.METHODS if method not in ("finite-difference", "naive", "naive-tangent")]


@pytest.mark.parametrize("method", METHODS)
def test_predictions_of_flat_graphs(method):
    for f, x in ((branching, [0.4, 0.9]), (squared(80), 0.99)):
        one = (lambda x, f=f: f(x)[-1]) if f is branching else f
        graph = oc.trace(one, x)
        assert graph.flat is not None
        assert graph.predict(method) == oc.gradient(one, x, method).phases["accumulation"]


def test_predictions_of_what_nothing_could_execute():
    traced = oc.trace(squared(500), 1.0)
    assert traced.flat is not None
    assert traced.predict("naive").add == traced.predict("naive-tangent").add == 2**500 - 1
    assert traced.predict("naive").mul == traced.predict("naive", unit_products=True).mul == 2**500 - 2


# --- what else holds


def test_operations_are_counted_where_they_are_executed():
    f, x = often(lambda x: np.tanh(x[0]) * x[1]), [0.4, 0.9]
    with oc.count() as outer, oc.region("here"), oc.count() as inner:
        g = oc.gradient(f, x)
    assert outer.counts == inner.counts == outer.regions["here"] == g.counts


def test_a_budget_stops_at_the_same_operation():
    f, x = often(lambda x: np.tanh(x[0]) * x[1]), [0.4, 0.9]
    whole = oc.gradient(f, x).counts.total
    for budget in (whole - 1, whole // 2, whole - 50):
        with pytest.raises(oc.BudgetExceeded), oc.count(budget=budget) as tally:
            oc.gradient(f, x)
        assert tally.counts.total == budget
    with oc.count(budget=whole) as tally:
        oc.gradient(f, x)
    assert tally.counts.total == whole


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "tanh"])
def test_a_corrupted_row_is_seen(name):
    f, x = often(lambda x: np.tanh(x[0] - 1.0) * x[1] / (x[0] + 2.0)), [0.4, 0.9]
    right = oc.gradient(f, x)
    row = OPERATIONS[name]
    wrong = tuple((lambda y, *operands: 3.0 * y) for _ in row.partials)
    for corrupted in (row._replace(partials=wrong), row._replace(kind="lt")):
        with replaced(**{name: corrupted}):
            found = check_same(f, x)
        assert (found.gradient, found.counts) != (right.gradient, right.counts)
    assert bits(oc.gradient(f, x).gradient) == bits(right.gradient)


def test_users_rules_are_asked_for_each_number():
    f, x = often(lambda x: np.sin(x[0]) * x[1]), [0.4, 0.9]
    sizes = []

    def rule(x):
        sizes.append(np.size(x))
        return {"exp": 2}

    with oc.rules({np.cos: rule, np.sin: {"tanh": 3}}):
        g = oc.gradient(f, x)
    assert set(sizes) == {1}
    assert (g.counts["exp"], g.counts["tanh"]) == (40, 60)


def test_nodes_that_are_kept_can_be_read_afterwards():
    kept = []

    def f(x):
        for _ in range(100):
            x = x * 0.5 + 1.0
            kept.append(x)
        return x

    graph = oc.trace(f, 2.0)
    assert [oc.unwrap(node) for node in kept] == [oc.unwrap(node) for node in graph.nodes[2::2]]
    assert kept[3].primitive is OPERATIONS.add and kept[3].operands[1] == 1.0
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = kept[3].nothing
    with pytest.raises(oc.InvalidType, match="another evaluation"):
        oc.gradient(lambda x: x * kept[0], 2.0)
    assert oc.unwrap(kept[0] * 2.0) == 4.0


def test_an_operation_that_is_refused_leaves_nothing_on_the_tape():
    def f(x):
        for _ in range(70):
            x = x * 1.01
            with pytest.raises(TypeError):
                x + "text"
            with pytest.raises(oc.Uncounted):
                float(x)
        return x

    assert len(oc.trace(f, 1.0).nodes) == 71


def test_forgetting_values_leaves_those_of_numbers():
    graph = oc.trace(squared(80), 1.0)
    graph.forget_values()
    assert oc.unwrap(graph.nodes[-1]) == 1.0


# --- the parts


def random_edges(draw, size, width):
    operands = np.array([[draw.randrange(max(1, node)) for _ in range(width)] for node in range(size)], np.int32)
    kinds = np.array([[draw.choice([0, 1, 2, flat.NO_EDGE]) for _ in range(width)] for _ in range(size)], np.uint8)
    kinds[0] = flat.NO_EDGE
    partials = np.where(kinds == 0, np.array([[draw.gauss(0, 1) for _ in range(width)] for _ in range(size)]), 1.0)
    partials[kinds == 2] = -1.0
    return flat.FlatEdges(operands, kinds, partials)


@pytest.mark.parametrize("seed", range(60))
def test_the_loop_on_columns_is_backprop(seed):
    """Against the definition, on edges that no program was needed for."""
    draw = random.Random(seed)
    size, width = draw.randrange(2, 40), draw.randrange(1, 4)
    edges = random_edges(draw, size, width)
    maps = (flat.SCALE, flat.IDENTITY, flat.NEGATION)
    lines = [
        [
            (int(tail), type(flat.SCALE)(oc.wrap(float(partial))) if kind == 0 else maps[kind])
            for tail, kind, partial in zip(*line, strict=True)
            if kind != flat.NO_EDGE
        ]
        for line in zip(*edges, strict=True)
    ]
    rule = flat.rules(ON_NUMBERS.follow, "adjoint")
    found = flat.accumulated(edges, [size - 1], rule.after)
    with oc.count() as tally:
        expected = backprop(size - 1, lines)
    assert [state != 0 for state in found.states] == [derivative is not None for derivative in expected]
    plain = [0.0 if derivative is None else oc.unwrap(number(derivative)) for derivative in expected]
    assert list(map(bits, found.derivatives)) == [(np.float64, float(one).hex()) for one in plain]
    assert rule.counts(enumerate(found.met)) == tally.counts


@pytest.mark.skipif(ACCELERATOR is None, reason="the accelerator is not in use")
@pytest.mark.parametrize(
    "change",
    [
        lambda given: given | {"operands": np.array([[0], [5]], np.int32)},
        lambda given: given | {"operands": np.array([[-1], [-7]], np.int32)},
        lambda given: given | {"operands": np.array([[0]], np.int32)},
        lambda given: given | {"kinds": np.array([[255], [77]], np.uint8)},
        lambda given: given | {"partials": np.ones(1)},
        lambda given: given | {"derivatives": np.zeros(1)},
        lambda given: given | {"after": bytes(400)},
        lambda given: given | {"width": 3},
    ],
)
def test_the_accelerator_refuses_columns_that_do_not_fit(change):
    given = {
        "operands": np.array([[0], [0]], np.int32),
        "kinds": np.array([[255], [0]], np.uint8),
        "partials": np.ones((2, 1)),
        "states": bytearray([0, 1]),
        "derivatives": np.ones(2),
        "after": bytes([3] * 24),
        "width": 1,
        "along": False,
    }
    assert sum(ACCELERATOR.accumulate(*given.values())) == 1
    with pytest.raises(ValueError, match="do not fit"):
        ACCELERATOR.accumulate(*change(given).values())


def test_the_check_sees_a_fault_in_the_columns():
    f, x = often(lambda x: np.tanh(x[0]) * x[1]), [0.4, 0.9]
    right = columns.linearized_columns

    def one_partial_wrong(*arguments):
        edges, counts = right(*arguments)
        if len(edges.partials):
            edges.partials[-1, 0] += 1e-12
        return edges, counts

    def one_operation_more(*arguments):
        edges, counts = right(*arguments)
        return edges, counts + oc.Counts(mul=1)

    for wrong in (one_partial_wrong, one_operation_more):
        with planted(graph, linearized_columns=wrong), pytest.raises(AssertionError):
            check_same(f, x)
