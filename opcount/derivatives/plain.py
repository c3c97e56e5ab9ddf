"""Derivatives as users get them: plain numbers, and arrays with memory of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from opcount.arrays.array import Array
from opcount.counting.errors import OF_OTHER_NUMBERS, Uncounted
from opcount.tracing.structural import Derivative, number
from opcount.wrapping.inputs import Inputs
from opcount.wrapping.spec import Spec
from opcount.wrapping.trees import object_array, owner_of, plain_array, rebuild


def plain_gradient(derivatives: Iterable[Any], inputs: Inputs, used: set[int]) -> Any:
    """The derivatives with respect to the leaves, plain, in the structure of x; in an array they are plain already."""
    if type(derivatives) is np.ndarray:
        kinds = [type(leaf._plain()) for leaf in inputs.leaves]
        numbers = derivatives.tolist()
        plain = numbers if set(kinds) == {float} else [kind(one) for kind, one in zip(kinds, numbers, strict=True)]
        return rebuild(inputs.x, iter(plain), _gradient_array, inputs.arrays_as_nodes)
    pairs = zip(derivatives, inputs.leaves, strict=True)
    plain = (plain_derivative(derivative, leaf._plain(), used) for derivative, leaf in pairs)
    return rebuild(inputs.x, plain, _gradient_array, inputs.arrays_as_nodes)


def _gradient_array(template: np.ndarray, items: list[Any]) -> np.ndarray:
    return object_array(template, items) if template.dtype == object else plain_array(template, items)


def plain_derivative(derivative: Derivative | None, value: Any, used: set[int]) -> Any:
    """A derivative with respect to an input of this value, as a plain number or array; None is a zero.

    The derivative with respect to a float has its type, and an integer derivative has the type of any value; an array
    has the dtype of the value if that is of floats, and memory of its own: `used` identifies the memory that is taken
    already, and is added to. For a spec the derivative is returned as it is. Raises Uncounted for an array of other
    numbers than floats.
    """
    if type(derivative) is Array and type(value) is np.ndarray is type(derivative._held):  # as most are in arrays
        return _of_its_own(derivative._held, value.dtype, used)
    if isinstance(value, Spec):
        return derivative
    if not isinstance(value, np.ndarray):
        plain = 0 if derivative is None else number(derivative)._plain()
        plain = plain[()] if isinstance(plain, np.ndarray) else plain
        if isinstance(value, (float, np.floating)) and isinstance(plain, (float, int, np.floating, np.integer)):
            return type(value)(plain)  # in the precision of the value
        return type(value)(plain) if type(plain) is int and not isinstance(value, (int, np.integer)) else plain
    if derivative is None:
        return np.zeros(value.shape, value.dtype)
    dense = number(derivative)
    if isinstance(dense, np.ndarray):
        raise Uncounted(OF_OTHER_NUMBERS)
    return _of_its_own(np.asarray(dense._plain()), value.dtype, used)


def _of_its_own(array: np.ndarray, dtype: np.dtype[Any], used: set[int]) -> np.ndarray:
    """The array in that dtype, if it is one of floats, with memory that is not used yet."""
    dtype = dtype if dtype.kind == "f" else array.dtype
    memory = _id_of_memory(array)
    if array.dtype != dtype or 0 in array.strides or not array.flags.writeable or memory in used:
        array = np.array(array, dtype)
        memory = id(array)
    used.add(memory)
    return array


def _id_of_memory(array: np.ndarray) -> int:
    """An identifier that is equal for arrays that share memory."""
    base = array.base
    return id(array) if base is None else id(base) if getattr(base, "base", None) is None else id(owner_of(base))


def memory_of(nodes: Iterable[Any]) -> set[int]:
    """Identifiers of the memory that nodes hold: a derivative that shares it is copied before a user gets it."""
    found = set()
    for node in nodes:
        for operand in (node.value, *node.operands):
            held = operand._held if type(operand) is Array else operand
            if type(held) is np.ndarray:
                found.add(_id_of_memory(held))
    return found


def joined(derivatives: list[Any], leaves: list[Any]) -> list[Any]:
    """The derivatives with respect to all numbers by leaf: those with respect to an array's elements as an array."""
    found = iter(derivatives)
    return [_array_of(found, leaf) if type(leaf) is Array else next(found) for leaf in leaves]


def _array_of(derivatives: Iterator[Any], leaf: Array) -> Array:
    plain = [plain_derivative(next(derivatives), 0.0, set()) for _ in range(leaf.size)]
    return Array(np.array(plain).reshape(leaf.shape))
