"""JAX programs: counts that are known by hand, or as those of the same program in NumPy."""

from __future__ import annotations

import time
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import opcount as oc
from opcount.sources import jax as ocj
from opcount.sources.jax import control
from tests.support.faults import planted

RNG = np.random.default_rng(18)


def of(*shape, dtype="f4"):
    return jax.ShapeDtypeStruct(shape, dtype)


def shapes(args):
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(np.shape(leaf), jax.dtypes.result_type(leaf)), args)


def counts(f, *args):
    return ocj.measure(f, *args).counts.to_dict()


def both(f, *args):
    """The counts of a program, which are the same by values and from shapes."""
    found = counts(f, *args)
    assert counts(f, *shapes(args)) == found
    return found


# --- the examples of the issue


def test_horners_rule_as_a_scan():
    def horner(x):
        return lax.scan(lambda y, c: (y * x + c, None), 1.0, jnp.array([2.0, 3.0, 4.0]))[0]

    value, found = ocj.measure(horner, 2.0)
    assert float(value) == 26 and found == {"mul": 3, "add": 3}
    assert both(horner, 2.0) == {"mul": 3, "add": 3}


def rnn(xp, fold):
    def run(p, xs):
        return xp.sum(fold(lambda h, x: xp.tanh(p["U"] @ h + p["W"] @ x), xp.zeros(4), xs))

    return run


def by_scan(step, carry, xs):
    return lax.scan(lambda carry, x: (step(carry, x), None), carry, xs)[0]


def by_loop(step, carry, xs):
    for x in xs:
        carry = step(carry, x)
    return carry


def test_a_recurrent_network_counts_what_the_loop_in_numpy_does():
    p = {"U": RNG.normal(size=(4, 4)), "W": RNG.normal(size=(4, 3))}
    found = both(rnn(jnp, by_scan), p, np.ones((7, 3)))
    assert found == {"mul": 196, "add": 171, "tanh": 28}
    assert found == oc.measure(rnn(np, by_loop), p, np.ones((7, 3))).counts.to_dict()


def test_a_convolution_whose_padding_meets_nobody():
    def layer(x, w):
        return lax.conv_general_dilated(x, w, (2, 2), ((1, 1), (1, 1)))

    assert counts(layer, of(1, 2, 7, 7), of(4, 2, 3, 3)) == {"mul": 800, "add": 736}


def test_a_loop_of_a_billion_takes_less_than_a_second():
    start = time.process_time()
    found = counts(lambda x: lax.fori_loop(0, 10**9, lambda i, y: x * y, x), of(5))
    assert found == {"mul": 5 * 10**9} and time.process_time() - start < 1


# --- rounds


def swap(carry, _):
    a, b = carry
    return (b, a * 2), None


def overwrite(carry, x):
    return (jnp.zeros(()), carry[0] * x), carry[1] + 1


@pytest.mark.parametrize(
    ("program", "found"),
    [
        # a carry comes to depend at the third round, one that is overwritten no longer does, two are exchanged
        (lambda x: lax.scan(lambda c, _: ((x, c[0], c[1] * 2 + c[2]), None), (1.0, 1.0, 1.0), None, length=5)[0],
         {"mul": 3, "add": 3}),
        (lambda x: lax.scan(overwrite, (x, 1.0), jnp.ones(4)), {"mul": 1, "add": 1}),
        (lambda x: lax.scan(swap, (x, 1.0), None, length=7)[0], {"mul": 4}),
        (lambda x: lax.scan(swap, (1.0, x), None, length=7)[0], {"mul": 3}),
        (lambda x: lax.scan(swap, (1.0, x), None, length=8)[0], {"mul": 4}),
        (lambda x: lax.scan(lambda c, _: (c * x, c), 1.0, None, length=0)[0] * x, {}),
        # backwards, unrolled, with rows that are gathered
        (lambda x: lax.scan(lambda c, a: (c * a, c + x), x, jnp.ones(6), reverse=True, unroll=2)[1],
         {"mul": 6, "add": 6}),
        (lambda x: lax.map(lambda a: jnp.sin(a) * x, jnp.arange(4.0)), {"mul": 4}),
        (lambda x: lax.fori_loop(2, 5, lambda i, c: c * x + i, 0.0), {"mul": 3, "add": 3}),
        # the inner loop runs as often as the counter of the outer one says
        (lambda x: lax.fori_loop(0, 4, lambda i, c: lax.fori_loop(0, i, lambda j, d: d * x, c), 1.0), {"mul": 6}),
        (lambda x: lax.scan(lambda c, i: (lax.cond(i % 2 == 0, jnp.sin, jnp.cos, c * x), None), x, jnp.arange(5))[0],
         {"mul": 5, "sin": 3, "cos": 2}),
        (lambda x: lax.while_loop(lambda c: c[0] < 10, lambda c: (c[0] + 3, c[1] * x), (0, x))[1], {"mul": 4}),
        (lambda x: lax.while_loop(lambda c: c[0] >= 1, lambda c: (c[0] - 2, c[1] * x), (9, x))[1], {"mul": 5}),
        (lambda x: lax.while_loop(lambda c: 12 != c[0], lambda c: (c[0] + 4, c[1] * x), (0, x))[1], {"mul": 3}),
        (lambda x: lax.while_loop(lambda c: c[0] < 40, lambda c: (c[0] * 3, c[1] * x), (1, x))[1], {"mul": 4}),
        (lambda x: lax.while_loop(lambda c: c < 1, lambda c: c + 1, 1) * x, {"mul": 1}),
    ],
)  # fmt: skip
def test_rounds(program, found):
    if found:
        assert both(program, 2.0) == found
    else:
        assert counts(program, of()) in ({}, {"mul": 1})


def test_a_loop_over_no_rows_gathers_none():
    value, found = ocj.measure(lambda x: lax.scan(lambda c, a: (c * a, a * a), x, jnp.zeros((0, 2))), jnp.ones(2))
    assert value[1].shape == (0, 2) and not found


@pytest.mark.parametrize(
    ("program", "args", "found"),
    [
        (lambda x: lax.while_loop(lambda c: c < 100, lambda c: c * x, x), (2.0,), {"mul": 6, "lt": 7}),
        (lambda x: lax.while_loop(lambda c: c < 1, lambda c: c * x, x), (2.0,), {"lt": 1}),
        # Newton: a loop in Python of as many rounds
        (lambda a: lax.while_loop(lambda x: abs(x * x - a) > 1e-3, lambda x: (x + a / x) / 2, a), (2.0,),
         {"mul": 4, "sub": 4, "abs": 4, "gt": 4, "div": 6, "add": 3}),
        # what a round executes depends on values
        (lambda x: lax.while_loop(lambda c: c < 9, lambda c: lax.cond(c > 4, lambda c: c + x, lambda c: c * x, c), x),
         (2.0,), {"mul": 2, "add": 1, "gt": 3, "lt": 4} ),
        (lambda a, b: lax.while_loop(lambda c: c[1] != 0, lambda c: (c[1], lax.rem(*c)), (a, b))[0], (12, 8),
         {"fmod": 2, "ne": 3}),
        # the number of rounds is an argument: a counter and its bound are places
        (lambda x, n: lax.fori_loop(0, n, lambda i, c: c * x, x), (2.0, 5), {"mul": 5}),
        (lambda x, n: lax.fori_loop(n, 9, lambda i, c: c * x, x), (2.0, 5), {"mul": 4}),
        (lambda x, n: lax.fori_loop(0, n - 1, lambda i, c: c * i, x), (2.0, 5), {"mul": 4}),
        (jax.vmap(lambda x: lax.while_loop(lambda c: c < 100, lambda c: c * 2, x)), (np.array([1.0, 2.0, 50.0]),),
         {"mul": 21, "lt": 24}),
        (lambda x: lax.cond(x > 0, jnp.sin, lambda x: x * x, x), (2.0,), {"gt": 1, "sin": 1}),
        (lambda x: lax.cond(x > 0, jnp.sin, lambda x: x * x, x), (-2.0,), {"gt": 1, "mul": 1}),
        (lambda i, x: lax.switch(i, [jnp.sin, jnp.cos, jnp.tanh], x), (2, np.ones(3)), {"tanh": 3}),
        (lambda i, x: lax.switch(i, [jnp.sin, jnp.cos, jnp.tanh], x), (7, np.ones(3)), {"tanh": 3}),
        (lambda x: lax.scan(lambda c, a: (lax.cond(a > 1, lambda c: c * a, lambda c: c, c), c), 1.0, x),
         (np.arange(4.0),), {"gt": 4, "mul": 2}),
        (lambda x: lax.scan(lambda c, a: (c, lax.while_loop(lambda b: b < 5, lambda b: b + a, a)), 0.0, x)[1],
         (np.array([1.0, 2.0]),), {"add": 6, "lt": 8}),
    ],
)  # fmt: skip
def test_what_depends_on_values_counts_as_it_is_executed(program, args, found):
    value, executed = ocj.measure(program, *args)
    assert executed.to_dict() == found
    np.testing.assert_allclose(
        np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(value)]),
        np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(program(*args))]),
        rtol=1e-6,
    )
    if "fori" not in str(program):
        with pytest.raises(oc.Uncounted, match=r"(while|cond) at .*test_jax_programs.py:\d+ .*value"):
            ocj.measure(program, *shapes(args))


def test_a_branch_from_shapes_is_refused_with_both_costs_and_its_line():
    def f(x):
        return lax.cond(jnp.sum(x) > 0, jnp.sin, lambda x: x * 2 + 1, x)

    line = f.__code__.co_firstlineno + 1
    with pytest.raises(oc.Uncounted) as error:
        ocj.measure(f, of(3))
    text = str(error.value)
    assert f"cond at {__file__}:{line} (" in text
    assert "Counts({'mul': 3, 'add': 3}) and Counts({'sin': 3})" in text
    with pytest.raises(oc.Uncounted, match=r"the 3 branches execute .*, .* and Counts"):
        ocj.measure(lambda i, x: lax.switch(i, [jnp.sin, jnp.cos, jnp.tanh], x), of(dtype="i4"), of(3))
    with pytest.raises(oc.Uncounted, match="depends on values in its turn"):
        ocj.measure(lambda x: lax.cond(x > 0, lambda x: lax.cond(x > 1, jnp.sin, jnp.cos, x), jnp.sin, x), of())


def test_a_long_loop_by_value_is_executed_by_jax():
    start = time.process_time()
    assert counts(lambda x: lax.fori_loop(0, 10**6, lambda i, y: y * x, x), 1.0) == {"mul": 10**6}
    found = counts(lambda x: lax.while_loop(lambda c: c[1] < 1e5, lambda c: (c[0] * x, c[1] + x), (x, 0.0)), 1.0)
    assert found == {"mul": 10**5, "add": 10**5, "lt": 10**5}
    assert time.process_time() - start < 3


def test_argument_by_value_beside_a_shape():
    def f(x, n):
        return lax.while_loop(lambda c: c[1] < n, lambda c: (c[0] * 2, c[1] * 2.0), (x, 1.0))[0]

    value, found = ocj.measure(f, of(3), 5.0)
    assert value.shape == (3,) and found == {"mul": 9, "lt": 4}


# --- calls


@jax.custom_jvp
def softened(x):
    return jnp.log1p(jnp.exp(x))


softened.defjvp(lambda p, t: (softened(*p), t[0] * jax.nn.sigmoid(p[0])))


@jax.custom_vjp
def clipped(x):
    return jnp.sin(x)


clipped.defvjp(lambda x: (jnp.sin(x), x), lambda x, g: (jnp.clip(g, -1, 1) * jnp.cos(x),))


@pytest.mark.parametrize(
    ("program", "found"),
    [
        (jax.jit(lambda x: jax.jit(lambda y: y * y)(x) + x), {"mul": 3, "add": 3}),
        (softened, {"exp": 3, "log1p": 3}),
        (clipped, {"sin": 3}),
        (jax.checkpoint(lambda x: jnp.sin(jnp.cos(x))), {"sin": 3, "cos": 3}),
        (jax.vmap(lambda x: x * x + 1), {"mul": 3, "add": 3}),
        (jax.vmap(lambda x: x - lax.psum(x, "i"), axis_name="i"), {"sub": 3, "add": 2}),
        (jax.vmap(lambda x: lax.pmax((x, x), "i"), axis_name="i"), {"maximum": 4}),
        (lambda x: jax.vmap(lambda a: a * x)(jnp.ones(4)), {"mul": 12}),
        (lambda x: lax.custom_linear_solve(lambda y: x * y, x, lambda mv, b: b / x), {"div": 3}),
        (lambda x: lax.platform_dependent(x, cpu=jnp.sin, default=jnp.cos), {"sin": 3}),
        (lambda x: lax.composite(lambda x: x * 2, "my.double")(x), {"mul": 3}),
        (lambda x: jax.custom_derivatives.linear_call(lambda r, x: r * x, lambda r, x: r * x, x, x), {"mul": 3}),
        (jax.vmap(lambda x: lax.cond(x > 0, jnp.sin, jnp.cos, x)), {"gt": 3, "sin": 3, "cos": 3}),
        (jax.jit(lambda x: lax.reduce(x, 1.0, lambda a, b: a * b + 1, (0,))), {"mul": 3, "add": 3}),
        (lambda x: x.at[0].apply(jnp.sin), {"sin": 1}),
    ],
)
def test_calls(program, found):
    assert both(program, np.ones(3)) == found


def test_a_batch_of_branches_by_index():
    f = jax.vmap(lambda i, x: lax.switch(i, [jnp.sin, jnp.cos, jnp.tanh], x))
    assert both(f, np.array([0, 2]), np.ones(2)) == {"sin": 2, "cos": 2, "tanh": 2}


# --- what depends, and what is a place


W = RNG.normal(size=(3, 3))


def bisected(table, wanted):
    """The place of a number among eight in order, found by halving; what is compared is data."""

    def halve(at, step):
        return jnp.where(table[at + step - 1] < wanted, at + step, at), None

    return table[lax.scan(halve, 0, jnp.array([4, 2, 1]))[0]]


@pytest.mark.parametrize(
    ("program", "args", "found"),
    [
        (lambda x: jnp.sum(jnp.arange(4.0) * 2 + jnp.eye(4)) + x, (1.0,), {"add": 1}),
        (lambda x: (x.shape[0] * 2 + 1) * x, (np.ones(3),), {"mul": 3}),
        (lambda x: jnp.where(x > 0, 1.0, 2.0) * 3, (np.ones(5),), {"gt": 5, "mul": 5}),
        (lambda x: (x > 0).sum(), (np.ones(5),), {"gt": 5, "add": 4}),
        (lambda x: ((x > 0) & ~(x < 1)).any(), (np.ones(5),), {"gt": 5, "lt": 5}),
        (lambda x: x.astype(bool), (np.ones(5),), {"ne": 5}),
        (lambda x: jnp.argmax(x) + 1, (np.ones(5),), {"gt": 4}),
        (lambda x, i: x[i], (np.ones(5), np.array([0, 2])), {}),
        (lambda x, i: x[i + 1] * 2, (np.ones(5), np.array([0, 2])), {"mul": 2}),
        (lambda x, i: x[i], (np.ones(5), 1), {}),
        (lambda x, i: x.at[i].add(1.0), (np.ones(5), np.array([0, 2])), {"add": 2}),
        (lambda x, i: x.at[i].set(0.0) + x, (np.ones(5), np.array([0, 2])), {"add": 5}),
        (lambda x, i: jnp.take_along_axis(x, i, 0), (np.ones(5), np.array([0, 2])), {}),
        (lambda x, i: lax.dynamic_slice(x, (i,), (2,)) + lax.dynamic_update_slice(x, x[:2], (i,))[:2],
         (np.ones(5), 1), {"add": 2}),
        (lambda i: i * 2 + 1, (np.arange(3),), {"mul": 3, "add": 3}),
        (lambda i: jnp.array([1.0, 2.0])[i] * 2, (np.array([0, 1]),), {"mul": 2}),
        (lambda i: (i > 1) & (i < 5), (np.arange(3),), {"gt": 3, "lt": 3}),
        (lambda i: jnp.where(i > 1, 1.0, 2.0), (np.arange(3),), {"gt": 3}),
        (lambda i: lax.cond(i > 1, jnp.sin, jnp.cos, 1.0), (2,), {"gt": 1}),
        (lambda i: (i & 3) | 1, (np.arange(3),), {"bitwise_and": 3, "bitwise_or": 3}),
        # integers that are data are compared, counted and summed as numbers are, whatever the result is used for
        (lambda x, i: x[jnp.where(i[0] < i[1], 0, 1)], (np.ones(2), np.array([0, 2])), {"lt": 1}),
        (lambda x, i: x[jnp.argmin(i)], (np.ones(2), np.array([0, 2])), {"lt": 1}),
        (lambda x, i: x[jnp.sum(i)], (np.ones(2), np.array([0, 2])), {"add": 1}),
        (lambda x, y: x[(y > 0).sum()], (np.ones(2), np.ones(3)), {"gt": 3, "add": 2}),
        (lambda x, i: jnp.where(i == 3, x, 1.0), (np.ones(2), np.array([0, 2])), {"eq": 2}),
        (lambda i: bisected(i, 5), (np.arange(8),), {"lt": 3}),
        (lambda x, i: jnp.take(x, i, mode="wrap") + jnp.take(x, i, mode="clip"),
         (np.ones(5), np.array([0, 7])), {"add": 2}),
        (lambda x, i: x[(3 * i + 1) % 5], (np.ones(5), np.array([0, 7])), {}),
        (lambda x, key: x * jax.random.bernoulli(key, 0.5, (5,)), (np.ones(5), jax.random.key(0)), {"mul": 5}),
        (lambda x, key: x + jax.random.normal(key, (5,)), (np.ones(5), jax.random.PRNGKey(0)), {"add": 5}),
        (lambda x: W @ x, (np.ones(3),), {"mul": 9, "add": 6}),
        (lambda x: jnp.concatenate([x, jnp.zeros(2)])[::-1].reshape(5, 1).T, (np.ones(3),), {}),
    ],
)  # fmt: skip
def test_what_counts(program, args, found):
    if "cond" in program.__code__.co_names:
        assert counts(program, *args) == found
    else:
        assert both(program, *args) == found


# --- arguments


def test_arguments_are_trees_and_the_value_has_its_own():
    def f(p, scale):
        return {"y": p["w"] * scale, "none": None, "n": (p["b"][0] + 1,)}

    args = {"w": np.ones((2, 2)), "b": [3, None]}, jnp.float32(2)
    value, found = ocj.measure(f, *args)
    assert found == {"mul": 4, "add": 1} and value["none"] is None and int(value["n"][0]) == 4
    value, found = ocj.measure(f, *shapes(args))
    assert found == {"mul": 4, "add": 1} and value["y"].shape == (2, 2)


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1, 1)])
def test_numbers_and_empty_arrays(shape):
    size = int(np.prod(shape))
    found = both(lambda x: jnp.sum(jnp.tanh(x) * 2), np.ones(shape))
    assert oc.Counts(found) == {"tanh": size, "mul": size, "add": max(size - 1, 0)}


def test_64_bits():
    with jax.enable_x64(True):
        value, found = ocj.measure(lambda x: x * x, np.float64(1) / 3)
        assert value.dtype == np.float64 and float(value) == (1 / 3) ** 2 and found == {"mul": 1}
    assert ocj.measure(lambda x: x * x, np.ones(2)).value.dtype == np.float32


def test_static_arguments():
    power = jax.jit(lambda x, n: x**n, static_argnums=1)
    assert ocj.measure(power, 2.0, 5, static_argnums=1).counts == {"mul": 3}
    assert ocj.measure(power, 2.0, 5, static_argnums=(-1,)).counts == {"mul": 3}


@pytest.mark.parametrize(
    ("args", "named"),
    [(("text",), r"args\[0\] is .*'text'"), (({"a": [1.0, object()]},), r"args\[0\]\['a'\]\[1\]"), ((print,), "args")],
)
def test_a_leaf_that_is_no_number_is_named(args, named):
    with pytest.raises(oc.InvalidType, match=named):
        ocj.measure(lambda x: x, *args)


@pytest.mark.parametrize(
    "leaf", [np.ma.masked_array([1.0, 2.0], [True, False]), np.array([1, "a"], object), oc.wrap(Fraction(1, 3))]
)
def test_arrays_that_jax_would_take_for_something_else_are_refused(leaf):
    with pytest.raises(oc.InvalidType, match=r"args\[0\] is "):
        ocj.measure(jnp.sum, leaf)


def test_a_position_of_no_argument_is_not_static():
    with pytest.raises(oc.InvalidValue, match="static_argnums has 2, and there are 2 arguments"):
        ocj.measure(jnp.add, 1.0, 2.0, static_argnums=(0, 2))


def test_keys_are_data_and_results():
    with pytest.warns(oc.NothingCounted):
        value, counts = ocj.measure(lambda key: jax.random.split(key), jax.random.key(0))
    assert value.shape == (2,) and not counts


def test_a_program_that_is_traced_by_jax_already():
    with pytest.raises(oc.InvalidType, match=r"ocj.measure: args\[0\] is traced by JAX"):
        jax.jit(lambda x: ocj.measure(jnp.sin, x).value)(1.0)
    with pytest.raises(oc.InvalidType, match="f must be a function"):
        ocj.measure(3, 1.0)


def test_errors_of_the_program_pass():
    with pytest.raises(ZeroDivisionError):
        ocj.measure(lambda x: 1 / 0, 1.0)
    with pytest.raises(jax.errors.TracerBoolConversionError):
        ocj.measure(lambda x: x if x > 0 else -x, 1.0)
    with pytest.raises(TypeError, match="dot_general"):
        ocj.measure(lambda x: x @ jnp.ones((3, 4)), jnp.ones(2))


def test_nothing_counted_warns():
    with pytest.warns(oc.NothingCounted, match="depends on none"):
        ocj.measure(lambda x: jnp.arange(3.0) * 2, 1.0)


def test_the_value_is_what_the_program_gives():
    def f(x):
        y = jnp.linalg.solve(x, jnp.ones(3)) + jax.nn.softmax(x[0])
        return lax.scan(lambda c, a: (jnp.tanh(c * a), c), y, x)

    x = RNG.normal(size=(3, 3)).astype("f4")
    for found, expected in zip(jax.tree.leaves(ocj.measure(f, x).value), jax.tree.leaves(f(x)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)


# --- the check itself


def test_a_wrong_rule_for_rounds_is_noticed():
    def once_too_few(once, start, length, place):
        return control_rounds(once, start, length - 1, place)

    control_rounds = control._rounds
    with planted(control, _rounds=once_too_few):
        assert counts(lambda x: lax.scan(lambda c, a: (c * a, None), x, jnp.ones(3))[0], of()) == {"mul": 2}
