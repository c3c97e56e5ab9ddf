"""Nodes of a graph: a value that depends on an input, with the operation that gave it.

A `Node` holds a number, an `ArrayNode` a whole array. An operation on either is applied to the values
that they hold, which counts, and is recorded at the end of the tape by `recorded`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from numbers import Real
from types import BuiltinFunctionType
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from opcount.arrays.array import Array, array_of
from opcount.arrays.elements import plain_index
from opcount.arrays.scalar import Scalar, number, wrapped
from opcount.counting.accelerator import ACCELERATOR
from opcount.counting.errors import OF_OTHER_NUMBERS, InvalidValue, Uncounted
from opcount.counting.symbolic import Size, decides_a_power, is_symbolic, like_of
from opcount.functions.call import call_function, without_output
from opcount.functions.op_counts import name_of
from opcount.functions.rows import FREE
from opcount.functions.sparse import is_sparse_product, sparse_product
from opcount.functions.table import ROWS as FUNCTION_ROWS
from opcount.functions.table import row_of
from opcount.tracing.array_primitives import ARRAY_PRIMITIVES
from opcount.tracing.differentiable import (
    COMPLEX,
    FUNCTIONS,
    NUMBER_FUNCTIONS,
    OPENED,
    USER_PRIMITIVES,
    is_predicate,
    made_like,
    no_derivative,
)
from opcount.tracing.entries import fill, made_entry, made_inputs, open_entries
from opcount.tracing.node_methods import NodeMethods, NumberMethods, kind_of_cast
from opcount.tracing.object_array import is_by_row, number_array
from opcount.tracing.slopes import puts_constants, slope, uses_values
from opcount.tracing.tape import Outer, Tape, inner
from opcount.wrapping import shapes
from opcount.wrapping.bind import bind
from opcount.wrapping.foreign import beside, is_container, let_out_beside, once_more, plain, stranger
from opcount.wrapping.operations import BY_UFUNC, NO_DERIVATIVE, ONE, OPERATIONS, Operation, written_out
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import owner_of, shape_of
from opcount.wrapping.wrapped import Wrapped, boxed, plain_operand, written


class Node(NumberMethods):
    """A number that depends on an input, with the operation that gave it; `value` is its primal."""

    __slots__ = ("index", "operands", "primitive", "tape", "value")
    _rank: ClassVar[int] = 1
    index: int
    operands: tuple[Any, ...]
    primitive: Operation | None
    tape: Tape
    value: Any

    def local_partial(self, derivative: Callable[..., Any]) -> Any:
        """The derivative as a function of this value and of the operands' values."""
        row: Any = self.primitive
        if row.ufunc is not None and row.kind != "pow":  # `slope`, written out for most of most graphs
            given = []
            for operand in self.operands:
                kind = type(operand)
                if kind is Node:
                    given.append(operand.value)
                elif kind is float or kind is int or kind is np.float64:
                    given.append(number(operand))
                else:
                    break
            else:
                return derivative(self.value, *given)
        return slope(row, derivative, self.value, tuple(map(value_of, self.operands)))

    def __getattr__(self, name: str) -> Any:
        if name not in ("value", "operands", "primitive"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        fill(self)  # from its entry, which is all there is of it on a tape of floats
        return getattr(self, name)

    def _execute(self, operation: Operation, operands: tuple[Any, ...]) -> Any:
        given: list[Any] = []
        values: list[Any] = []
        for operand in operands:
            if type(operand) is Node:
                if operand.tape is self.tape:
                    given.append(operand)
                    values.append(operand.value)
                elif inner(operand.tape, self.tape) is operand.tape:
                    return operand._execute(operation, operands)
                else:
                    given.append(Outer(operand))
                    values.append(operand)
            else:
                value = operand if isinstance(operand, Scalar) else plain_operand(operand)
                if value is NotImplemented:
                    return beside(operation.name, operation.value, operands, wrapped)
                given.append(value)
                values.append(value)
        if type(operation.python) is BuiltinFunctionType or not operation.domain:  # an operator: Scalar has a fast way
            value = operation.value(*values)
        else:
            value = bind(operation, *values)
        if operation.kind == "pow" and not isinstance(operands[1], Wrapped) and operands[1] == 0:
            return value  # structurally constant
        for operand, derivative in zip(given, operation.partials, strict=False):  # a comparison has none
            if derivative is not None and type(operand) is Node:
                return new_node(self.tape, operation, tuple(given), value)
        return value

    def _hold(self, result: object) -> Any:
        return number_array(result)

    _lifted = Scalar._lifted

    def _cast(self, kind: object) -> Any:
        """The number in a type of NumPy's."""
        return recorded(_CAST, self, kind)

    # The same as in Wrapped, written out for two nodes: most of most evaluations. The values see to the row.

    def __add__(self, other: object) -> Any:
        if type(other) is Node and other.tape is self.tape:
            return new_node(self.tape, OPERATIONS.add, (self, other), self.value + other.value)
        return bind(OPERATIONS.add, self, other)

    def __sub__(self, other: object) -> Any:
        if type(other) is Node and other.tape is self.tape:
            return new_node(self.tape, OPERATIONS.sub, (self, other), self.value - other.value)
        return bind(OPERATIONS.sub, self, other)

    def __mul__(self, other: object) -> Any:
        if type(other) is Node and other.tape is self.tape:
            return new_node(self.tape, OPERATIONS.mul, (self, other), self.value * other.value)
        return bind(OPERATIONS.mul, self, other)

    # With an array, where arrays are nodes, the result is one; else it is an array of numbers.

    @property
    def records(self) -> bool:  # type: ignore[override]
        return self.tape.arrays_as_nodes

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        if method == "__call__" and not any(isinstance(operand, np.ndarray) for operand in inputs):
            if ufunc in USER_PRIMITIVES:
                return USER_PRIMITIVES[ufunc](*inputs, **keywords)
            if is_predicate(ufunc):
                return ufunc(*map(value_of, inputs), **keywords)
            row = BY_UFUNC[ufunc]
            if row is not None and row.partials and not row.domain and not keywords:
                return elementwise(row, *inputs)
        if self.tape.arrays_as_nodes and any(isinstance(operand, (np.ndarray, Array, ArrayNode)) for operand in inputs):
            return recorded_ufunc(ufunc, method, inputs, keywords)
        if is_by_row(ufunc) and any(type(operand) is np.ndarray for operand in inputs):
            inputs = tuple(number_array(boxed(o)) if type(o) is Node else o for o in inputs)
            return getattr(ufunc, method)(*inputs, **keywords)
        return super().__array_ufunc__(ufunc, method, *inputs, **keywords)

    def __array_function__(self, function: Any, types: object, args: Any, keywords: Any) -> Any:
        if self.tape.arrays_as_nodes:
            return function_of_nodes(function, args, keywords)
        if function in NUMBER_FUNCTIONS:
            return number_array(NUMBER_FUNCTIONS[function](*args, **keywords))
        return call_function(function, args, keywords, self)

    def __repr__(self) -> str:
        return f"Node({self.index}, {self.name}, {self.value!r})"


if ACCELERATOR is not None and not TYPE_CHECKING:
    # From here on `Node` is a subclass, with + - * / in C while every node of the tape is a float.
    _python_node = Node
    Node = ACCELERATOR.make_node(_python_node, Tape)
    Node.__doc__ = _python_node.__doc__
    Node.__name__ = _python_node.__name__
    for _method, _name in {"add": "add", "sub": "sub", "mul": "mul", "truediv": "div"}.items():
        written_out(Node, {f"__{_method}__": _name, f"__r{_method}__": _name})


class ArrayNode(NodeMethods):
    """An array that depends on an input, with the operation that gave it; `value` is its primal, an Array.

    NumPy's operators, functions and methods of it give nodes: by the table of primitives, by
    `FUNCTIONS`, which writes the others in primitives, or as elements that are moved. What has no
    derivative there raises Uncounted and names the function. Written into, it becomes another node (see `writing`).
    """

    __slots__ = ("index", "operands", "primitive", "tape", "value")
    __hash__ = None  # type: ignore[assignment]
    _rank: ClassVar[int] = 3
    records: ClassVar[bool] = True
    index: int
    operands: tuple[Any, ...]
    primitive: Operation | None
    tape: Tape
    value: Any

    def _plain(self) -> Any:
        return self.value._plain()

    def _reciprocal(self) -> Any:
        return np.reciprocal(self.value) if self.dtype.kind in "iu" else 1 / self

    def _execute(self, operation: Operation, operands: tuple[Any, ...]) -> Any:
        if not all(map(_is_operand, operands)):
            ufunc = np.matmul if operation is _MATMUL else operation.ufunc
            if is_sparse_product(ufunc, "__call__", operands, {}):
                return sparse_product(*operands)
            if any(isinstance(operand, complex) for operand in operands):
                raise Uncounted(COMPLEX)
            return beside(operation.name, operation.value, operands, wrapped)
        return elementwise(operation, *operands)

    def _in_place(self, operation: Operation, other: object, in_place: Callable[[Any, Any], Any]) -> Any:
        return FUNCTIONS[in_place](self, other) if in_place in FUNCTIONS else NotImplemented

    def _hold(self, result: Any) -> Any:
        return wrapped(result)

    @property
    def _held(self) -> Any:
        return self._plain()

    def _opened(self) -> Any:
        return self.__array__(object)

    def _lifted(self, operand: Any) -> Any:
        if type(operand) in NODES and shape_of(operand) != self.shape:
            return FUNCTIONS[np.broadcast_to](operand, self.shape)
        return Array._lifted(self, operand)  # type: ignore[arg-type]

    # The same as in Wrapped, written out for two arrays: most of most evaluations.

    def __add__(self, other: object) -> Any:
        if type(other) is ArrayNode and other.tape is self.tape:
            return _array_node(self.tape, OPERATIONS.add, (self, other), self.value + other.value)
        if type(other) is np.ndarray and other.dtype.kind == "f":
            return _array_node(self.tape, OPERATIONS.add, (self, other), self.value + other)
        return bind(OPERATIONS.add, self, other)

    def __sub__(self, other: object) -> Any:
        if type(other) is ArrayNode and other.tape is self.tape:
            return _array_node(self.tape, OPERATIONS.sub, (self, other), self.value - other.value)
        if type(other) is np.ndarray and other.dtype.kind == "f":
            return _array_node(self.tape, OPERATIONS.sub, (self, other), self.value - other)
        return bind(OPERATIONS.sub, self, other)

    def __mul__(self, other: object) -> Any:
        if type(other) is ArrayNode and other.tape is self.tape:
            return _array_node(self.tape, OPERATIONS.mul, (self, other), self.value * other.value)
        if type(other) is np.ndarray and other.dtype.kind == "f":
            return _array_node(self.tape, OPERATIONS.mul, (self, self.tape.kept(other)), self.value * other)
        return bind(OPERATIONS.mul, self, other)

    def __matmul__(self, other: object) -> Any:
        if type(other) is ArrayNode and other.tape is self.tape:
            return _array_node(self.tape, _MATMUL, (self, other), self.value @ other.value)
        return bind(_MATMUL, self, other)

    def __rmatmul__(self, other: object) -> Any:
        return bind(_MATMUL, other, self)

    def __pos__(self) -> Any:
        return self.copy()

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **keywords: object) -> Any:
        if method == "__call__" and not keywords and ufunc not in USER_PRIMITIVES:
            row = BY_UFUNC[ufunc]
            if len(inputs) == 1 and row is not None and row.partials and row.partials[0] is not None:
                return _array_node(self.tape, row, inputs, self.value.__array_ufunc__(ufunc, method, self.value))
            if ufunc is np.matmul and type(inputs[0]) is np.ndarray and inputs[0].dtype.kind == "f":  # data @ node
                kept = self.tape.kept(inputs[0])
                return _array_node(self.tape, _MATMUL, (kept, self), array_of(inputs[0]) @ self.value)
        return recorded_ufunc(ufunc, method, inputs, keywords)

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: object) -> Any:
        if len(args) == 1 and type(args[0]) is ArrayNode and not keywords:  # nobody else has a say
            return _called_with_nodes(function, args, keywords)
        if any(map(is_container, types)):
            return NotImplemented
        if row_of(function).makes and any(map(_is_of_sizes, args)):  # like=self: a constant of that size
            return self.value.__array_function__(function, (Array,), args, keywords)
        made = made_like(function, self, args, keywords)
        return function_of_nodes(function, args, keywords) if made is None else made

    # elements and views

    def __getitem__(self, key: object) -> Any:
        key = plain_index(key)
        parts = key if isinstance(key, tuple) else (key,)
        if all(
            part is None or part is Ellipsis or (isinstance(part, _BASIC) and type(part) is not bool) for part in parts
        ):
            return recorded(_INDEX, self, key)
        return FUNCTIONS[operator.getitem](self, key)

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[place] for place in range(len(self)))

    def __setitem__(self, key: object, value: object) -> None:
        FUNCTIONS[operator.setitem](self, plain_index(key), value)

    def astype(self, dtype: Any, *_: object, copy: bool = True, **__: object) -> Any:
        """A cast; a cast to integers, truth values or text is a constant."""
        kind = kind_of_cast(dtype)
        if kind == "O":
            return self.__array__(object)
        if not copy and np.dtype(dtype) == self.dtype:
            return self
        return recorded(_ASTYPE, self, dtype) if kind == "f" else self.value.astype(dtype)

    def copy(self, order: object = "C") -> Any:
        """A copy that can be written into: another object for this node, or, for a spec, another node."""
        if type(self.value._held) is Spec:
            return recorded(_ASTYPE, self, self.dtype)
        return twin(self, self.value.copy(order))

    def fill(self, value: object) -> None:
        self[...] = value

    def __repr__(self) -> str:
        return f"ArrayNode({self.index}, {self.name}, {self.value!r})"


def new_node(tape: Tape, primitive: Operation | None, operands: tuple[Any, ...], value: object) -> Any:
    """A node at the end of the tape; a function, since that is faster than a constructor."""
    node: Any = _new(Node)
    if tape.entries is not None:
        if made_entry(tape, node, primitive, operands, value):
            return node
        open_entries(tape, Node)
    node.tape, node.primitive, node.operands, node.value, node.index = tape, primitive, operands, value, len(tape)
    tape.append(node)
    return node


def _array_node(tape: Tape, primitive: Operation | None, operands: tuple[Any, ...], value: object) -> Any:
    """A node at the end of the tape that holds an array, or a number where the value is one."""
    if type(value) is not Array and type(value) is not ArrayNode:
        return new_node(tape, primitive, operands, value)
    if tape.entries is not None:
        open_entries(tape, Node)
    tape.arrays = True
    node = _new(ArrayNode)
    node.tape, node.primitive, node.operands, node.value, node.index = tape, primitive, operands, value, len(tape)
    tape.append(node)
    return node


def twin(node: ArrayNode, value: Array) -> ArrayNode:
    """Another object for a node, which holds `value`, with memory of its own or not."""
    other: ArrayNode = _new(ArrayNode)
    other.tape, other.index, other.primitive, other.operands = node.tape, node.index, node.primitive, node.operands
    other.value = value
    return other


def input_nodes(tape: Tape, values: Sequence[Any]) -> list[Any]:
    """The inputs of an evaluation: nodes without an operation, the first ones on the tape."""
    return made_inputs(tape, values, Node) or [_array_node(tape, None, (), value) for value in values]


def value_of(operand: Any) -> Any:
    """The value of a node, and the node that is data; anything else is data, as it is."""
    return operand.value if type(operand) in _HAVING_VALUES else operand


def recorded(primitive: Operation, *operands: Any) -> Any:
    """Apply a primitive to the values of its operands, and record it if a derivative passes through."""
    tape, operands = of_one_tape(operands)
    values = list(map(value_of, operands))
    value = NotImplemented
    if tape is not None and primitive.ufunc is not None and (primitive.domain or primitive.python):
        value = bind(primitive, *values)
    if value is NotImplemented:  # the operation is of whole arrays, or Python is to ask the other operand
        value = primitive.value(*values)
    return entered(tape, primitive, operands, value)


def of_one_tape(operands: tuple[Any, ...]) -> tuple[Tape | None, tuple[Any, ...]]:
    """The tape that records an operation on these, that of the innermost evaluation, and the operands as it has them.

    The nodes of others are data of it. Raises InvalidType for a node of an evaluation that is over.
    """
    tape = None
    several = False
    for operand in operands:
        if type(operand) in NODES and operand.tape is not tape:
            several = tape is not None
            tape = inner(tape, operand.tape) if tape is not None else operand.tape
    if not several:
        return tape, operands
    return tape, _of_tape(tape, operands)


def _of_tape(tape: Tape | None, operands: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(Outer(value_as_it_is(o)) if type(o) in NODES and o.tape is not tape else o for o in operands)


def value_as_it_is(node: Any) -> Any:
    """A node as it is now: into an array the program may write, and the object would be another node then."""
    return node if type(node) is Node else twin(node, node.value)


def entered(tape: Tape | None, primitive: Operation, operands: tuple[Any, ...], value: object) -> Any:
    """The value as a node, where a derivative passes through the primitive; else the value, a constant."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        raise Uncounted(OF_OTHER_NUMBERS)
    passes = data = outer = False  # whether a derivative does; whether some are arrays of data, or of an outer tape
    for operand, partial in zip(operands, primitive.partials, strict=True):
        if type(operand) in NODES:
            outer = outer or operand.tape is not tape
            passes = passes or (partial is not None and operand.tape is tape)
        elif type(operand) is np.ndarray or type(operand) is Array:
            data = True
    if tape is None or not passes:
        return value
    if type(value) is Array and value.dtype.kind == "c":
        raise Uncounted(COMPLEX)
    if outer:
        operands = _of_tape(tape, operands)
    if puts_constants(primitive, operands):
        tape.joins = True
    if data and uses_values(primitive):
        operands = tuple(map(tape.kept, operands))
    return _array_node(tape, primitive, operands, value)


def elementwise(operation: Operation, *operands: Any) -> Any:
    """One operation for each element, or a matrix product, by its row."""
    if operation.name == "pow" and decides_a_power(operands[1]):
        raise InvalidValue(f"what a power to {operands[1]} executes depends on the size: use a number for it")
    operands = tuple(map(as_operand, operands))
    if operation.kind == "pow" and isinstance(operands[1], (int, float, np.number)) and operands[1] == 0:
        return operation.value(*map(value_of, operands))  # structurally constant
    if not operation.partials:  # a comparison, or bits
        return operation.value(*map(value_of, operands))
    return recorded(operation, *operands)


def as_operand(operand: object) -> Any:
    """An operand of an array operation: an object array of nodes as one node, a list as an array."""
    if type(operand) is ArrayNode:  # as most are
        return operand
    if isinstance(operand, (list, tuple)):
        operand = np.asarray(operand, dtype=object if holds_nodes(operand) else None)
    if isinstance(operand, np.ndarray) and operand.dtype == object:
        return FUNCTIONS[np.array](operand)
    return _of_a_size(operand) if is_symbolic(operand) else operand


def _of_a_size(size: Size) -> Array:
    """A number without a value, whose type influences that of a result as little as a Python number does."""
    kind = type(like_of(size))
    return Array(Spec((), {int: np.int8, float: np.float16}.get(kind, kind)))


def holds_nodes(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(holds_nodes, value))
    return type(value) in NODES or (isinstance(value, np.ndarray) and value.dtype == object)


def recorded_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """A ufunc, or one of its methods, with a node among its operands."""
    if any(is_container(type(operand)) for operand in inputs):
        return NotImplemented
    if (found := stranger(inputs)) is not None:
        if is_sparse_product(ufunc, method, inputs, keywords):
            return sparse_product(*inputs)
        let_out_beside(name_of(ufunc), found, inputs)
        return once_more(getattr(ufunc, method)(*map(plain, inputs), **keywords), wrapped)
    if (out := keywords.get("out")) is not None:
        del keywords["out"]
        outputs = out if isinstance(out, tuple) else (out,)
        if method == "__call__" and ufunc.signature is None and type(outputs[0]) is ArrayNode:
            inputs = _broadcast_to_output(inputs, outputs[0])
        return _written_to(outputs, getattr(ufunc, method)(*inputs, **keywords))
    if (dtype := keywords.get("dtype")) is not None and method == "__call__":
        inputs = tuple(
            operand.astype(dtype) if len(shape_of(operand)) else operand for operand in map(as_operand, inputs)
        )
        keywords = {key: value for key, value in keywords.items() if key != "dtype"}
    if ufunc in FUNCTIONS and method == "__call__" and not keywords:
        return FUNCTIONS[ufunc](*inputs)
    if (ufunc, method) in FUNCTIONS:
        return FUNCTIONS[ufunc, method](*inputs, **keywords)
    if method == "__call__" and not keywords:
        row = BY_UFUNC[ufunc]
        if row is not None and (row.partials or row.compares):
            return elementwise(row, *inputs)
        if row is None and (execute := written(ufunc)) is not None:
            return execute(*map(as_operand, inputs))
        if is_predicate(ufunc):
            return ufunc(*map(value_of, map(as_operand, inputs)))
    name = f"{name_of(ufunc)}{'' if method == '__call__' else '.' + method}"
    raise Uncounted(
        f"{name} with {', '.join(keywords)} has no derivative here: leave that out" if keywords else no_derivative(name)
    )


def function_of_nodes(function: Any, args: Any, keywords: Any) -> Any:
    """Call a NumPy function with a node among its arguments, an array or one number."""
    values = (*args, *keywords.values())
    if (found := stranger(values, of_call=True)) is not None:
        let_out_beside(name_of(function), found, values)
        plain_keywords = {key: plain(value) for key, value in keywords.items()}
        return once_more(function(*map(plain, args), **plain_keywords), wrapped)
    out, args, keywords = without_output(function, args, keywords)
    if out is not None:
        if function in _JOINING and type(out) is ArrayNode and any(
            owner_of(part.value._held) is owner_of(out.value._held)
            for part in (args[0] if args and isinstance(args[0], (list, tuple)) else ())
            if type(part) is ArrayNode
        ):  # fmt: skip
            raise Uncounted(f"{name_of(function)} into an array that it joins parts of: let it make a new one")
        return _written_to((out,), function(*args, **keywords))
    return _called_with_nodes(function, args, keywords)


def _called_with_nodes(function: Any, args: Any, keywords: Any) -> Any:
    result = FUNCTIONS[function](*args, **keywords)
    if type(result) is ArrayNode and function not in GIVING_VIEWS and (
        result.primitive is None or result.primitive.moves or result.primitive.name in _MOVING
        or any(result is value for value in args)
    ):  # fmt: skip
        return result.copy()  # it is written in others that give views, and gives an array of its own
    return result


def _broadcast_to_output(inputs: tuple[Any, ...], output: ArrayNode) -> tuple[Any, ...]:
    """The operands, once for each element of the array that the results are written into."""
    shape = shape_of(output)
    given = shapes.broadcast(*map(shape_of, map(as_operand, inputs)))
    if given == shape:
        return inputs
    if shapes.broadcast(given, shape) != shape:
        raise ValueError(
            f"non-broadcastable output operand with shape {output.shape} doesn't match the broadcast shape {given}"
        )
    return (np.broadcast_to(as_operand(inputs[0]), shape), *inputs[1:])


def _written_to(outputs: tuple[Any, ...], result: object) -> Any:
    """A result, written into the array that is given for it as `out`."""
    results = result if isinstance(result, tuple) else (result,)
    for output, values in zip(outputs, results, strict=True):
        if output is not None and type(output) is not ArrayNode:
            raise Uncounted(
                "out= would write what is differentiated into an array of data: write into one that np.zeros_like(x) "
                f"gives, leave it out, or {OPENED}"
            )
        if output is not None:
            if shape_of(values) != shape_of(output):
                raise ValueError(f"out of shape {output.shape} does not take a result of shape {shape_of(values)}")
            output[...] = values
    given = tuple(new if old is None else old for old, new in zip(outputs, results, strict=True))
    return given if isinstance(result, tuple) else given[0]


def _is_of_sizes(value: object) -> bool:
    return is_symbolic(value) or (isinstance(value, tuple) and any(map(is_symbolic, value)))


def _is_operand(operand: object) -> bool:
    return isinstance(operand, _OPERANDS) or is_symbolic(operand)


_MOVING: Final = frozenset({"index", "reshape", "transpose", "broadcast_to"})
_JOINING: Final = frozenset({np.concatenate, np.stack})
GIVING_VIEWS: Final = {function for function, row in FUNCTION_ROWS.items() if row.counts is FREE} | {np.einsum}
"""Functions whose results may share memory with their arguments, as they do in NumPy."""
NODES: Final = frozenset({Node, ArrayNode})
_HAVING_VALUES: Final = frozenset({Node, ArrayNode, Outer})
_OPERANDS: Final = (Wrapped, np.ndarray, np.generic, Real, Decimal)
_BASIC: Final = (int, np.integer, slice)
_new: Final = object.__new__
_MATMUL: Final = ARRAY_PRIMITIVES["matmul"]
_INDEX: Final = ARRAY_PRIMITIVES["index"]
_ASTYPE: Final = ARRAY_PRIMITIVES["astype"]
_CAST: Final = Operation(
    "astype",
    None,
    lambda x, kind: Scalar(kind(x._plain())) if type(x) is Scalar else x._cast(kind),
    (ONE, NO_DERIVATIVE),
)
