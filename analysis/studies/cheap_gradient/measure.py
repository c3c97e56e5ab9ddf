"""What is counted: a value and its gradient on every function, and one operation at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np

import opcount as oc
from analysis.programs.families import FAMILIES, Program
from analysis.programs.functions import FUNCTIONS, Numbers, erf
from analysis.programs.networks import PARAMETERS, exact_question, question_network, squared_residuals
from opcount.typing import MethodName

SCARCE: Final = ("nonscalar, value", "nonscalar, reverse")
METHODS: Final[dict[str, MethodName]] = {
    "reverse": "backprop",
    "forward once": "memoized-tangent",
    "forward": "forward",
}
RATIONAL: Final = frozenset({"input", "add", "sub", "neg", "mul", "div", "pow"})
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


def measure(point: Point) -> dict[str, Any]:
    """What a function's value, and its value with its gradient, execute, and how much of that is nonscalar."""
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
    """The name of an operation in the table of operations: a power has its exponent in the name."""
    return f"pow {node.operands[1]}" if node.name == "pow" else node.name


def varying(graph: oc.Graph) -> list[set[int]]:
    """For each node the positions of the operands that depend on an input."""
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
    """The nonscalar operations of a node: none for sums, products with a constant and quotients by a constant."""
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
"""The nonscalar operations by name and by the positions of the operands that depend on an input."""


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
    "erf": erf,
}
"""The operations that are not NumPy functions of the same name."""

BINARY: Final = frozenset({"add", "sub", "mul", "div", "arctan2", "hypot", "maximum"})


def operation(name: str) -> dict[str, Any]:
    """The most that an operation adds to the cost of a value and its gradient.

    It is measured within a sum that also uses its operands, so that its adjoint is a number and its operands have
    adjoints already; the sum is compared with one that has a variable in place of the operation.
    """
    function = WRITTEN.get(name) or getattr(np, name)
    operands = 2 if name in BINARY else 1

    def with_it(x: Numbers) -> Any:
        return sum_of(x, function(*x[:operands]))

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


def decimal(count: int, value: int) -> str:
    return f"{count / value:.2f}"
