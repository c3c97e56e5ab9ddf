"""The functions of the literature: their values, their derivatives, their table, and the counts published for four."""

from __future__ import annotations

import builtins
import math

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der
from scipy.spatial.transform import Rotation
from scipy.special import erf, logsumexp
from scipy.stats import multivariate_normal, norm, wishart

import opcount as oc
from analysis.programs import functions
from analysis.programs.functions import FUNCTIONS, bundle_adjustment, gaussian_mixture, logistic

# Operations, then products of forward, reverse and Markowitz elimination, as Lohoff and Neftci 2024 have them.
PUBLISHED = {
    "roe": (101, 620, 364, 407),
    "arm": (114, 397, 301, 288),
    "dipole": (86, 240, 172, 194),
    "propane": (62, 151, 90, 111),
}
OPERATIONS = {name: row[0] for name, row in PUBLISHED.items()} | {
    "speelpenning": 7,
    "rosenbrock": 39,
    "lighthouse": 6,
    "helmholtz": 193,
    "logistic": 12,
    "option": 26,
    "bundle": 68,
    "mixture": 236,
}


def values(f, x):
    return np.atleast_1d(np.array(f(tuple(x)), float))


def nearby(point, seed=0):
    """A point where the symmetries of the first are broken."""
    return np.array(point) * (1 + 0.1 * np.random.default_rng(seed).uniform(-1, 1, len(point)))


def both_points(name):
    point = FUNCTIONS[name].point
    return [point, nearby(point)]


# --- the table


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_a_source_a_phrase_and_a_finite_point_with_as_many_outputs_as_it_says(name):
    f, point, outputs, source, about = FUNCTIONS[name]
    assert any(part.strip(".,;)").isdigit() and len(part.strip(".,;)")) == 4 for part in source.split()), "no year"
    assert 0 < len(about) < 60 and not about.endswith(".")
    assert type(point) is tuple and {type(number) for number in point} == {float}
    assert np.all(np.isfinite(point)) and np.all(np.isfinite(values(f, point)))
    result = f(list(point))
    assert (len(result) if isinstance(result, (tuple, list)) else 1) == outputs


@pytest.mark.parametrize("name", FUNCTIONS)
def test_traced_at_its_numbers_a_function_executes_these_operations(name):
    f, point, outputs, *_ = FUNCTIONS[name]
    graph = oc.trace(f, point, granularity="scalar")
    assert len(graph.inputs) == len(point) and len(graph.outputs) == outputs
    assert len(graph.nodes) - len(point) == OPERATIONS[name]
    np.testing.assert_array_equal(np.atleast_1d(oc.unwrap(graph.result)), values(f, point))


def test_every_function_has_its_operations_here():
    assert OPERATIONS.keys() == FUNCTIONS.keys()


@pytest.mark.parametrize("n", [2, 3, 10])
def test_operations_of_any_size(n):
    x = [(k + 1) / (n + 2) for k in range(n)]
    assert oc.measure(functions.speelpenning, x).counts == oc.Counts(mul=n - 1)
    for f, operations in ((functions.rosenbrock, 8 * (n - 1) - 1), (functions.helmholtz, 2 * n**2 + 7 * n + 9)):
        assert len(oc.trace(f, x, granularity="scalar").nodes) - n == operations
    assert oc.measure(logistic(n), [0.3]).counts == oc.Counts(mul=2 * n, sub=n)


# --- published counts


def products(graph, order):
    """Products when all that is neither input nor output is eliminated, one for each pair of edges."""
    before, after = ([set() for _ in graph.nodes] for _ in range(2))
    for edge in graph.edges:
        before[edge.head].add(edge.tail)
        after[edge.tail].add(edge.head)
    outer = {node.index for node in (*graph.inputs, *graph.outputs)}
    left = [node.index for node in graph.nodes if node.index not in outer]
    choose = {"forward": min, "reverse": max, "markowitz": lambda nodes: min(nodes, key=degree)}[order]

    def degree(node):
        return len(before[node]) * len(after[node]), node

    made = 0
    while left:
        node = choose(left)
        left.remove(node)
        made += degree(node)[0]
        for tail in before[node]:
            after[tail] = (after[tail] | after[node]) - {node}
        for head in after[node]:
            before[head] = (before[head] | before[node]) - {node}
    return made


ORDERS = ("forward", "reverse", "markowitz")


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_counts_are_those_published(name):
    f, point, *_ = FUNCTIONS[name]
    graph = oc.trace(f, point, granularity="scalar")
    assert (len(graph.nodes) - len(point), *(products(graph, order) for order in ORDERS)) == PUBLISHED[name]


def test_the_products_of_the_lighthouse_counted_by_hand():
    # speed * time -> tan -> slope - tan, distance * tan -> y1 -> y2: 2·1 + 2·2 + 3·1 + 3·1, and from the end
    # 2·1 + 2·1 + 1·1 + 2·1; Markowitz takes speed * time, the quotient's operands, and tan last: 2 + 2 + 2 + 2·1
    f, point, *_ = FUNCTIONS["lighthouse"]
    graph = oc.trace(f, point, granularity="scalar")
    assert [products(graph, order) for order in ORDERS] == [12, 7, 8]


# --- derivatives


def differences(f, x):
    """The Jacobian by central differences of fourth order."""
    columns = []
    for place, number in enumerate(x):
        step = np.zeros(len(x))
        step[place] = h = 1e-3 * abs(number)
        near, far = (values(f, x + k * step) - values(f, x - k * step) for k in (1, 2))
        columns.append((8 * near - far) / (12 * h))
    return np.transpose(columns)


def jacobian(f, x, outputs):
    def output(row):
        return f if outputs == 1 else lambda numbers: f(numbers)[row]

    return np.array([oc.gradient(output(row), tuple(x), granularity="scalar").gradient for row in range(outputs)])


def assert_close(found, expected, tolerance):
    """Row by row, as outputs have scales of their own."""
    for row, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(row, other, rtol=tolerance, atol=tolerance * np.max(np.abs(other)))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_jacobians_are_those_of_central_differences(name):
    f, _, outputs, *_ = FUNCTIONS[name]
    for x in both_points(name):
        assert_close(jacobian(f, x, outputs), differences(f, np.array(x)), 1e-8)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_jacobian_has_full_rank_but_where_the_dipoles_are_one(name):
    f, point, outputs, *_ = FUNCTIONS[name]
    ranks = [np.linalg.matrix_rank(jacobian(f, x, outputs)) for x in (point, nearby(point))]
    assert ranks == [4 if name == "dipole" else outputs, outputs]


# --- values, by other means


def test_speelpenning_is_a_product():
    for x in both_points("speelpenning"):
        assert functions.speelpenning(x) == pytest.approx(math.prod(x), rel=1e-14)


def test_rosenbrock_is_that_of_scipy():
    for x in both_points("rosenbrock"):
        assert functions.rosenbrock(x) == pytest.approx(rosen(np.array(x)), rel=1e-14)
        assert_close(jacobian(functions.rosenbrock, x, 1), [rosen_der(np.array(x))], 1e-13)


def the_beam_and_the_quay_meet(lighthouse):
    for x in both_points("lighthouse"):
        distance, slope, speed, time = x
        beam = math.tan(speed * time)
        # on the quay y2 = slope y1, and on the beam y2 = (y1 + distance) tan
        expected = np.linalg.solve([[slope, -1], [-beam, 1]], [0, distance * beam])
        np.testing.assert_allclose(lighthouse(x), expected, rtol=1e-13)


@pytest.mark.parametrize("n", [2, 8])
def test_the_helmholtz_energy_in_matrices(n):
    x = nearby(np.linspace(0.1, 0.4, n))
    b = np.arange(1, n + 1) / n**2
    a = 1 / np.add.outer(np.arange(1, n + 1), np.arange(n))
    volume, root = b @ x, np.sqrt(2)
    mixing = 8.314462618 * 298.15 / 1000 * np.sum(x * (np.log(x) - np.log1p(-volume)))
    quotient = np.log1p((1 + root) * volume) - np.log1p((1 - root) * volume)
    expected = mixing - x @ a @ x / (2 * root * volume) * quotient
    assert functions.helmholtz(x) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("n", [1, 2, 4, 7])
def test_the_logistic_map_doubles_an_angle(n):
    for x in both_points("logistic"):
        expected = math.sin(2**n * math.asin(math.sqrt(x[0]))) ** 2
        assert logistic(n)(x) == pytest.approx(expected, rel=1e-11)


def the_moments_of_dipoles_are_powers_of_complex_numbers(heart_dipole):
    measured = (0.485, -0.0019, -0.0581, 0.015, 0.105, 0.0406, 0.167, -0.399)
    for x in both_points("dipole"):
        a, b, c, d, t, u, v, w = x
        moments = [complex(a, c) * complex(t, v) ** k + complex(b, d) * complex(u, w) ** k for k in range(4)]
        expected = np.array([part for moment in moments for part in (moment.real, moment.imag)]) - measured
        np.testing.assert_allclose(heart_dipole(x), expected, rtol=1e-12, atol=1e-15)


def propane_burns_in_balance(propane):
    # carbon, oxygen, hydrogen, nitrogen in each product, and what comes in
    atoms = [
        [1, 0, 0, 1, 0, 0, 0, 0, 0, 0],
        [2, 1, 0, 1, 0, 0, 1, 1, 1, 2],
        [0, 2, 0, 0, 2, 1, 1, 0, 0, 0],
        [0, 0, 2, 0, 0, 0, 0, 0, 1, 0],
    ]
    # the exponents of x1 to x10 on both sides of a reaction, and that of the pressure over x11 on the right
    sides = [
        ({2: 1, 4: 1}, {1: 1, 5: 1}, 0),
        ({2: 0.5, 4: 0.5}, {1: 0.5, 6: 1}, 0.5),
        ({1: 0.5, 2: 0.5}, {4: 0.5, 7: 1}, 0.5),
        ({1: 1}, {4: 1, 8: 1}, 1),
        ({1: 1, 3: 0.5}, {4: 1, 9: 1}, 0.5),
        ({1: 2}, {4: 2, 10: 1}, 1),
    ]
    for x in both_points("propane"):
        balances = np.array(atoms) @ x[:10] - [3, 10, 8, 40]
        reactions = [
            math.prod(x[k - 1] ** n for k, n in left.items())
            - math.prod(x[k - 1] ** n for k, n in right.items()) * (40 / x[10]) ** power
            for left, right, power in sides
        ]
        expected = [*balances, *reactions, x[10] - np.sum(x[:10])]
        np.testing.assert_allclose(propane(x), expected, rtol=1e-12, atol=1e-15)


def euler_flux(density, momentum, energy):
    """The flux of a gas whose ratio of specific heats is 1/2, and its pressure."""
    pressure = -0.5 * (energy - momentum**2 / density / 2)
    return np.array([momentum, momentum**2 / density + pressure, momentum / density * (energy + pressure)]), pressure


def the_flux_of_roe_is_the_mean_less_the_waves_of_the_averaged_jacobian(roe_flux):
    for x in both_points("roe"):
        sides = np.reshape(x, (2, 3))
        (flux_l, pressure_l), (flux_r, pressure_r) = (euler_flux(*side) for side in sides)
        roots = np.sqrt(sides[:, 0])
        u = roots @ (sides[:, 1] / sides[:, 0]) / roots.sum()
        h = roots @ ((sides[:, 2] + [pressure_l, pressure_r]) / sides[:, 0]) / roots.sum()
        a = np.sqrt(-0.5 * (h - u * u / 2))
        waves = np.array([[1, u, u * u / 2], [1, u + a, h + u * a], [1, u - a, h - u * a]]).T
        strengths = np.linalg.solve(waves, sides[1] - sides[0])
        # Roe's condition, on which all of it rests: the waves at their speeds are the jump of the flux
        np.testing.assert_allclose(waves @ (strengths * [u, u + a, u - a]), flux_r - flux_l, rtol=1e-10)
        speeds = np.abs([u, u + a, u])  # the third is the published one
        expected = (flux_l + flux_r - waves @ (strengths * speeds)) / 2
        np.testing.assert_allclose(roe_flux(x), expected, rtol=1e-12)


def test_between_equal_states_the_flux_of_roe_is_theirs():
    state = (0.01, 0.03, 0.03)
    np.testing.assert_allclose(functions.roe_flux(state * 2), euler_flux(*state)[0], rtol=1e-14)


def the_robot_arm_is_a_chain_of_rotations(robot_arm):
    # each joint turns about its z axis by its angle, then: along z, along x, and a turn about x
    links = [(575, 175, 90), (0, 890, 0), (0, 50, 90), (1035, 0, -90), (0, 0, 90), (185, 0, 0)]
    for x in [*both_points("arm"), (0.3, -0.4, 0.5, 0.7, 0.6, -0.8)]:
        turned, place = Rotation.identity(), np.zeros(3)
        for angle, (along_z, along_x, twist) in zip(x, links, strict=True):
            place = place + turned.apply([0, 0, along_z])
            turned = turned * Rotation.from_euler("z", angle)
            place = place + turned.apply([along_x, 0, 0])
            turned = turned * Rotation.from_euler("x", twist, degrees=True)
        found = robot_arm(x)
        np.testing.assert_allclose(found[:3], place, rtol=1e-12)
        np.testing.assert_allclose(found[3:], turned.as_euler("ZYZ"), rtol=1e-9)


CHECKS = {
    "lighthouse": the_beam_and_the_quay_meet,
    "dipole": the_moments_of_dipoles_are_powers_of_complex_numbers,
    "propane": propane_burns_in_balance,
    "roe": the_flux_of_roe_is_the_mean_less_the_waves_of_the_averaged_jacobian,
    "arm": the_robot_arm_is_a_chain_of_rotations,
}


@pytest.mark.parametrize("name", CHECKS)
def test_a_function_is_what_its_source_says(name):
    CHECKS[name](FUNCTIONS[name][0])


def test_an_option_costs_its_discounted_expectation():
    for x in both_points("option"):
        spot, strike, rate, volatility, time = x
        spread = volatility * math.sqrt(time)
        middle = (math.log(spot / strike) + rate * time) / spread
        first, second = norm.cdf([middle + spread / 2, middle - spread / 2])
        expected = spot * first - math.exp(-rate * time) * strike * second
        assert functions.black_scholes(x) == pytest.approx(expected, rel=1e-12)
        # the textbook's greeks
        delta = jacobian(functions.black_scholes, x, 1)[0]
        vega = spot * norm.pdf(middle + spread / 2) * math.sqrt(time)
        np.testing.assert_allclose([delta[0], delta[3]], [first, vega], rtol=1e-12)


def test_erf_counts_as_one_operation_of_its_own():
    assert functions.erf(0.3) == pytest.approx(math.erf(0.3), rel=1e-15)
    assert oc.measure(functions.erf, 0.3).counts == oc.Counts(erf=1)
    assert oc.measure(functions.black_scholes, FUNCTIONS["option"].point).counts == oc.Counts(
        mul=7, div=7, add=4, sub=2, neg=1, sqrt=1, log=1, exp=1, erf=2
    )


def test_without_scipy_an_option_says_what_to_install(monkeypatch):
    plain = builtins.__import__

    def without(name, *rest):
        if name.startswith("scipy"):
            raise ModuleNotFoundError(f"No module named {name!r}")
        return plain(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match="pip install scipy"):
        functions.black_scholes(FUNCTIONS["option"].point)


def projected(camera, place, feature):
    """A reprojection as vectors have it."""
    seen = Rotation.from_rotvec(camera[:3]).apply(place - camera[3:6])
    flat = seen[:2] / seen[2]
    radius = np.sum(flat**2)
    return camera[6] * flat * (1 + camera[9] * radius + camera[10] * radius**2) + camera[7:9] - feature


@pytest.mark.parametrize(("cameras", "points"), [(1, 1), (2, 3)])
def test_bundle_adjustment_projects_what_a_rotated_camera_sees(cameras, points):
    f, point, outputs, *_ = bundle_adjustment(cameras, points)
    assert len(point) == 11 * cameras + 3 * points + cameras * points
    assert outputs == 3 * cameras * points == len(f(point))
    x = nearby(point)
    eyes, places, weights = np.split(x, [11 * cameras, 11 * cameras + 3 * points])
    features = np.sin(np.arange(1, 2 * len(weights) + 1)).reshape(-1, 2)
    pairs = [(eye, place) for eye in eyes.reshape(-1, 11) for place in places.reshape(-1, 3)]
    errors = [w * projected(*pair, seen) for w, pair, seen in zip(weights, pairs, features, strict=True)]
    np.testing.assert_allclose(f(tuple(x)), [*np.ravel(errors), *(1 - weights**2)], rtol=1e-12)


def test_a_camera_that_is_not_rotated_has_the_limit_of_rodrigues():
    f, point, *_ = bundle_adjustment(1, 1)
    still, nearly = ((angle,) * 3 + point[3:] for angle in (0.0, 1e-5))
    np.testing.assert_allclose(f(still), f(nearly), rtol=1e-4)
    slopes = [jacobian(f, x, 3) for x in (still, nearly)]
    np.testing.assert_allclose(*slopes, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("d", "k", "n"), [(2, 3, 4), (1, 2, 3), (3, 2, 5)])
def test_a_gaussian_mixture_is_the_sum_of_its_log_densities(d, k, n):
    f, point, *_ = gaussian_mixture(d, k, n)
    assert len(point) == k + k * d + k * d * (d + 1) // 2
    x = nearby(point)
    weights, means, factors = np.split(x, [k, k + k * d])
    data = 2 * np.sin(np.arange(1, n * d + 1)).reshape(n, d)
    logs, prior = [], 0.0
    for weight, mean, factor in zip(weights, means.reshape(k, d), factors.reshape(k, -1), strict=True):
        q = np.diag(np.exp(factor[:d]))
        below = iter(factor[d:])
        for column in range(d):
            for row in range(column + 1, d):
                q[row, column] = next(below)
        precision = q.T @ q
        density = multivariate_normal(mean, np.linalg.inv(precision))
        logs.append(weight - logsumexp(weights) + density.logpdf(data))
        prior += wishart(df=d + 3, scale=np.eye(d) / 1.5**2).logpdf(precision)
    expected = np.sum(logsumexp(logs, axis=0)) + prior
    assert f(tuple(x)) == pytest.approx(expected, rel=1e-11)
    assert jacobian(f, x, 1).shape == (1, len(point))


def test_the_weights_of_a_mixture_are_what_they_are_but_for_a_common_factor():
    f, point, *_ = gaussian_mixture(2, 3, 4)
    shifted = tuple(w + 800 for w in point[:3]) + point[3:]  # e^800 is no float
    assert f(shifted) == pytest.approx(f(point), rel=1e-11)


# --- faults


@pytest.mark.parametrize("name", CHECKS)
def test_one_output_with_the_other_sign_is_caught(name):
    right, _, outputs, *_ = FUNCTIONS[name]
    for place in range(outputs):

        def wrong(x, place=place):
            return [-y if row == place else y for row, y in enumerate(right(x))]

        with pytest.raises(AssertionError):
            CHECKS[name](wrong)


def test_a_wrong_derivative_of_erf_is_caught(forgotten):
    forgotten(erf)
    oc.primitive(erf, partials=lambda y, z: np.exp(-(z * z)))
    with pytest.raises(AssertionError):
        test_jacobians_are_those_of_central_differences("option")


# --- casts, and the methods of single numbers


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(np.abs(x.astype(complex))), lambda x: np.abs(x[0].astype(complex)),
        lambda x: np.abs(np.sum(x, dtype=complex)), lambda x: np.sum(np.abs(np.astype(x, np.complex64))),
        lambda x: np.sum(np.add(x, 1, dtype=complex).real), lambda x: np.abs(np.sum(x[0], dtype=complex)),
    ],
)  # fmt: skip
def test_a_cast_to_complex_numbers_is_refused_and_no_constant(f):
    """It was one, with a gradient of zeros."""
    with pytest.raises(oc.Uncounted, match="complex"):
        oc.gradient(f, np.array([0.7, 1.5]))


def test_a_cast_to_objects_gives_the_numbers():
    for granularity in ("array", "scalar"):
        g = oc.gradient(lambda x: sum(x.astype(object) ** 2), np.array([0.5, 1.5]), granularity=granularity)
        assert g.gradient.tolist() == [1.0, 3.0]


@pytest.mark.parametrize("granularity", ["array", "scalar"])
@pytest.mark.parametrize("x", [np.float64(0.7), np.float32(0.5)])
@pytest.mark.parametrize(
    "method",
    [
        lambda s: s.sum(), lambda s: s.sum(axis=0), lambda s: s.mean(), lambda s: s.max(), lambda s: s.min(),
        lambda s: s.clip(0, 0.3), lambda s: s.reshape(1)[0], lambda s: s.reshape(1, 1)[0, 0], lambda s: s.ravel()[0],
        lambda s: s.round(1) + s, lambda s: s.astype(np.float32), lambda s: s.astype(int) + s,
        lambda s: s.T.copy().conj() * (1 + s.ndim),
    ],
)  # fmt: skip
def test_a_number_that_is_differentiated_has_the_methods_that_a_wrapped_one_has(method, x, granularity):
    """A function of NumPy's gives a number where it gives no array, and ordinary code goes on with its methods."""

    def f(x):
        return method(np.multiply(x, x))

    g = oc.gradient(f, x, granularity=granularity)
    with oc.count() as tally:
        value = oc.unwrap(f(oc.wrap(x)))
    assert (g.value, type(g.value)) == (value, type(f(x)))
    assert g.phases["primal"] == tally.counts
    expected = 0.0 if value == 0.3 else 2 * float(x) * (1 + (value == 2 * x * x))
    assert g.gradient == pytest.approx(expected, rel=1e-6)


def test_the_sum_of_one_number_in_a_type():
    g = oc.gradient(lambda x: np.sum(x[0], dtype=np.float32) + np.mean(x[1], dtype=np.float32), np.array([0.5, 1.5]))
    assert g.gradient.tolist() == [1.0, 1.0] and g.value.dtype == np.float32


@pytest.mark.parametrize("operation", [lambda x: np.add(x, x, dtype=np.float32), lambda x: np.sum(x, dtype=int)])
def test_a_type_for_numbers_one_by_one_is_refused(operation):
    with pytest.raises(oc.Uncounted, match="leave it out"):
        oc.gradient(lambda x: np.sum(operation(x)), np.array([0.5, 1.5]), granularity="scalar")


# --- what NumPy's loops for objects cannot do


@pytest.mark.parametrize("granularity", ["array", "scalar"])
@pytest.mark.parametrize("keywords", [{}, {"nan": 7.0}, {"posinf": 1.0, "neginf": 2.0}, {"copy": False}])
@pytest.mark.parametrize("x", [np.array([np.nan, 1.0, np.inf, -np.inf, 2.0]), np.array([np.nan, 1, np.inf], "f4")])
def test_what_is_no_finite_number_is_replaced(x, keywords, granularity):
    """NumPy's own function leaves an array of objects as it is, nan and all, which was the value."""

    def f(x):
        y = x * 1
        return np.sum(np.nan_to_num(y, **keywords) * 2**-20.0) + (0 if "copy" not in keywords else y[0])

    g = oc.gradient(f, x, granularity=granularity)
    with np.errstate(all="ignore"):
        assert g.value == f(x) and np.isfinite(g.value)
    expected = np.isfinite(x) * 2**-20.0
    assert g.gradient.tolist() == expected.tolist()
    with oc.count() as tally:
        f(oc.wrap(x))
    assert g.phases["primal"] == tally.counts


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(np.full_like(x, x[0], dtype=int) * x),
        lambda x: np.sum(np.insert(np.arange(3), 1, x[1]) * x[0]),
    ],
)  # fmt: skip
def test_numbers_that_a_function_casts_to_integers_are_constant(f):
    """They were moved, for the gradient."""
    x = np.array([0.7, 2.2])
    slope = [(f(x + 1e-6 * unit) - f(x - 1e-6 * unit)) / 2e-6 for unit in np.eye(2)]
    assert oc.gradient(f, x).gradient == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(np.deg2rad(x)), lambda x: np.sum(np.degrees(x)), lambda x: np.deg2rad(x[0]),
        lambda x: np.sum(np.bincount([0, 1], weights=x)), lambda x: np.sum(x, where=[True, False]),
        lambda x: np.mean(x, where=x > 1), lambda x: np.max(x, where=x < 1, initial=0.0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("granularity", ["array", "scalar"])
def test_what_numpy_does_not_do_with_objects_is_refused(f, granularity):
    """The errors were NumPy's of its loops for objects, and once a recursion without an end."""
    with pytest.raises(oc.Uncounted):
        oc.gradient(f, np.array([0.7, 2.2]), granularity=granularity)


@pytest.mark.parametrize("order", [None, 1, 2, 3, 0.5, -1, -2.5, np.inf, -np.inf])
@pytest.mark.parametrize("first", [0.7, np.nan])
def test_norms_of_numbers_one_by_one_are_those_of_arrays(first, order):
    """NumPy's own function took the largest by Python's comparison, which knows no nan, and refused other orders."""
    x = np.array([[first, -1.3, 2.2], [0.4, 0.6, -0.8]])
    of_matrix = np.linalg.norm(x, order) if order in (None, 1, -1, np.inf, -np.inf) else None

    def f(x):
        found = np.linalg.norm(x[0], order) + np.sum(np.linalg.norm(x, order, axis=0, keepdims=True))
        return found if of_matrix is None else found + np.linalg.norm(x, order)

    whole, opened = (oc.gradient(f, x, granularity=granularity) for granularity in ("array", "scalar"))
    assert np.allclose([whole.value, opened.value], f(x), rtol=1e-14, equal_nan=True)
    assert np.allclose(whole.gradient, opened.gradient, rtol=1e-13, equal_nan=True)
    assert whole.phases["primal"] == opened.phases["primal"]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.max(x, initial=0.0), lambda x: np.min(x, initial=9), lambda x: np.sum(x, initial=np.float64(1)),
        lambda x: np.linalg.norm(x, np.inf), lambda x: np.max(x, initial=x[0]),
    ],
)  # fmt: skip
def test_what_a_reduction_begins_with_does_not_decide_on_its_precision(f):
    x = np.array([0.3, 1.7], np.float32)
    g = oc.gradient(f, x)
    assert (g.value, type(g.value)) == (f(x), np.float32)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(np.maximum.accumulate(x)), lambda x: np.sum(np.minimum.accumulate(x.reshape(2, 2), axis=1)),
        lambda x: np.sum(np.maximum.reduceat(x, [0, 2])),
    ],
)  # fmt: skip
@pytest.mark.parametrize("x", [np.array([0.7, 2.2, 0.4, 1.1]), np.array([0.7, np.nan, 0.4, 1.1])])
def test_the_largest_of_numbers_one_by_one_knows_nan(f, x):
    g = oc.gradient(f, x, granularity="scalar")
    assert g.value == f(x) or (np.isnan(g.value) and np.isnan(f(x)))
    if np.isfinite(x).all():
        slope = [(f(x + 1e-6 * unit) - f(x - 1e-6 * unit)) / 2e-6 for unit in np.eye(4)]
        assert g.gradient == pytest.approx(slope, rel=1e-6)
        with oc.count() as tally:
            f(oc.wrap(x))
        assert g.phases["primal"] == tally.counts


@pytest.mark.parametrize(
    "f", [lambda x: np.sum(np.fmin(x, x[::-1])), np.fmax.reduce, lambda x: np.sum(np.fmax(0.5, x))]
)
def test_what_leaves_nan_out_is_refused_for_a_nan_among_numbers_one_by_one(f):
    """NumPy's loop for objects let nan through, by the order of its operands."""
    with pytest.raises(oc.Uncounted, match="knows no nan"):
        oc.gradient(f, np.array([np.nan, 1.0, 0.2]), granularity="scalar")
    assert oc.gradient(f, np.array([0.7, 1.0, 0.2]), granularity="scalar").value == f(np.array([0.7, 1.0, 0.2]))
