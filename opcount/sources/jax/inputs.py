"""What a JAX program is called on: its arguments as leaves, and what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from opcount.arrays.wrap import spec
from opcount.counting.errors import InvalidType, Uncounted
from opcount.counting.symbolic import is_symbolic
from opcount.sources.jax.operands import UNKNOWN, Operand, Shaped, shape_alone, shaped
from opcount.wrapping.classes import described
from opcount.wrapping.inputs import is_node
from opcount.wrapping.spec import Spec
from opcount.wrapping.wrapped import Wrapped


class Arguments(NamedTuple):
    """The arguments of a call as JAX takes them, and for each leaf whether it has a value and whether it is wrapped."""

    args: tuple[Any, ...]
    leaves: list[Any]
    wrapped: list[bool]

    def operands(self, jaxpr: Any, count_data: bool = True) -> list[Operand]:
        """What the inputs of a jaxpr hold; keys of random numbers are data, and, if asked, what is not wrapped."""
        found = []
        for leaf, wrapped, var in zip(self.leaves, self.wrapped, jaxpr.invars, strict=True):
            shape = shaped(var.aval)
            found.append(Operand(_counts(shape) and (wrapped or count_data), _value(leaf, var.aval), shape))
        return found


def _counts(shape: Shaped) -> bool:
    return shape.kind != "k"


def _value(leaf: Any, aval: Any) -> Any:
    if isinstance(leaf, jax.ShapeDtypeStruct):
        return UNKNOWN
    return leaf if isinstance(leaf, jax.Array) else jax.numpy.asarray(leaf, aval.dtype)


def arguments(door: str, args: Sequence[Any], static: Sequence[int] = (), names: Sequence[str] = ()) -> Arguments:
    """The arguments of a call, checked; raises InvalidType, which names the leaf, for what JAX cannot compute with."""
    scope = None
    leaves: list[Any] = []
    wrapped: list[bool] = []
    given = []
    for position, arg in enumerate(args):
        if position in static:
            given.append(arg)
            continue
        found = []
        paths, tree = jax.tree_util.tree_flatten_with_path(arg)
        for path, leaf in paths:
            start = names[position] if names else f"args[{position}]"
            if isinstance(leaf, Wrapped) and _is_named(leaf) and scope is None:
                scope = jax.export.SymbolicScope()
            found.append(_leaf(door, leaf, start + jax.tree_util.keystr(path), scope))
            wrapped.append(isinstance(leaf, Wrapped))
        leaves += found
        given.append(jax.tree_util.tree_unflatten(tree, found))
    return Arguments(tuple(given), leaves, wrapped)


def _leaf(door: str, leaf: Any, name: str, scope: Any) -> Any:
    if isinstance(leaf, jax.core.Tracer):
        raise InvalidType(
            f"{door}: {name} is traced by JAX: call {door} outside of jax.jit, jax.grad and jax.vmap, on a function "
            "that has them inside"
        )
    if is_node(leaf):
        raise Uncounted(
            f"{door}: {name} is being differentiated by opcount, which does not see through JAX: differentiate the "
            "function with ocj.gradient, or take the plain values with oc.unwrap(x)"
        )
    if isinstance(leaf, Wrapped):
        leaf = leaf._plain()
    if type(leaf) is Spec:
        return shape_alone(_sizes(leaf.shape, scope), jax.dtypes.canonicalize_dtype(leaf.dtype))
    if isinstance(leaf, (jax.Array, jax.ShapeDtypeStruct, bool, int, float, complex)):
        return leaf
    # "V" is the kind of JAX's own types, as bfloat16
    is_array = isinstance(leaf, (np.ndarray, np.generic)) and not isinstance(leaf, np.ma.MaskedArray)
    if is_array and leaf.dtype.kind in "biufcV":
        return leaf
    raise InvalidType(
        f"{door}: {name} is {described(leaf)}: pass arrays of numbers, numbers, jax.ShapeDtypeStruct, and trees of "
        "these; what is neither is closed over, functools.partial(f, option=...), or static, static_argnums=..."
    )


def _is_named(leaf: Any) -> bool:
    return any(map(is_symbolic, getattr(leaf._plain(), "shape", ())))


def _sizes(shape: Sequence[Any], scope: Any) -> tuple[Any, ...]:
    """A shape with sizes as JAX has them."""
    if not any(map(is_symbolic, shape)):
        return tuple(shape)
    text = ", ".join(str(size).replace("**", "^") for size in shape)
    return tuple(jax.export.symbolic_shape(f"({text},)", scope=scope))


def rewrapped(value: Any, operand: Operand) -> Any:
    """A result that depends on what is wrapped, wrapped; any other as it is."""
    from opcount.arrays.wrap import wrap

    if not operand.depends:
        return value
    if operand.value is UNKNOWN:
        return spec(tuple(operand.shaped.shape), operand.shaped.dtype)
    return wrap(np.asarray(value))
