"""Nodes that are floats, as entries of a bytearray: what the accelerator appends to without making objects.

A tape on which every node is a float holds no nodes. What it knows of one is an entry of 24 bytes: the value, at most
two operands, and the index of the row of its operation. A `Node` of such a tape is its tape and its index there, and
is filled in from the entry when it is asked for more. With the first node that is anything else, such as an array or a
Fraction, all become objects on the tape.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from struct import Struct
from typing import Any, Final

import numpy as np

from opcount.arrays.scalar import Scalar, number
from opcount.tracing.tape import Tape
from opcount.wrapping.operations import OPERATIONS, Operation

ENTRY: Final = np.dtype(
    {"names": ["value", "operands", "operation"], "formats": ["f8", ("i4", 2), "u1"], "itemsize": 24}, align=True
)
"""An operand is the index of a node, NOTHING, or -2 - the index of a constant; NUMPYS marks values that are NumPy's."""

NOTHING: Final = -1
NUMPYS: Final = 128
ROWS: Final[list[Operation | None]] = [OPERATIONS[name] for name in ("add", "sub", "mul", "div")] + [None]
"""The rows that entries refer to by index: those of the accelerator's operators, of an input, and others in use."""

_PACKED: Final = Struct("=d2iB7x")
_CODES: Final = {id(row): code for code, row in enumerate(ROWS)}  # a row in ROWS lives, so its id is its own
FLOATS: Final = frozenset({float, np.float64})
_EXACT: Final = 2**53  # the largest integers up to which all are floats


def made_entry(tape: Tape, node: Any, operation: Operation | None, operands: tuple[Any, ...], value: object) -> bool:
    """Make a node of what an operation gave as an entry, if value and operands are floats; gives whether it did."""
    entries, constants = tape.entries, tape.constants
    assert entries is not None
    plain = value._value if type(value) is Scalar else None
    code = _CODES.get(id(operation))
    if type(plain) not in FLOATS or (code is None and len(ROWS) == NUMPYS):
        return False
    if code is None:
        code = _CODES[id(operation)] = len(ROWS)
        ROWS.append(operation)
    references = [NOTHING, NOTHING]
    kept = len(constants)
    for position, operand in enumerate(operands):
        if position < 2 and type(operand) is type(node):
            references[position] = operand.index
        elif position < 2 and is_constant(operand):
            references[position] = -2 - len(constants)
            constants.append(operand)
        else:
            del constants[kept:]
            return False
    node.tape = tape
    node.index = entries_of(tape)
    entries += _PACKED.pack(plain, *references, code + NUMPYS * (type(plain) is np.float64))
    return True


def made_inputs(tape: Tape, leaves: Sequence[Any], kind: type[Any]) -> list[Any] | None:
    """The nodes of the inputs, made as entries at once; None, and nothing done, unless all are floats."""
    if tape.entries is None or set(map(type, leaves)) != {Scalar}:
        return None
    values = [leaf._value for leaf in leaves]
    kinds = set(map(type, values))
    if len(kinds) != 1 or not kinds <= FLOATS:
        return None
    entries = np.empty(len(values), ENTRY)
    entries["value"] = values
    entries["operands"] = NOTHING
    entries["operation"] = _CODES[id(None)] + NUMPYS * (kinds == {np.float64})
    tape.entries += entries.tobytes()
    return nodes_at(tape, len(values), kind)


def is_constant(operand: Any) -> bool:
    """Whether data is a float, or equal to one."""
    plain = operand._value if type(operand) is Scalar else operand
    return type(plain) in FLOATS or (type(plain) is int and -_EXACT <= plain <= _EXACT)


def fill(node: Any) -> None:
    """Give a node the value, the operation and the operands that its entry has."""
    tape = node.tape
    entry = _PACKED.unpack_from(tape.entries or tape.former, _PACKED.size * node.index)
    _fill(node, entry, lambda index: node_at(tape, index, type(node)))


def _fill(node: Any, entry: tuple[Any, ...], node_of: Callable[[int], Any]) -> None:
    value, first, second, code = entry
    constants = node.tape.constants
    node.value = number(np.float64(value) if code & NUMPYS else value)
    node.primitive = ROWS[code & ~NUMPYS]
    if first == NOTHING:
        node.operands = ()
        return
    operand = node_of(first) if first >= 0 else constants[-2 - first]
    if second == NOTHING:
        node.operands = (operand,)
    else:
        node.operands = (operand, node_of(second) if second >= 0 else constants[-2 - second])


def node_at(tape: Tape, index: int, kind: type[Any]) -> Any:
    """A node of a tape that has entries, to be filled in when it is asked for more."""
    node = object.__new__(kind)
    node.tape = tape
    node.index = index
    return node


def nodes_at(tape: Tape, size: int, kind: type[Any]) -> list[Any]:
    """So many nodes of a tape that has entries, from the first on, as `node_at` makes them."""
    nodes = list(map(object.__new__, itertools.repeat(kind, size)))
    for index, node in enumerate(nodes):
        node.tape = tape
        node.index = index
    return nodes


def open_entries(tape: Tape, kind: type[Any]) -> None:
    """Have the nodes as objects on the tape, these and all that follow."""
    tape.close()
    tape.extend(nodes_at(tape, entries_of(tape), kind))


def entries_of(tape: Tape) -> int:
    """How many entries a tape has."""
    return len(tape.entries or tape.former) // _PACKED.size


def nodes_of(tape: Tape, known: Iterable[Any], kind: type[Any]) -> list[Any]:
    """The nodes of a tape that has entries, in order; `known` are some of them."""
    nodes = nodes_at(tape, entries_of(tape), kind)
    for node in known:
        nodes[node.index] = node
    for node, entry in zip(nodes, _PACKED.iter_unpack(tape.entries or tape.former), strict=True):
        _fill(node, entry, nodes.__getitem__)
    return nodes
