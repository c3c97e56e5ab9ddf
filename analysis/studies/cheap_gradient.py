"""How cheap is a gradient? A value with its gradient over the value alone, and what the theorems promise.

Two theorems bound the reverse mode, and neither is about counts of equal weight over every operation:

- Griewank, On automatic differentiation, 1989: at most five times. It goes operation by operation, since a ratio of
  sums is at most the largest ratio of their terms, and the largest is that of a product: itself, two products with
  its adjoint, two sums. Griewank and Walther (Evaluating Derivatives, 2nd ed., 2008, table 2.3) take a quotient for
  optional: a product with a reciprocal.
- Baur and Strassen, The complexity of partial derivatives, Theoretical Computer Science 22, 1983: three times, for
  rational functions, where only nonscalar operations count: products of two numbers that both depend on an
  input, and quotients by such a number. L(f) is there the least that any program takes. The proof makes of any program
  one for the gradient, and this is checked here, program by program.

The partials of a quotient a / b are 1 / b and -y / b here, which is dearer than either theorem has it. Written as a
product with 1 / b it costs one operation more in the value, one less in the partials and one more in the accumulation:
in the value, and in the value with its gradient, one more for each quotient of two numbers that depend on an input.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

import opcount as oc
from analysis.figures import growth
from analysis.programs.functions import (
    FUNCTIONS,
    Numbers,
    gaussian_mixture,
    helmholtz,
    learnt_erf,
    logistic,
    rosenbrock,
    speelpenning,
)
from analysis.programs.networks import PARAMETERS, exact_question, mlp, question_network, squared_residuals
from analysis.programs.polynomials import Place, Polynomial, fitted
from analysis.report.study import Claim, Figure, Run, Study, Table

BOUND: Final = 5  # Griewank
NONSCALAR_BOUND: Final = 3  # Baur and Strassen
GRID: Final = range(2, 8)  # sizes that fix a law; it must hold at the others
SIZES: Final = range(2, 9)
SCARCE: Final = ("nonscalar, value", "nonscalar, reverse")
METHODS: Final = {"reverse": "backprop", "forward once": "memoized-tangent", "forward": "forward"}
RATIONAL: Final = frozenset({"input", "add", "sub", "neg", "mul", "div", "pow"})
Program = tuple[Callable[[Any], Any], Any]


# --- what is differentiated


def quotients(x: Numbers) -> Any:
    """The first of any number of variables, divided by each of the others: the dearest chain there is for its length.

    It is no function of the literature: it is here because it costs more than five times its value.
    """
    result = x[0]
    for divisor in x[1:]:
        result = result / divisor
    return result


def determinant(x: Numbers) -> Any:
    """The determinant of a square matrix, row after row, by elimination without pivoting.

    Its gradient holds the cofactors: to reduce these to the determinant is what the theorem of three was for.
    """
    n = math.isqrt(len(x))
    rows = [list(x[n * i : n * (i + 1)]) for i in range(n)]
    result = rows[0][0]
    for k in range(1, n):
        pivot = rows[k - 1]
        for row in rows[k:]:
            factor = row[k - 1] / pivot[k - 1]
            for j in range(k, n):
                row[j] = row[j] - factor * pivot[j]
        result = result * rows[k][k]
    return result


def dominant(n: int) -> list[float]:
    """A matrix that needs no pivoting, row after row."""
    return [math.sin(1 + i * n + j) + (n + 1) * (i == j) for i in range(n) for j in range(n)]


def mixture(k: int) -> Program:
    found = gaussian_mixture(d=2, k=k, n=4)
    return found.f, found.point


def near_one(n: int) -> list[float]:
    return [1 + math.sin(k) / 4 for k in range(1, n + 1)]


class Family(NamedTuple):
    """A function of any size: what its size is called, the function and a point, and sizes for the whole report."""

    symbol: str
    build: Callable[[int], Program]
    larger: Sequence[int]


FAMILIES: Final[Mapping[str, Family]] = {
    "Speelpenning": Family("n", lambda n: (speelpenning, near_one(n)), (16, 32, 64, 128)),
    "Rosenbrock": Family("n", lambda n: (rosenbrock, near_one(n)), (16, 32, 64, 128)),
    "Helmholtz": Family("n", lambda n: (helmholtz, [0.5 / n] * n), (16, 32, 64)),
    "Gaussian mixture": Family("k", mixture, (12, 16)),
    "perceptron": Family("w", lambda w: mlp((w, w, w, 1)), (12,)),
    "determinant": Family("n", lambda n: (determinant, dominant(n)), (10, 12)),
    "logistic map": Family("k", lambda k: (logistic(k), [0.2]), (16, 32, 64)),
    "quotients": Family("n", lambda n: (quotients, near_one(n)), (16, 32, 64)),
}
BUILT: Final = ("quotients",)  # to exceed the bound
SINGLE: Final = tuple(name for name, function in FUNCTIONS.items() if function.outputs == 1)
QUESTION: Final[Mapping[str, Callable[[], Program]]] = {
    "question": lambda: (squared_residuals(question_network), PARAMETERS),
    "question, rational": exact_question,
}


class Point(NamedTuple):
    """A family at a size, one of `FUNCTIONS`, or the network of the question."""

    function: str
    size: int | None = None

    def build(self) -> Program:
        if self.size is not None:
            return FAMILIES[self.function].build(self.size)
        if self.function in QUESTION:
            return QUESTION[self.function]()
        return FUNCTIONS[self.function][:2]


def run(run: Run) -> Study:
    points = [
        Point(name, size)
        for name, family in FAMILIES.items()
        for size in (*SIZES, *(() if run.quick else family.larger))
    ]
    points += [Point(name) for name in (*SINGLE, *QUESTION)]
    table = pd.DataFrame(run.map(measure, points), dtype=object)
    operations = pd.DataFrame(run.map(operation, OPERATIONS))
    laws = found(table)

    dearest = dict(zip(operations.operation, ratio(operations["all"], operations.itself), strict=True))
    most = [max(dearest[name] for name in names.split(", ")) for names in table.operations]
    literature = table[~table.function.isin(BUILT)]
    worst = literature.loc[ratio(literature.reverse, literature.value).astype(float).idxmax()]
    built = table[table.function.isin(BUILT)].iloc[-1]
    rational = table[table.rational == "yes"]
    undivided = rational[rational.quotients == 0]
    nonscalar = rational[SCARCE[1]] + rational.quotients, rational[SCARCE[0]] + rational.quotients
    arithmetic = [dearest[name] for name in ("add", "sub", "neg", "mul", "reciprocal")]
    rewritten = table.reverse + table.quotients, table.value + table.quotients
    growing = laws[laws.inputs != "1"]
    single = table[table.inputs == 1]
    largest = table[table["size"].notna()].drop_duplicates("function", keep="last").set_index("function")
    product = laws.set_index("function").loc["Speelpenning"]

    scarce = rational[["function", "size", "inputs", "quotients", *SCARCE]].reset_index(drop=True)
    scarce["executed"] = decimals(scarce[SCARCE[1]], scarce[SCARCE[0]])
    scarce["with reciprocals"] = decimals(*nonscalar)

    claims = [
        Claim(
            f"By reverse, a value with its gradient costs at most {BOUND} times the value, on all that is not built to "
            "cost more.",
            bool((literature.reverse <= BOUND * literature.value).all()),
            f"{len(literature)} functions and sizes, operations of equal weight; {worst['reverse / value']} times at "
            f"most, {titled(worst)}",
        ),
        Claim(
            "No function costs more than the dearest of its operations, each measured alone.",
            bool(all(ratio(table.reverse, table.value) <= most)),
            f"{len(table)} functions and sizes against {len(operations)} operations",
        ),
        Claim(
            f"Of sums, differences, signs, products and reciprocals none costs more than {BOUND} times itself.",
            max(arithmetic) == dearest["mul"] == BOUND,
            f"a product {dearest['mul']} times, a difference {dearest['sub']}, a reciprocal {dearest['reciprocal']}",
        ),
        Claim(
            f"A quotient costs more, and so {BOUND} is no bound for counts of equal weight.",
            bool(dearest["div"] > BOUND and built.reverse > BOUND * built.value),
            f"a quotient {dearest['div']} times; {built['reverse / value']} times in a chain of {built.value} of them",
        ),
        Claim(
            f"With each quotient a product with a reciprocal, {BOUND} times holds for these too.",
            bool((rewritten[0] <= BOUND * rewritten[1]).all()),
            f"{int((table.quotients > 0).sum())} functions and sizes with quotients of two variable numbers; the chain "
            f"then takes {decimal(built.reverse + built.quotients, built.value + built.quotients)} times",
        ),
        Claim(
            f"Of nonscalar operations a value with its gradient takes at most {NONSCALAR_BOUND} times those of the "
            "value, on every rational function, quotients again as reciprocals.",
            bool((nonscalar[0] <= NONSCALAR_BOUND * nonscalar[1]).all())
            and bool((undivided[SCARCE[1]] <= NONSCALAR_BOUND * undivided[SCARCE[0]]).all()),
            f"{len(rational)} functions and sizes, {len(undivided)} of them without a quotient of two variable "
            f"numbers; Speelpenning's product {product[SCARCE[0]]} and {product[SCARCE[1]]}",
        ),
        Claim(
            "By dual numbers, an evaluation for each input, it costs at least as many times the value as there are "
            "inputs.",
            bool((table.forward >= table.inputs * table.value).all()),
            f"{len(table)} functions and sizes, up to {table.inputs.max()} inputs",
        ),
        Claim(
            "As the inputs grow, forward grows like the inputs times the value, reverse like the value.",
            bool(
                (growing["degree of reverse"] == growing["degree of value"]).all()
                and (growing["degree of forward"] == growing["degree of value"] + growing["degree of inputs"]).all()
                and len(growing) == len(FAMILIES) - 1
            ),
            f"exact polynomials of {len(growing)} families, held-out sizes included",
        ),
    ]
    perceptron = largest.loc["perceptron"]
    rosenbrock_law, helmholtz_law = (laws.set_index("function").loc[name] for name in ("Rosenbrock", "Helmholtz"))
    return Study(
        question="How cheap is a gradient?",
        answer=(
            f"By reverse never more than {worst['reverse / value']} times the value on all functions here but one, "
            f"however many inputs there are: with {perceptron.inputs} inputs {perceptron['reverse / value']} times, "
            f"where dual numbers take {perceptron['forward / value']}. The bound of {BOUND} is that of a product, and "
            "a program of products, sums and reciprocals cannot exceed it. A program of quotients can, as partials "
            f"are computed here: a chain of them takes {built['reverse / value']} times."
        ),
        claims=claims,
        tables={
            "ratios": Table(
                table,
                "Operations of the value, and of the value with its gradient",
                shown=latest(table).drop(columns=[*SCARCE, "quotients", "rational", "operations"]),
            ),
            "nonscalar": Table(
                scarce,
                "Nonscalar operations of rational functions; with reciprocals each quotient is one more on both sides",
                shown=latest(scarce),
            ),
            "operations": Table(operations, "What one operation costs at most, with its share of the gradient"),
            "laws": Table(
                laws,
                "The operations of each family as exact polynomials in its size",
                shown=laws[["function", "inputs", "value", "reverse", "forward once", "forward"]],
                text=("value", "reverse", "forward once", "forward"),
            ),
        },
        figures={
            "ratios": Figure(
                growth.cheap_gradient,
                {"table": table[table["size"].notna() & (table.inputs > 1)]},
                "A value with its gradient over the value: by reverse, by forward with one evaluation for all inputs, "
                f"and by dual numbers with one for each. Dashed: {BOUND} times.",
            )
        },
        against=[
            "Much of what forward mode costs is the evaluation that it repeats. With one evaluation for all inputs, "
            f"and structural zeros skipped, it takes {rosenbrock_law['forward once / value']} times the value of "
            f"Rosenbrock's valley and {helmholtz_law['forward once / value']} times that of Helmholtz's energy in the "
            f"limit of many inputs, and reverse {rosenbrock_law['reverse / value']} and "
            f"{helmholtz_law['reverse / value']}: there the gradient by forward is cheap as well.",
            f"With one input forward is as cheap as reverse: {int((single.forward == single.reverse).sum())} of "
            f"{len(single)} functions and sizes with one input count the same.",
            f"A quotient costs {dearest['div']} times itself, an arcsine {dearest['arcsin']}, and a chain of quotients "
            f"{built['reverse / value']}: {BOUND} holds for what the theorem counts, not for every operation.",
            "As executed here, with 1 / b and -y / b for partials, nonscalar operations take up to "
            f"{max(scarce.executed, key=float)} times those of the value, where {NONSCALAR_BOUND} are possible.",
        ],
        favoured="reverse mode",
    )


# --- what is counted


def measure(point: Point) -> dict[str, Any]:
    """A function: what its value, and what its value with its gradient executes; of these, the nonscalar operations."""
    f, x = point.build()
    graph = oc.trace(f, x, granularity="scalar")
    gradients = {name: oc.gradient(f, x, method, granularity="scalar") for name, method in METHODS.items()}
    value = gradients["reverse"].phases["primal"].total
    totals = {name: g.counts.total for name, g in gradients.items()}
    names = sorted({called(node) for node in graph.nodes} - {"input"})
    rational = {node.name for node in graph.nodes} <= RATIONAL
    scarce = nonscalar(graph) if rational else (None, None)
    return {
        "function": point.function,
        "size": point.size,
        "inputs": len(graph.inputs),
        "value": value,
        **totals,
        **{f"{name} / value": decimal(count, value) for name, count in totals.items()},
        "quotients": sum(varying(graph)[node.index] == {0, 1} for node in graph.nodes if node.name == "div"),
        "rational": "yes" if rational else "no",
        **dict(zip(SCARCE, scarce, strict=True)),
        "operations": ", ".join(names),
    }


def called(node: Any) -> str:
    """An operation as it is called in the table of operations: a power by its exponent."""
    return f"pow {node.operands[1]}" if node.name == "pow" else node.name


def varying(graph: oc.Graph) -> list[set[int]]:
    """For each node the places of the operands that depend on an input."""
    found: list[set[int]] = [set() for _ in graph.nodes]
    for edge in graph.edges:
        found[edge.head].add(edge.position)
    return found


def nonscalar(graph: oc.Graph) -> tuple[int, int]:
    """The nonscalar operations of a rational function: of its value, and of the value with its gradient by reverse.

    >>> nonscalar(oc.trace(lambda x: (2 * x[0] + x[1]) * x[1] / 3, [1.0, 2.0]))
    (1, 1)
    """
    operands = varying(graph)
    own = [row(node, operands[node.index]) for node in graph.nodes]
    value = sum(operations.value for operations in own)
    partials = sum(operations.partials for operations in own)
    products = 0
    adjoint_varies = [False] * len(graph.nodes)
    for edge in reversed(graph.edges):  # heads before their tails
        varies = edge.position in own[edge.head].varying
        products += varies and adjoint_varies[edge.head]
        adjoint_varies[edge.tail] |= varies or adjoint_varies[edge.head]
    return value, value + partials + products


class Nonscalar(NamedTuple):
    """The nonscalar operations of a node's value and partials, and the operands whose partials depend on an input."""

    value: int = 0
    partials: int = 0
    varying: frozenset[int] = frozenset()


def row(node: Any, operands: set[int]) -> Nonscalar:
    """Scalar are sums, products with a constant, quotients by one, and their partials."""
    if node.name == "pow":
        exponent = node.operands[1]
        return Nonscalar(
            products_of_power(exponent), products_of_power(exponent - 1), frozenset({0} if exponent > 1 else ())
        )
    return NONSCALAR.get((node.name, *sorted(operands)), Nonscalar())


NONSCALAR: Final = {
    ("mul", 0, 1): Nonscalar(1, 0, frozenset({0, 1})),
    ("div", 0, 1): Nonscalar(1, 2, frozenset({0, 1})),  # 1 / b and -y / b
    ("div", 1): Nonscalar(1, 1, frozenset({1})),
}
"""By name and the places of the operands that depend on an input."""


def products_of_power(exponent: int) -> int:
    return oc.measure(lambda x: x**exponent, 1.5).counts.mul


# --- one operation

OPERATIONS: Final = (
    "add", "sub", "neg", "mul", "div", "reciprocal", "pow 2", "pow 3", "sqrt", "exp", "log", "sin", "cos", "tan",
    "tanh", "arcsin", "arctan", "arctan2", "hypot", "maximum", "erf",
)  # fmt: skip

WRITTEN: Final[Mapping[str, Callable[..., Any]]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "neg": lambda a: -a,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "reciprocal": lambda a: 1 / a,
    "pow 2": lambda a: a**2,
    "pow 3": lambda a: a**3,
    "erf": lambda a: learnt_erf()(a),
}
"""The operations that are not NumPy's of the same name."""

BINARY: Final = frozenset({"add", "sub", "mul", "div", "arctan2", "hypot", "maximum"})


def operation(name: str) -> dict[str, Any]:
    """What an operation adds to a value and its gradient at most: its adjoint a number, those of its operands begun.

    It stands in a sum in which its operands are used besides, and is compared with the same sum that has
    one more variable in its place.
    """
    function = WRITTEN.get(name) or getattr(np, name)
    number = 2 if name in BINARY else 1

    def with_it(x: Numbers) -> Any:
        return sum_of(x, function(*x[:number]))

    def without_it(x: Numbers) -> Any:
        return sum_of(x, x[2])

    def sum_of(x: Numbers, result: Any) -> Any:
        return x[0] * x[3] + x[1] * x[3] + result * x[3]

    point = [0.4, 0.3, 0.2, 0.7]
    one, other = (oc.gradient(f, point, granularity="scalar").phases for f in (with_it, without_it))
    added = {phase: one[phase] - other[phase] for phase in oc.PHASES}
    products = added["accumulation"].mul + added["accumulation"].neg
    found: dict[str, Any] = {
        "operation": name,
        "itself": added["primal"].total,
        "partials": added["partials"].total,
        "products and signs": products,
        "sums": added["accumulation"].total - products,
        "all": sum(counts.total for counts in added.values()),
    }
    return {**found, "all / itself": str(Fraction(found["all"], found["itself"]))}


# --- laws and ratios


def found(table: pd.DataFrame) -> pd.DataFrame:
    """For each family the polynomials in its size, their degrees, and the limits of the ratios."""
    rows = []
    for name, family in FAMILIES.items():
        sizes = table[(table.function == name) & table["size"].notna()]
        grid = [(size,) for size in GRID]
        laws: dict[str, Polynomial | None] = {}
        for column in ("inputs", "value", *METHODS, *SCARCE):
            if sizes[column].isna().any():
                continue
            counts: dict[Place, int] = {
                (int(size),): int(count) for size, count in zip(sizes["size"], sizes[column], strict=True)
            }
            laws[column] = fitted((family.symbol,), counts, grid)
        rows.append(
            {
                "function": name,
                **{column: NO_LAW if law is None else str(law) for column, law in laws.items()},
                **{f"degree of {column}": degree(laws[column]) for column in ("inputs", "value", "reverse", "forward")},
                **{f"{column} / value": limit(laws[column], laws["value"]) for column in METHODS},
            }
        )
    return pd.DataFrame(rows).fillna("")


NO_LAW: Final = "none"


def degree(law: Polynomial | None) -> int:
    return -1 if law is None else max((exponent for (exponent,) in law.terms), default=0)


def limit(law: Polynomial | None, value: Polynomial | None) -> str:
    """What the ratio of two polynomials tends to."""
    if law is None or value is None:
        return NO_LAW
    if degree(law) > degree(value):
        return "no limit"
    place = (degree(value),)
    return str(law.terms.get(place, Fraction(0)) / value.terms[place])


def ratio(counts: pd.Series, value: pd.Series) -> pd.Series:
    return pd.Series([Fraction(int(a), int(b)) for a, b in zip(counts, value, strict=True)], index=counts.index)


def decimal(count: int, value: int) -> str:
    return f"{count / value:.2f}"


def decimals(counts: pd.Series, values: pd.Series) -> list[str]:
    return [decimal(*pair) for pair in zip(counts, values, strict=True)]


def titled(row: Any) -> str:
    name = row.function
    return name if pd.isna(row["size"]) else f"{name} of size {row['size']}"


def latest(table: pd.DataFrame) -> pd.DataFrame:
    """Each function of the literature, and each family at its largest."""
    kept = table[~table.duplicated("function", keep="last")].reset_index(drop=True)
    return kept.map(lambda cell: "" if pd.isna(cell) else cell)  # of objects, pandas 2 deprecates fillna
