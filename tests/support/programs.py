"""Functions to differentiate: hand-counted examples, and random straight-line programs with diamonds.

A random program uses every primitive, in the spelling a user would write, on operands inside
the primitive's own domain: where a value of the program lies outside, it is squashed into it
first. The decision is part of the program, so that a program is the same operations at every x.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from opcount.wrapping.operations import OPERATIONS

DIFFERENTIABLE = [name for name, row in OPERATIONS.items() if row.domain]
"""The operations with a derivative wherever their domain is, zero or not."""

SPELLINGS: dict[str, tuple[Callable[..., Any], ...]] = {
    "add": (operator.add, np.add),
    "sub": (operator.sub, np.subtract),
    "mul": (operator.mul, np.multiply),
    "div": (operator.truediv, np.divide),
    "floordiv": (operator.floordiv, np.floor_divide),
    "mod": (operator.mod, np.remainder),
    "neg": (operator.neg, np.negative),
    "abs": (abs, np.absolute, np.fabs),
    "sign": (np.sign,),
    "square": (np.square,),
    "pow": (operator.pow, np.power),
    "sqrt": (np.sqrt,),
    "cbrt": (np.cbrt,),
    "hypot": (np.hypot,),
    "exp": (np.exp,),
    "exp2": (np.exp2,),
    "expm1": (np.expm1,),
    "log": (np.log,),
    "log2": (np.log2,),
    "log10": (np.log10,),
    "log1p": (np.log1p,),
    "logaddexp": (np.logaddexp,),
    "sin": (np.sin,),
    "cos": (np.cos,),
    "tan": (np.tan,),
    "arcsin": (np.arcsin,),
    "arccos": (np.arccos,),
    "arctan": (np.arctan,),
    "arctan2": (np.arctan2,),
    "sinh": (np.sinh,),
    "cosh": (np.cosh,),
    "tanh": (np.tanh,),
    "arcsinh": (np.arcsinh,),
    "arccosh": (np.arccosh,),
    "arctanh": (np.arctanh,),
    "maximum": (np.maximum,),
    "minimum": (np.minimum,),
    "floor": (np.floor,),
    "ceil": (np.ceil,),
    "trunc": (np.trunc,),
    "round": (round, np.rint),
}
"""How a user writes each primitive."""

RATIONAL = ("add", "sub", "mul", "div", "neg", "abs", "square", "maximum", "minimum", "mod", "floor")
"""The primitives that keep fractions exact."""


class Case(NamedTuple):
    """A function with its accumulation counted by hand: (mul, neg, add) of each chain-rule method."""

    f: Callable[[Any], Any]
    x: Any
    paths: list[int]
    backprop: tuple[int, int, int]
    naive: tuple[int, int, int]
    forward: tuple[int, int, int]
    naive_tangent: tuple[int, int, int]

    def expected(self, method: str) -> dict[str, int]:
        """The hand count of a method; memoizing is what the loops do, and forgetting changes nothing without steps."""
        alike = {"memoized": "backprop", "memoized-tangent": "forward", "naive-tangent": "naive_tangent"}
        alike["checkpointed"] = "backprop"
        numbers = getattr(self, alike.get(method, method))
        return {kind: number for kind, number in zip(("mul", "neg", "add"), numbers, strict=True) if number}


def chain(length: int) -> Callable[[Any], Any]:
    """x through `length` multiplications that leave it about where it was."""

    def f(x: Any) -> Any:
        for position in range(length):
            x = x * (0.5 if position % 2 else 2.0)
        return x

    return f


def doubled(times: int) -> Callable[[Any], Any]:
    """y = y + y, again and again: as many nodes as doublings, and two to their number of paths."""

    def f(x: Any) -> Any:
        for _ in range(times):
            x = x + x
        return x

    return f


def squared(times: int) -> Callable[[Any], Any]:
    """y = y * y, again and again: the diamond whose edges are numbers."""

    def f(x: Any) -> Any:
        for _ in range(times):
            x = x * x
        return x

    return f


def sines(terms: Any) -> Any:
    """The sine of the sine of a sum: one chain that all inputs share."""
    return np.sin(np.sin(terms[0] + terms[1] + terms[2]))


QUESTION = {"w": [3.34, -3.53, -1.22, -2.30], "b": [-1.43, 0.57, 2.61]}


def question_loss(*points: tuple[float, float]) -> Callable[[Any], Any]:
    """Squared residuals of the question's 1-2-1 network, softplus written out as log(1 + exp(z))."""

    def softplus(z: Any) -> Any:
        return np.log(1 + np.exp(z))

    def loss(p: Any) -> Any:
        w, b = p["w"], p["b"]
        squares = []
        for x, y in points:
            hidden = softplus(w[0] * x + b[0]), softplus(w[1] * x + b[1])
            squares.append((w[2] * hidden[0] + w[3] * hidden[1] + b[2] - y) ** 2)
        result = squares[0]
        for square in squares[1:]:
            result = result + square
        return result

    return loss


NONE = (0, 0, 0)
CASES = {
    # Both edges start from the output's own one, which is structural: two copies and their sum.
    "x * x": Case(lambda x: x * x, 3.0, [2], (0, 0, 1), (0, 0, 1), (0, 0, 1), (0, 0, 1)),
    "a * b + a": Case(lambda x: x[0] * x[1] + x[0], [3.0, 4.0], [2, 1], (0, 0, 1), (0, 0, 1), (0, 0, 1), (0, 0, 1)),
    # Signs that are known from the operations alone stay structural all the way.
    "a - (b - c)": Case(lambda x: x[0] - (x[1] - x[2]), [3.0, 4.0, 5.0], [1, 1, 1], NONE, NONE, NONE, NONE),
    "-(-x)": Case(lambda x: operator.neg(operator.neg(x)), 3.0, [1], NONE, NONE, NONE, NONE),
    # Against the graph both edges of the product pull a structural -1, along it the sum is negated once.
    "-(x * x)": Case(lambda x: -(x * x), 3.0, [2], (0, 2, 1), (0, 2, 1), (0, 1, 1), (0, 1, 1)),
    "sin - cos": Case(lambda x: np.sin(x) - np.cos(x), 3.0, [2], (0, 1, 1), (0, 1, 1), (0, 1, 1), (0, 1, 1)),
    "a chain of 5": Case(chain(5), 3.0, [1], (4, 0, 0), (4, 0, 0), (4, 0, 0), (4, 0, 0)),
    # The one product on the shared chain: once for all against the graph, for each input else.
    "three inputs, one chain": Case(sines, [0.1, 0.2, 0.3], [1, 1, 1], (1, 0, 0), (3, 0, 0), (3, 0, 0), (3, 0, 0)),
    # One sum for each doubling with a memo, 1 + 2 * (1 + 2 * 1) without.
    "y = y + y, 3 times": Case(doubled(3), 3.0, [8], (0, 0, 3), (0, 0, 7), (0, 0, 3), (0, 0, 7)),
    # The first edge is a copy; after it two products and a sum for each squaring, 1, 3, 7 sums without a memo.
    "y = y * y, 2 times": Case(squared(2), 1.5, [4], (2, 0, 2), (2, 0, 3), (2, 0, 2), (2, 0, 3)),
    "y = y * y, 3 times": Case(squared(3), 1.5, [8], (4, 0, 3), (6, 0, 7), (4, 0, 3), (6, 0, 7)),
    # For each hidden node 5 products against the graph (output weight, softplus value, 1 + exp, exp, weight);
    # for each parameter alone 4, 4, 1, 1 (weights), 3, 3, 0 (biases).
    "1-2-1, one point": Case(
        question_loss((0.5, 1.0)), QUESTION, [1] * 7, (10, 0, 0), (16, 0, 0), (16, 0, 0), (16, 0, 0)
    ),
    # Three points: three times as many products, and two sums for each of the seven parameters.
    "1-2-1, three points": Case(
        question_loss((0.0, 0.0), (0.5, 1.0), (1.0, 0.0)),
        QUESTION,
        [3] * 7,
        (30, 0, 14),
        (48, 0, 14),
        (48, 0, 14),
        (48, 0, 14),
    ),
    "an unused input": Case(
        lambda x: np.sin(np.sin(x[1])), [1.0, 2.0], [0, 1], (1, 0, 0), (1, 0, 0), (1, 0, 0), (1, 0, 0)
    ),
    "dead code": Case(lambda x: (np.exp(x * x), x * x)[1], 3.0, [2], (0, 0, 1), (0, 0, 1), (0, 0, 1), (0, 0, 1)),
    "an input as the output": Case(lambda x: x[1], [1.0, 2.0], [0, 1], NONE, NONE, NONE, NONE),
    "a constant": Case(lambda x: 7.0, [1.0, 2.0], [0, 0], NONE, NONE, NONE, NONE),
}


@dataclass(frozen=True)
class Program:
    """A straight-line program: each step applies an operation to earlier values, some of them squashed first."""

    x: tuple[Any, ...]
    constants: tuple[Any, ...]
    squash: Callable[[Any], Any]
    steps: tuple[tuple[str, int, tuple[int, ...], tuple[tuple[Any, Any] | None, ...]], ...]

    def __call__(self, x: Any) -> Any:
        pool = [*self.constants, *x]
        for step in self.steps:
            pool.append(self.result(step, pool))
        return pool[-1] + pool[-2]

    def result(self, step: Any, pool: list[Any]) -> Any:
        name, spelling, places, fits = step
        operands = [
            pool[place] if fit is None else fit[0] + fit[1] * self.squash(pool[place])
            for place, fit in zip(places, fits, strict=True)
        ]
        return SPELLINGS[name][spelling](*operands)


def rational_squash(z: Any) -> Any:
    """Into (-1, 1) by rational operations: twice the bounded z / (1 + z * z)."""
    return 2 * z / (1 + z * z)


def _hundredths(number: float) -> Fraction:
    return Fraction(round(100 * number), 100)


def _safe(name: str) -> list[tuple[float, float]]:
    """The middle and the half width of the inner half of each operand's domain."""
    return [((low + high) / 2, (high - low) / 4) for low, high in OPERATIONS[name].domain]


def _programs(draw: Any, names: Any, number: Any, convert: Any, squash: Callable[[Any], Any], most: int) -> Program:
    x = tuple(draw(st.lists(number, min_size=1, max_size=3)))
    constants = (convert(2), draw(number))
    program = Program(x, constants, squash, ())
    pool = [*constants, *x]
    # Half of the operations join two values, without which there are no diamonds; recent values go first, so that
    # programs are deep, and the same one often enters twice.
    joining = st.sampled_from([name for name in ("add", "sub", "mul", "div") if name in names])
    for _ in range(draw(st.integers(2, most))):
        name = draw(st.one_of(st.sampled_from(names), joining))
        domains = _safe(name)
        back = [draw(st.sampled_from((0, 0, 0, 1, 1, 2, 4))) for _ in domains]
        places = tuple(max(len(pool) - 1 - far, 0) for far in back)
        fits = tuple(
            None if abs(pool[place] - convert(middle)) <= half else (convert(middle), convert(half))
            for place, (middle, half) in zip(places, domains, strict=True)
        )
        spelling = draw(st.integers(0, len(SPELLINGS[name]) - 1)) if convert is float else 0
        step = (name, spelling, places, fits)
        pool.append(program.result(step, pool))
        program = Program(x, constants, squash, (*program.steps, step))
    return program


@st.composite
def programs(draw: Any, most: int = 12) -> Program:
    """Programs over floats, of every primitive."""
    return _programs(draw, sorted(SPELLINGS), st.floats(-1.0, 1.0), float, np.tanh, most)


@st.composite
def rational_programs(draw: Any, most: int = 6) -> Program:
    """Programs over fractions, of what keeps them exact."""
    number = st.fractions(-1, 1, max_denominator=9)
    return _programs(draw, RATIONAL, number, _hundredths, rational_squash, most)
