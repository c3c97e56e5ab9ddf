"""Is symbolic differentiation another method? SymPy's derivatives, with everything repeated and with it shared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache, partial
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import sympy

import opcount as oc
from analysis.figures import growth
from analysis.programs.functions import logistic
from analysis.programs.networks import (
    PARAMETERS,
    POINTS,
    dense,
    dense_loss,
    question_network,
    rational,
    sines,
    softplus,
    squared_residuals,
)
from analysis.programs.polynomials import Polynomial
from analysis.report.study import Claim, Figure, Run, Study, Table

Expression = Any  # SymPy has no types

METHODS: Final = ("naive", "naive-tangent", "memoized-tangent", "memoized", "backprop")
START: Final = Fraction(1, 5)
EXECUTED_UP_TO: Final = 5_000  # operations: of fractions that double their digits with each iteration
FROM: Final = 3  # iterations: below, SymPy multiplies out what is short
NO_LAW: Final = "none"
SAME_EVERYWHERE: Final = False  # another version of SymPy may write the same derivative otherwise
NETWORKS: Final = (
    (1, 2, 1),
    (1, 2, 2, 1),
    (2, 3, 3, 1),
    (1, 2, 2, 2, 1),
    (3, 4, 4, 1),
    (2, 3, 3, 3, 1),
    (1, 3, 3, 3, 3, 1),
)
SHOWN: Final = ("tree", "tree, nested", "values", "naive", "memo", "cse", "cse, nested", "memoized-tangent", "backprop")
# How many terms of a polynomial times 2^k, and of one beside it, from the simplest law on.
SHAPES: Final = ((0, 2), (0, 3), (1, 2), (0, 4), (1, 3), (2, 1), (2, 2), (3, 1))


def run(run: Run) -> Study:
    iterations = range(1, 10 if run.quick else 13)
    networks = NETWORKS[:4] if run.quick else NETWORKS
    cases = [Case("logistic map", k, nested=nested) for k in iterations for nested in (False, True)]
    cases += [Case(name) for name in QUESTIONS]
    cases += [Case(f"MLP {'-'.join(map(str, sizes))}", sizes=sizes) for sizes in networks]
    # longest first; the rows are put in order afterwards
    found = run.map(measure, cases[::-1])
    return judged(pd.DataFrame([row for rows in found[::-1] for row in rows]), rewritten(run))


def rewritten(run: Run) -> pd.DataFrame:
    points = [(form, k) for form in REWRITTEN for k in range(1, 7)]
    return pd.DataFrame(run.map(rewrite, points))


def judged(table: pd.DataFrame, polynomials: pd.DataFrame) -> Study:
    """The study that these counts make."""
    map_ = table[table.iterations > 0]
    laws = laws_of(map_)
    by_line = laws.set_index("line")
    on_map = map_.pivot(index="iterations", columns="line", values="operations")
    from_law = on_map.loc[FROM:]
    on_networks = table[table.iterations == 0].pivot(index="function", columns="line", values="operations")
    executed = table[table.executed == "yes"]
    exact = executed[executed["same gradient"] == "exactly"]
    foreseen = executed[executed.predicted != ""]
    rounded = executed[executed["same gradient"] == "to rounding"]
    fractions = executed[(executed.iterations > 0) | executed.function.str.endswith("rational")]
    nested, memo, backprop = (on_map[line] for line in ("cse, nested", "memo, nested", "backprop"))
    times = (on_networks.cse / on_networks.backprop).sort_values(kind="stable")
    dearest = (on_networks.tree / on_networks.naive).sort_values(kind="stable")
    last = on_map.index[-1]
    shared = polynomials.pivot(index="iterations", columns="form", values="cse")
    wrong = polynomials[polynomials["first digit right in floats"] == "no"]
    horner = polynomials[polynomials.form == "in Horner's form"]

    claims = [
        Claim(
            "SymPy's derivatives, however much of them is shared, and opcount's gradients are equal in fractions.",
            len(fractions) == len(exact) > 0
            and set(fractions["same gradient"]) == set(polynomials["same gradient"]) == {"exactly"},
            f"{len(exact)} executions on the logistic map and the question's network, "
            f"and {len(polynomials)} of rewritten derivatives",
        ),
        Claim(
            "On the networks with an exponential they agree to rounding.",
            len(exact) + len(rounded) == len(executed) and len(rounded) > 0,
            f"{len(rounded)} executions, to 1e-9 of the largest number",
        ),
        Claim(
            "Wherever operations were both executed and predicted, the two are equal.",
            bool((foreseen.operations == foreseen.predicted).all()) and len(foreseen) > 0,
            f"{len(foreseen)} executions, up to {foreseen.operations.max():,} operations",
        ),
        Claim(
            "Each iteration of the logistic map more than doubles SymPy's tree, and not quite doubles the naive "
            "recursion.",
            bool(least(from_law.tree) > 2 and least(from_law["tree, nested"]) > 2 and greatest(from_law.naive) < 2),
            f"from {FROM} iterations to {last}: times {by_line['least factor']['tree']} to "
            f"{by_line['greatest factor']['tree']}, and times {by_line['least factor']['naive']} to "
            f"{by_line['greatest factor']['naive']}",
        ),
        Claim(
            "The tree outgrows the naive recursion: by the square of the iterations, or by their number where "
            "intermediate results are kept apart.",
            [by_line.doubles[line] for line in ("tree", "tree, nested", "naive")] == ["2", "1", "0"],
            f"{by_line.law['tree']}; {by_line.law['tree, nested']}; {by_line.law['naive']}",
        ),
        Claim(
            "That factor is the value computed again: share the value's subexpressions, as the naive recursion does, "
            "and the tree grows as the naive recursion.",
            [by_line.doubles[line] for line in ("values", "values, nested", "naive")] == ["0"] * 3,
            f"{by_line.law['values']}; nested {by_line.law['values, nested']}",
        ),
        Claim(
            "Where intermediate results are kept apart, sharing makes the tree linear, as backprop is.",
            all(
                (by_line.doubles[line], by_line.degree[line]) == ("", "1")
                for line in ("memo, nested", "cse, nested", "backprop")
            )
            and bool((nested <= backprop).all() and (4 * memo <= 5 * backprop).all()),
            f"{by_line.law['memo, nested']} with a memo, {by_line.law['cse, nested']} by cse, "
            f"{by_line.law['backprop']} by backprop; cse nowhere more than backprop, the memo at most 5/4 of it",
        ),
        Claim(
            "In the products that SymPy flattens they are lost, and sharing afterwards does not find them all: "
            "it leaves a square of the iterations by cse, a cube by the memo.",
            [(by_line.doubles[line], by_line.degree[line]) for line in ("cse", "memo")] == [("", "2"), ("", "3")],
            f"{by_line.law['cse']}; {by_line.law['memo']}",
        ),
        Claim(
            "On every network SymPy's tree takes the most operations, and cse leaves more than backprop takes.",
            bool(
                (on_networks.idxmax(axis="columns") == "tree").all() and (on_networks.cse > on_networks.backprop).all()
            ),
            f"the tree {dearest.iloc[0]:.1f} to {dearest.iloc[-1]:.1f} times the naive recursion, "
            f"cse {times.iloc[0]:.2f} to {times.iloc[-1]:.2f} times backprop",
        ),
        Claim(
            "Rewriting the derivative as a polynomial does not end the growth: expanded, factored or in Horner's "
            "form, each iteration more than doubles it, cse included.",
            bool(all(least(shared.loc[FROM:, form]) > 2 for form in shared)),
            ", ".join(f"{form} {shared[form].iloc[-1]:,}" for form in shared)
            + f" operations after {shared.index[-1]} iterations, where backprop takes {backprop[shared.index[-1]]:,}",
        ),
    ]
    return Study(
        question="Is symbolic differentiation another method?",
        answer=(
            "It is the chain rule without intermediate results. Written out as an expression, the derivative of "
            f"{last} iterations of the logistic map takes {on_map.tree[last]:,} operations: the product rule copies "
            f"the factors, and the copies are computed again. The naive recursion, {on_map.naive[last]:,}, repeats the "
            "chain rule alone and shares the values. Keep each intermediate result and compute what is equal once, and "
            f"of the same expression {on_map['cse, nested'][last]:,} operations are left, in proportion to the "
            f"iterations, as with backprop, which takes {backprop[last]:,}. But sharing finds only what is still "
            "there: where SymPy has flattened the products, it leaves "
            f"{on_map.cse[last]:,}, and on networks, which SymPy differentiates for one parameter at a time, up to "
            f"{times.iloc[-1]:.1f} times what backprop takes."
        ),
        claims=claims,
        tables={
            "laws": Table(
                laws,
                f"Operations after k iterations of the logistic map, from {FROM} on. SymPy's value and derivatives as "
                "a tree, with the value's subexpressions shared, all equal subexpressions (memo), or what sympy.cse "
                "finds; nested: with the result of each iteration kept apart",
                exact=SAME_EVERYWHERE,
                text=("law",),
                shown=laws[["line", "law", "least factor", "greatest factor"]],
            ),
            "operations": Table(
                table,
                "Operations for the value and the gradient of the logistic map. A sum of n terms is n − 1 `add` or, "
                "where a term is negative, `sub`; a factor to a negative power is a `div`",
                exact=SAME_EVERYWHERE,
                shown=on_map[[*SHOWN]].reset_index(),
            ),
            "networks": Table(
                on_networks[[line for line in SHOWN if line in on_networks]].reset_index(),
                "The same for networks: the question's at its three points, MLPs with tanh at one",
                exact=SAME_EVERYWHERE,
            ),
            "rewritten": Table(
                polynomials,
                "The logistic map and its derivative rewritten as polynomials",
                exact=SAME_EVERYWHERE,
                shown=polynomials[polynomials.iterations % 2 == 0].drop(columns="same gradient"),
            ),
        },
        figures={
            "operations": Figure(
                growth.expression_swell,
                {"table": table},
                "Left: the logistic map; dashed where each iteration's result is kept apart, solid as SymPy writes it. "
                "Right: networks.",
            )
        },
        against=[
            "Where intermediate results are kept, cse takes fewer operations than backprop: "
            f"{by_line.law['cse, nested']} against {by_line.law['backprop']}. "
            "SymPy multiplies 4 (1 − l) out once, as 4 − 4 l, and shares it.",
            "Rewritten in Horner's form, value and derivative of the logistic map take "
            f"{horner.tree.iloc[-1]:,} operations as a tree, fewer than the naive recursion, "
            f"{horner.naive.iloc[-1]:,}. But of {len(polynomials)} rewritten derivatives {len(wrong)} have in floats "
            "not their first digit right.",
            f"The swell is in the writing out: of the {on_map.tree[last]:,} operations after {last} iterations "
            f"{on_map.memo[last]:,} are different ones. Who evaluates the expression with a memo is spared the rest.",
        ],
    )


def least(counts: pd.Series) -> Fraction:
    """The least factor from one count to the next."""
    return min(Fraction(int(b), int(a)) for a, b in pairwise(counts))


def greatest(counts: pd.Series) -> Fraction:
    return max(Fraction(int(b), int(a)) for a, b in pairwise(counts))


# --- an expression as operations


class Kept(sympy.Function):  # type: ignore[misc]  # SymPy has no types
    """The identity. SymPy multiplies no product out into another across it, so that an intermediate result stays one.

    >>> x = sympy.Symbol("x")
    >>> 4 * (x * (1 - x)), 4 * Kept(x * (1 - x)), Kept(x * (1 - x)).diff(x)
    (4*x*(1 - x), 4*Kept(x*(1 - x)), 1 - 2*x)
    """

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expression:
        return sympy.Integer(1)


class Written(NamedTuple):
    """What an expression computes: its operands, and the operations on their values."""

    operands: tuple[Expression, ...]
    apply: Callable[..., Any]


def sum_of(expression: Expression) -> Written:
    """Terms with a negative coefficient are subtracted: SymPy writes a - b as a + (-1) b."""
    negative = [term.as_coeff_Mul()[0].is_negative for term in expression.args]
    plus = [term for term, below in zip(expression.args, negative, strict=True) if not below]
    minus = [-term for term, below in zip(expression.args, negative, strict=True) if below]
    return Written((*plus, *minus), partial(added, len(plus)))


def added(plus: int, *values: Any) -> Any:
    result = values[0] if plus else -values[0]
    for place, value in enumerate(values[1:], 1):
        result = result + value if place < plus else result - value
    return result


def product_of(expression: Expression) -> Written:
    """A coefficient of -1 negates; a factor to a negative power divides: SymPy writes a / b as a b**-1."""
    coefficient, rest = expression.as_coeff_Mul()
    factors = sympy.Mul.make_args(rest)
    below = [1 / factor for factor in factors if divides(factor)]
    above = [factor for factor in factors if not divides(factor)]
    above = above if abs(coefficient) == 1 else [coefficient, *above]
    return Written((*above, *below), partial(multiplied, len(above), coefficient == -1))


def divides(factor: Expression) -> bool:
    return bool(factor.is_Pow and factor.exp.is_negative)


def multiplied(above: int, negated: bool, *values: Any) -> Any:
    result = values[0] if above else 1 / values[0]
    for place, value in enumerate(values[1:], 1):
        result = result * value if place < above else result / value
    return -result if negated else result


def power_of(expression: Expression) -> Written:
    base, exponent = expression.args
    if not exponent.is_Integer:
        raise TypeError(f"{expression} is no integer power, and has no count")
    return Written((base,), partial(raised, int(exponent)))


def raised(exponent: int, base: Any) -> Any:
    return base**exponent if exponent > 0 else 1 / base**-exponent


def applied(function: Callable[[Any], Any]) -> Callable[[Expression], Written]:
    return lambda expression: Written(expression.args, function)


RULES: Final[Mapping[Any, Callable[[Expression], Written]]] = {
    sympy.Add: sum_of,
    sympy.Mul: product_of,
    sympy.Pow: power_of,
    sympy.tanh: applied(np.tanh),
    sympy.exp: applied(np.exp),
    sympy.log: applied(np.log),
    Kept: applied(lambda value: value),
}


@cache
def written(expression: Expression) -> Written:
    return RULES[expression.func](expression)


def evaluated(expression: Expression, values: Mapping[Any, Any], memo: dict[Any, Any] | None = None) -> Any:
    """The value of an expression. Without a memo it is a tree; with one, a subexpression is computed once.

    `values` are those of symbols, and of any larger expressions that need not be computed again.
    """
    if expression in values:
        return values[expression]
    if expression.is_Rational:
        return int(expression) if expression.is_Integer else Fraction(int(expression.p), int(expression.q))
    if memo is not None and expression in memo:
        return memo[expression]
    operands, apply = written(expression)
    result = apply(*[evaluated(operand, values, memo) for operand in operands])
    if memo is not None:
        memo[expression] = result
    return result


def size(expression: Expression, known: dict[Any, oc.Counts]) -> oc.Counts:
    """What evaluating the tree counts, where it is too large to be executed; what is in `known` costs that."""
    if expression.is_Atom:
        return oc.Counts()
    if expression not in known:
        operands, apply = written(expression)
        own = oc.measure(apply, *[1.0] * len(operands)).counts
        known[expression] = sum((size(operand, known) for operand in operands), own)
    return known[expression]


# --- a value and its partial derivatives, with more and more of it shared


class Symbolic(NamedTuple):
    """A function as SymPy has it: its value, its partial derivatives, and its symbols, data included."""

    value: Expression
    partials: Sequence[Expression]
    symbols: Sequence[Expression]


def tree(f: Symbolic, *numbers: Any) -> list[Any]:
    values = dict(zip(f.symbols, numbers, strict=True))
    return [evaluated(expression, values) for expression in (f.value, *f.partials)]


def values_shared(f: Symbolic, *numbers: Any) -> list[Any]:
    """The value's subexpressions are computed once, as in the naive recursion; those of derivatives at every visit."""
    values = dict(zip(f.symbols, numbers, strict=True))
    memo: dict[Any, Any] = {}
    result = evaluated(f.value, values, memo)
    return [result, *(evaluated(derivative, values | memo) for derivative in f.partials)]


def memo_shared(f: Symbolic, *numbers: Any) -> list[Any]:
    values = dict(zip(f.symbols, numbers, strict=True))
    memo: dict[Any, Any] = {}
    return [evaluated(expression, values, memo) for expression in (f.value, *f.partials)]


def cse_shared(f: Symbolic, *numbers: Any) -> list[Any]:
    values = dict(zip(f.symbols, numbers, strict=True))
    named, results = sympy.cse([f.value, *f.partials], sympy.numbered_symbols("shared"))
    for symbol, expression in named:
        values[symbol] = evaluated(expression, values)
    return [evaluated(expression, values) for expression in results]


SHARING: Final = {"tree": tree, "values": values_shared, "memo": memo_shared, "cse": cse_shared}


def predicted(f: Symbolic, sharing: str) -> int:
    """What `tree` or `values` counts, by the same traversal on counts instead of numbers."""
    known: dict[Any, oc.Counts] = {}
    value = size(f.value, known)
    if sharing == "values":
        once = partial(memo_shared, f._replace(partials=()))
        value, known = oc.measure(once, *[1.0] * len(f.symbols)).counts, dict.fromkeys(known, oc.Counts())
    return int(sum((size(derivative, known) for derivative in f.partials), value).total)


# --- the functions


class Case(NamedTuple):
    """The logistic map so many times, or the network of that name; `nested` keeps each iteration's result apart."""

    name: str
    iterations: int = 0
    sizes: tuple[int, ...] = ()
    nested: bool = False


class Problem(NamedTuple):
    """A function as SymPy has it, with a number for each of its symbols, and as opcount has it."""

    symbolic: Symbolic
    numbers: list[Any]
    f: Callable[[Any], Any]
    x: Any


def build(case: Case) -> Problem:
    if case.iterations:
        return logistic_problem(case.iterations, case.nested)
    if case.sizes:
        return dense_problem(case.sizes)
    return question_problem(*QUESTIONS[case.name])


def logistic_problem(iterations: int, nested: bool) -> Problem:
    x = sympy.Symbol("x")
    step = logistic(1)
    value = x
    for _ in range(iterations):
        value = Kept(step([value])) if nested else step([value])
    return Problem(differentiated(value, [x]), [START], logistic(iterations), [START])


def question_problem(activation: Any, on_symbols: Any, exact: bool) -> Problem:
    number = (lambda value: Fraction(str(value))) if exact else float
    points = [(number(x), number(y)) for x, y in POINTS]
    x = {name: [number(value) for value in values] for name, values in PARAMETERS.items()}
    names = {name: symbols(name, len(values)) for name, values in x.items()}
    data = [(sympy.Symbol(f"x{place}"), sympy.Symbol(f"y{place}")) for place in range(len(points))]

    def network(p: Any, at: Any) -> Any:
        return question_network(p, at, activation)

    value = squared_residuals(lambda p, at: question_network(p, at, on_symbols), data)(names)
    symbolic = differentiated(value, numbers_of(names), numbers_of(data))
    return Problem(symbolic, [*numbers_of(x), *numbers_of(points)], squared_residuals(network, points), x)


def dense_problem(sizes: tuple[int, ...]) -> Problem:
    f, x = dense(sizes, 1, np.tanh)
    names = [
        {name: np.array(symbols(f"{name}{depth}_", array.size)).reshape(array.shape) for name, array in layer.items()}
        for depth, layer in enumerate(x)
    ]
    data, targets = (np.array([symbols(name, number)]) for name, number in (("x", sizes[0]), ("y", sizes[-1])))
    value = dense_loss(data, targets, np.frompyfunc(sympy.tanh, 1, 1))(names)
    symbolic = differentiated(value, numbers_of(names), [*data.flat, *targets.flat])
    given = [*sines((1, sizes[0])).flat, *sines((1, sizes[-1])).flat]
    return Problem(symbolic, [*numbers_of(x), *map(float, given)], f, x)


def differentiated(value: Expression, inputs: Sequence[Expression], data: Sequence[Expression] = ()) -> Symbolic:
    return Symbolic(value, [value.diff(symbol) for symbol in inputs], [*inputs, *data])


def symbols(name: str, number: int) -> list[Expression]:
    return [sympy.Symbol(f"{name}{place}") for place in range(number)]


def numbers_of(x: Any) -> list[Any]:
    """The numbers in nested lists, dicts and arrays, in flattened order."""
    if isinstance(x, dict):
        return [number for part in x.values() for number in numbers_of(part)]
    if isinstance(x, np.ndarray):
        return x.ravel().tolist()
    return [number for part in x for number in numbers_of(part)] if isinstance(x, (list, tuple)) else [x]


def softplus_of_symbols(z: Expression) -> Expression:
    return sympy.log(1 + sympy.exp(z))


# an activation, the same on symbols, and whether it stays in fractions
QUESTIONS: Final = {
    "question, softplus": (softplus, softplus_of_symbols, False),
    "question, rational": (rational, rational, True),
}


# --- what is counted


def measure(case: Case) -> list[dict[str, Any]]:
    """Operations for the value and all partial derivatives, however they are come by; small ones are executed."""
    problem = build(case)
    backprop = oc.gradient(problem.f, problem.x, granularity="scalar")
    expected = [backprop.value, *numbers_of(backprop.gradient)]
    lines = [*of_sympy(problem, case.nested)]
    if not case.nested:
        lines += of_opcount(problem)
    return [
        {
            "function": case.name,
            "iterations": case.iterations,
            "parameters": len(problem.symbolic.partials),
            "line": name,
            "executed": "no" if found is None else "yes",
            "operations": count,
            "predicted": "" if foreseen is None else foreseen,
            "same gradient": "" if found is None else equal(found, expected),
        }
        for name, count, foreseen, found in lines
    ]


# its name, operations, those predicted where they are, and the value and gradient where it was executed
Line = tuple[str, int, int | None, list[Any] | None]


def of_sympy(problem: Problem, nested: bool) -> Iterator[Line]:
    for sharing, function in SHARING.items():
        foreseen = predicted(problem.symbolic, sharing) if sharing in ("tree", "values") else None
        count, found = foreseen, None
        if foreseen is None or foreseen <= EXECUTED_UP_TO:
            # data is wrapped too: in an expression it may meet a number first, and that is an operation
            found, counts = oc.measure(partial(function, problem.symbolic), *problem.numbers)
            count = counts.total
        yield f"{sharing}, nested" if nested else sharing, count or 0, foreseen, found


def of_opcount(problem: Problem) -> Iterator[Line]:
    graph = oc.trace(problem.f, problem.x, granularity="scalar")
    phases = oc.gradient(problem.f, problem.x, granularity="scalar").phases
    for method in METHODS:
        foreseen = (phases["primal"] + phases["partials"] + graph.predict(method)).total
        count, found = foreseen, None
        if foreseen <= EXECUTED_UP_TO:
            g = oc.gradient(problem.f, problem.x, method, granularity="scalar")
            count, found = g.counts.total, [g.value, *numbers_of(g.gradient)]
        yield method, count, foreseen, found


def equal(found: Sequence[Any], expected: Sequence[Any]) -> str:
    """Fractions are compared exactly, floats with an error of 1e-9 of the largest."""
    if all(isinstance(number, Fraction) for number in expected):
        return "exactly" if list(found) == list(expected) else "no"
    largest = max(map(abs, expected))
    near = all(abs(a - b) <= 1e-9 * largest for a, b in zip(found, expected, strict=True))
    return "to rounding" if near else "no"


def rewrite(point: tuple[str, int]) -> dict[str, Any]:
    """The logistic map and its derivative as polynomials written in that form, and whether floats survive it."""
    form, iterations = point
    x = sympy.Symbol("x")
    polynomial = sympy.Poly(x, x)
    for _ in range(iterations):
        polynomial = logistic(1)([polynomial])
    value, derivative = (REWRITTEN[form](part.as_expr()) for part in (polynomial, polynomial.diff(x)))
    symbolic = Symbolic(value, [derivative], [x])
    f = logistic(iterations)
    exact = oc.gradient(f, [START])
    found, shared = oc.measure(partial(cse_shared, symbolic), START)
    _, rounded = tree(symbolic, float(START))
    error = abs(rounded - exact.gradient[0]) / abs(exact.gradient[0])
    apart = exact.phases["primal"] + exact.phases["partials"]
    return {
        "form": form,
        "iterations": iterations,
        "tree": predicted(symbolic, "tree"),
        "cse": shared.total,
        "backprop": exact.counts.total,
        "naive": (apart + oc.trace(f, [START]).predict("naive")).total,
        "same gradient": equal(found, [exact.value, *exact.gradient]),
        "first digit right in floats": "yes" if error < 0.1 else "no",
    }


REWRITTEN: Final = {"expanded": sympy.expand, "in Horner's form": sympy.horner, "factored": sympy.factor}


# --- laws


class Law(NamedTuple):
    """p(k) 2^k + q(k), for k iterations."""

    doubling: Polynomial
    rest: Polynomial

    def __str__(self) -> str:
        if not self.doubling.terms:
            return str(self.rest)
        factor = f"({self.doubling})" if len(self.doubling.terms) > 1 else str(self.doubling)
        rest = str(self.rest)
        return f"{factor} · 2ᵏ " + (f"− {rest[1:]}" if rest.startswith("−") else f"+ {rest}")


def law(counts: Mapping[int, int]) -> Law | None:
    """The simplest law that the counts obey: fixed by the first of them, two at least are held out; None without."""
    for doubling, rest in SHAPES:
        terms = [(power, 2) for power in range(doubling)] + [(power, 1) for power in range(rest)]
        fixing = sorted(counts)[: len(terms)]
        if len(counts) < len(terms) + 2:
            continue
        matrix = sympy.Matrix([[k**power * base**k for power, base in terms] for k in fixing])
        solved = matrix.LUsolve(sympy.Matrix([counts[k] for k in fixing]))
        numbers = [Fraction(int(number.p), int(number.q)) for number in solved]
        if all(
            sum(number * k**power * base**k for number, (power, base) in zip(numbers, terms, strict=True)) == count
            for k, count in counts.items()
        ):
            parts = (numbers[:doubling], numbers[doubling:])
            return Law(*(Polynomial(("k",), {(e,): c for e, c in enumerate(part) if c}) for part in parts))
    return None


def laws_of(table: pd.DataFrame) -> pd.DataFrame:
    """The law of each line from FROM iterations on, and the least factor by which an iteration multiplies it."""
    rows = []
    for name, line in table[table.iterations >= FROM].groupby("line", sort=False):
        counts = dict(zip(line.iterations, line.operations, strict=True))
        factors = [Fraction(counts[k + 1], counts[k]) for k in counts if k + 1 in counts]
        found = law(counts)
        rows.append(
            {
                "line": name,
                "law": NO_LAW if found is None else str(found),
                "doubles": "" if found is None else str(max((e for (e,) in found.doubling.terms), default="")),
                "degree": "" if found is None else str(max((e for (e,) in found.rest.terms), default="")),
                "least factor": f"{float(min(factors)):.3f}",
                "greatest factor": f"{float(max(factors)):.3f}",
            }
        )
    return pd.DataFrame(rows)
