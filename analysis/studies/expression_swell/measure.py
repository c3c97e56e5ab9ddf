"""What is counted: the logistic map and networks, by SymPy's derivatives and by opcount's methods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
import sympy

import opcount as oc
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
from analysis.programs.symbolic import SHARING, Expression, Kept, Symbolic, cse_shared, differentiated, predicted, tree

METHODS: Final = ("naive", "naive-tangent", "memoized-tangent", "memoized", "backprop")
START: Final = Fraction(1, 5)
EXECUTED_UP_TO: Final = 5_000  # operations on fractions, whose digits double with each iteration
REWRITTEN: Final = {"expanded": sympy.expand, "in Horner's form": sympy.horner, "factored": sympy.factor}


class Case(NamedTuple):
    """The logistic map iterated so often, or the network of that name; `nested` keeps each iteration's result apart."""

    name: str
    iterations: int = 0
    sizes: tuple[int, ...] = ()
    nested: bool = False


class Problem(NamedTuple):
    """A function in SymPy, with a number for each of its symbols, and the same function for opcount."""

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
    once = logistic(1)
    value = x
    for _ in range(iterations):
        value = Kept(once([value])) if nested else once([value])
    return Problem(differentiated(value, [x]), [START], logistic(iterations), [START])


def question_problem(activation: Any, on_symbols: Any, exact: bool) -> Problem:
    as_number = (lambda value: Fraction(str(value))) if exact else float
    points = [(as_number(x), as_number(y)) for x, y in POINTS]
    x = {name: [as_number(value) for value in values] for name, values in PARAMETERS.items()}
    names = {name: symbols(name, len(values)) for name, values in x.items()}
    data = [(sympy.Symbol(f"x{index}"), sympy.Symbol(f"y{index}")) for index in range(len(points))]

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
    data, targets = (np.array([symbols(name, count)]) for name, count in (("x", sizes[0]), ("y", sizes[-1])))
    value = dense_loss(data, targets, np.frompyfunc(sympy.tanh, 1, 1))(names)
    symbolic = differentiated(value, numbers_of(names), [*data.flat, *targets.flat])
    given = [*sines((1, sizes[0])).flat, *sines((1, sizes[-1])).flat]
    return Problem(symbolic, [*numbers_of(x), *map(float, given)], f, x)


def symbols(name: str, count: int) -> list[Expression]:
    return [sympy.Symbol(f"{name}{index}") for index in range(count)]


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
    """Operations for the value and all partial derivatives, in every way; small ones are executed."""
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


# a name, operations, those predicted, if any, and the value and gradient, if executed
Line = tuple[str, int, int | None, list[Any] | None]


def of_sympy(problem: Problem, nested: bool) -> Iterator[Line]:
    for sharing, function in SHARING.items():
        foreseen = predicted(problem.symbolic, sharing) if sharing in ("tree", "values") else None
        count, found = foreseen, None
        if foreseen is None or foreseen <= EXECUTED_UP_TO:
            # data is wrapped too: in an expression it may be combined with a number first, which is an operation
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
    """How two lists of numbers are equal: fractions exactly, floats to 1e-9 of the largest."""
    if all(isinstance(number, Fraction) for number in expected):
        return "exactly" if list(found) == list(expected) else "no"
    largest = max(map(abs, expected))
    near = all(abs(a - b) <= 1e-9 * largest for a, b in zip(found, expected, strict=True))
    return "to rounding" if near else "no"


def rewrite(point: tuple[str, int]) -> dict[str, Any]:
    """The logistic map and its derivative as polynomials in some form, and whether floats are accurate in it."""
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
