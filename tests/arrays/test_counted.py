"""oc.counted: a function that counts behind a solver, which knows plain values alone."""

import copy
import inspect
import pickle
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, optimize

import opcount as oc

SEED = {"rng" if "rng" in inspect.signature(optimize.differential_evolution).parameters else "seed": 1}


class Recorder:
    """A function that knows how often it was called."""

    def __init__(self, f):
        self.f, self.calls = f, 0

    def __call__(self, *args):
        self.calls += 1
        return self.f(*args)


def counts_and_evaluations(solve, f):
    """What a count of the solver's run has, and how often it evaluated f; the result must be that of plain values."""
    recorder = Recorder(f)
    with oc.count() as tally:
        found = solve(oc.counted(recorder))
    assert repr(found) == repr(solve(f))
    return tally.counts, recorder.calls


def sum_of_squares(x):
    return np.sum((x - [1.0, 2.0]) ** 2)


def cubic(x):
    return x * x * x - 2


def roots(x):
    return x * x - 2


MINIMIZERS = "Nelder-Mead Powell CG BFGS L-BFGS-B TNC COBYLA COBYQA SLSQP trust-constr"
CURVATURE = "Newton-CG dogleg trust-ncg trust-krylov trust-exact"


def minimized(method):
    return lambda f: optimize.minimize(f, np.zeros(2), method=method, tol=0.1).x


def minimized_by_curvature(method):
    return lambda f: (
        optimize.minimize(
            f, np.zeros(2), method=method, jac=lambda x: 2 * (x - [1.0, 2.0]), hess=lambda x: 2 * np.eye(2)
        ).x
    )


SQUARES = {"sub": 2, "mul": 2, "add": 1}
CUBE = {"mul": 2, "sub": 1}
SOLVERS = [
    *((method, minimized(method), sum_of_squares, SQUARES) for method in MINIMIZERS.split()),
    *((method, minimized_by_curvature(method), sum_of_squares, SQUARES) for method in CURVATURE.split()),
    *(
        (method, lambda f, method=method: optimize.least_squares(f, np.ones(2), method=method).x, roots,
         {"mul": 2, "sub": 2})
        for method in ("trf", "dogbox", "lm")
    ),
    *(
        (method, lambda f, method=method: optimize.root(f, np.ones(2), method=method).x, roots, {"mul": 2, "sub": 2})
        for method in ("hybr", "lm", "broyden1", "krylov", "df-sane")
    ),
    *(
        (method, lambda f, method=method: getattr(optimize, method)(f, 0, 2), cubic, CUBE)
        for method in ("brentq", "brenth", "bisect", "ridder", "toms748")
    ),
    ("newton", lambda f: optimize.newton(f, 1.0), cubic, CUBE),
    ("newton of several", lambda f: optimize.newton(f, np.array([1.0, 2.0])), roots, {"mul": 2, "sub": 2}),
    ("newton with args", lambda f: optimize.newton(f, 1.0, args=(2.0,)), lambda x, a: x * x - a, {"mul": 1, "sub": 1}),
    ("minimize_scalar", lambda f: optimize.minimize_scalar(f).x, lambda x: (x - 1) ** 2, {"sub": 1, "mul": 1}),
    ("quad", lambda f: integrate.quad(f, 0, 1), lambda x: np.exp(-x * x), {"mul": 1, "neg": 1, "exp": 1}),
    ("dblquad", lambda f: integrate.dblquad(f, 0, 1, 0, 1), lambda x, y: x * y, {"mul": 1}),
    *(
        (method, lambda f, method=method: integrate.solve_ivp(f, (0, 1), [1.0, 2.0], method=method).y.tolist(),
         lambda t, y: [y[1], -y[0]], {"neg": 1})
        for method in ("RK45", "DOP853", "Radau", "BDF", "LSODA")
    ),
    ("curve_fit",
     lambda f: optimize.curve_fit(f, np.arange(4.0), np.array([2.0, 3.0, 5.0, 6.0]), p0=[1.0, 1.0])[0],
     lambda x, a, b: a * x + b, {"mul": 4, "add": 4}),
    ("differential_evolution",
     lambda f: optimize.differential_evolution(f, [(0, 3)] * 2, maxiter=2, **SEED).x, sum_of_squares, SQUARES),
]  # fmt: skip


@pytest.mark.parametrize(("name", "solve", "f", "one"), SOLVERS, ids=[name for name, *_ in SOLVERS])
def test_a_solver_counts_its_evaluations_and_nothing_else(name, solve, f, one):
    counts, evaluations = counts_and_evaluations(solve, f)
    assert evaluations > 0
    assert counts == evaluations * oc.Counts(one)


def test_the_check_of_evaluations_finds_an_operation_of_the_solvers():
    def solve(f):
        with oc.count():
            return oc.unwrap(oc.wrap(f(1.0)) + 1)

    counts, evaluations = counts_and_evaluations(solve, cubic)
    assert counts != evaluations * oc.Counts(CUBE)


def test_the_jacobian_and_the_hessian_count_too():
    with oc.count() as tally:
        found = optimize.minimize(
            sum_of_squares, np.zeros(2), jac=oc.counted(lambda x: 2 * (x - [1.0, 2.0])), method="BFGS"
        )
    assert tally.counts == {"sub": 2 * found.njev, "mul": 2 * found.njev}


def test_the_number_of_parameters_is_that_of_the_function():
    data = np.arange(4.0)
    found = optimize.curve_fit(oc.counted(lambda x, a, b: a * x + b), data, 2 * data + 1)[0]
    assert found == pytest.approx([2, 1])


def test_it_counts_in_a_law():
    law = oc.law(lambda n: [oc.counted(np.sum)(np.ones(n)) for _ in range(3)], range(2, 9))
    assert str(law) == "3n − 3"


def test_it_counts_for_who_counts_at_the_call():
    f = oc.counted(cubic)
    assert f(2.0) == 6.0
    with oc.count() as outer:
        f(2.0)
        with oc.count(budget=3) as inner:
            f(2.0)
            with pytest.raises(oc.BudgetExceeded):
                f(2.0)
    assert inner.counts == CUBE and outer.counts == 2 * oc.Counts(CUBE)


# --- arguments and results

Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("argument", "f", "result", "counts"),
    [
        (2.0, lambda x: x * x, 4.0, {"mul": 1}),
        (2, lambda x: x * x, 4, {"mul": 1}),
        (np.float64(2), lambda x: x * x, 4.0, {"mul": 1}),
        (np.float32(2), lambda x: x * x, 4.0, {"mul": 1}),
        (np.array(2.0), lambda x: x * x, 4.0, {"mul": 1}),
        (Fraction(1, 2), lambda x: x * x, Fraction(1, 4), {"mul": 1}),
        ([1.0, [2.0]], lambda x: x[0] + x[1][0], 3.0, {"add": 1}),
        ({"a": 2.0, "b": (3.0, "text")}, lambda x: x["a"] * x["b"][0], 6.0, {"mul": 1}),
        (Point(2.0, 3.0), lambda p: Point(p.x * p.y, p.y), Point(6.0, 3.0), {"mul": 1}),
        (2.0, lambda x: (x * x, [x + 1, {"k": "text"}]), (4.0, [3.0, {"k": "text"}]), {"mul": 1, "add": 1}),
        (2.0, lambda x: None, None, {}),
        (2.0, lambda x: x > 1, True, {"gt": 1}),
    ],
    ids=range(12),
)
def test_numbers_in_arguments_are_wrapped_and_those_of_results_plain(argument, f, result, counts):
    with oc.count() as tally:
        found = oc.counted(f)(argument)
    assert found == result and tally.counts == counts
    assert repr(found) == repr(f(argument))


def test_arrays_come_back_plain_and_what_is_written_into_one_is_written():
    def f(x, out):
        out[...] = x * 2
        return x + out

    x, out = np.ones(3), np.zeros(3)
    with oc.count() as tally:
        found = oc.counted(f)(x, out=out)
    assert type(found) is np.ndarray and found.tolist() == [3, 3, 3] and out.tolist() == [2, 2, 2]
    assert tally.counts == {"mul": 3, "add": 3}


@pytest.mark.parametrize(
    "constant", ["text", b"bytes", None, True, np.bool_(True), len, object(), np.array(["a"]), int]
)
def test_what_holds_no_numbers_is_passed_on_as_it_is(constant):
    assert oc.counted(lambda *args, **keywords: (args, keywords))(constant, key=constant) == (
        (constant,),
        {"key": constant},
    )


def test_complex_numbers_count_as_real_ones():
    with oc.count() as tally:
        found = oc.counted(lambda z: z + z)(1j)
    assert found == 2j and tally.counts == {"add": 2}


@pytest.mark.parametrize(
    "argument",
    [pd.Series([1.0]), pd.DataFrame({"a": [1.0]}), np.ma.array([1.0]), np.array(["2026-01-01"], "datetime64[D]")],
    ids=lambda value: type(value).__name__,
)
def test_what_holds_numbers_that_would_not_count_is_refused_by_its_name(argument):
    called = []
    with pytest.raises(oc.InvalidType, match=r"args\[1\]|given"):
        oc.counted(called.append)(1.0, argument)
    with pytest.raises(oc.InvalidType, match="given"):
        oc.counted(lambda given: called.append(given))(given=argument)
    assert not called


# --- arguments that are wrapped already


def test_a_caller_who_counts_goes_on_counting():
    f = oc.counted(lambda x, y=1.0: x * y)
    with oc.count() as tally:
        y = f(oc.wrap(2.0)) + f(2.0, y=oc.wrap(3.0))
    assert type(y) is oc.Scalar and oc.unwrap(y) == 8.0 and tally.counts == {"mul": 2, "add": 1}


def test_a_function_that_calls_itself_counts_all_that_it_executes():
    @oc.counted
    def fibonacci(n):
        return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

    def plain(n):
        return n if n < 2 else plain(n - 1) + plain(n - 2)

    with oc.count() as tally:
        assert fibonacci(10) == 55 and type(fibonacci(10)) is int
    assert tally.counts == 2 * oc.measure(plain, 10).counts


@pytest.mark.parametrize("granularity", ["array", "scalar"])
def test_it_is_differentiated_as_what_it_is(granularity):
    def f(x):
        return np.sum(x * x)

    ours = oc.gradient(oc.counted(f), np.arange(3.0), granularity=granularity)
    theirs = oc.gradient(f, np.arange(3.0), granularity=granularity)
    assert ours.gradient.tolist() == theirs.gradient.tolist() and ours.phases == theirs.phases


@pytest.mark.parametrize("granularity", ["array", "scalar"])
def test_a_plain_result_that_would_be_a_constant_of_a_gradient_is_refused(granularity):
    def f(p):
        return p[0] * optimize.brentq(oc.counted(lambda t: p[0] * t - 1), 0, 10)

    with pytest.raises(oc.Uncounted, match="be a constant"):
        oc.gradient(f, np.array([2.0]), granularity=granularity)
    g = oc.gradient(lambda p: p * optimize.brentq(oc.counted(lambda t: oc.unwrap(p) * t - 1), 0, 10), 2.0)
    assert g.gradient == pytest.approx(0.5)


def test_a_solver_inside_a_function_that_counts_is_handed_plain_values():
    def f(a):
        return a * optimize.newton(oc.counted(lambda t: t * t - 2), 1.0)

    with oc.count() as tally:
        found = oc.counted(f)(3.0)
    assert found == pytest.approx(3 * 2**0.5) and tally.counts.mul == tally.counts.sub + 1


@pytest.mark.parametrize(
    "solve",
    [
        lambda: optimize.minimize(oc.counted(sum_of_squares), oc.wrap(np.zeros(2))),
        lambda: optimize.minimize(oc.counted(lambda x, a: np.sum(a * x)), np.zeros(2), args=(oc.wrap(np.ones(2)),)),
    ],
)
def test_a_solver_that_is_handed_wrapped_values_says_what_to_hand_it(solve):
    with pytest.raises(Exception, match=r".") as caught, oc.count():
        solve()
    said = " ".join([str(caught.value), *getattr(caught.value, "__notes__", ())])
    assert "oc.counted(f)" in said and "oc.unwrap(x)" in said


# --- as a decorator


def test_methods_are_counted_and_signatures_kept():
    class Model:
        scale = 2.0

        @oc.counted
        def loss(self, x: float, *, shift: float = 1.0) -> float:
            """The loss."""
            return self.scale * x + shift

        @staticmethod
        @oc.counted
        def doubled(x):
            return 2 * x

        @classmethod
        @oc.counted
        def tripled(cls, x):
            return 3 * x

    model = Model()
    with oc.count() as tally:
        assert model.loss(3.0) == 7.0 and model.loss(3.0, shift=2.0) == 8.0 and Model.loss(model, 3.0) == 7.0
        assert model.doubled(2.0) == 4.0 and Model.tripled(2.0) == 6.0
    assert tally.counts == {"mul": 5, "add": 3}
    assert Model.loss.__name__ == "loss" and Model.loss.__doc__ == "The loss."
    assert list(inspect.signature(Model.loss).parameters) == ["self", "x", "shift"]
    assert list(inspect.signature(model.loss).parameters) == ["x", "shift"]


def test_a_ufunc_and_a_counted_function_can_be_counted():
    with oc.count() as tally:
        assert oc.counted(np.tanh)(0.0) == 0.0 and oc.counted(oc.counted(np.tanh))(0.0) == 0.0
    assert tally.counts == {"tanh": 2}
    with pytest.raises(oc.InvalidType, match="counted: f must be a function"):
        oc.counted(3.0)


def test_a_result_that_has_executed_nothing_yet_is_refused():
    with pytest.raises(oc.InvalidType, match="executed nothing"):
        oc.counted(lambda x: (x * i for i in range(3)))(2.0)
    with pytest.raises(oc.InvalidType, match="executed nothing"):
        oc.counted(lambda x: map(np.sin, [x]))(2.0)


# --- threads and processes


def evolved(f, workers):
    return optimize.differential_evolution(
        f, [(-1, 1)] * 2, maxiter=2, **SEED, workers=workers, updating="deferred", polish=False
    )


def test_threads_of_a_solver_count_by_propagate_and_are_refused_without_it():
    with ThreadPoolExecutor(2) as pool:
        with oc.count() as tally:
            found = evolved(oc.propagate(oc.counted(sum_of_squares)), pool.map)
        assert tally.counts == found.nfev * oc.Counts(SQUARES)
        with pytest.raises(RuntimeError) as caught, oc.count() as tally:
            evolved(oc.counted(sum_of_squares), pool.map)
    assert tally.counts == {} and any("oc.propagate" in note for note in caught.value.__notes__)
    assert isinstance(caught.value.__cause__, oc.Uncounted)


def test_it_is_not_sent_to_another_process():
    f = oc.counted(sum_of_squares)
    with pytest.raises(oc.Uncounted, match=r"oc\.record"):
        pickle.dumps(f)
    assert copy.copy(f) is f and copy.deepcopy([f])[0] is f
