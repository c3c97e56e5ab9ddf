"""The steps that `oc.checkpoint` marks: evaluated on the tape, and forgotten but for what they give.

What a step executes is recorded at the end of the tape, as anything else is. Then that part of the tape is dropped, and
the nodes that the step gave become nodes without operands, as inputs are. So a step may use whatever nodes it closes
over, and whoever uses a node that has been dropped is found out, since the tape has another one in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import CellType, FunctionType
from typing import Any, Final

import numpy as np

from opcount.arrays.array import Array
from opcount.arrays.scalar import Scalar
from opcount.counting.counts import Counts
from opcount.counting.errors import InvalidType, InvalidValue, Uncounted
from opcount.counting.tally import count
from opcount.derivatives.partials import Active, activity
from opcount.functions.op_counts import name_of
from opcount.tracing.entries import entries_of
from opcount.tracing.nodes import NODES, ArrayNode, twin
from opcount.tracing.object_array import NumberArray
from opcount.tracing.tape import Tape
from opcount.tracing.writing import viewed
from opcount.wrapping.classes import is_number
from opcount.wrapping.inputs import check_executed
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import flatten, object_array, rebuild


@dataclass
class Step:
    """A call of a step: its arguments, with the index of a node for each node, and what its evaluation showed.

    It begins at `position` on the tape, and at `number` if nothing were forgotten. `given` are the nodes among its
    arguments, `outputs` those that it gave; `enclosing` are the positions of the steps that it is inside of, `values`
    what it is given from outside of these, and `inside` has the steps that are inside of it. `executed` tells
    evaluations apart.
    """

    function: Callable[..., Any]
    arguments: Any
    given: set[int]
    position: int
    number: int = 0
    enclosing: tuple[int, ...] = ()
    values: dict[int, Any] = field(default_factory=dict)
    outputs: list[int] = field(default_factory=list)
    inside: list[Step] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    executed: int = 0


class MarkedSteps:
    """Finds out which steps an evaluation has, and what each counts; nothing is forgotten."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.steps: list[Step] = []

    def call(self, function: Callable[..., Any], arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        step = Step(function, None, _indices(self.tape, (arguments, keywords)), self._size())
        around, self.steps = self.steps, step.inside
        try:
            with count() as tally:
                result = function(*arguments, **keywords)
        finally:
            self.steps = around
        step.counts = tally.counts
        step.outputs = sorted(index for index in _indices(self.tape, result) if index >= step.position)
        if step.outputs:
            self.steps.append(step)
        return result

    def _size(self) -> int:
        return len(self.tape) or entries_of(self.tape)


class ForgottenSteps:
    """Evaluates steps and forgets their insides; `steps` are those on the tape, in order.

    `active` has the nodes on the tape of which some elements are constant (see `activity`). `numbers` are the indices
    that the nodes on the tape would have if nothing were forgotten. `most` is the most nodes that there were at once.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.steps: list[Step] = []
        self.active: Active = {}
        self.numbers: list[int] = []
        self.forgotten = 0  # nodes on the tape of which only the shape is left
        self.most = 0
        self._next = 0
        self._known = 0  # up to where `active` is known
        self._around: list[int] = []  # the positions of the steps that are being evaluated
        self._hashes: list[list[int]] = [[]]  # of the steps inside each of these

    # --- from the program

    def call(self, function: Callable[..., Any], arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        given = (arguments, keywords)
        leaves = flatten(given, arrays_as_leaves=True)
        for leaf in leaves:
            if type(leaf) in NODES and leaf.tape is self.tape:
                self.check_known(leaf)
        position = len(self.tape)
        self.number(position)
        as_now = _with_own_cells(function)
        held = rebuild(given, iter([_held(self.tape, leaf) for leaf in leaves]), _array, arrays_as_leaves=True)
        step = Step(as_now, held, _indices(self.tape, given), position, self._next, tuple(self._around))
        if self._around:  # what the step around it was given, or closes over, has a value as long as that is recorded
            before = [leaf for leaf in leaves if type(leaf) in NODES and leaf.index < self._around[-1]]
            step.values = {leaf.index: leaf.value for leaf in before if leaf.primitive is None}
        known = set(self.tape.data)
        result, outputs = self._evaluated(step, function, arguments, keywords)
        if not outputs:  # of its inside, nothing is seen again
            self.drop(position, known)
            return result
        self._keep_activity()
        step.outputs = list(range(position, position + len(outputs)))
        left = {index: self._left(step, index, output) for index, output in zip(step.outputs, outputs, strict=True)}
        numbers = [self.numbers[output] for output in outputs]
        active = {new: self.active[old] for new, old in zip(step.outputs, outputs, strict=True) if old in self.active}
        self.drop(position, known)
        self.tape.extend(left.values())
        self.numbers += numbers
        self.active |= active
        self._known = len(self.tape)
        self.steps.append(step)
        self.forgotten += len(outputs)
        moved = dict(zip(outputs, step.outputs, strict=True))
        for leaf in {id(leaf): leaf for leaf in flatten(result, arrays_as_leaves=True)}.values():
            if type(leaf) in NODES and leaf.tape is self.tape and leaf.index in moved:
                leaf.index = moved[leaf.index]
                leaf.primitive, leaf.operands = None, self.tape[leaf.index].operands
        return result

    # --- from the schedule

    def again(self, step: Step, state: dict[int, Any]) -> dict[int, Any]:
        """The values that a step gives, by node; it is evaluated after all that is on the tape, and dropped."""
        position, known = len(self.tape), set(self.tape.data)
        outputs = self._evaluated_again(step, state)
        values = {new: node.value for new, node in zip(step.outputs, outputs.values(), strict=True)}
        self.drop(position, known)
        return values

    def recorded(self, step: Step, state: dict[int, Any]) -> list[int]:
        """Have the inside of a step on the tape, at whose end it was; returns the nodes that it gives."""
        self._next = step.number
        return list(self._evaluated_again(step, state))

    def drop(self, position: int, known: Iterable[int] = ()) -> None:
        """Drop the tape from a position on, and the copies of data that are not `known`."""
        del self.tape[position:], self.numbers[position:]
        while self.steps and self.steps[-1].position >= position:
            self.forgotten -= len(self.steps.pop().outputs)
        for index in [index for index in self.active if index >= position]:
            del self.active[index]
        self._known = min(self._known, position)
        for key in self.tape.data.keys() - known:
            del self.tape.data[key]

    def check_known(self, node: Any) -> None:
        """Raise InvalidValue if a node was dropped: it is not what the tape has in its place."""
        tape = self.tape
        if node.index < len(tape) and _same(tape[node.index], node):
            return
        raise InvalidValue(
            "a number from the inside of a step of oc.checkpoint is used outside, and has been forgotten: return it "
            "from the step, in a list, tuple or dict, and do not change what the step was not given"
        )

    def check_all_known(self, nodes: Iterable[Any]) -> None:
        for node in nodes:
            for operand in node.operands:
                if type(operand) in NODES:
                    self.check_known(operand)

    # --- an evaluation

    def _evaluated_again(self, step: Step, state: dict[int, Any]) -> dict[int, Any]:
        def of_node(held: Any) -> Any:
            if type(held) is not _Held:
                return held
            node = self.tape[held.index]
            if held.index in state:
                return _with_value(node, state[held.index])
            if held.index in step.values:
                return _with_value(node, step.values[held.index])
            return twin(node, node.value) if type(node) is ArrayNode else node

        leaves = flatten(step.arguments, arrays_as_leaves=True)
        given = rebuild(step.arguments, iter(map(of_node, leaves)), _array, arrays_as_leaves=True)
        around, self._around = self._around, list(step.enclosing)
        executed = step.executed
        _, outputs = self._evaluated(step, _with_own_cells(step.function), *given)
        self._around = around
        self._hashes[0].clear()
        if step.executed != executed or len(outputs) != len(step.outputs):
            raise InvalidValue(
                f"the step {name_of(step.function)} of oc.checkpoint did not do the same when it was evaluated again: "
                "it must not draw random numbers, nor depend on what changes between two calls, as an array that is "
                "written into, or a loop's variable in a function that it calls; give it such data as an argument, and "
                "a copy of its own for each call"
            )
        return outputs

    def _evaluated(
        self, step: Step, function: Callable[..., Any], arguments: Sequence[Any], keywords: dict[str, Any]
    ) -> tuple[Any, dict[int, Any]]:
        """What the step gives, and the nodes of its inside among that, by index; it is at the end of the tape."""
        position = len(self.tape)
        self._around.append(position)
        self._hashes.append([])
        try:
            result = function(*arguments, **keywords)
            _check_executed(step, result)
            outputs = self._outputs(result, position)
            step.executed = self._executed(position, outputs)
        except BaseException:  # the function may go on without the step
            self.number(len(self.tape))
            self.drop(position, self.tape.data)
            raise
        finally:
            self._around.pop()
            self._hashes.pop()
        self._hashes[-1].append(step.executed)
        self.number(len(self.tape))
        given = sum(self.tape[index].primitive is None and bool(self.tape[index].operands) for index in step.given)
        self.most = max(self.most, len(self.tape) - self.forgotten + given)
        return result, outputs

    def _outputs(self, result: object, position: int) -> dict[int, Any]:
        """The nodes from that position on in a result, by index."""
        outputs: dict[int, Any] = {}
        for leaf in flatten(result, arrays_as_leaves=True):
            if type(leaf) in NODES and leaf.tape is self.tape:
                self.check_known(leaf)
                if leaf.index >= position:
                    outputs[leaf.index] = leaf
        roots = [_root(node) for node in outputs.values()]
        indices = [root.index for root in roots]
        for node, root in zip(outputs.values(), roots, strict=True):
            if root is not node and (root.index < position or indices.count(root.index) > 1):
                raise Uncounted(
                    "a step of oc.checkpoint returned a view of an array that others see too, and whether somebody "
                    "writes into it is not followed here: return a copy of it, as np.copy gives"
                )
        return outputs

    def number(self, upto: int) -> None:
        """Number the nodes up to a position as if nothing were forgotten."""
        more = upto - len(self.numbers)
        self.numbers += range(self._next, self._next + more)
        self._next += more

    def _keep_activity(self) -> None:
        if self.tape.joins:
            activity(self.tape, self.tape[self._known :], self.active)
            self._known = len(self.tape)

    def _left(self, step: Step, index: int, output: int) -> Any:
        """What is left of a node that a step gave: its shape, and that it is no other."""
        node = self.tape[output]
        left: Any = object.__new__(type(node))
        left.tape, left.index, left.primitive, left.operands = self.tape, index, None, (step,)
        left.value = None
        if type(node) is ArrayNode:
            left.value = Array(Spec(node.value._held.shape, node.value.dtype))
        return left

    # --- what tells evaluations apart

    def _executed(self, position: int, outputs: Iterable[int]) -> int:
        """A hash of all that was executed from a position on: operations, operands, values."""
        nodes = self.tape[position:]
        self.check_all_known(nodes)
        found = [
            (node.primitive and node.primitive.name, *map(self._hash, node.operands), _hash_of(node.value))
            for node in nodes
            if node.primitive is not None
        ]
        return hash((tuple(found), tuple(self._hashes[-1]), tuple(output - position for output in outputs)))

    def _hash(self, operand: Any) -> int:
        if type(operand) not in NODES:
            return _hash_of(operand)
        inside = sum(position <= operand.index for position in self._around)
        start = self._around[inside - 1] if inside else 0
        return hash((inside, operand.index - start))


def _with_own_cells(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with variables of its own for those around it, which have the values of now: a loop's changes."""
    if type(function) is not FunctionType or not function.__closure__:
        return function
    cells = []
    for cell in function.__closure__:
        try:
            cells.append(CellType(cell.cell_contents))
        except ValueError:  # it has no value yet
            cells.append(cell)
    found = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, tuple(cells)
    )
    found.__kwdefaults__, found.__qualname__ = function.__kwdefaults__, function.__qualname__
    return found


def _check_executed(step: Step, result: object) -> None:
    try:
        check_executed(result)
    except InvalidType:
        raise InvalidType(
            f"the step {name_of(step.function)} of oc.checkpoint is a generator or a coroutine, which executes nothing "
            "before it is used: let it return a list, or what it gives"
        ) from None


def _same(one: Any, other: Any) -> bool:
    """Whether two objects are the same node: the same operation of the same operands."""
    if one is other or one.operands is other.operands:
        return True
    if one.primitive is not other.primitive or len(one.operands) != len(other.operands):
        return False
    return bool(one.operands) and all(
        a is b or (type(a) in NODES and type(a) is type(b) and a.index == b.index)
        for a, b in zip(one.operands, other.operands, strict=True)
    )


def _root(node: Any) -> Any:
    """The array that a node is a view of, directly or not; the node itself if it is not a view."""
    while (position := viewed(node)) is not None:
        node = node.operands[position]
    return node


@dataclass(frozen=True)
class _Held:
    """A node among the arguments of a step, by its index; its value may be forgotten."""

    index: int


def _held(tape: Tape, leaf: Any) -> Any:
    return _Held(leaf.index) if type(leaf) in NODES and leaf.tape is tape else leaf


def _indices(tape: Tape, tree: object) -> set[int]:
    leaves = flatten(tree, arrays_as_leaves=True)
    return {leaf.index for leaf in leaves if type(leaf) in NODES and leaf.tape is tape}


def _array(template: np.ndarray, items: list[Any]) -> np.ndarray:
    array = object_array(np.empty(template.shape, object), items)
    return array.view(NumberArray) if type(template) is NumberArray else array


def _with_value(left: Any, value: Any) -> Any:
    node: Any = object.__new__(type(left))
    node.tape, node.index, node.primitive, node.operands = left.tape, left.index, None, left.operands
    node.value = value
    return node


def _hash_of(data: Any) -> int:
    """A hash of data that is equal for the same bits, in another object too."""
    if type(data) in (Scalar, Array):
        data = data._plain()
    if type(data) is np.ndarray and data.dtype != object:
        padded = data.dtype.char in "gG"  # a long double has bytes that belong to no number
        return hash((data.shape, data.dtype.str, repr(data.tolist()) if padded else data.tobytes()))
    if isinstance(data, (list, tuple)):
        return hash((type(data).__name__, *map(_hash_of, data)))
    if isinstance(data, dict):
        return hash(tuple((str(key), _hash_of(value)) for key, value in data.items()))
    if isinstance(data, (int, Fraction)):  # which may have too many digits to be written
        return hash((type(data).__name__, data))
    if is_number(data) or isinstance(data, _PLAIN):
        return hash((type(data).__name__, repr(data)))
    return hash(type(data).__name__)


_PLAIN: Final = (np.generic, slice, str, type(None), type(Ellipsis), type, np.dtype)
