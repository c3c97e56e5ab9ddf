"""Counts that users give to NumPy's functions: they take precedence over everything else."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import numpy as np

from opcount.counting.errors import InvalidType, InvalidValue
from opcount.counting.kinds import KINDS
from opcount.counting.names import instead
from opcount.functions.applications import APPLICATIONS
from opcount.functions.op_counts import NoRule, OpCounts, Rule, multiple, name_of
from opcount.wrapping.operations import BY_UFUNC, count_by

user_rules: Final[dict[Any, Rule | OpCounts]] = {}
"""The rules in force, by function."""

_LAYERS: Final[list[dict[Any, Rule | OpCounts | None]]] = [{}]
"""The registered rules, then those of each open block; the last layer that names a function has its rule."""

_LOCK: Final = threading.Lock()


def register_rule(function: Callable[..., Any], rule: Rule | OpCounts | None) -> None:
    """Give a NumPy function or a ufunc a count, if it has none, or in place of the one it has.

    >>> import numpy as np, opcount as oc
    >>> def fft(a, *_, **__):  # radix 2: n/2 log2 n butterflies
    ...     butterflies = a.size // 2 * (a.shape[-1].bit_length() - 1)
    ...     return {"mul": 4 * butterflies, "add": 3 * butterflies, "sub": 3 * butterflies}
    >>> oc.register_rule(np.fft.fft, fft)
    >>> oc.measure(np.fft.fft, np.ones(8)).counts
    Counts({'mul': 48, 'add': 36, 'sub': 36})
    >>> oc.register_rule(np.fft.fft, None)

    `rule` takes the arguments of the call, unwrapped, and returns what the call executes, as a
    mapping from kind to count. For a ufunc it may be the mapping itself, counted for each
    element: `oc.register_rule(scipy.special.erf, {"exp": 1})`. None removes what was registered.
    A rule holds for every way to call the function, methods of arrays included, and in every
    thread; `oc.rules` is for one block. Raises InvalidType if `function` is not a function or
    `rule` not a rule, InvalidValue for an unknown kind. What a rule returns is checked at every
    call: a count that is negative or not an integer raises these errors as well.
    """
    accepted = _accepted("register_rule", function, rule)
    with _LOCK:
        _LAYERS[0][function] = accepted
        _put_in_force([function])


def rules(given: Mapping[Callable[..., Any], Rule | OpCounts | None]) -> AbstractContextManager[None]:
    """Give functions a count for a `with` block: rules as `register_rule` takes them, by function.

    >>> import numpy as np, opcount as oc
    >>> with oc.rules({np.sort: lambda a, *_, **__: {"lt": a.size * (a.size - 1) // 2}}):
    ...     oc.measure(np.sort, np.ones(4)).counts
    Counts({'lt': 6})

    However the block is left, the rules that were in force before are so again. An inner block
    takes precedence over an outer one, and both over registered rules; None stands for the count
    that opcount has. Like registered rules, these hold in every thread, while the block is open.
    Raises InvalidType and InvalidValue as `register_rule` does, with none of the rules in force.
    """
    if not isinstance(given, Mapping):
        raise InvalidType(f"rules: give a mapping from function to rule, not {given!r}")
    return _block({function: _accepted("rules", function, rule) for function, rule in given.items()})


@contextmanager
def _block(layer: dict[Any, Rule | OpCounts | None]) -> Iterator[None]:
    with _LOCK:
        _LAYERS.append(layer)
        _put_in_force(layer)
    try:
        yield
    finally:
        with _LOCK:
            del _LAYERS[max(index for index, each in enumerate(_LAYERS) if each is layer)]
            _put_in_force(layer)


def _put_in_force(functions: Iterable[Any]) -> None:
    for function in functions:
        rule = next((layer[function] for layer in reversed(_LAYERS) if function in layer), None)
        if rule is None:
            user_rules.pop(function, None)
        else:
            user_rules[function] = rule
        count_by(function, rule)  # an operation's row has it, for whoever executes it


def _accepted(door: str, function: Callable[..., Any], rule: Rule | OpCounts | None) -> Rule | OpCounts | None:
    """The rule, if it is one for this function; raises InvalidType or InvalidValue if not."""
    if not callable(function):
        raise InvalidType(f"{door}: {function!r} is no function")
    if isinstance(rule, Mapping):
        if not isinstance(function, np.ufunc):
            raise InvalidType(
                f"{door}: counts for each element are for a ufunc; give other functions a rule, "
                "a function that takes the arguments of a call and gives its counts"
            )
        return checked(rule, function)
    if rule is not None and not callable(rule):
        raise InvalidType(f"{door}: the rule must be a function or a mapping from kind to number, not {rule!r}")
    return rule


def users_counts(function: object, method: str, args: Iterable[Any], keywords: Mapping[str, Any]) -> OpCounts:
    """The counts of a call by the rule that a user gave to the function, or that its row has."""
    rule = user_rules[function] if function in user_rules else BY_UFUNC[function].rule  # type: ignore[index]
    if callable(rule):
        if method != "__call__":
            raise NoRule(f"the rule that was registered is for a plain call, not for {method}")
        return checked(rule(*args, **keywords), function)
    return multiple(APPLICATIONS[method](*args, **keywords), rule)


def checked(given: object, function: object) -> dict[str, int]:
    """The counts that a user's rule returned, checked; raises InvalidType or InvalidValue, naming the function."""
    name = f"the rule of {name_of(function)}"
    if not isinstance(given, Mapping):
        raise InvalidType(f"{name} must give a mapping from kind to number, not {given!r}")
    if unknown := given.keys() - set(KINDS):
        raise InvalidValue(
            f"{name} gives what is no kind: {', '.join(sorted(map(str, unknown)))}; "
            f"{instead(unknown, KINDS, 'the kinds', 'oc.KINDS')}"
        )
    found = {}
    for kind, count in given.items():
        try:
            found[kind] = operator.index(count)
        except TypeError:
            raise InvalidType(f"{name} gives {count!r} for {kind}, which is no integer") from None
        if found[kind] < 0 or isinstance(count, bool):
            raise InvalidValue(f"{name} gives {count!r} for {kind}; a count is an integer from 0 on")
    return found
