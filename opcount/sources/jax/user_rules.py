"""Counts that users give to primitives: they take precedence over the table."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from opcount.counting.errors import InvalidType
from opcount.functions.op_counts import OpCounts, multiple
from opcount.functions.user_rules import checked
from opcount.sources.jax.primitives import Call

PrimitiveRule = Callable[..., OpCounts] | OpCounts
"""A rule for a primitive: counts by kind for each element of the result, or a function that gives those of a call."""

_LAYERS: Final[list[dict[str, PrimitiveRule | None]]] = [{}]
"""The registered rules, then those of each open block; the last layer that names a primitive has its rule."""

_LOCK: Final = threading.Lock()


def register_rule(primitive: object, rule: PrimitiveRule | None) -> None:
    """Give a primitive of JAX's a count, if it has none, or in place of the one it has.

    >>> import jax, jax.numpy as jnp
    >>> from opcount.sources import jax as ocj
    >>> def sort(*arrays, num_keys, **params):  # a merge sort of n numbers, at most
    ...     n = arrays[0].shape[params["dimension"]]
    ...     return {"lt": arrays[0].size // n * n * (n - 1).bit_length()}
    >>> ocj.register_rule("sort", sort)
    >>> ocj.measure(jnp.sort, jnp.array([3.0, 1.0, 2.0, 0.0])).counts
    Counts({'lt': 8})
    >>> ocj.register_rule("sort", None)

    `primitive` is its name in a jaxpr, or the primitive itself. `rule` takes the shapes of the operands, each with
    `shape`, `dtype` and `size`, and the equation's parameters as keywords, and returns counts by kind; or it is such
    counts for each element of the result, `{"exp": 1}`. None removes what was registered. A rule holds in every thread,
    and only where an operand depends on what is counted; `ocj.rules` is for one block. Raises InvalidType if
    `primitive` is no name or `rule` no rule, InvalidValue for an unknown kind; what a rule returns is checked too.
    """
    name, accepted = _accepted("register_rule", primitive, rule)
    with _LOCK:
        _LAYERS[0][name] = accepted


def rules(given: Mapping[Any, PrimitiveRule | None]) -> AbstractContextManager[None]:
    """Give primitives a count for a `with` block: rules as `ocj.register_rule` takes them, by primitive.

    >>> import jax.numpy as jnp
    >>> from opcount.sources import jax as ocj
    >>> with ocj.rules({"tanh": {"exp": 1, "add": 2, "div": 1}}):
    ...     ocj.measure(jnp.tanh, jnp.ones(3)).counts
    Counts({'div': 3, 'add': 6, 'exp': 3})

    An inner block takes precedence over an outer one, and both over registered rules; None stands for the count that
    opcount has. Raises InvalidType and InvalidValue as `ocj.register_rule` does.
    """
    if not isinstance(given, Mapping):
        raise InvalidType(f"rules: give a mapping from primitive to rule, not {given!r}")
    return _block(dict(_accepted("rules", primitive, rule) for primitive, rule in given.items()))


@contextmanager
def _block(layer: dict[str, PrimitiveRule | None]) -> Iterator[None]:
    with _LOCK:
        _LAYERS.append(layer)
    try:
        yield
    finally:
        with _LOCK:
            del _LAYERS[max(index for index, each in enumerate(_LAYERS) if each is layer)]


def _accepted(door: str, primitive: object, rule: PrimitiveRule | None) -> tuple[str, PrimitiveRule | None]:
    name = getattr(primitive, "name", primitive)
    if not isinstance(name, str) or not name:
        raise InvalidType(f'{door}: give the name of a primitive of JAX\'s, as "sort", not {primitive!r}')
    if isinstance(rule, Mapping):
        return name, checked(rule, name)
    if rule is not None and not callable(rule):
        raise InvalidType(f"{door}: the rule must be a function or a mapping from kind to number, not {rule!r}")
    return name, rule


def rule_of_user(name: str) -> PrimitiveRule | None:
    """The rule that a user gave to a primitive, if any."""
    return next((layer[name] for layer in reversed(_LAYERS.copy()) if name in layer), None)


def counts_by(rule: PrimitiveRule, name: str, call: Call) -> OpCounts:
    """What a call executes by a user's rule, checked."""
    if isinstance(rule, Mapping):
        return multiple(call.results[0].size if call.results else 1, rule)
    return checked(rule(*(operand.shaped for operand in call.operands), **call.params), name)
