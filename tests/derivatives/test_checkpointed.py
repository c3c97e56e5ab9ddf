"""Checkpointed gradients: backprop's to the bit, by the published schedule, and refused if a step is none."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from functools import cache, partial

import numpy as np
import pytest

import opcount as oc
from opcount.derivatives import checkpointed, schedule, steps
from opcount.derivatives.checkpointed import recomputed
from opcount.derivatives.trace import wrapped
from opcount.wrapping.inputs import checked_inputs
from tests.support.faults import planted
from tests.support.steps import FLOATS, FRACTIONS, chain, random_steps

PUBLISHED = [
    (10, 2, 20), (10, 3, 15), (14, 3, 27), (16, 4, 27), (56, 3, 210), (100, 5, 316), (100, 10, 222), (1000, 10, 3636),
]  # fmt: skip


def bits(tree):
    if isinstance(tree, Fraction):  # which may have too many digits to be written
        return tree
    if isinstance(tree, dict):
        return {key: bits(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [bits(value) for value in tree]
    return (tree.shape, tree.dtype, tree.tobytes()) if isinstance(tree, np.ndarray) else repr(tree)


def check(f, x, granularity="array", snapshots=(1, 2, 3, None), log=True):
    """Backprop and the checkpointed gradient compared, and what is predicted of it; gives the last."""
    expected = oc.gradient(f, x, log=log, granularity=granularity)
    for c in snapshots:
        g = oc.gradient(f, x, "checkpointed", snapshots=c, log=log, granularity=granularity)
        assert bits(g.value) == bits(expected.value)
        assert bits(g.gradient) == bits(expected.gradient)
        assert g.log == expected.log
        assert g.phases["partials"] == expected.phases["partials"]
        assert g.phases["accumulation"] == expected.phases["accumulation"]
        assert g.phases["primal"] == expected.phases["primal"] + g.recomputed
        assert g.storage.nodes <= expected.storage.nodes
        assert c is None or g.storage.snapshots <= c
        predicted = recomputed(f, wrapped(checked_inputs(x, granularity)), c)
        assert predicted == (g.steps, g.steps_evaluated, g.recomputed)
    return g


# --- the schedule


@cache
def fewest(length, snapshots):
    """The fewest evaluations, by trying every place for the next snapshot."""
    if length <= 1:
        return 0
    if snapshots == 1:
        return length * (length - 1) // 2
    places = range(1, length)
    return min(at + fewest(at, snapshots) + fewest(length - at, snapshots - 1) for at in places)


@pytest.mark.parametrize(("length", "snapshots", "evaluations"), PUBLISHED)
def test_steps_are_evaluated_as_often_as_published(length, snapshots, evaluations):
    g = oc.gradient(chain(length, np.sin), 0.5, "checkpointed", snapshots=snapshots)
    assert g.steps_evaluated == schedule.evaluations(length, snapshots) == evaluations
    assert g.steps == length and g.storage.snapshots == snapshots
    assert g.recomputed == oc.Counts(sin=length + evaluations)


def test_no_schedule_evaluates_fewer_steps():
    for length, snapshots in itertools.product([*range(1, 12), 17, 24], range(1, 7)):
        assert schedule.evaluations(length, snapshots) == fewest(length, snapshots)
        g = oc.gradient(chain(length, np.negative), 0.5, "checkpointed", snapshots=snapshots)
        assert g.steps_evaluated == fewest(length, snapshots)


@pytest.mark.parametrize("snapshots", [1, 2, 4, 5, 6, 100])
def test_snapshots_beyond_one_for_each_step_but_one_are_not_taken(snapshots):
    g = oc.gradient(chain(6, np.sin), 0.5, "checkpointed", snapshots=snapshots)
    assert g.storage.snapshots == min(snapshots, 5)
    assert g.steps_evaluated == {1: 15, 2: 8, 4: 6}.get(snapshots, 5)


@pytest.mark.parametrize("length", [0, 1])
def test_none_and_one_step_are_evaluated_no_more(length):
    g = check(chain(length, np.sin), 0.5)
    assert (g.steps, g.steps_evaluated, g.storage.snapshots) == (length, 0, length)


def test_the_default_has_as_many_snapshots_as_a_step_is_evaluated_times():
    found = [oc.gradient(chain(n, np.sin), 0.5, "checkpointed").storage.snapshots for n in (1, 2, 3, 6, 7, 20, 21)]
    assert found == [1, 1, 2, 2, 3, 3, 4]


def test_the_graph_of_one_step_is_kept_at_a_time():
    for length in (2, 10, 50):
        storage = oc.gradient(chain(length, lambda s: np.sin(s) * s), 0.5, "checkpointed", snapshots=3).storage
        assert (storage.nodes, storage.derivatives) == (4, 3)  # x, and of a step its state, the sine and the product


@pytest.mark.parametrize("fault", [lambda steps, c: steps - 1, lambda steps, c: 1, lambda steps, c: steps // 2 or 1])
def test_another_schedule_is_seen(fault):
    with planted(schedule, onward=fault), pytest.raises(AssertionError):
        test_no_schedule_evaluates_fewer_steps()


# --- programs


@pytest.mark.parametrize("seed", range(40))
def test_random_programs_in_steps_have_the_gradient_of_backprop(seed):
    exact = seed % 3 == 0
    check(random_steps(seed, exact), FRACTIONS if exact else FLOATS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40, 1000))
def test_many_random_programs_in_steps_have_the_gradient_of_backprop(seed):
    exact = seed % 3 == 0
    check(random_steps(seed, exact), FRACTIONS if exact else FLOATS)


RANDOM = np.random.default_rng(1)
W, H, DATA = RANDOM.normal(size=(4, 4)), RANDOM.normal(size=4), RANDOM.normal(size=(6, 2))


def with_loss_at_each_step(x):
    h, loss = x["h"], 0.0
    for k in range(6):
        h = oc.checkpoint(lambda h, u: np.tanh(x["w"] @ h + x["u"] @ u))(h, DATA[k])
        loss = loss + np.sum((h - 0.1) ** 2)
    return loss


def with_a_loop_variable(x):
    h = np.zeros(4)
    for k in range(6):
        h = oc.checkpoint(lambda h: np.tanh(x @ h + DATA[k, 0]))(h)  # noqa: B023
    return np.sum(h)


def that_writes(x):
    def step(s):
        s[0] = s[1] * s[2]
        s[1:3] += s[0:2]
        s *= 0.5
        return s

    return np.sum(chain(5, step)(x * 1.0) * x)


def that_is_written_into(x):
    s = x * 1.0
    for _ in range(5):
        s = oc.checkpoint(np.sin)(s)
        s[0] = 2.0
        s = s * x
    return np.sum(s)


def with_constant_elements(x):
    def step(s):
        return np.concatenate([np.tanh(s[:4] * s[5]), s[4:] * 1.5])

    s = chain(5, step)(np.concatenate([x, [1.0, 2.0]]))
    return np.sum(s[:5] * s[1:])


def that_fills(x):
    def step(s, k):
        s = s.copy()
        s[k] = x[k] * 2
        return s * s

    s = np.zeros_like(x)
    for k in range(4):
        s = oc.checkpoint(step)(s, k)
    return np.sum(s * x)


def with_a_dict(x):
    def step(s):
        s["h"] = np.tanh(s["w"] @ s["h"])
        s["n"] += 1
        return s

    return np.sum(chain(6, step)({"h": x["h"], "n": 0, "w": x["w"]})["h"])


def with_steps_in_steps(x):
    return np.sum(chain(5, lambda s: chain(4, lambda s: np.sin(s) * x)(s) + x)(x))


def with_two_chains(x):
    a, b = x, x
    for _ in range(4):
        a, b = oc.checkpoint(np.sin)(a), oc.checkpoint(np.cos)(b)
    return np.sum(a * b)


def with_keywords(x):
    return np.sum(oc.checkpoint(lambda a, b=2.0: a * b)(x, b=x))


def that_gives_back_what_it_is_given(x):
    return np.sum(oc.checkpoint(lambda a: (a, a, a * a, a))(x)[2] * x)


PROGRAMS = [
    (with_loss_at_each_step, {"w": W, "h": H, "u": RANDOM.normal(size=(4, 2))}),
    (with_a_loop_variable, W),
    (that_writes, H),
    (that_is_written_into, H),
    (with_constant_elements, H),
    (that_fills, H),
    (with_a_dict, {"h": H, "w": W}),
    (with_steps_in_steps, H),
    (with_two_chains, H),
    (with_keywords, H),
    (that_gives_back_what_it_is_given, H),
    (lambda x: np.sum(chain(4, lambda s: np.maximum(np.einsum("i,ij->j", s, W), s.mean()))(x)), H),
    (lambda x: np.sum(chain(4, lambda s: (s @ W.reshape(4, 4)).reshape(2, 2).T.ravel())(x)), H),
    (lambda x: oc.checkpoint(lambda: np.sum(x * x))(), H),
]


@pytest.mark.parametrize("granularity", ["array", "scalar"])
@pytest.mark.parametrize(("f", "x"), PROGRAMS, ids=lambda item: getattr(item, "__name__", ""))
def test_programs_of_arrays_in_steps_have_the_gradient_of_backprop(f, x, granularity):
    check(f, x, granularity, log=False)


def test_work_between_steps_belongs_to_the_graph_that_is_kept():
    f = lambda x: chain(10, np.sin)(x)  # noqa: E731
    between = lambda x: chain(10, lambda s: s, lambda _: lambda s: oc.checkpoint(np.sin)(s) * x)(x)  # noqa: E731
    assert check(f, 0.5, snapshots=[3]).steps_evaluated == 15
    kept = check(between, 0.5, snapshots=[3])  # every state is a product that is kept
    assert (kept.steps, kept.steps_evaluated, kept.storage.snapshots) == (10, 0, 1)


def test_steps_in_steps_share_the_snapshots():
    g = check(with_steps_in_steps, H, snapshots=[2])
    assert (g.steps, g.steps_evaluated, g.storage.snapshots) == (25, 34, 2)


def test_a_constant_is_not_computed_again():
    g = check(lambda x: oc.unwrap(oc.checkpoint(np.floor)(x)) * 1.0, 2.5)
    assert (g.gradient, g.steps, g.steps_evaluated, g.recomputed) == (0.0, 0, 0, oc.Counts())


def test_a_step_that_fails_may_be_caught():
    def f(x):
        for _ in range(3):
            try:
                x = oc.checkpoint(lambda s: [s * 2, 1 / 0])(x * 2)
            except ZeroDivisionError:
                x = oc.checkpoint(lambda s: s * s)(x)
        return x

    assert check(f, 1.1).steps == 3


@pytest.mark.parametrize("method", oc.METHODS)
def test_by_every_other_method_a_step_is_only_called(method):
    plain, marked = (oc.gradient(chain(5, np.sin, mark), 0.5, method) for mark in (lambda step: step, oc.checkpoint))
    if method == "checkpointed":
        assert plain.recomputed == oc.Counts() and marked.recomputed == oc.Counts(sin=11)
    else:
        assert marked == plain
    assert oc.measure(chain(5, np.sin), 0.5) == oc.measure(chain(5, np.sin, lambda step: step), 0.5)
    assert chain(5, np.sin)(0.5) == chain(5, np.sin, lambda step: step)(0.5)


def test_a_step_of_shapes_is_counted_and_predicted():
    x = {"w": W, "h": H, "u": np.ones((4, 2))}
    shapes = {name: oc.spec(array.shape) for name, array in x.items()}
    for c in (1, 2, None):
        g, s = (oc.gradient(with_loss_at_each_step, each, "checkpointed", snapshots=c) for each in (x, shapes))
        assert (s.phases, s.steps, s.steps_evaluated, s.recomputed) == (
            g.phases, g.steps, g.steps_evaluated, g.recomputed
        )  # fmt: skip


def test_compare_has_what_is_computed_again_executed_or_predicted():
    f = chain(10, lambda s: np.sin(s) * s)
    executed, predicted = (oc.compare(f, 0.5, methods="checkpointed", budget=b) for b in (10**6, 1))
    assert executed.executed.all() and not predicted.executed.any()
    assert executed.drop(columns="executed").equals(predicted.drop(columns="executed"))
    assert executed.total[0] == oc.gradient(f, 0.5, "checkpointed").phases["primal"].total == 2 * (10 + 10 + 15)


def test_a_budget_is_compared_with_the_prediction():
    f = chain(4, lambda s: s * s)
    expected = oc.gradient(f, 0.5).phases["accumulation"]
    assert oc.gradient(f, 0.5, "checkpointed", budget=expected.total).phases["accumulation"] == expected
    with pytest.raises(oc.BudgetExceeded, match="'checkpointed' would execute"):
        oc.gradient(f, 0.5, "checkpointed", budget=expected.total - 1)


def test_gradients_and_what_they_are_computed_from_have_memory_of_their_own():
    g = oc.gradient(lambda x: np.sum(chain(3, lambda s: s * DATA[0])(x) * DATA[1]), DATA[2], "checkpointed")
    assert not np.shares_memory(g.gradient, DATA)


# --- what is refused


def with_a_random_number(x, draw=random.Random(0)):  # noqa: B008
    return oc.checkpoint(lambda s: s * draw.random())(x)


def with_a_random_mask_of_zeros(x, draw=np.random.default_rng(0)):  # noqa: B008
    return np.sum(oc.checkpoint(lambda s: (s - s) * draw.normal(size=4))(x * np.ones(4)))


def with_a_buffer(x):
    buffer, s = np.zeros(4), x * np.ones(4)
    for k in range(4):
        buffer[:] = k
        s = oc.checkpoint(lambda s, b: s * b)(s, buffer)
    return s.sum()


def that_executes_more_at_first(x, times=itertools.count()):  # noqa: B008
    return oc.checkpoint(lambda s: s * s if next(times) % 2 else s * s * 1.0)(x)


def with_other_operands_of_the_same_value(x, times=itertools.count()):  # noqa: B008
    y = [x * 1.0, x * 1.0]
    return oc.checkpoint(lambda s: s * y[next(times) % 2])(x)


def that_gives_more_at_first(x, times=itertools.count()):  # noqa: B008
    return oc.checkpoint(lambda s: (s * 2, s * 3)[next(times) % 2 :])(x)[-1]


@pytest.mark.parametrize(
    "f",
    [
        with_a_random_number, with_a_random_mask_of_zeros, with_a_buffer, that_executes_more_at_first,
        with_other_operands_of_the_same_value, that_gives_more_at_first,
    ],
)  # fmt: skip
def test_a_step_that_does_not_do_the_same_again_is_refused(f):
    with pytest.raises(oc.InvalidValue, match="did not do the same when it was evaluated again"):
        oc.gradient(f, 2.0, "checkpointed")


def test_what_tells_evaluations_apart_is_needed():
    with planted(steps, _hash_of=lambda data: 0):
        assert oc.gradient(with_a_random_number, 2.0, "checkpointed").gradient != 0


def that_saves(x, use):
    saved = []

    def step(s):
        saved.append(s * s)
        return s * 2

    return use(oc.checkpoint(step)(x), saved)


class Box:
    def __init__(self, number):
        self.number = number


@pytest.mark.parametrize(
    "f",
    [
        partial(that_saves, use=lambda y, saved: y + saved[0]),
        partial(that_saves, use=lambda y, saved: saved[0]),
        partial(that_saves, use=lambda y, saved: oc.checkpoint(lambda s: s * saved[0])(y)),
        partial(that_saves, use=lambda y, saved: oc.checkpoint(lambda s, t: s * t)(y, saved[0])),
        lambda x: oc.checkpoint(lambda s: Box(s * s))(x).number * 2,
    ],
)
def test_what_is_forgotten_cannot_be_used(f):
    with pytest.raises(oc.InvalidValue, match="has been forgotten: return it"):
        oc.gradient(f, 2.0, "checkpointed")
    assert oc.gradient(f, 2.0).value  # by another method it is an ordinary number


def test_a_write_into_what_a_step_closes_over_is_refused():
    def f(x):
        w = x * 1.0

        def step(s):
            w[0] = s
            return s * w[0]

        return oc.checkpoint(step)(x[0]) * w[1]

    with pytest.raises(oc.InvalidValue, match="do not change what the step was not given"):
        oc.gradient(f, H, "checkpointed")


def test_a_view_that_others_see_is_refused():
    with pytest.raises(oc.Uncounted, match="returned a view"):
        oc.gradient(lambda x: oc.checkpoint(lambda s: s[1:])(x * 1.0).sum(), H, "checkpointed")
    with pytest.raises(oc.Uncounted, match="returned a view"):
        oc.gradient(lambda x: oc.checkpoint(lambda s: (t := s * 2, t[1:]))(x)[1].sum(), H, "checkpointed")


def test_a_generator_and_what_is_no_function_are_refused():
    def step(s):
        yield s * s

    with pytest.raises(oc.InvalidType, match=r"step .* is a generator or a coroutine"):
        oc.gradient(lambda x: next(oc.checkpoint(step)(x)), 2.0, "checkpointed")
    with pytest.raises(oc.InvalidType, match="step must be a function of the state, not 3"):
        oc.checkpoint(3)


@pytest.mark.parametrize("snapshots", [0, -1])
def test_fewer_snapshots_than_one_are_refused(snapshots):
    with pytest.raises(oc.InvalidValue, match=f"snapshots must be at least 1, not {snapshots}"):
        oc.gradient(lambda x: x * x, 2.0, "checkpointed", snapshots=snapshots)


# --- faults are seen


def test_states_that_are_mixed_up_are_seen():
    def mixed(chain, order, evaluated, before=schedule.Chain.before):
        state = before(chain, order, evaluated)
        return {node: value * 1.0000001 for node, value in state.items()}

    with planted(schedule.Chain, before=mixed), pytest.raises(oc.InvalidValue):
        check(chain(5, np.sin), 0.5)


def test_adjoints_that_are_lost_are_seen():
    def lossy(*arguments):
        found = part_of_operands(*arguments)
        return found | {node: edges[:1] for node, edges in found.items()}

    part_of_operands = checkpointed.part_of_operands
    with planted(checkpointed, part_of_operands=lossy), pytest.raises(AssertionError):
        check(random_steps(1, False), FLOATS)
    assert check(random_steps(1, False), FLOATS)


def test_long_doubles_are_the_same_again_whatever_fills_their_memory():
    """Some of their bytes belong to no number, and were compared too."""

    def f(x):
        for _ in range(6):
            x = oc.checkpoint(lambda s: np.sin(s) * s)(x)
        return np.sum(x)

    x = np.array([0.5, 1.0, np.nan, -0.0], np.longdouble)
    for _ in range(5):
        found = oc.gradient(f, x, "checkpointed", snapshots=2)
        assert repr(found.gradient) == repr(oc.gradient(f, x).gradient)
