"""What is shown of a graph: which nodes, with which labels, and the numbers beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from numbers import Rational
from typing import TYPE_CHECKING, Any, Final

from opcount.counting.errors import InvalidType
from opcount.counting.render import named
from opcount.counting.tally import isolated
from opcount.derivatives.chain_rule import backprop
from opcount.derivatives.walks import visits
from opcount.tracing.edges import LinearMap, Scale, Sign
from opcount.tracing.structural import number
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import shape_of
from opcount.wrapping.wrapped import Number

if TYPE_CHECKING:
    from opcount.derivatives.graph import Graph

SYMBOLS: Final = {
    "add": "+",
    "sub": "−",
    "mul": "×",
    "div": "÷",
    "abs": "|·|",
    "sqrt": "√",
    "cbrt": "∛",
    "matmul": "@",
    "maximum": "max",
    "minimum": "min",
}
"""How an operation is written in a drawing; others are written by their names."""

# Okabe and Ito's colours, which people with any colour vision can tell apart; in grey: light, white and dark.
COLOURS: Final = {"input": ("#E69F00", "black"), "intermediate": ("white", "black"), "output": ("#0072B2", "white")}


@contextmanager
def needed() -> Iterator[None]:
    """Wrap an import: if it fails, InvalidType says what to install."""
    try:
        yield
    except ImportError as error:
        name = (error.name or str(error)).partition(".")[0]
        raise InvalidType(f"this needs {name}: pip install opcount[draw]") from None


def roles(graph: Graph) -> dict[int, str]:
    """The role of each node that is drawn, in order: "input" for every input, "output", or "intermediate"."""
    outputs = graph.output_indices
    found = {}
    for node in graph.nodes:
        if node.primitive is None:
            found[node.index] = "input"
        elif node.index in outputs or graph.users[node.index]:
            found[node.index] = "output" if node.index in outputs else "intermediate"
    return found


def labels_of(graph: Graph) -> dict[int, str]:
    """The label of each node that is drawn, in order; an input is x, or x[0], x[1], ... in flattened order."""
    nodes = [graph.nodes[index] for index in roles(graph)]
    inputs = iter(named("x", len(graph.inputs)))
    return {node.index: SYMBOLS.get(node.name, node.name) if node.primitive else next(inputs) for node in nodes}


def plain_value(value: Any) -> Any:
    """A value as a plain number or array; None if only its shape is known."""
    plain = value._plain()
    return None if type(plain) is Spec else plain


def partial_of(edge: LinearMap) -> Any:
    """The local partial of an edge between numbers, as a plain number; None for a linear map of arrays."""
    if isinstance(edge, Sign):
        return edge.unit.sign
    return plain_value(edge.partial) if isinstance(edge, Scale) and isinstance(edge.partial, Number) else None


def path_counts(graph: Graph) -> list[int]:
    """The number of paths from each node to the outputs, added up over the outputs."""
    neighbours = graph.neighbours("tangent", [node.index for node in graph.inputs])
    paths = [0] * len(graph.nodes)
    for output in graph.output_indices:
        for node, visited in visits([output], neighbours) if output is not None else ():
            paths[node] += visited
    return paths


def adjoints(graph: Graph) -> list[Any]:
    """The derivative of the one output with respect to each node, plain, computed without counting.

    Raises InvalidType if there are several outputs, or the output is an array.
    """
    output = graph.output
    if output is None:
        return [0] * len(graph.nodes)
    if shape := shape_of(output.value):
        raise InvalidType(f"the output is an array of shape {shape}, and adjoints are derivatives of one number")
    with isolated():
        return [0 if found is None else plain_value(number(found)) for found in backprop(output.index, graph.operands)]


def shown(plain: object) -> str:
    """A number as short text; an array is shown by its shape."""
    if plain is None:
        return ""
    if shape := shape_of(plain):
        return str(shape)
    if isinstance(plain, Rational):
        top, bottom = int(plain.numerator), int(plain.denominator)
        if max(abs(top), bottom) < 10**5:
            return str(plain)
        plain = Decimal(top) / Decimal(bottom)  # which may be too large for a float
    return str(plain) if len(str(plain)) <= 6 else f"{plain:.3g}"


SHOWN: Final[Mapping[str, tuple[str, Callable[[Graph], list[Any]] | None]]] = {
    "operation": ("", None),
    "paths": ("paths to the output", path_counts),
    "adjoints": ("derivatives of the output", adjoints),
    "partials": ("local partials", None),
}
"""What a drawing can show: its title, and a function that gives a number for each node, or None."""
