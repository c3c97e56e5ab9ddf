"""What `jax.value_and_grad` executes, by phase: the phases add up to the whole, and each is what it says."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import opcount as oc
from opcount.sources import jax as ocj
from opcount.sources.jax import run
from tests.support.faults import planted

RNG = np.random.default_rng(5)
X, T = RNG.normal(size=(32, 3)), RNG.normal(size=(32, 2))
P = {"W": RNG.normal(size=(3, 2)), "b": np.zeros(2)}


def of(*shape, dtype="f4"):
    return jax.ShapeDtypeStruct(shape, dtype)


def shapes(args):
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(np.shape(leaf), jax.dtypes.result_type(leaf)), args)


def phases(g):
    return {name: counts.to_dict() for name, counts in g.phases.items()}


def layer(xp):
    return lambda p: xp.sum((xp.tanh(X @ p["W"] + p["b"]) - T) ** 2)


def test_a_layer_beside_backprop():
    in_jax, backprop = ocj.gradient(layer(jnp), P), oc.gradient(layer(np), P)
    # JAX's tanh rule: c (1 - y) + c (1 - y) y of the derivative c of the output, or, since 0.12, c (1 + y)(1 - y)
    before = jax.__version_info__ < (0, 12)
    assert in_jax.counts == {"mul": 704, "add": 567, "sub": 128, "tanh": 64}
    assert backprop.counts == {"mul": 640, "add": 503, "sub": 128, "tanh": 64}
    np.testing.assert_allclose(in_jax.value, backprop.value, rtol=1e-5)
    for key in P:
        np.testing.assert_allclose(in_jax.gradient[key], backprop.gradient[key], rtol=1e-4)
    assert in_jax.phases["primal"] == backprop.phases["primal"]
    assert phases(in_jax)["partials"] == ({"mul": 64, "sub": 64} if before else {"mul": 128, "add": 64, "sub": 64})
    assert phases(backprop)["partials"] == {"mul": 128, "sub": 64}
    seed = 64  # which JAX multiplies
    own = {"mul": 64, "add": 64} if before else {"mul": 0, "add": 0}
    assert phases(in_jax)["accumulation"] == {"mul": 256 + seed + own["mul"], "add": 248 + own["add"]}
    assert phases(backprop)["accumulation"] == {"mul": 256, "add": 248}
    assert ocj.gradient(layer(jnp), shapes(P)).phases == in_jax.phases


def test_a_cube():
    g = ocj.gradient(lambda x: x * x * x, 2.0)
    assert (float(g.value), float(g.gradient), g.counts.to_dict()) == (8, 12, {"mul": 6, "add": 2})
    batch = jax.vmap(jax.value_and_grad(lambda x: x * x * x))
    assert ocj.measure(batch, np.ones(5)).counts == {"mul": 30, "add": 10}


@jax.custom_vjp
def sine(x):
    return jnp.sin(x)


sine.defvjp(lambda x: (jnp.sin(x), jnp.cos(x)), lambda partial, ct: (ct * partial,))


def mixed(x):
    y = jax.jit(lambda x: jnp.tanh(x) * x)(x)
    y = lax.scan(lambda c, a: (jnp.sin(c) * a, c * c), 1.0, y)[1]
    return jnp.sum(jax.nn.softmax(y) * jnp.log1p(jnp.exp(x)))


@pytest.mark.parametrize(
    ("f", "x", "found"),
    [
        (lambda x: jnp.sum(jnp.sin(x)), np.ones(3),
         {"primal": {"sin": 3, "add": 2}, "partials": {"cos": 3}, "accumulation": {"mul": 3}}),
        (lambda x: jnp.sum(sine(x)), np.ones(3),
         {"primal": {"sin": 3, "add": 2}, "partials": {"cos": 3}, "accumulation": {"mul": 3}}),
        (lambda x: jnp.exp(x) * 2, 1.0, {"primal": {"exp": 1, "mul": 1}, "partials": {}, "accumulation": {"mul": 1}}),
        (jax.jit(lambda x: jnp.sum(jnp.sin(x))), np.ones(3),
         {"primal": {"sin": 3, "add": 2}, "partials": {"cos": 3}, "accumulation": {"mul": 3}}),
        (lambda x: jnp.sum(jax.vmap(jnp.sin)(x)), np.ones(3),
         {"primal": {"sin": 3, "add": 2}, "partials": {"cos": 3}, "accumulation": {"mul": 3}}),
        # what a checkpoint computes once more is among the partials
        (lambda x: jax.checkpoint(lambda y: jnp.sin(jnp.sin(y)))(x), 1.0,
         {"primal": {"sin": 2}, "partials": {"sin": 1, "cos": 2}, "accumulation": {"mul": 2}}),
        # forwards and backwards through a scan
        (lambda x: lax.scan(lambda c, _: (jnp.sin(c), None), x, None, length=4)[0], 1.0,
         {"primal": {"sin": 4}, "partials": {"cos": 4}, "accumulation": {"mul": 4}}),
        # a derivative inside of the function is part of the function; its own value, which nobody needs, is executed
        (lambda x: jax.grad(jnp.sin)(x) * 1.0, 1.0,
         {"primal": {"cos": 1, "mul": 2}, "partials": {"sin": 2, "cos": 1}, "accumulation": {"mul": 1}}),
        # a branch that is taken
        (lambda x: lax.cond(x > 0, lambda x: jnp.sin(x), lambda x: x, x), 1.0,
         {"primal": {"gt": 1, "sin": 1}, "partials": {"cos": 1}, "accumulation": {"mul": 1}}),
    ],
)  # fmt: skip
def test_phases(f, x, found):
    g = ocj.gradient(f, x)
    total = sum(map(oc.Counts, phases(g).values()), oc.Counts())
    assert g.counts == total == ocj.measure(jax.value_and_grad(f), x).counts
    seeds = {"mul": total.mul - sum(oc.Counts(part).mul for part in found.values())}
    assert {name: {**counts} for name, counts in phases(g).items() if name != "accumulation"} == {
        name: counts for name, counts in found.items() if name != "accumulation"
    }
    assert g.phases["accumulation"] == oc.Counts(found["accumulation"]) + oc.Counts(seeds)
    assert seeds["mul"] in (0, 1)  # JAX multiplies the seed, where it is no broadcast


def test_the_phases_add_up_and_the_gradient_is_jaxs():
    x = RNG.normal(size=4).astype("f4")
    g = ocj.gradient(mixed, x)
    value, derivative = jax.value_and_grad(mixed)(x)
    np.testing.assert_allclose(g.value, value, rtol=1e-5)
    np.testing.assert_allclose(g.gradient, derivative, rtol=1e-4)
    assert g.counts == ocj.measure(jax.value_and_grad(mixed), x).counts
    assert g.phases["primal"] == ocj.measure(mixed, x).counts
    assert g.phases == ocj.gradient(mixed, of(4)).phases
    assert list(g.phases) == list(oc.PHASES)


def test_scopes_are_regions_in_both_directions():
    @jax.named_scope("net")
    def net(x):
        with jax.named_scope("layer"):
            y = jnp.sin(x)
        return jnp.sum(jax.jit(lambda y: y * y)(y))

    with oc.count() as tally:
        ocj.gradient(net, np.ones(3))
    assert tally.regions["net/layer"] == {"sin": 3, "cos": 3, "mul": 3}
    assert set(tally.regions) == {"net", "net/layer"}
    assert tally.regions["net"] == tally.counts
    with oc.count() as around, oc.region("all"), jax.named_scope("outside"):
        ocj.measure(jax.vmap(net), np.ones((2, 3)))
    assert around.regions["all/net/layer"] == {"sin": 6}


def test_the_table_has_a_row_for_each_primitive_and_adds_up():
    g = ocj.gradient(layer(jnp), P)
    table = g.table()
    assert list(table.columns[:4]) == ["region", "phase", "primitive", "line"]
    for phase, counts in g.phases.items():
        rows = table[table.phase == phase]
        assert {kind: int(rows[kind].sum()) for kind in ("mul", "add", "sub", "tanh")} == {
            kind: counts[kind] for kind in ("mul", "add", "sub", "tanh")
        }
    assert all("test_jax_gradients.py" in line for line in table.line)
    assert int(g.to_pandas().loc["primal", "tanh"]) == 64 and "accumulation" in g._repr_html_()
    program = ocj.table(jax.value_and_grad(layer(jnp)), P)
    assert int(program.total.sum()) == g.counts.total


def test_what_jax_refuses_to_differentiate():
    with pytest.raises(TypeError, match="scalar-output"):
        ocj.gradient(jnp.sin, np.ones(3))
    for x, kind in ((3, "int"), ({"a": 1.0, "b": np.arange(2)}, "int"), ([True], "bool")):
        with pytest.raises(oc.InvalidType, match=f"{kind}.*pass floats"):
            ocj.gradient(lambda x: jnp.sum(jnp.asarray(x) * 1.0), x)
    assert ocj.gradient(lambda x: x * x, jnp.bfloat16(3)).gradient == 6
    with pytest.raises(oc.InvalidType, match=r"x\['a'\]"):
        ocj.gradient(lambda x: x["a"], {"a": "text"})


def test_from_named_sizes():
    (n,) = jax.export.symbolic_shape("n")
    g = ocj.gradient(lambda w: jnp.sum(jnp.tanh(jnp.ones((4, 3)) @ w)), jax.ShapeDtypeStruct((3, n), "f4"))
    for size in (2, 5):
        at = ocj.gradient(lambda w: jnp.sum(jnp.tanh(jnp.ones((4, 3)) @ w)), of(3, size))
        assert g.counts.at(n=size) == at.counts


def test_phases_that_are_mixed_up_are_noticed():
    with planted(run, is_transposed=lambda names: False):
        g = ocj.gradient(layer(jnp), P)
    assert g.phases["accumulation"] == {} and g.counts == {"mul": 704, "add": 567, "sub": 128, "tanh": 64}
