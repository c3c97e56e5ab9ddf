"""Counts that users give to NumPy's functions: they go before everything else."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np

from opcount.counting.errors import InvalidType, InvalidValue
from opcount.counting.kinds import KINDS
from opcount.counting.names import instead
from opcount.functions.applications import APPLICATIONS
from opcount.functions.op_counts import NoRule, OpCounts, Rule, multiple, name_of

user_rules: Final[dict[Any, Rule | OpCounts]] = {}
"""What users have registered."""


def register_rule(function: Callable[..., Any], rule: Rule | OpCounts | None) -> None:
    """Give a NumPy function or a ufunc a count: for one that has none, or instead of the one it has.

    >>> import numpy as np, opcount as oc
    >>> def fft(a, *_, **__):  # radix 2: n/2 log2 n butterflies
    ...     butterflies = a.size // 2 * (a.shape[-1].bit_length() - 1)
    ...     return {"mul": 4 * butterflies, "add": 3 * butterflies, "sub": 3 * butterflies}
    >>> oc.register_rule(np.fft.fft, fft)
    >>> oc.measure(np.fft.fft, np.ones(8)).counts
    Counts({'mul': 48, 'add': 36, 'sub': 36})
    >>> oc.register_rule(np.fft.fft, None)

    `rule` takes the arguments of the call, unwrapped, and gives a mapping from kind to
    number: what the call executes. For a ufunc it may be the mapping itself, counted for
    each element: `oc.register_rule(scipy.special.erf, {"exp": 1})`. None forgets what was
    registered. Raises InvalidType for what is no function or no rule, InvalidValue for an
    unknown kind. What a rule gives is checked at every call: a number that is negative or
    no integer raises as well.
    """
    if not callable(function):
        raise InvalidType(f"register_rule: {function!r} is no function")
    if rule is None:
        user_rules.pop(function, None)
    elif isinstance(rule, Mapping):
        if not isinstance(function, np.ufunc):
            raise InvalidType(
                "register_rule: counts for each element are for a ufunc; give other functions a rule, "
                "a function that takes the arguments of a call and gives its counts"
            )
        user_rules[function] = checked(rule, function)
    elif callable(rule):
        user_rules[function] = rule
    else:
        raise InvalidType(f"register_rule: the rule must be a function or a mapping from kind to number, not {rule!r}")


def users_counts(function: Any, method: str, args: Iterable[Any], keywords: Mapping[str, Any]) -> OpCounts:
    """What a call executes by the rule that a user registered for the function."""
    rule = user_rules[function]
    if callable(rule):
        if method != "__call__":
            raise NoRule(f"the rule that was registered is for a plain call, not for {method}")
        return checked(rule(*args, **keywords), function)
    return multiple(APPLICATIONS[method](*args, **keywords), rule)


def checked(numbers: Any, function: Any) -> dict[str, int]:
    """The counts that a user's rule gave; raises InvalidType or InvalidValue, naming the function."""
    name = f"the rule of {name_of(function)}"
    if not isinstance(numbers, Mapping):
        raise InvalidType(f"{name} must give a mapping from kind to number, not {numbers!r}")
    if unknown := numbers.keys() - set(KINDS):
        raise InvalidValue(
            f"{name} gives what is no kind: {', '.join(sorted(map(str, unknown)))}; "
            f"{instead(unknown, KINDS, 'the kinds', 'oc.KINDS')}"
        )
    found = {}
    for kind, number in numbers.items():
        try:
            found[kind] = operator.index(number)
        except TypeError:
            raise InvalidType(f"{name} gives {number!r} for {kind}, which is no integer") from None
        if found[kind] < 0 or isinstance(number, bool):
            raise InvalidValue(f"{name} gives {number!r} for {kind}; a count is an integer from 0 on")
    return found
