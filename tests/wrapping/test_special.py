"""The special functions: scipy.special's ufuncs on wrapped values, their counts and their derivatives."""

import math
import subprocess
import sys
import warnings

import mpmath
import numpy as np
import pytest
from scipy import special

import opcount as oc
from opcount.wrapping import operations
from opcount.wrapping.special import SPECIAL
from tests.support.faults import planted

OF_INTEGERS = {"yn", "kn", "expn"}  # of an order
COMPOSED = {name for name, row in SPECIAL.items() if row.rule is not None}
UFUNCS = {name: f for name, f in vars(special).items() if isinstance(f, np.ufunc)}
SYNONYMS = {"psi": "digamma", "jn": "jv"}
OF_NUMPY = {"cbrt", "exp2", "expm1", "log1p"}


def function_of(name):
    return getattr(special, name)


def operands_of(name):
    function, row = function_of(name), SPECIAL[name]
    if row.domain:
        return [0.3 * low + 0.7 * high for low, high in row.domain]
    if name in OF_INTEGERS:
        return [2, 0.7]
    return [0.3 + 0.1 * position for position in range(function.nin)]


def expected(name):
    return oc.Counts(SPECIAL[name].rule or {name: 1})


def test_every_kind_of_the_group_has_a_row_and_every_row_a_kind():
    assert sorted({*SPECIAL} - COMPOSED) == sorted(oc.GROUPS["special"])
    assert {kind for name in COMPOSED for kind in SPECIAL[name].rule} <= {*oc.KINDS} - {*oc.GROUPS["special"]}
    assert {*SPECIAL} - {"zeta"} <= {*UFUNCS}


@pytest.mark.parametrize("name", SPECIAL)
def test_a_special_function_counts_on_numbers_arrays_and_specs(name):
    function, operands, one = function_of(name), operands_of(name), expected(name)
    value, counts = oc.measure(function, *operands)
    assert (value, counts) == (function(*operands), one)
    of = [operand if isinstance(operand, int) else np.full((2, 3), operand) for operand in operands]
    value, counts = oc.measure(function, *of)
    assert np.array_equal(value, function(*of)) and counts == 6 * one
    shapes = [operand if isinstance(operand, int) else oc.spec((2, 3)) for operand in operands]
    value, counts = oc.measure(function, *shapes)
    assert value.shape == (2, 3) and counts == 6 * one
    for index, operand in enumerate(of):
        if isinstance(operand, np.ndarray):  # beside data
            given = [*of[:index], oc.wrap(operand), *of[index + 1 :]]
            with oc.count() as tally:
                function(*given)
            assert tally.counts == 6 * one


@pytest.mark.parametrize("name", ["erf", "expit", "xlogy", "beta", "betainc", "hyp2f1"])
def test_out_and_a_budget_hold(name):  # not where=, with which SciPy's ufuncs write beyond plain arrays
    function, one = function_of(name), expected(name)
    operands = [oc.wrap(np.full(3, operand)) for operand in operands_of(name)]
    out = np.zeros_like(operands[0])
    with oc.count() as tally:
        assert function(*operands, out=out) is out
    assert tally.counts == 3 * one and oc.unwrap(out)[1] == function(*operands_of(name))
    with pytest.raises(oc.BudgetExceeded), oc.count(budget=one.total * 3 - 1) as tally:
        function(*operands)
    assert tally.counts == {}
    with pytest.raises(TypeError):  # ours, or SciPy's, where it has no complex values
        function(*(operand + 0j for operand in operands))


@pytest.mark.parametrize("name", sorted({*UFUNCS} - {*SPECIAL} - {*SYNONYMS} - OF_NUMPY))
def test_any_other_function_is_refused_with_the_way_out(name):
    function = UFUNCS[name]
    for operands in ([oc.wrap(0.3)] * function.nin, [oc.wrap(np.full(2, 0.3))] * function.nin):
        with pytest.raises(oc.OpcountError, match=r"oc\.register_rule.*oc\.unwrap"):
            function(*operands)


def test_synonyms_and_numpys_own():
    assert oc.measure(special.psi, 0.7).counts == {"digamma": 1} and oc.measure(special.jn, 2.0, 0.7).counts == {
        "jv": 1
    }
    for name in OF_NUMPY:
        assert oc.measure(UFUNCS[name], np.ones(3)).counts == {name: 3}
        ours, numpys = (oc.gradient(function, 0.7) for function in (UFUNCS[name], getattr(np, name)))
        assert ours.gradient == pytest.approx(numpys.gradient, rel=1e-14) and ours.phases == numpys.phases
    assert oc.measure(special.zeta, 2.5).counts == {"zeta": 1}


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_what_is_no_ufunc_is_refused_with_its_definition(name):
    x = oc.wrap(np.array([0.3, 0.7]))
    with pytest.raises(oc.Uncounted, match=r"m = np\.max\(x, axis, keepdims=True\).*: write .*np\.exp\(x - m\)"):
        {
            "softmax": lambda: special.softmax(x),
            "log_softmax": lambda: special.log_softmax(x),
            "logsumexp": lambda: special.logsumexp(x),
        }[name]()
    m = np.max(x, keepdims=True)
    written = {
        "softmax": np.exp(x - m) / np.sum(np.exp(x - m)),
        "log_softmax": (x - m) - np.log(np.sum(np.exp(x - m))),
        "logsumexp": m + np.log(np.sum(np.exp(x - m))),
    }
    assert np.allclose(oc.unwrap(written[name]), getattr(special, name)(oc.unwrap(x)))


# --- derivatives


DIFFERENTIABLE = [
    (name, index)
    for name, row in SPECIAL.items()
    for index, partial in enumerate(row.partials)
    if getattr(partial, "__name__", "") != "_unknown"
]


def derivatives(name, index):
    """The derivative by one operand: of a number, of arrays at both granularities, by two methods."""
    function, operands = function_of(name), operands_of(name)

    def f(x):
        return np.sum(function(*operands[:index], x, *operands[index + 1 :]))

    at = operands[index]
    return [
        oc.gradient(f, at).gradient,
        oc.gradient(f, at, method="forward").gradient,
        oc.gradient(f, np.array([at, at])).gradient[1],
        oc.gradient(f, np.array([at, at]), granularity="scalar").gradient[1],
    ]


def difference(name, index):
    function, operands = function_of(name), operands_of(name)
    h = 1e-5
    low, high = ([*operands[:index], operands[index] + step, *operands[index + 1 :]] for step in (-h, h))
    return (function(*high) - function(*low)) / (2 * h)


@pytest.mark.parametrize(("name", "index"), DIFFERENTIABLE)
def test_a_derivative_is_that_of_finite_differences(name, index):
    assert derivatives(name, index) == pytest.approx([difference(name, index)] * 4, rel=1e-6, abs=1e-9)


def test_the_check_of_derivatives_finds_a_wrong_one():
    derivatives("erf", 0)
    wrong = operations.BY_UFUNC[special.erf]._replace(partials=(lambda y, x: np.exp(-x * x),))
    with planted(operations._MET, rows={special.erf: wrong}):
        assert derivatives("erf", 0) != pytest.approx([difference("erf", 0)] * 4, rel=1e-6)


OF_MPMATH = {
    "erf": mpmath.erf, "erfc": mpmath.erfc, "erfi": mpmath.erfi, "erfinv": mpmath.erfinv, "gamma": mpmath.gamma,
    "gammaln": mpmath.loggamma, "digamma": mpmath.digamma, "rgamma": mpmath.rgamma, "beta": mpmath.beta,
    "j0": mpmath.j0, "j1": mpmath.j1, "y0": lambda x: mpmath.bessely(0, x), "y1": lambda x: mpmath.bessely(1, x),
    "i0": lambda x: mpmath.besseli(0, x), "i1": lambda x: mpmath.besseli(1, x), "k0": lambda x: mpmath.besselk(0, x),
    "k1": lambda x: mpmath.besselk(1, x), "ellipk": mpmath.ellipk, "ellipe": mpmath.ellipe, "exp1": mpmath.e1,
    "expi": mpmath.ei, "expit": lambda x: 1 / (1 + mpmath.exp(-x)), "logit": lambda x: mpmath.log(x / (1 - x)),
    "xlogy": lambda x, y: x * mpmath.log(y),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_MPMATH)
def test_a_derivative_is_that_of_many_digits(name):
    operands = operands_of(name)
    for index in range(len(operands)):
        order = tuple(int(position == index) for position in range(len(operands)))
        exact = mpmath.diff(OF_MPMATH[name], tuple(operands), order)
        assert derivatives(name, index) == pytest.approx([float(exact)] * 4, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "index"),
    [(name, index) for name, row in SPECIAL.items() for index in range(len(row.partials))
     if (name, index) not in DIFFERENTIABLE],
)  # fmt: skip
def test_an_operand_without_a_formula_is_refused_and_never_zero(name, index):
    with pytest.raises(oc.Uncounted, match=r"no formula here: .*oc\.primitive"):
        derivatives(name, index)


@pytest.mark.parametrize("name", [name for name, row in SPECIAL.items() if not row.partials])
def test_a_function_without_a_derivative_is_refused(name):
    function, operands = function_of(name), operands_of(name)
    for granularity in ("array", "scalar"):
        for at in (operands[-1], np.array([operands[-1]])):
            with pytest.raises(oc.Uncounted, match=name):
                oc.gradient(lambda x: np.sum(function(*operands[:-1], x)), at, granularity=granularity)


def test_what_a_derivative_executes_is_counted_as_partials():
    g = oc.gradient(lambda x: np.sum(special.expit(x)), np.ones(3))
    assert g.phases["primal"] == {"neg": 3, "exp": 3, "add": 5, "div": 3}
    assert g.phases["partials"] == {"sub": 3, "mul": 3}
    g = oc.gradient(special.gammaln, 0.7)
    assert g.phases["primal"] == {"gammaln": 1} and g.phases["partials"] == {"digamma": 1}


# --- rules and primitives of users


@pytest.mark.parametrize("name", ["erf", "expit", "beta", "cbrt"])
def test_a_users_rule_goes_before_the_row(name):
    function = UFUNCS[name]
    operands = operands_of(name) if name in SPECIAL else [0.7]
    before = oc.measure(function, *operands).counts
    with oc.rules({function: {"mul": 7}}):
        assert oc.measure(function, *operands).counts == {"mul": 7}
        assert oc.measure(function, *(np.full(2, operand) for operand in operands)).counts == {"mul": 14}
        assert oc.gradient(function, operands[0]).phases["primal"] == {"mul": 7} if function.nin == 1 else True
    with oc.rules({function: lambda *operands: {"add": np.size(operands[0])}}):
        assert oc.measure(function, *operands).counts == {"add": 1}
    assert oc.measure(function, *operands).counts == before
    assert oc.measure(np.cbrt, 0.7).counts == {"cbrt": 1}


# --- math's functions of the same kinds, and SciPy that nobody imports


@pytest.mark.parametrize(
    ("name", "kind"), [("erf", "erf"), ("erfc", "erfc"), ("gamma", "gamma"), ("lgamma", "gammaln")]
)
def test_the_functions_of_math_are_of_the_same_kinds(name, kind):
    with oc.count(math=True) as tally:
        value = getattr(math, name)(oc.wrap(0.7))
    assert oc.unwrap(value) == getattr(math, name)(0.7) and tally.counts == {kind: 1}
    with oc.count(math=True):
        g = oc.gradient(lambda x: getattr(math, name)(x), 0.7)
    assert g.value == getattr(math, name)(0.7)
    assert g.gradient == pytest.approx(oc.gradient(function_of(kind), 0.7).gradient, rel=1e-14)
    with oc.rules({function_of(kind): {"mul": 2}}), oc.count(math=True) as tally:
        getattr(math, name)(oc.wrap(0.7))
    assert tally.counts == {"mul": 2}


def test_scipy_is_imported_by_nobody_but_the_user():
    program = """
import math, sys
import opcount as oc
x = oc.wrap(0.7)
with oc.count(math=True) as tally:
    math.erf(x), math.gamma(x)
    oc.gradient(lambda x: math.erf(x), 0.7)
assert not any(name.partition(".")[0] == "scipy" for name in sys.modules)
from scipy import special
with oc.count() as later:
    special.erf(x), special.expit(x)
print(tally.counts.erf, tally.counts.gamma, later.counts.erf, later.counts.exp)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("2 1 1 1\n", "")


def test_a_ufunc_of_the_same_name_is_not_scipys():
    erf = np.frompyfunc(math.erf, 1, 1)
    assert erf.__name__.startswith("erf") and operations.BY_UFUNC[erf] is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert oc.measure(special.erf, np.float32(0.5)).value.dtype == np.float32
