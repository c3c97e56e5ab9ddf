"""Evaluating a function, and recording what it does as a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from opcount.arrays.array import array_of
from opcount.arrays.scalar import Scalar, number
from opcount.arrays.wrap import Tree
from opcount.counting.errors import InvalidType
from opcount.derivatives.choices import Granularity
from opcount.derivatives.graph import Graph
from opcount.derivatives.phases import collector_paused
from opcount.functions.sparse import asked_before_matrices
from opcount.tracing import array_operations, python_math, writing  # noqa: F401 (they register functions)
from opcount.tracing.checkpoint import marking
from opcount.tracing.nodes import NODES, input_nodes, value_as_it_is
from opcount.tracing.object_array import NumberArray, opened_array
from opcount.tracing.tape import Outer, Tape
from opcount.wrapping.inputs import Inputs, checked_inputs, checked_outputs, of_one_argument
from opcount.wrapping.operands import opened
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import rebuild
from opcount.wrapping.wrapped import ARRAYS


def trace(f: Callable[..., Any], x: Tree, *, granularity: Granularity = "array") -> Graph:
    """Evaluate f at x, and return the graph of what it did, local partials included.

    >>> import opcount as oc
    >>> oc.trace(lambda x: x * x, 3.0).edges
    [Edge(tail=0, head=1, position=0, map=Scale(Scalar(3.0))), Edge(tail=0, head=1, position=1, map=Scale(Scalar(3.0)))]

    `x` is a number, an array or nested lists, tuples and dicts of them; an f that needs several arguments is
    given the items of a tuple. f may return one number or several. An array in x is one node, or, with
    `granularity="scalar"`, an object array of nodes. The evaluation and the partials are counted. Raises
    InvalidType or InvalidValue for an x without numbers, and InvalidType for a result that is not a number.
    """
    f = of_one_argument(f, x)
    with collector_paused():
        graph = evaluate(
            f, wrapped(checked_inputs(x, granularity), copied=True), as_columns=True
        )  # it outlives the call
        graph.linearize()
    return graph


def wrapped(inputs: Inputs, copied: bool = False) -> Inputs:
    """The inputs with each leaf wrapped, anew if it is wrapped already; arrays are `copied`, or the caller's own."""
    leaves = [
        number(leaf)
        if type(leaf) is float
        else array_of(leaf.copy("K") if copied and type(leaf) is not Spec else leaf)
        if type(leaf) in _ARRAYS
        else value_as_it_is(leaf)
        if type(leaf) in NODES
        else Scalar(leaf)
        for leaf in inputs.leaves
    ]
    return Inputs(inputs.x, leaves, inputs.arrays_as_nodes)


_ARRAYS: Final = frozenset({*ARRAYS, Spec})


def evaluate(f: Callable[[Any], Any], inputs: Inputs, as_columns: bool = False) -> Graph:
    """Evaluate f and record its operations, with arrays as nodes or opened; the partials are not computed yet.

    With `as_columns`, a graph of floats has no objects for its nodes where that is not needed.
    """
    tape = Tape(inputs.arrays_as_nodes, as_columns)
    try:
        with marking(None):
            leaves, outputs, result = evaluated_on(tape, f, inputs)
    finally:
        tape.is_open = False
    if tape.entries is not None:
        tape.close()
        return Graph(None, leaves, outputs, result, tape, as_columns)
    nodes = list(tape)
    tape.clear()  # nodes keep the tape: emptied, it closes no cycle, and a graph is gone with its last reference
    tape.data.clear()
    # the inputs of the tape: a function that wrote into one holds another node instead
    return Graph(nodes, nodes[: len(leaves)], outputs, result, tape, as_columns)


def evaluated_on(tape: Tape, f: Callable[[Any], Any], inputs: Inputs) -> tuple[list[Any], list[Any], Any]:
    """Evaluate f and record its operations on the tape; gives the inputs, the outputs, and what f returned."""
    leaves = input_nodes(tape, inputs.leaves)
    result = result_of(f, inputs, leaves)
    return leaves, [_as_output(output, tape) for output in checked_outputs(result)], result


def _as_output(output: Any, tape: Tape) -> Any:
    """An output, a node of an outer evaluation as the constant that it is; raises InvalidType for one of any other."""
    if type(output) not in NODES or output.tape is tape:
        return output
    if not output.tape.is_open or output.tape.level > tape.level:
        raise InvalidType("f returned a value from another evaluation: it must compute its result from its argument")
    return Outer(output)


def result_of(f: Callable[[Any], Any], inputs: Inputs, leaves: list[Any]) -> Any:
    """What f returns for these leaves in the structure of x; if arrays are opened, its result is opened too."""
    x = rebuild(inputs.x, iter(leaves), opened_array, inputs.arrays_as_nodes)
    if inputs.arrays_as_nodes:
        return f(x)
    with asked_before_matrices(NumberArray):
        return opened(f(x))
