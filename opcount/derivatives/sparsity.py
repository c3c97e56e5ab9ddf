"""The pattern of a Jacobian: which of its entries can be other than zero, known from the graph alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from opcount.counting.errors import InvalidType
from opcount.counting.tally import isolated
from opcount.derivatives.chain_rule import forward
from opcount.tracing.edges import priced_between_arrays
from opcount.tracing.nodes import NODES
from opcount.tracing.structural import Structured, structured
from opcount.tracing.units import ONE, ZERO
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import shape_of

if TYPE_CHECKING:
    from opcount.derivatives.graph import Graph

Entries = tuple[np.ndarray, np.ndarray]
"""The rows and the columns of a matrix's entries, in the order of rows, and of columns in each."""


def entries_of(graph: Graph) -> tuple[Entries, tuple[int, int]]:
    """The entries of the Jacobian that are not structurally zero, and its shape."""
    return _between_numbers(graph) if graph.is_of_numbers else _between_arrays(graph)


def _between_numbers(graph: Graph) -> tuple[Entries, tuple[int, int]]:
    """A row is what its output depends on: the union of what the operands depend on, node after node.

    A set that no later node needs is grown in place, so that a sum of n terms takes n steps and not n² / 2.
    """
    operands, outputs = graph.operands, graph.output_indices
    last = {tail: head for head, near in enumerate(operands) for tail, _ in near}
    last |= {output: len(operands) for output in outputs if output is not None}
    known: dict[int, set[int]] = {node.index: {column} for column, node in enumerate(graph.inputs)}
    for head, near in enumerate(operands):
        if not near:
            continue
        tails = {tail for tail, _ in near}
        over = [tail for tail in tails if last[tail] == head]
        largest = max(over, key=lambda tail: len(known[tail]), default=None)
        found = set() if largest is None else known[largest]
        found.update(*(known[tail] for tail in tails if tail != largest))
        for tail in over:
            del known[tail]
        known[head] = found
    rows = [[] if output is None else sorted(known[output]) for output in outputs]
    columns = [column for row in rows for column in row]
    return (
        (np.repeat(np.arange(len(rows)), [*map(len, rows)]), np.array(columns, int)),
        (len(rows), len(graph.inputs)),
    )


def _between_arrays(graph: Graph) -> tuple[Entries, tuple[int, int]]:
    """A column is what a tangent of one number reaches, with its zeros elsewhere as structural ones."""
    shapes = [shape_of(node.value) for node in graph.inputs]
    if any(type(node.value._plain()) is Spec for node in graph.inputs):
        raise InvalidType("a sparsity pattern has a size, and x has an oc.spec: give arrays of that shape")
    edges = [[(tail, priced_between_arrays(edge)) for tail, edge in near] for near in graph.operands]
    columns = []
    with isolated():
        for node, shape in zip(graph.inputs, shapes, strict=True):
            for index in np.ndindex(shape):
                tangents = forward(node.index, edges, seed=_one_at(index, shape))
                columns.append(np.concatenate([_reached(output, tangents) for output in graph.outputs]))
    pattern = np.array(columns, bool).T
    rows, found = np.nonzero(pattern)
    return (rows, found), (pattern.shape[0], pattern.shape[1])


def _one_at(index: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    """The tangent that is one at an index."""
    if not shape:
        return ONE
    states = np.zeros(shape, np.int8)
    states[index] = 1
    return structured(states, None, shape)


def _reached(output: Any, tangents: Sequence[Any]) -> np.ndarray:
    """Which numbers of an output a tangent reaches, in flattened order."""
    if type(output) not in NODES:  # a constant
        return np.zeros(output.size, bool)
    tangent = tangents[output.index]
    reached: Any = tangent is not None and tangent is not ZERO
    if type(tangent) is Structured:
        reached = tangent.states != 0
    return np.broadcast_to(reached, shape_of(output.value)).ravel()


_SCIPY: Final = "sparse=True gives a sparse array of SciPy's: pip install scipy"


def sparse_array(rows: np.ndarray, columns: np.ndarray, entries: np.ndarray, shape: tuple[int, int]) -> Any:
    """A `scipy.sparse.csr_array` of the entries; raises InvalidType without SciPy, or for numbers it cannot hold."""
    try:
        from scipy.sparse import csr_array
    except ImportError:
        raise InvalidType(_SCIPY) from None
    if entries.dtype.kind not in "biufc":
        raise InvalidType("a sparse array of SciPy's holds numbers of NumPy's, and there are others: leave out sparse")
    return csr_array((entries, (rows, columns)), shape)
