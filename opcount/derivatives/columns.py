"""A graph of floats as columns: its local partials, each row of the table evaluated on a whole column of nodes.

The partials of different nodes do not depend on each other, so the nodes of one operation are taken together, as
arrays, and the row counts for each element what it counts for a number.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np

from opcount.arrays.array import Array
from opcount.arrays.scalar import Scalar
from opcount.counting.counts import Counts
from opcount.counting.tally import isolated
from opcount.derivatives.flat import NO_EDGE, NO_PARTIALS, PLUS_ONE, FlatEdges, accumulated
from opcount.tracing.edges import Scale, Sign, as_map
from opcount.tracing.entries import ENTRY, FLOATS, NOTHING, NUMPYS, ROWS, is_constant, node_at
from opcount.tracing.nodes import Node
from opcount.tracing.slopes import slope
from opcount.tracing.tape import Tape
from opcount.wrapping.operations import Operation, Structural


class Columns(NamedTuple):
    """The nodes of a graph: the index of each one's operation in `rows`, its value, and at most two operands.

    An operand is the index of a node, NOTHING, or -2 - the index of one of the `constants`. `node(i)` is a node itself.
    """

    rows: Sequence[Operation | None]
    operations: np.ndarray
    operands: np.ndarray
    values: np.ndarray
    constants: np.ndarray
    node: Callable[[int], Any]

    def values_of(self, references: np.ndarray) -> np.ndarray:
        """The values of operands, of nodes and of constants."""
        constants = references < 0
        values: np.ndarray = self.values[np.where(constants, 0, references)]
        if constants.any():
            values[constants] = self.constants[-2 - references[constants]]
        return values


def of_entries(tape: Tape) -> Columns:
    """The columns of nodes that were recorded as entries."""
    found = np.frombuffer(tape.former, ENTRY)
    operations = found["operation"] & np.uint8(NUMPYS - 1)
    node = partial(node_at, tape, kind=Node)
    return Columns(ROWS, operations, found["operands"], found["value"], _floats(tape.constants), node)


def of_nodes(nodes: Sequence[Any]) -> Columns | None:
    """The columns of nodes that are objects; None unless all are floats, with at most two operands that are floats."""
    values = [node.value for node in nodes]
    if not set(map(type, values)) <= {Scalar} or not set(map(type, values := [v._value for v in values])) <= FLOATS:
        return None
    primitives = [node.primitive for node in nodes]
    rows = list({id(row): row for row in primitives}.values())
    codes = {id(row): code for code, row in enumerate(rows)}
    given = [node.operands for node in nodes]
    sizes = np.fromiter(map(len, given), np.int64, len(given))
    operands = list(itertools.chain.from_iterable(given))
    constants = [operand for operand in operands if type(operand) is not Node]
    if sizes.max() > 2 or not all(map(is_constant, constants)):
        return None
    constant = itertools.count(-2, -1)
    references = np.full((len(nodes), 2), NOTHING, np.int32)
    references[np.arange(2) < sizes[:, np.newaxis]] = [
        operand.index if type(operand) is Node else next(constant) for operand in operands
    ]
    operations = np.array([codes[row] for row in map(id, primitives)])
    return Columns(rows, operations, references, np.array(values), _floats(constants), nodes.__getitem__)


def _floats(constants: list[Any]) -> np.ndarray:
    return np.array([constant._value if type(constant) is Scalar else constant for constant in constants], float)


# --- the partials


def linearized_columns(columns: Columns, outputs: Sequence[int], keep: bool) -> tuple[FlatEdges, Counts] | None:
    """The edges on which an output depends, and what computing their partials executes; `keep` says to keep these.

    None where a partial is not a float, or where NumPy has to warn of one: number by number, errors and warnings are
    those of numbers.
    """
    if np.geterr()["under"] != "ignore":
        return None
    kinds = _kinds_of_rows(columns.rows)[columns.operations]
    kinds[columns.operands < 0] = NO_EDGE
    kinds[~_live(columns.operands, kinds, outputs)] = NO_EDGE
    partials = np.where(kinds == _NEGATION, -1.0, 1.0) if keep else NO_PARTIALS
    with isolated() as tally, np.errstate(divide="raise", over="raise", invalid="raise"):
        try:
            for first in range(0, len(kinds), _AT_ONCE):
                if not _computed(columns, kinds, partials, slice(first, first + _AT_ONCE)):
                    return None
        except FloatingPointError:
            return None
    return FlatEdges(columns.operands, kinds, partials), tally.counts


_AT_ONCE: Final = 2**16  # nodes whose partials are computed together, so that they stay in the processor's cache
_IDENTITY, _NEGATION = 1, 2


def _kinds_of_rows(rows: Sequence[Operation | None]) -> np.ndarray:
    """The kind of edge from each of two operands that an operation has, a line for each row."""
    kinds = np.full((len(rows), 2), NO_EDGE, np.uint8)
    for code, row in enumerate(rows):
        for position, derivative in enumerate(row.partials[:2] if row else ()):
            if isinstance(derivative, Structural):
                kinds[code, position] = _IDENTITY if derivative.sign == 1 else _NEGATION
            elif derivative is not None:
                kinds[code, position] = 0
    return kinds


def _live(operands: np.ndarray, kinds: np.ndarray, outputs: Sequence[int]) -> np.ndarray:
    """On which nodes an output depends; an input, which has no edges to it, may be taken for one."""
    edges = kinds != NO_EDGE
    used: np.ndarray = ~edges.any(axis=1)
    for position in range(2):  # one after the other takes less memory
        used[operands[:, position][edges[:, position]]] = True
    used[list(outputs)] = True
    if used.all():  # each node leads on, and so in the end to an output: as usual
        return used
    reached = FlatEdges(operands, np.where(edges, np.uint8(_IDENTITY), np.uint8(NO_EDGE)), NO_PARTIALS)
    states: np.ndarray = np.frombuffer(accumulated(reached, outputs, _REACHED).states, bool)
    return states


_REACHED: Final = bytes([PLUS_ONE] * 24)


def _computed(columns: Columns, kinds: np.ndarray, partials: np.ndarray, some: slice) -> bool:
    """Compute the partials of some nodes, those of each operation together; gives whether they are floats."""
    operations = columns.operations[some]
    for code, position in itertools.product(np.flatnonzero(np.bincount(operations)).tolist(), range(2)):
        nodes = some.start + np.flatnonzero((operations == code) & (kinds[some, position] == 0))
        if not len(nodes):
            continue
        row: Any = columns.rows[code]
        if row.ufunc is None or row.kind == "pow":
            found = [_partial_of(columns.node(node), row.partials[position]) for node in nodes]
            if None in found:
                return False
            kinds[nodes, position], values = zip(*found, strict=True)
        else:
            given = columns.operands[nodes, : 1 + (columns.operands[nodes[0], 1] != NOTHING)].T
            operands = tuple(Array(columns.values_of(references)) for references in given)
            result = slope(row, row.partials[position], Array(columns.values[nodes]), operands)
            if type(result) is not Array:
                return False
            values = result._held
        if len(partials):
            partials[nodes, position] = values
    return True


def _partial_of(node: Any, derivative: Callable[..., Any]) -> tuple[int, float] | None:
    """The kind of edge and its partial where the operation is not of the table of elementwise ones; None: no float."""
    edge = as_map(node.local_partial(derivative))
    if type(edge) is Sign:
        return (_IDENTITY, 1.0) if edge.unit.sign == 1 else (_NEGATION, -1.0)
    if type(edge) is not Scale or not is_constant(edge.partial):
        return None
    number: Any = edge.partial
    return 0, float(number._plain())
