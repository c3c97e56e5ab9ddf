"""The table of primitives: every one that JAX has is in it, and its counts are those of loops and of NumPy."""

from __future__ import annotations

import operator

import jax
import jax.extend.core
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
from jax import lax
from jax._src.interpreters import ad, mlir

import opcount as oc
from opcount.sources import jax as ocj
from opcount.sources.jax import control, primitives, windows
from tests.support import jax_loops
from tests.support.faults import planted

RNG = np.random.default_rng(1)


def of(*shape, dtype="f4"):
    return jax.ShapeDtypeStruct(shape, dtype)


def counts(f, *args):
    return ocj.measure(f, *args).counts.to_dict()


def looped(f, *args, **keywords):
    with oc.count() as tally:
        f(*args, **keywords)
    return tally.counts.to_dict()


# --- every primitive


NEW = jax.extend.core.Primitive("test_new")
NEW.def_abstract_eval(lambda x: x)
NEW.def_impl(lambda x: x * 2)

TABLES = (primitives.PRICED, primitives.FREE, primitives.REFUSED, control.CONTROL)


def primitives_of_jax():
    """The names of all primitives that JAX can compile or differentiate, those of its own extras included."""
    import jax.experimental.sparse
    import jax.export
    import jax.nn
    import jax.scipy.linalg
    import jax.scipy.special  # noqa: F401 - each of them registers its primitives

    tables = (mlir._lowerings, *mlir._platform_specific_lowerings.values(), ad.primitive_jvps, ad.primitive_transposes)
    return {each.name for table in tables for each in table if hasattr(each, "name") and each is not NEW}


def test_every_primitive_of_this_jax_is_priced_free_control_flow_or_refused():
    found = primitives_of_jax()
    assert len(found) > 200 and {"add", "scan", "sort", "gather"} <= found
    assert found - set().union(*TABLES) == set()


def test_no_primitive_is_in_two_tables():
    names = [name for table in TABLES for name in table]
    assert len(names) == len(set(names))


def test_a_primitive_that_is_not_known_is_refused_with_its_line_and_way_out():
    def f(x):
        return NEW.bind(x) + 1

    line = f.__code__.co_firstlineno + 1
    with pytest.raises(oc.Uncounted) as error:
        ocj.measure(f, 1.0)
    assert str(error.value) == (
        f"test_new at {__file__}:{line} (test_a_primitive_that_is_not_known_is_refused_with_its_line_and_way_out."
        "<locals>.f): opcount does not know this primitive of JAX's: give it a count by a convention with "
        "ocj.register_rule('test_new', rule), or compute it outside, so that its result is data"
    )
    assert counts(lambda x: NEW.bind(jnp.ones(3)) * x, 1.0) == {"mul": 3}  # data
    with ocj.rules({NEW: {"mul": 1}}):
        value, found = ocj.measure(f, np.ones(3))
    assert found == {"mul": 3, "add": 3} and value.tolist() == [3, 3, 3]


@pytest.mark.parametrize(
    ("program", "name"),
    [
        (jnp.sort, "sort"),
        (lambda x: lax.top_k(x, 2), "top_k"),
        (jnp.fft.fft, "fft"),
        (lambda x: jnp.linalg.eigh(jnp.outer(x, x)), "eigh"),
        (lambda x: jnp.linalg.svd(jnp.outer(x, x)), "svd"),
        (lambda x: jax.random.gamma(jax.random.key(0), x), "random_gamma"),
        (lambda x: jax.pure_callback(np.sin, of(4), x), "pure_callback"),
        (lambda x: lax.clz(x.astype(int)), "clz"),
        (lambda x: jax.scipy.special.polygamma(1, x), "polygamma"),
        (lambda x: jnp.linalg.qr(jnp.outer(x, x) + 0j), "qr"),
        (lambda x: (x + 1j) / x, "div"),
        (lambda x: (x + 1j) ** 3, "integer_pow"),
        (lambda x: lax.linalg.lu(jnp.ones((4, 1)) * x[:2]), "lu"),
        (lambda x: jax.lax.psum(x, "i"), "psum"),
    ],
)
def test_what_has_no_exact_count_is_refused(program, name):
    if name == "psum":
        mesh = jax.make_mesh((1,), ("i",))
        spec = jax.sharding.PartitionSpec()
        program, name = jax.shard_map(program, mesh=mesh, in_specs=spec, out_specs=spec), "shard_map"
    with pytest.raises(oc.Uncounted, match=rf"^{name} at .*: .*ocj.register_rule\('{name}', rule\)"):
        ocj.measure(program, of(4))


# --- element by element: the twin in NumPy or SciPy

TWINS = {
    "add": (lax.add, np.add), "sub": (lax.sub, np.subtract), "mul": (lax.mul, np.multiply),
    "div": (lax.div, np.divide), "rem": (lax.rem, np.fmod), "neg": (lax.neg, np.negative),
    "sign": (lax.sign, np.sign), "abs": (lax.abs, np.abs), "sqrt": (lax.sqrt, np.sqrt), "cbrt": (lax.cbrt, np.cbrt),
    "exp": (lax.exp, np.exp), "exp2": (lax.exp2, np.exp2), "expm1": (lax.expm1, np.expm1), "log": (lax.log, np.log),
    "log1p": (lax.log1p, np.log1p), "sin": (lax.sin, np.sin), "cos": (lax.cos, np.cos), "tan": (lax.tan, np.tan),
    "asin": (lax.asin, np.arcsin), "acos": (lax.acos, np.arccos), "atan": (lax.atan, np.arctan),
    "atan2": (lax.atan2, np.arctan2), "sinh": (lax.sinh, np.sinh), "cosh": (lax.cosh, np.cosh),
    "tanh": (lax.tanh, np.tanh), "asinh": (lax.asinh, np.arcsinh), "acosh": (lax.acosh, np.arccosh),
    "atanh": (lax.atanh, np.arctanh), "floor": (lax.floor, np.floor), "ceil": (lax.ceil, np.ceil),
    "round": (lax.round, np.rint), "is_finite": (lax.is_finite, np.isfinite),
    "nextafter": (lax.nextafter, np.nextafter),
    "lt": (lax.lt, np.less), "le": (lax.le, np.less_equal), "gt": (lax.gt, np.greater),
    "ge": (lax.ge, np.greater_equal),
    "eq": (lax.eq, np.equal), "ne": (lax.ne, np.not_equal), "max": (lax.max, np.maximum), "min": (lax.min, np.minimum),
    "square": (lax.square, np.square), "logistic": (lax.logistic, scipy.special.expit),
    "reciprocal": (lax.reciprocal, np.reciprocal), "rsqrt": (lax.rsqrt, lambda x: 1 / np.sqrt(x)),
    "erf": (lax.erf, scipy.special.erf), "erfc": (lax.erfc, scipy.special.erfc),
    "erf_inv": (lax.erf_inv, scipy.special.erfinv),
    "lgamma": (lax.lgamma, scipy.special.gammaln), "digamma": (lax.digamma, scipy.special.digamma),
    "igamma": (lax.igamma, scipy.special.gammainc), "igammac": (lax.igammac, scipy.special.gammaincc),
    "zeta": (lax.zeta, scipy.special.zeta), "bessel_i0e": (lax.bessel_i0e, scipy.special.i0e),
    "bessel_i1e": (lax.bessel_i1e, scipy.special.i1e),
    "regularized_incomplete_beta": (lax.betainc, scipy.special.betainc),
    "and": (lax.bitwise_and, np.bitwise_and), "or": (lax.bitwise_or, np.bitwise_or),
    "xor": (lax.bitwise_xor, np.bitwise_xor),
    "not": (lax.bitwise_not, np.invert), "shift_left": (lax.shift_left, np.left_shift),
    "shift_right_logical": (lax.shift_right_logical, np.right_shift),
    "shift_right_arithmetic": (lax.shift_right_arithmetic, np.right_shift),
    "population_count": (lax.population_count, np.bitwise_count),
}  # fmt: skip
WITHOUT_TWIN = {"add_any", "eq_to", "le_to", "lt_to"}
if jax.__version_info__ >= (0, 12):
    TWINS |= {"log2": (lax.log2, np.log2), "one_minus_square": (lax.one_minus_square, lambda x: (1 + x) * (1 - x))}
else:  # these are written in others there
    WITHOUT_TWIN |= {"log2", "one_minus_square"}
OF_INTEGERS = {name for name in TWINS if "shift" in name or name in ("and", "or", "xor", "not", "population_count")}


@pytest.mark.parametrize("name", TWINS)
def test_an_elementwise_primitive_counts_as_its_twin(name):
    in_jax, in_numpy = TWINS[name]
    dtype = np.int32 if name in OF_INTEGERS else np.float32
    draws = [np.ones((2, 3), dtype) for _ in range(2 if name == "zeta" else getattr(in_numpy, "nin", 1))]
    shapes = [of(2, 3, dtype=dtype) for _ in draws]
    assert [each.primitive.name for each in jax.make_jaxpr(in_jax)(*shapes).eqns] == [
        {"reciprocal": "integer_pow"}.get(name, name)
    ]
    with np.errstate(all="ignore"):
        assert counts(in_jax, *shapes) == oc.measure(in_numpy, *draws).counts.to_dict()


def test_every_elementwise_primitive_has_a_twin():
    assert {*primitives.ELEMENTWISE} == {*TWINS} | WITHOUT_TWIN


@pytest.mark.parametrize("exponent", [-3, -1, 0, 1, 2, 3, 5, 7, 10])
def test_powers(exponent):
    twin = oc.measure(lambda x: x**exponent, np.ones(4)).counts.to_dict() if exponent else {}
    found = ocj.measure(lambda x: lax.integer_pow(x, exponent) + 0 * x, of(4)).counts
    assert found == oc.Counts(twin) + oc.Counts(mul=4, add=4)


@pytest.mark.skipif(jax.__version_info__ < (0, 12), reason="a primitive of JAX 0.12")
def test_polynomials():
    twin = oc.measure(lambda x: 1 + x * (2 + x * (3 + x * 4)), np.ones(5)).counts.to_dict()
    assert ocj.measure(lambda x: lax.polynomial(x, [1.0, 2.0, 3.0, 4.0]), of(5)).counts == twin


def test_powers_to_arrays():
    exponents = np.array([1, 2, 3, 4, 5])
    twin = oc.measure(lambda x: np.power(x, exponents), np.ones(5)).counts.to_dict()
    assert twin == {"mul": 8} and counts(lambda x: lax.pow(x, exponents), of(5)) == twin
    assert counts(lambda x: lax.pow(x, jnp.full(5, 3)), of(5)) == {"mul": 10}
    assert counts(lambda x: x**2.0, of(5)) == {"pow": 5}
    assert counts(lambda x: 2.0**x, of(5)) == oc.measure(lambda x: 2.0**x, np.ones(5)).counts.to_dict() == {"pow": 5}


@pytest.mark.parametrize(
    ("in_jax", "in_numpy"),
    [
        (lambda x: jnp.clip(x, 0, 1), lambda x: np.clip(x, 0, 1)),
        (lambda x: lax.clamp(0.0, x, 1.0), lambda x: np.clip(x, 0.0, 1.0)),
        (lambda x: lax.clamp(0.0, 0.5, x[0, 0]), lambda x: np.clip(0.5, 0.0, x[0, 0])),
        (lambda x: lax.sort(jnp.arange(3)) * x, lambda x: np.sort(np.arange(3)) * x),
        (lambda x: x.astype(int).astype(float), lambda x: x.astype(int).astype(float)),
        (lambda x: (x > 0) ^ (x > 1), lambda x: (x > 0) ^ (x > 1)),
        (lambda x: lax.max(x > 0, x > 1), lambda x: np.maximum(x > 0, x > 1)),
        (lambda x: (x > 0) == (x > 1), lambda x: (x > 0) == (x > 1)),
        (lambda x: jnp.isnan(x), lambda x: x != x),
        (lambda x: jnp.mean(x) * jnp.var(x), lambda x: np.mean(x) * np.sum((x - np.sum(x) / 6) ** 2) / 6),
    ],
)
def test_what_is_written_in_few_primitives_counts_as_its_twin(in_jax, in_numpy):
    assert counts(in_jax, of(2, 3)) == oc.measure(in_numpy, np.ones((2, 3))).counts.to_dict()


Z = np.array([1 + 2j, 3 - 1j], "c8")


@pytest.mark.parametrize(
    ("in_jax", "in_numpy"),
    [
        (lambda z: z * z, lambda z: z * z),
        (lambda z: z + 1, lambda z: z + 1),
        (lambda z: -z - z, lambda z: -z - z),
        (lambda z: jnp.conj(z), lambda z: np.conj(z)),
        (lambda z: jnp.abs(z), lambda z: np.abs(z)),
        (lambda z: z.real + z.imag, lambda z: z.real + z.imag),
        (lambda z: jnp.sum(z) + jnp.prod(z), lambda z: np.sum(z) + np.prod(z)),
        (lambda z: z @ z, lambda z: z @ z),
        (lambda z: jnp.cumsum(z), lambda z: np.cumsum(z)),
        (lambda z: jnp.square(z), lambda z: np.square(z)),
    ],
)
def test_complex_numbers_count_their_real_operations(in_jax, in_numpy):
    assert counts(in_jax, of(2, dtype="c8")) == oc.measure(in_numpy, Z).counts.to_dict()


# --- reductions, running totals, windows and products: loops


@pytest.mark.parametrize("shape", [(4,), (2, 3), (3, 1, 2), (0, 2), (2, 0)])
def test_reductions(shape):
    x = RNG.integers(1, 5, shape)
    for axes in ((0,), tuple(range(len(shape))), (len(shape) - 1,)):
        for reducing, join in ((jnp.sum, operator.add), (jnp.prod, operator.mul), (jnp.max, np.maximum),
                             (jnp.min, np.minimum), (jnp.argmax, operator.gt), (jnp.argmin, operator.lt)):  # fmt: skip
            position = reducing in (jnp.argmax, jnp.argmin)
            if (not x.size and reducing not in (jnp.sum, jnp.prod)) or (position and len(axes) > 1):
                continue
            axis = axes[0] if position else axes
            found = counts(lambda x, f=reducing, a=axis: f(x + 0, axis=a), of(*shape))
            expected = looped(jax_loops.reduced, x, lambda a, b, j=join, p=position: (j(a, b), b)[p], axes)
            assert found == oc.Counts(expected) + oc.Counts(add=x.size)


@pytest.mark.parametrize("axis", [0, 1])
def test_running_totals(axis):
    for in_jax, join in ((lax.cumsum, operator.add), (lax.cumprod, operator.mul), (lax.cummax, np.maximum),
                         (lax.cummin, np.minimum), (lax.cumlogsumexp, np.logaddexp)):  # fmt: skip
        for reverse in (False, True):
            found = counts(lambda x, f=in_jax, r=reverse: f(x, axis, reverse=r), of(3, 4))
            assert found == looped(jax_loops.running, np.ones((3, 4)), join, axis)


def drawn_windows(rng, rank, cuts=True):
    def each(low, high):
        return tuple(int(n) for n in rng.integers(low, high + 1, rank))

    low = -1 if cuts else 0
    return (
        each(1, 6),
        each(1, 3),
        each(1, 3),
        tuple(zip(each(low, 3), each(low, 3), strict=True)),
        each(1, 3),
        each(1, 3),
    )


@pytest.mark.parametrize("seed", range(40))
def test_convolutions_count_what_loops_do(seed):
    rng = np.random.default_rng(seed)
    rank = int(rng.integers(1, 3))
    shape, window, strides, padding, base, dilation = drawn_windows(rng, rank)
    groups, batch_groups = ((1, 1), (2, 1), (1, 2), (1, 1))[seed % 4]
    channels, outs, number = 2 * groups, 2 * groups * batch_groups, 2 * batch_groups
    x = rng.integers(1, 5, (number, channels, *shape))
    w = rng.integers(1, 5, (outs, channels // groups, *window))

    def convolved(x, w):
        return lax.conv_general_dilated(
            x, w, strides, padding, base, dilation, feature_group_count=groups, batch_group_count=batch_groups
        )

    found = ocj.measure(convolved, of(*x.shape), of(*w.shape))
    with oc.count() as tally:
        expected = jax_loops.convolution(x, w, strides, padding, base, dilation, groups, batch_groups)
    assert found.counts == tally.counts
    assert found.value.shape == tuple(np.max(list(expected), axis=0) + 1) if expected else 0 in found.value.shape
    if seed % 13 == 0:  # the loops are a convolution: their values are JAX's
        values = np.asarray(convolved(x.astype("f4"), w.astype("f4")))
        assert all(values[index] == (value or 0) for index, value in oc.unwrap(expected).items())


def test_a_convolution_in_another_layout():
    layout = ("NHWC", "HWIO", "NHWC")
    f = lambda x, w: lax.conv_general_dilated(x, w, (2, 2), ((1, 1), (1, 1)), dimension_numbers=layout)  # noqa: E731
    assert counts(f, of(1, 7, 7, 2), of(3, 3, 2, 4)) == {"mul": 800, "add": 736}


def test_a_large_convolution_is_counted_at_once():
    resnet = lambda x, w: lax.conv_general_dilated(x, w, (2, 2), ((3, 3), (3, 3)))  # noqa: E731
    assert counts(resnet, of(1, 3, 224, 224), of(64, 3, 7, 7))["mul"] == 116_214_528
    f = lambda x, w: lax.conv_general_dilated(x, w, (1,), ((10**6 - 1, 0),))  # noqa: E731
    assert counts(f, of(1, 1, 10**6), of(1, 1, 10**6))["mul"] == 10**6 * (10**6 + 1) // 2


@pytest.mark.parametrize("seed", range(15))
def test_windows_count_what_loops_do(seed):
    rng = np.random.default_rng(seed)
    shape, window, strides, padding, base, dilation = drawn_windows(rng, 2, cuts=False)
    x = rng.integers(1, 9, shape)
    for join, numpys, start in (
        (lax.add, operator.add, 0.0),
        (lax.max, np.maximum, -np.inf),
        (lax.min, np.minimum, np.inf),
    ):
        f = lambda x, j=join, s=start: lax.reduce_window(x, s, j, window, strides, padding, base, dilation)  # noqa: E731
        assert counts(f, of(*shape)) == looped(
            jax_loops.reduced_windows, x, numpys, window, strides, padding, base, dilation
        )


@pytest.mark.parametrize("seed", range(8))
def test_the_derivative_of_a_pool_counts_what_loops_do(seed):
    rng = np.random.default_rng(seed)
    shape, window, strides, padding, *_ = drawn_windows(rng, 2, cuts=False)
    padding = tuple(
        (min(low, size - 1), min(high, size - 1)) for (low, high), size in zip(padding, window, strict=True)
    )
    pool = lambda x: lax.reduce_window(x, -jnp.inf, lax.max, window, strides, padding)  # noqa: E731
    size = jax.eval_shape(pool, of(*shape))
    if not size.size:
        return
    pulled = lambda x, ct: jax.vjp(pool, x)[1](ct)[0]  # noqa: E731
    found = ocj.measure(pulled, of(*shape), size).counts
    x = rng.integers(1, 9, shape)
    forward = looped(jax_loops.reduced_windows, x, np.maximum, window, strides, padding, (1, 1), (1, 1))
    backward = looped(jax_loops.scattered_windows, np.ones(size.shape), x, window, strides, padding)
    assert found == oc.Counts(forward) + oc.Counts(backward)


def test_the_derivative_of_a_pool_of_data_compares_nothing():
    """What is compared to choose is data, or what is added; a gradient of ones, and a pool of what is not wrapped."""
    pool = lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (2,), (2,), "VALID")  # noqa: E731
    x, seed = np.arange(6.0), np.ones(3)
    pulled = lambda x, ct: jax.vjp(pool, x)[1](ct)[0]  # noqa: E731
    pushed = lambda x, tangent: jax.jvp(pool, (x,), (tangent,))[1]  # noqa: E731
    for f, args, expected in (
        (pulled, (oc.wrap(x), seed), {"maximum": 3, "ge": 3}),
        (pulled, (x, oc.wrap(seed)), {"add": 3}),
        (pushed, (oc.wrap(x), x), {"maximum": 3, "ge": 3}),
        (pushed, (x, oc.wrap(x)), {}),
    ):
        with oc.count() as tally:
            ocj.counted(f)(*args)
        assert tally.counts == expected
    assert ocj.gradient(lambda x: pool(x).sum(), x).phases["accumulation"] == {"ge": 3}


@pytest.mark.parametrize(
    ("a", "b", "contracting", "batch"),
    [
        ((3,), (3,), ((0,), (0,)), ((), ())),
        ((2, 3), (3, 4), ((1,), (0,)), ((), ())),
        ((2, 3), (4, 3), ((1,), (1,)), ((), ())),
        ((2, 3, 4), (2, 4, 5), ((2,), (1,)), ((0,), (0,))),
        ((3, 2, 4), (4, 5, 2, 3), ((0, 2), (3, 0)), ((1,), (2,))),
        ((2,), (3,), ((), ()), ((), ())),
        ((2, 0), (0, 3), ((1,), (0,)), ((), ())),
        ((2, 1), (1, 3), ((1,), (0,)), ((), ())),
    ],
)
def test_products(a, b, contracting, batch):
    f = lambda x, y: lax.dot_general(x, y, (contracting, batch), preferred_element_type=jnp.float32)  # noqa: E731
    expected = looped(jax_loops.dot_general, np.ones(a), np.ones(b), contracting, batch)
    assert {k: n for k, n in ocj.measure(f, of(*a), of(*b, dtype="bfloat16")).counts.items() if n} == expected


@pytest.mark.parametrize(
    ("in_jax", "in_numpy"),
    [
        (lambda x: x.at[jnp.array([0, 2, 2])].add(x[:3]), lambda x: np.add.at(x, [0, 2, 2], x[:3])),
        (lambda x: x.at[jnp.array([0, 2])].multiply(2.0), lambda x: np.multiply.at(x, [0, 2], 2.0)),
        (lambda x: x.at[jnp.array([0, 2])].max(2.0), lambda x: np.maximum.at(x, [0, 2], 2.0)),
        (lambda x: x.at[jnp.array([0, 2])].min(2.0), lambda x: np.minimum.at(x, [0, 2], 2.0)),
        (lambda x: x.at[1:3].subtract(x[:2]), lambda x: np.subtract.at(x, [1, 2], x[:2])),
    ],
)
def test_scattering_counts_as_its_twin(in_jax, in_numpy):
    assert counts(in_jax, of(4)) == oc.measure(lambda x: in_numpy(x), np.ones(4)).counts.to_dict()


def test_reductions_by_any_function():
    both = lambda a, b: (a[0] + b[0], a[1] * b[1])  # noqa: E731
    assert counts(lambda x: lax.reduce((x, x), (0.0, 1.0), both, (1,)), of(2, 3)) == {"add": 6, "mul": 6}
    first = lambda a, b: jnp.sin(a) + b  # noqa: E731
    # the initial value is data, and its sine is free: of the 3 sines of each row, 2 depend
    assert counts(lambda x: lax.reduce(x, 0.0, first, (1,)), of(2, 3)) == {"add": 6, "sin": 4}
    joined = lambda a, b: a * b + a  # noqa: E731
    assert counts(lambda x: lax.reduce_window(x, 1.0, joined, (2,), (1,), ((1, 0),)), of(4)) == {"mul": 7, "add": 7}


# --- linear algebra: NumPy's counts, and loops


@pytest.mark.parametrize("n", [1, 2, 5])
def test_linear_algebra_counts_as_its_twin(n):
    a, b = np.eye(n) * 3, np.ones((n, 2))
    square = of(n, n)
    assert (
        counts(lambda a: lax.linalg.cholesky(a, symmetrize_input=False), square)
        == oc.measure(np.linalg.cholesky, a).counts
    )
    assert counts(jnp.linalg.solve, square, of(n, 2)) == oc.measure(np.linalg.solve, a, b).counts
    assert counts(lambda a: lax.linalg.lu(a)[0], square) == oc.measure(np.linalg.solve, a, np.ones((n, 0))).counts
    for shape in ((n, n), (n + 2, n), (n, n + 2), (2, n, n)):
        for mode in ("reduced", "complete", "r"):
            twin = oc.measure(lambda a, m=mode: tuple(np.linalg.qr(a, m)), np.ones(shape)).counts
            if mode != "r":
                assert counts(lambda a, m=mode: jnp.linalg.qr(a, m), of(*shape)) == twin
        raw = oc.measure(lambda a: np.linalg.qr(a, "r"), np.ones(shape)).counts
        assert counts(lambda a: lax.linalg.geqrf(a)[0] if hasattr(lax.linalg, "geqrf") else a, of(*shape)) in (raw, {})


@pytest.mark.parametrize("unit", [False, True])
def test_a_triangular_system_counts_what_loops_do(unit):
    a, b = np.tril(RNG.integers(1, 4, (4, 4))), np.ones((4, 3))
    expected = looped(jax_loops.substituted, a, b, unit)
    for left, transposed, rhs in ((True, False, (4, 3)), (True, True, (4, 3)), (False, False, (3, 4))):
        f = lambda a, b, s=left, t=transposed: lax.linalg.triangular_solve(  # noqa: E731
            a, b, left_side=s, lower=True, transpose_a=t, unit_diagonal=unit
        )
        assert counts(f, of(4, 4), of(*rhs)) == expected
    f = lambda a, b: lax.linalg.triangular_solve(a, b, left_side=True, unit_diagonal=unit)  # noqa: E731
    assert counts(f, of(5, 4, 4), of(5, 4, 3)) == oc.Counts(expected) * 5


# --- rules of users


def test_a_rule_takes_precedence_and_can_be_removed():
    def rule(x, *, dimension, num_keys, **_):
        assert x.shape == (2, 4) and x.size == 8 and x.dtype == np.float32
        return {"lt": x.shape[dimension] ** 2}

    ocj.register_rule("sort", rule)
    try:
        assert counts(jnp.sort, of(2, 4)) == {"lt": 16}
        with ocj.rules({lax.tanh_p: {"exp": 2}, "sort": {"gt": 1}}):
            assert counts(lambda x: jnp.sort(jnp.tanh(x)), of(2, 4)) == {"gt": 8, "exp": 16}
            with ocj.rules({"tanh": None}):
                assert counts(jnp.tanh, of(2)) == {"tanh": 2}
        assert counts(jnp.tanh, of(2)) == {"tanh": 2}
    finally:
        ocj.register_rule("sort", None)
    with pytest.raises(oc.Uncounted):
        counts(jnp.sort, of(4))


@pytest.mark.parametrize(
    ("primitive", "rule", "error", "message"),
    [
        (jnp.sort, {"lt": 1}, oc.InvalidType, "give the name of a primitive"),
        ("sort", 3, oc.InvalidType, "must be a function or a mapping"),
        ("sort", {"lts": 1}, oc.InvalidValue, "the rule of 'sort' gives what is no kind: lts"),
    ],
)
def test_a_wrong_rule_is_refused(primitive, rule, error, message):
    with pytest.raises(error, match=message):
        ocj.register_rule(primitive, rule)


def test_what_a_rule_returns_is_checked():
    with ocj.rules({"sort": lambda *_, **__: {"lt": -1}}), pytest.raises(oc.InvalidValue, match="sort"):
        counts(jnp.sort, of(4))


# --- the checks themselves


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("conv_general_dilated", lambda: test_convolutions_count_what_loops_do(3)),
        ("reduce_window_max", lambda: test_windows_count_what_loops_do(1)),
        ("select_and_scatter_add", lambda: test_the_derivative_of_a_pool_counts_what_loops_do(1)),
        ("tanh", lambda: test_an_elementwise_primitive_counts_as_its_twin("tanh")),
        ("triangular_solve", lambda: test_a_triangular_system_counts_what_loops_do(False)),
        ("dot_general", lambda: test_products((2, 3), (3, 4), ((1,), (0,)), ((), ()))),
    ],
)
def test_a_wrong_row_is_noticed(name, check):
    row = primitives.PRICED[name]
    with (
        planted(primitives.PRICED, {name: lambda call: oc.Counts(row(call)) + oc.Counts(mul=1)}),
        pytest.raises(AssertionError),
    ):
        check()


def test_a_window_that_meets_its_padding_is_noticed():
    with (
        planted(
            primitives,
            meetings=lambda dimensions: windows.meetings(
                [each._replace(data=each.data + each.low, low=0) for each in dimensions]
            ),
        ),
        pytest.raises(AssertionError),
    ):
        test_a_convolution_in_another_layout()


def test_a_primitive_that_is_left_out_is_noticed():
    with planted(primitives.PRICED, {}), pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{__name__}.TABLES", TABLES[1:], raising=False)
        with pytest.raises(AssertionError):
            test_every_primitive_of_this_jax_is_priced_free_control_flow_or_refused()
