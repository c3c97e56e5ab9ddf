"""The way in and out of counting: `wrap`, `unwrap`, and both around a call, `measure`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from opcount.counts import Counts
from opcount.scalar import Scalar
from opcount.structure import check_function, check_number, flatten, leaf_name, object_array, plain_array, rebuild
from opcount.tally import count
from opcount.wrapped import Wrapped


def wrap(x: Any) -> Any:
    """Wrap a number, an array or nested lists, tuples and dicts of them, so that operations count.

    >>> wrap({"w": [1.0, 2.0], "b": 3})
    {'w': [Scalar(1.0), Scalar(2.0)], 'b': Scalar(3)}

    A number becomes a Scalar, an array an object array of Scalars of the same shape.
    What is wrapped already stays as it is. `x` itself is not changed. Raises InvalidType,
    naming the place, for anything that is no real number: complex, bool, str, None.
    """
    wrapped = []
    for place, leaf in enumerate(flatten(x)):
        if not isinstance(leaf, Wrapped):
            check_number(leaf, partial(leaf_name, x, place))
            leaf = Scalar(leaf)
        wrapped.append(leaf)
    return rebuild(x, iter(wrapped), object_array)


def unwrap(y: Any) -> Any:
    """The plain numbers in `y`, in the same structure; nothing is counted.

    >>> unwrap([Scalar(2.0), (Scalar(1), "label")])
    [2.0, (1, 'label')]

    Object arrays of wrapped numbers become arrays of the numbers' own dtype. What holds
    no wrapped number comes back as it is. Inside a function that is being differentiated
    the plain number is a constant.
    """
    if isinstance(y, np.ndarray) and y.dtype != object:
        return y
    plain = (leaf._plain() if isinstance(leaf, Wrapped) else leaf for leaf in flatten(y))
    return rebuild(y, plain, _unwrapped_array)


def _unwrapped_array(template: np.ndarray, items: list[Any]) -> np.ndarray:
    wrapped = {isinstance(item, Wrapped) for item in template.flat}
    if True not in wrapped:
        return template
    return object_array(template, items) if False in wrapped else plain_array(template, items)


class Measured(NamedTuple):
    """What `measure` returns: the plain `value` of a call and the `counts` of what it executed."""

    value: Any
    counts: Counts


def measure(f: Callable[..., Any], *args: Any) -> Measured:
    """Call `f` with its arguments wrapped and count what it executes.

    >>> measure(lambda x: x**3 + 2 * x, 2.0)
    Measured(value=12.0, counts=Counts({'mul': 3, 'add': 1}))

    Raises what `wrap` raises for the arguments, and whatever `f` raises.
    """
    check_function(f)
    wrapped = [wrap(arg) for arg in args]
    with count() as tally:
        value = f(*wrapped)
    return Measured(unwrap(value), tally.counts)
