"""Products with a Jacobian, without the Jacobian: a direction pushed forward, or an adjoint pulled back.

Either is one sweep of the chain rule. The direction is the edge from one more node, before the inputs, to each of them;
the adjoint is the edge from each output to one more node, after them. So the loops of `chain_rule` serve both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from opcount.arrays.array import Array
from opcount.arrays.wrap import Tree
from opcount.counting import render
from opcount.counting.counts import Counts, table
from opcount.derivatives.chain_rule import backprop, forward
from opcount.derivatives.choices import Granularity
from opcount.derivatives.graph import Graph
from opcount.derivatives.phases import collector_paused, frame_by_phase, nothing_spent, phase
from opcount.derivatives.plain import (
    Memory,
    array_given,
    as_given,
    gradient_array,
    memory_of,
    plain_derivative,
    reference,
)
from opcount.derivatives.trace import evaluate, wrapped
from opcount.derivatives.walks import from_one_input, to_one_output
from opcount.tracing.edges import Scale
from opcount.tracing.nodes import value_of
from opcount.tracing.structural import Derivative
from opcount.wrapping.alike import leaves_alike
from opcount.wrapping.inputs import Inputs, checked_inputs, of_one_argument
from opcount.wrapping.trees import owner_of, rebuild
from opcount.wrapping.wrapped import Wrapped

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Product:
    """A value, the product of its Jacobian with a direction or an adjoint, and what computing them executed, by phase.

    >>> import opcount as oc
    >>> p = oc.jvp(lambda x: [x[0] * x[1], x[0] + x[1]], [3.0, 4.0], [1.0, 0.5])
    >>> p.value, p.product, p.phases["accumulation"]
    ([12.0, 7.0], [5.5, 1.5], Counts({'mul': 2, 'add': 2}))

    `value` is what the function returned; `product` has its structure after `oc.jvp`, and that of x after `oc.vjp`.
    Both are plain. `phases` has the counts of "primal", "partials" and "accumulation".
    """

    value: Any
    product: Any
    phases: Mapping[str, Counts]

    @property
    def counts(self) -> Counts:
        """The counts of the three phases together.

        >>> import opcount as oc
        >>> oc.vjp(lambda x: [x[0] * x[1], x[0] + x[1]], [3.0, 4.0], [1.0, 0.5]).counts
        Counts({'mul': 3, 'add': 3})
        """
        return sum(self.phases.values(), Counts())

    def to_pandas(self) -> pd.DataFrame:
        """A DataFrame with a row for each phase, a column for each kind that occurs and for the total. Needs pandas.

        >>> import opcount as oc
        >>> int(oc.jvp(lambda x: x * x, 3.0, 1.0).to_pandas().loc["accumulation", "mul"])
        2
        """
        return frame_by_phase(self.phases)

    def _repr_html_(self) -> str:
        found = [*render.parts("value", self.value), *render.parts("product", self.product)]
        phases = table("phase", [*self.phases.items(), ("all", self.counts)])
        return render.html(("product with the Jacobian", ""), found) + render.html(*phases)


def jvp(f: Callable[..., Any], x: Tree, direction: Tree, *, granularity: Granularity = "array") -> Product:
    """The product of the Jacobian of f at x with a direction: the derivative of f along it, by dual numbers.

    >>> import numpy as np, opcount as oc
    >>> p = oc.jvp(lambda x: x * np.sum(x), np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    >>> p.value, p.product
    (array([3., 6.]), array([4., 2.]))
    >>> p.counts
    Counts({'mul': 6, 'add': 4})

    `x` is a number, an array or nested lists, tuples and dicts of them, and `direction` the same in numbers of its own,
    which are data: a zero among them is multiplied like any number. f returns a number, an array, or a structure
    of them. It is evaluated once. `granularity` is as for `oc.gradient`. R. E. Wengert, A simple automatic derivative
    evaluation program, Commun. ACM 7 (1964).

    Raises InvalidType or InvalidValue for an argument it cannot work with, a direction in another structure than
    that of x, and a result of f that does not consist of numbers; and whatever f raises.
    """
    directions = alike(x, direction, "direction", granularity)
    graph, _, spent = evaluated(f, x, granularity)
    with collector_paused(), phase(spent, "accumulation"):
        tangents = pushed(graph, directions)
    values = list(map(value_of, graph.outputs))
    used = used_by(graph, directions)
    plain = [plain_derivative(t, plain_of(value), used) for t, value in zip(tangents, values, strict=True)]
    return Product(value_given(graph), rebuild(graph.result, iter(plain), array_given), spent)


def vjp(f: Callable[..., Any], x: Tree, adjoint: Tree, *, granularity: Granularity = "array") -> Product:
    """The product of an adjoint with the Jacobian of f at x: the gradient of the outputs, weighted by it, by backprop.

    >>> import numpy as np, opcount as oc
    >>> p = oc.vjp(lambda x: x * np.sum(x), np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    >>> p.value, p.product
    (array([3., 6.]), array([4., 1.]))
    >>> p.counts
    Counts({'mul': 6, 'add': 4})

    `x` is a number, an array or nested lists, tuples and dicts of them. f returns a number, an array, or a structure
    of them, and `adjoint` has the same structure, in numbers that are data: a zero among them is multiplied like
    any number. f is evaluated once. `granularity` is as for `oc.gradient`. S. Linnainmaa, Taylor expansion of the
    accumulated rounding error, BIT 16 (1976).

    Raises InvalidType or InvalidValue for an argument it cannot work with, an adjoint in another structure than
    that of f(x), and a result of f that does not consist of numbers; and whatever f raises.
    """
    graph, inputs, spent = evaluated(f, x, granularity)
    adjoints = leaves_given(graph.result, adjoint, "adjoint", "f(x)")
    with collector_paused(), phase(spent, "accumulation"):
        found = pulled(graph, adjoints)
    return Product(value_given(graph), in_structure(found, inputs, used_by(graph, adjoints)), spent)


# --- the sweeps, and what surrounds them


def evaluated(f: Callable[..., Any], x: Tree, granularity: Granularity) -> tuple[Graph, Inputs, dict[str, Counts]]:
    """The graph of an evaluation with its local partials, and what each phase has executed."""
    f = of_one_argument(f, x)
    inputs = wrapped(checked_inputs(x, granularity))
    spent = nothing_spent()
    with collector_paused():
        with phase(spent, "primal"):
            graph = evaluate(f, inputs)
        with phase(spent, "partials"):
            graph.linearize()
    return graph, inputs, spent


def alike(x: Tree, given: Tree, name: str, granularity: Granularity) -> list[Any]:
    """The leaves of what was given, wrapped, in the order of those of x.

    Raises InvalidType or InvalidValue if it is not in the structure of x, or not of numbers.
    """
    return leaves_given(checked_inputs(x, granularity).x, given, name, "x", granularity == "array")


def leaves_given(like: Any, given: Any, name: str, of: str, arrays_as_leaves: bool = False) -> list[Any]:
    """The leaves of what was given, wrapped, in the order of those of `like`; raises as `alike` does."""
    checked_inputs(given, "array", name=name)
    leaves = leaves_alike(like, given, name, of, arrays_as_leaves)
    return wrapped(checked_inputs(leaves, "array", name=name)).leaves


def pushed(graph: Graph, directions: Sequence[Derivative | None]) -> list[Any]:
    """The tangents of the outputs, where the inputs have these; None is for no derivative at all."""
    tangents = forward(0, from_one_input(graph.operands, graph.sources("tangent"), map(_edge, directions)))
    return [None if index is None else tangents[index + 1] for index in graph.output_indices]


def pulled(graph: Graph, adjoints: Sequence[Derivative | None]) -> list[Any]:
    """The adjoints of the inputs, where the outputs have these; None is for no derivative at all."""
    edges = to_one_output(graph.operands, graph.output_indices, map(_edge, adjoints))
    found = backprop(len(edges) - 1, edges)
    return [found[node.index] for node in graph.inputs]


def _edge(derivative: Derivative | None) -> Scale | None:
    return None if derivative is None else Scale(derivative)


def value_given(graph: Graph) -> Any:
    """What the function returned, as users get it, with memory of its own."""
    return rebuild(graph.result, iter([own(as_given(value_of(output))) for output in graph.outputs]), array_given)


def own(value: Any) -> Any:
    return value.copy("K") if type(value) is np.ndarray else value


def in_structure(derivatives: Sequence[Any], inputs: Inputs, used: Memory) -> Any:
    """Derivatives with respect to the leaves of x, as users get them."""
    pairs = zip(derivatives, inputs.leaves, strict=True)
    plain = (plain_derivative(derivative, plain_of(leaf), used) for derivative, leaf in pairs)
    return rebuild(inputs.x, plain, gradient_array, inputs.arrays_as_nodes)


def plain_of(value: Any) -> Any:
    return value._plain() if isinstance(value, Wrapped) else value


def used_by(graph: Graph, given: Iterable[Any]) -> Memory:
    """The memory that results must not share: that of the evaluation, and of what was given."""
    used = memory_of(graph.nodes)
    for leaf in given:
        if type(leaf) is Array:
            owner = owner_of(leaf._plain())
            used[id(owner)] = reference(owner)
    return used
