"""Derivatives as users get them: plain numbers, and arrays with memory of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias
from weakref import ref

import numpy as np

from opcount.arrays.array import Array
from opcount.arrays.wrap import unwrap
from opcount.counting.errors import OF_OTHER_NUMBERS, Uncounted
from opcount.tracing.differentiable import FUNCTIONS
from opcount.tracing.nodes import NODES, ArrayNode, value_as_it_is
from opcount.tracing.object_array import NumberArray, number_array
from opcount.tracing.structural import Derivative, number
from opcount.wrapping.inputs import Inputs
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import object_array, owner_of, plain_array, rebuild

Memory: TypeAlias = dict[int, Callable[[], object]]
"""What owns memory that is taken, by its id: a reference to each, which gives None once it is gone."""


def plain_gradient(derivatives: Iterable[Any], inputs: Inputs, used: Memory) -> Any:
    """The derivatives with respect to the leaves, plain, in the structure of x; in an array they are plain already."""
    if type(derivatives) is np.ndarray:
        kinds = [type(leaf._value) for leaf in inputs.leaves]
        numbers = derivatives.tolist()
        plain = numbers if set(kinds) == {float} else [kind(one) for kind, one in zip(kinds, numbers, strict=True)]
        return rebuild(inputs.x, iter(plain), gradient_array, inputs.arrays_as_nodes)
    pairs = zip(derivatives, inputs.leaves, strict=True)
    plain = (plain_derivative(derivative, leaf._plain(), used) for derivative, leaf in pairs)
    return rebuild(inputs.x, plain, gradient_array, inputs.arrays_as_nodes)


def as_given(value: Any) -> Any:
    """A value as users get it: plain or, inside a function that is differentiated, the node that it is there."""
    if type(value) not in NODES:
        return unwrap(value)
    if type(value) is ArrayNode and not value.tape.arrays_as_nodes:
        return number_array(value._opened())
    return value_as_it_is(value)


def array_given(template: np.ndarray, items: list[Any]) -> Any:
    """An array of what users get, in the shape of `template`: a plain one unless some of the items are nodes."""
    nodes = [item for item in items if type(item) in NODES]
    if not nodes:
        return plain_array(template, items)
    if all(node.tape.arrays_as_nodes for node in nodes):
        return FUNCTIONS[np.array](object_array(template, items))
    return number_array(object_array(template, items))


def gradient_array(template: np.ndarray, items: list[Any]) -> Any:
    if any(type(item) in NODES for item in items):
        return array_given(template, items) if template.dtype != object else number_array(object_array(template, items))
    return object_array(template, items) if template.dtype == object else plain_array(template, items)


def plain_derivative(derivative: Derivative | None, value: Any, used: Memory) -> Any:
    """A derivative with respect to an input of this value, as a plain number or array; None is a zero.

    The derivative with respect to a float has its type, and an integer derivative has the type of any value; an array
    has the dtype of the value if that is of floats, and memory of its own: `used` identifies the memory that is taken
    already, and is added to. For a spec it is a spec. Raises Uncounted for an array of other
    numbers than floats.
    """
    if type(derivative) is Array and type(value) is np.ndarray is type(derivative._held):  # as most are in arrays
        return _of_its_own(derivative._held, value.dtype, used)
    if derivative is not None and type(dense := number(derivative)) in NODES:
        return _node_in_precision(dense, value)
    if isinstance(value, Spec):
        return Array(value)
    if not isinstance(value, np.ndarray):
        plain = 0 if derivative is None else number(derivative)._plain()
        plain = plain[()] if isinstance(plain, np.ndarray) else plain
        if isinstance(value, (float, np.floating)) and isinstance(plain, (float, int, np.floating, np.integer)):
            return type(value)(plain)  # in the precision of the value
        return type(value)(plain) if type(plain) is int and not isinstance(value, (int, np.integer)) else plain
    if derivative is None:
        return np.zeros(value.shape, value.dtype)
    if type(dense) is NumberArray:
        return dense
    if isinstance(dense, np.ndarray):
        raise Uncounted(OF_OTHER_NUMBERS)
    return _of_its_own(np.asarray(dense._plain()), value.dtype, used)


def _node_in_precision(derivative: Any, value: Any) -> Any:
    """A derivative that is a node, in the precision of the value, if that is of NumPy's floats."""
    kind = value.dtype if isinstance(value, (np.ndarray, np.floating)) else None
    plain = derivative._plain()
    has_type = isinstance(plain, (float, int, np.generic, np.ndarray, Spec))  # fractions and decimals have none
    if kind is not None and kind.kind == "f" and has_type and np.result_type(plain) != kind:
        derivative = derivative.astype(kind) if type(derivative) is ArrayNode else derivative._cast(kind.type)
    return as_given(derivative)


def _of_its_own(array: np.ndarray, dtype: np.dtype[Any], used: Memory) -> np.ndarray:
    """The array in that dtype, if it is one of floats, with memory that is not used yet."""
    dtype = dtype if dtype.kind == "f" else array.dtype
    owner = owner_of(array)
    taken = used.get(id(owner))
    if (
        array.dtype != dtype
        or 0 in array.strides
        or not array.flags.writeable
        or (taken is not None and taken() is owner)
    ):
        array = owner = np.array(array, dtype)
    used[id(owner)] = reference(owner)
    return array


def memory_of(nodes: Sequence[Any]) -> Memory:
    """The memory that nodes hold: a derivative that shares it is copied before a user gets it."""
    values = [node.value for node in nodes]
    values += [operand for node in nodes for operand in node.operands if type(operand) not in NODES]
    arrays = (value._held if type(value) is Array else value for value in values)
    owners = (array if array.base is None else owner_of(array) for array in arrays if type(array) is np.ndarray)
    return {id(owner): reference(owner) for owner in owners}


def reference(owner: object) -> Callable[[], object]:
    """A weak reference to what owns memory, which may be freed, and its id be that of another; else a strong one."""
    try:
        return ref(owner)
    except TypeError:  # such as bytes
        return lambda: owner


def joined(derivatives: list[Any], leaves: list[Any]) -> list[Any]:
    """The derivatives with respect to all numbers by leaf: those with respect to an array's elements as an array."""
    found = iter(derivatives)
    return [_array_of(found, leaf) if leaf._is_array else next(found) for leaf in leaves]


def _array_of(derivatives: Iterator[Any], leaf: Any) -> Any:
    plain = [plain_derivative(next(derivatives), 0.0, {}) for _ in range(leaf.size)]
    found = array_given(np.empty(leaf.shape), plain)
    return Array(found) if type(found) is np.ndarray else found
