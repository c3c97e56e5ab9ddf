"""Arrays of derivatives do to each element what `times` and `plus` do to one, and count the same."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import opcount as oc
from opcount.tracing import structural
from opcount.tracing.contraction import contracted
from opcount.tracing.edges import running
from opcount.tracing.indexed import gathered, masked, scattered
from opcount.tracing.structural import (
    NUMBER,
    Structured,
    collected,
    number,
    placed,
    plus,
    selected,
    spread,
    structured,
    summed,
    times,
    turned,
)
from opcount.tracing.units import MINUS_ONE, ONE, UNITS, ZERO, Unit
from tests.support.faults import planted

# --- the reference: an object array with a Unit or a Scalar for each element


def elements(derivative, shape=()):
    """The derivative as an object array of what its elements are."""
    if not isinstance(derivative, (Structured, oc.Array)):
        shape = getattr(derivative, "shape", shape)
        found = np.empty((), object)
        found[()] = derivative
        return np.broadcast_to(found, shape)
    states = np.full(derivative.shape, NUMBER)
    if isinstance(derivative, Structured):
        states = np.broadcast_to(derivative.states, derivative.shape)
    values = oc.unwrap(number(derivative))
    found = np.empty(derivative.shape, object)
    for place in np.ndindex(derivative.shape):
        state = int(states[place])
        found[place] = oc.Scalar(float(values[place])) if state == NUMBER else UNITS[state]
    return found


def added(terms):
    total = ZERO
    for term in terms:
        total = plus(total, term)
    return total


def each(function, *arrays):
    arrays = np.broadcast_arrays(*arrays, subok=False)
    found = np.empty(arrays[0].shape, object)
    for place in np.ndindex(found.shape):
        found[place] = function(*(array[place] for array in arrays))
    return found


def check(ours, reference):
    """The two calls give the same elements and count the same."""
    with oc.count() as found:
        result = ours()
    with oc.count() as expected:
        right = np.asarray(reference(), object)
    assert found.counts == expected.counts
    given = elements(result, right.shape)
    assert given.shape == right.shape
    for one, other in zip(given.flat, right.flat, strict=True):
        assert (one is other) if isinstance(other, Unit) else np.isclose(oc.unwrap(one), oc.unwrap(other))


SEEDS = range(6)


def drawn(seed, shape, numbers=True):
    """A random derivative of that shape, uniform along a random choice of its axes."""
    rng = np.random.default_rng([seed, *shape])
    small = tuple(1 if rng.random() < 0.4 else size for size in shape)
    states = rng.choice([0, 1, -1, NUMBER] if numbers else [0, 1, -1], small).astype(np.int8)
    whole = np.broadcast_to(states, shape)
    values = np.where(whole == NUMBER, rng.normal(size=shape), whole).astype(float)
    return structured(states, oc.wrap(values), shape)


def array(seed, shape):
    return oc.wrap(np.random.default_rng([99, seed]).normal(size=shape))


@pytest.mark.parametrize("seed", SEEDS)
def test_products_sums_and_signs_are_those_of_the_elements(seed):
    check_pairs(seed)
    a = drawn(seed, (3, 4))
    check(lambda: -a, lambda: each(lambda x: -x, elements(a)))


def check_pairs(*seeds, times=times, plus=plus):
    """The product and the sum of arrays of derivatives; those of single elements are right."""
    for seed in seeds:
        pool = drawn(seed, (3, 4)), drawn(seed + 100, (3, 4)), array(seed, (3, 4))
        for of_arrays, of_elements in ((times, structural.times), (plus, structural.plus)):
            for a, b in itertools.product(pool, repeat=2):
                check(
                    lambda f=of_arrays, a=a, b=b: f(a, b),
                    lambda f=of_elements, a=a, b=b: each(f, elements(a), elements(b)),
                )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_product_with_an_array_that_is_copied_along_is_one_for_each_element(seed):
    a, row, one = drawn(seed, (3, 4)), array(seed, (4,)), oc.Scalar(2.5)
    for other in (row, one):
        check(lambda other=other: a * other, lambda other=other: each(times, elements(a), elements(other)))
        check(lambda other=other: other * a, lambda other=other: each(times, elements(other), elements(a)))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1), ()])
def test_sums_along_axes_are_those_of_the_elements(axes, seed):
    a = drawn(seed, (3, 4))

    def reference():
        lanes = np.moveaxis(elements(a), axes, range(-len(axes), 0)).reshape(
            *(s for i, s in enumerate(a.shape) if i not in axes), -1
        )
        return np.apply_along_axis(lambda lane: [added(lane)], -1, lanes)[..., 0]

    check(lambda: summed(a, axes), reference)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shape", [(4,), (3, 1), (1, 4), (1,), ()])
def test_copies_and_their_sums_are_transposed(shape, seed):
    if shape:
        a = drawn(seed, shape)
        check(lambda: spread(a, (2, 3, 4)), lambda: np.broadcast_to(elements(a), (2, 3, 4)))
    b = drawn(seed, (3, 4))
    lead = 2 - len(shape)
    axes = tuple(axis for axis in range(2) if axis < lead or shape[axis - lead] == 1)

    def reference():
        found = np.empty(shape, object)
        for place in np.ndindex(shape):
            key = [slice(None), slice(None)]
            for axis, part in enumerate(place):
                if axis + lead not in axes:
                    key[axis + lead] = part
            found[place] = added(np.ravel(elements(b)[tuple(key)]))
        return found

    check(lambda: collected(b, shape), reference)


KEYS = [0, -1, (1, 2), slice(1, None), (slice(None), 0), (Ellipsis, slice(None, None, -1)), (None, 1), (slice(0, 0),)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_selecting_and_placing_move_the_elements(key, seed):
    a = drawn(seed, (3, 4))
    check(lambda: selected(a, key), lambda: elements(a)[key])
    part = np.shape(np.zeros((3, 4))[key])
    b = drawn(seed, part) if part else UNITS.get(seed % 4 - 1, oc.Scalar(2.0))

    def reference():
        whole = np.full((3, 4), ZERO, object)
        whole[key] = elements(b) if part else b
        return whole

    check(lambda: placed(b, key, (3, 4)), reference)


@pytest.mark.parametrize("seed", SEEDS)
def test_gathering_and_scattering_move_and_add_the_elements(seed):
    places = np.random.default_rng(seed).integers(0, 7, (2, 5))
    a, b = drawn(seed, (2, 3)), drawn(seed, (2, 5))
    flat = [ZERO, *elements(a).flat]
    check(lambda: gathered(a, places), lambda: each(lambda place: flat[int(place)], places))

    def reference():
        taken = {place: [] for place in range(1, 7)}
        for place, element in zip(places.flat, elements(b).flat, strict=True):
            if place:
                taken[int(place)].append(element)
        found = np.empty(6, object)
        found[:] = [added(terms) for terms in taken.values()]
        return found.reshape(2, 3)

    check(lambda: scattered(b, places, (2, 3)), reference)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("backward", [False, True])
def test_running_sums_are_those_of_the_elements(backward, axis, seed):
    a = drawn(seed, (3, 4))

    def reference():
        def totals(lane):
            lane = list(lane)[::-1] if backward else list(lane)
            found = list(itertools.accumulate(lane, plus))
            return found[::-1] if backward else found

        found = np.empty((3, 4), object)
        for place, lane in enumerate(np.moveaxis(elements(a), axis, -1)):
            np.moveaxis(found, axis, -1)[place] = totals(lane)
        return found

    check(lambda: running(a, axis, backward), reference)


CONTRACTIONS = [
    ("mn", "kn", "mk"),
    ("mn", "mk", "nk"),
    ("m", "mk", "k"),
    ("m", "mk", "mk"),
    ("mn", "mn", ""),
    ("mn", "k", "mk"),
]
SIZES = {"m": 3, "n": 4, "k": 2}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("labels", CONTRACTIONS, ids="-".join)
@pytest.mark.parametrize("restricted", [False, True])
def test_contractions_are_sums_of_products_of_the_elements(restricted, labels, seed):
    mine, others, result = labels
    sizes = {label: SIZES[label] for label in mine + others}
    a = drawn(seed, tuple(sizes[label] for label in mine))
    b = array(seed, tuple(sizes[label] for label in others))
    kept = np.random.default_rng(seed).random([sizes[label] for label in result]) < 0.6 if restricted else None

    def reference():
        inner = [label for label in sizes if label not in result]
        found = np.empty([sizes[label] for label in result], object)
        first, second = elements(a), elements(b)
        for place in np.ndindex(found.shape):
            if kept is not None and not kept[place]:
                found[place] = ZERO
                continue
            terms = []
            for rest in np.ndindex(*(sizes[label] for label in inner)):
                at = dict(zip([*result, *inner], [*place, *rest], strict=True))
                one = first[tuple(at[label] for label in mine)]
                terms.append(times(one, second[tuple(at[label] for label in others)]))
            found[place] = added(terms)
        return found

    check(lambda: contracted(a, b, labels, sizes, kept=kept), reference)


def test_what_is_masked_is_a_structural_zero():
    a, kept = drawn(3, (3, 4)), np.array([[True], [False], [True]])
    check(lambda: masked(a, kept), lambda: each(lambda x, k: x if k else ZERO, elements(a), kept))
    assert masked(ONE, np.array(False)) is ZERO and masked(ONE, np.array(True)) is ONE


def test_turned_elements_are_the_same_elsewhere():
    for seed in SEEDS:
        a = drawn(seed, (3, 4))
        check(lambda a=a: turned(a, lambda x: np.reshape(x, (2, 6)), (2, 6)), lambda a=a: elements(a).reshape(2, 6))
        check(lambda a=a: turned(a, lambda x: np.transpose(x), (4, 3)), lambda a=a: elements(a).T)


# --- sums of parts, which take over the memory of the total before


def pool_of_sums(seed, shape=(3, 4), number=40):
    """Sums of parts at an index, each with its elements by the reference; a total goes into several sums."""
    rng = np.random.default_rng(seed)
    pool = [(drawn(seed, shape), None), (array(seed, shape), None), (placed(ONE, (1, 2), shape), None)]
    pool = [(one, elements(one)) for one, _ in pool[: 2 + seed % 2]]
    for turn in range(number):
        total, reference = pool[rng.integers(len(pool)) if rng.random() < 0.4 else -1]
        key = KEYS[rng.integers(len(KEYS))]
        size = np.shape(np.zeros(shape)[key])
        part = drawn(1000 * seed + turn, size) if size else UNITS.get(int(rng.integers(-1, 3)), oc.Scalar(0.5))
        whole = np.full(shape, ZERO, object)
        whole[key] = elements(part, size) if size else part
        with oc.count() as found:
            ours = plus(total, placed(part, key, shape))
        with oc.count() as expected:
            right = each(plus, reference, whole)
        assert found.counts == expected.counts
        pool.append((ours, right))
        if rng.random() < 0.1:  # somebody looks at it, and it goes on
            check(lambda ours=ours: -ours, lambda right=right: each(lambda x: -x, right))
    return pool


@pytest.mark.parametrize("seed", range(20))
def test_a_total_stays_what_it_is_whatever_is_added_to_it(seed):
    check_totals([seed])


def check_totals(seeds):
    for seed in seeds:
        for ours, right in pool_of_sums(seed):
            check(lambda ours=ours: ours, lambda right=right: right)


def test_a_total_whose_memory_is_taken_away_is_caught():
    with planted(structural, _copied=lambda array: (array._states, array._values)), pytest.raises(AssertionError):
        check_totals(range(20))


def places_written(f, x, **arguments):
    """How many elements are copied or set to zero in what sums take over."""
    written = []

    def noting(right):
        def noted(*arguments):
            memory = right(*arguments)
            written.append(0 if memory[1] is None else memory[1].size)
            return memory

        return noted

    with planted(structural, _copied=noting(structural._copied), _zeros=noting(structural._zeros)):
        return oc.gradient(f, x, **arguments), sum(written)


LOOPS = {
    "elements": lambda v: sum(v[i] ** 2 for i in range(len(v))),
    "after the whole": lambda v: sum((v[i] ** 2 for i in range(len(v))), np.sum(v * v)),
    "windows": lambda v: sum(np.sum(v[i : i + 3] ** 2) for i in range(len(v) - 2)),
    "rows": lambda v: sum(row[0] * row[1] for row in v.reshape(-1, 2)),
    "elements of rows": lambda v: sum(element**2 for row in v.reshape(-1, 4) for element in row),
}


@pytest.mark.parametrize("method", ["backprop", "memoized"])
@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_over_elements_writes_an_adjoint_out_once(name, method):
    x = np.linspace(0.5, 1.5, 60)
    found, written = places_written(LOOPS[name], x, method=method)
    assert written <= 6 * x.size
    isolated = oc.gradient(LOOPS[name], x, method=method, granularity="scalar")
    assert found.phases["accumulation"] == isolated.phases["accumulation"]
    assert found.gradient.tolist() == isolated.gradient.tolist()


def test_a_sum_is_written_into_the_memory_of_the_total():
    total = plus(*(placed(array(row, (4,)), row, (4, 4)) for row in range(2)))
    memory = total._values._plain()
    for row in (2, 3):
        total = plus(total, placed(array(row, (4,)), row, (4, 4)))
        assert np.shares_memory(total._values._plain(), memory)


# --- forms


def test_a_part_of_what_has_a_symbolic_size_has_it_too():
    n, m = oc.spec(("n", "m")).shape
    for key, shape in (((slice(None), 0), (n,)), ((0,), (m,)), ((slice(1, None), slice(None)), (n - 1, m))):
        assert selected(spread(ONE, (n, m)), key).shape == shape


def test_an_array_of_numbers_alone_is_an_array_and_one_without_dimensions_a_unit_or_a_number():
    numbers = oc.wrap(np.ones((2, 2)))
    assert structured(np.full((1, 1), NUMBER, np.int8), numbers, (2, 2)) is numbers
    assert [structured(np.array(sign, np.int8), None, ()) for sign in (0, 1, -1)] == [ZERO, ONE, MINUS_ONE]


def test_an_array_of_ones_takes_no_memory():
    ones = spread(ONE, (10**6, 10**6))
    assert ones.states.shape == (1, 1)
    assert oc.unwrap(ones.dense()).strides == (0, 0)
    with oc.count() as tally:
        total = summed(ones, (0,))
    assert tally.counts == {"add": (10**6 - 1) * 10**6}
    assert total.shape == (10**6,)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_a_structural_zero_meets_infinity_and_stays_zero(bad):
    zeros = Structured(np.array([[0], [1]], np.int8), None, (2, 3))
    other = np.ones((2, 3))
    other[0, 1] = bad
    assert np.isfinite(oc.unwrap(number(zeros * oc.wrap(other)))).all()
    mixed = Structured(np.array([0, NUMBER], np.int8), oc.wrap(np.array([0.0, 2.0])), (2,))
    found = contracted(mixed, oc.wrap(other), ("m", "mn", "n"), {"m": 2, "n": 3})
    assert oc.unwrap(found).tolist() == [2.0, 2.0, 2.0]


def test_units_negate_and_multiply_among_themselves():
    assert [-ZERO, -ONE, -MINUS_ONE] == [ZERO, MINUS_ONE, ONE]
    assert times(ZERO, oc.Scalar(2.0)) is times(oc.Scalar(2.0), ZERO) is times(ZERO, ONE) is ZERO
    assert plus(ZERO, ONE) is plus(ONE, ZERO) is plus(None, ONE) is ONE


# --- the checker is checked


@pytest.mark.parametrize("fault", ["count", "value", "state"])
def test_a_fault_is_caught(fault):
    def wrong(a, b):
        found = plus(a, b)
        if fault == "count" and found is not a and found is not b:
            structural.charge({"add": 1})
        elif fault == "value" and isinstance(found, oc.Array):
            return found * oc.wrap(1.01)
        elif fault == "state" and isinstance(found, Structured):
            return Structured(np.where(found.states == 0, 1, found.states), found._values, found.shape)
        return found

    with pytest.raises(AssertionError):
        check_pairs(*SEEDS, plus=wrong)
