"""A NumPy function of wrapped values: count it by the table, execute it on the plain values, wrap the result.

What has no exact count does not run: `let_out` raises, or records the exit.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

import numpy as np

from opcount.counting.meters import note_text
from opcount.counting.symbolic import known
from opcount.functions.compositions import COMPOSITIONS, SEEING_RULES
from opcount.functions.execution import executed, let_out_into_plain, let_out_operands, refuse_spec_masks, target
from opcount.functions.numpy_rules import DESCRIBING, EMPTY, FREE, INDEXES, POSITIONS, REFUSED, RULES, TRUTHS
from opcount.functions.op_counts import (
    NEW_TRUTHS,
    NO_COUNT,
    NoRule,
    OpCounts,
    asks_for_complex,
    expanded,
    is_complex,
    is_truth,
    name_of,
)
from opcount.functions.user_rules import user_rules, users_counts
from opcount.wrapping.foreign import let_out_beside, once_more, stranger
from opcount.wrapping.operands import Operands, holds_wrapped, opened
from opcount.wrapping.spec import WRITES, Spec
from opcount.wrapping.spec import call as call_on_specs
from opcount.wrapping.wrapped import HOLDERS, is_wrapped_array, wrapped


def call_function(function: Any, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
    """A function that dispatches through `__array_function__`, with a wrapped value among its arguments."""
    operands = Operands()
    plain = [operands.take(value) for value in args]
    plain_keywords = operands.take_all(keywords)
    name = name_of(function)
    short = name.rpartition(".")[2]
    if (found := stranger((*args, *keywords.values()), of_call=True)) is not None:
        let_out_beside(name, found, operands.wrapped)
        return once_more(function(*plain, **plain_keywords))
    if operands.objects:
        if short in WRITES:
            args = (target(args[0]), *args[1:])
        if "out" in keywords:
            keywords = {**keywords, "out": target(keywords["out"])}
        result = getattr(function, "_implementation", function)(*opened(args), **opened(keywords))
        return HOLDERS["numbers"](result) if operands.holds_nodes else result
    if short in INDEXES:
        _refuse_wrapped_indexes(_argument(function, INDEXES[short], args, keywords))
    output = _given(function, "out", args, keywords)
    written = args[0] if short in WRITES else output
    if written is not None and not is_wrapped_array(written):
        let_out_into_plain(name, (written,), operands)
    if function not in FREE:
        refuse_spec_masks(name, plain_keywords)
    if function in COMPOSITIONS and function not in user_rules:
        try:
            return COMPOSITIONS[function](*args, **keywords)
        except NoRule as reason:
            let_out_operands(operands, name, f"{name}: {reason}")
            return wrapped(function(*plain, **plain_keywords))

    def counts() -> OpCounts:
        dtype = _given(function, "dtype", args, keywords) if written is None else getattr(written, "dtype", None)
        if dtype is not None and np.dtype(dtype).char == "?" and short not in TRUTHS and short != "astype":
            _refuse_new_truths(short, args, keywords)
        if (output is not None or "where" in keywords) and not _computes_wrapped(function, args, keywords):
            return {}
        if function in SEEING_RULES and function not in user_rules:
            return SEEING_RULES[function](*args, **keywords)
        return _function_counts(function, plain, plain_keywords)

    def moved(result: Any) -> None:
        if (function in FREE or function is np.pad) and function not in user_rules and _is_of_truths(result):
            _refuse_new_truths(short, args, keywords)

    def finished(result: Any) -> Any:
        if output is not None:
            return output
        for value in operands.wrapped:
            if isinstance(result, (np.ndarray, Spec)) and value._plain() is result:  # the argument itself
                return value
        if isinstance(result, str):
            note_text(operands.size)
        places = short in POSITIONS or (function is np.where and len(args) + len(keywords) == 1)
        if short in ("shape", "size") and operands.has_spec:
            return tuple(map(known, result)) if isinstance(result, tuple) else known(result)
        return result if places or short in DESCRIBING else wrapped(result)

    execute = partial(function, *plain, **plain_keywords)
    if operands.has_spec:  # in whatever argument: not NumPy decides which ones are asked
        execute = partial(call_on_specs, function, plain, plain_keywords)
    return executed(name, counts, execute, operands, finished, moved)


def _computes_wrapped(function: Any, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> bool:
    """Whether a wrapped value is among the operands, and not only where the result of plain data goes to."""
    place = _place_of(function, "out")
    given = [value for at, value in enumerate(args) if at != place]
    return holds_wrapped([*given, *(value for key, value in keywords.items() if key not in ("out", "where"))])


def _is_of_truths(result: Any) -> bool:
    """Whether it is an array of truth values, or several arrays with one among them."""
    if isinstance(result, (list, tuple)):
        return any(map(_is_of_truths, result))
    return getattr(getattr(result, "dtype", None), "char", "") == "?"


def _refuse_new_truths(short: str, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> None:
    """Raise NoRule where numbers are among the wrapped values that go into an array of truth values."""
    entering = Operands()
    entering.take([value for place, value in enumerate(args) if place != EMPTY.get(short)])
    entering.take([value for key, value in keywords.items() if key != "like"])
    if not all(map(is_truth, entering.wrapped)):
        raise NoRule(NEW_TRUTHS)


def _function_counts(function: Any, args: list[Any], keywords: Mapping[str, Any]) -> OpCounts:
    if function in user_rules:
        return users_counts(function, "__call__", args, keywords)
    if function in FREE:
        return {}
    if function not in RULES:
        reason = REFUSED.get(function)
        raise NoRule(f"{reason}, so {NO_COUNT}" if reason else NO_COUNT)
    numbers = RULES[function](*args, **keywords)
    complex_ = any(map(is_complex, (*args, *keywords.values()))) or asks_for_complex(keywords)
    return expanded(numbers) if complex_ else numbers


def _refuse_wrapped_indexes(indexes: Any) -> None:
    operands = Operands()
    operands.take(indexes)
    for value in operands.wrapped:
        if not is_truth(value):
            value._let_out(
                "array index", "a wrapped value cannot be an index or a size: use the plain one, oc.unwrap(x)"
            )


def _argument(function: Any, place: int, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
    names = _parameters(function)
    return args[place] if len(args) > place else keywords.get(names[place]) if len(names) > place else None


def _given(function: Any, name: str, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
    """The argument of that name, however it is given; None where it is not."""
    place = _place_of(function, name)
    return args[place] if place is not None and len(args) > place else keywords.get(name)


def without_output(function: Any, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
    """The array that a call is to write its result into, None for a new one, and its arguments without that."""
    place = _place_of(function, "out")
    if place is not None and len(args) > place:
        return args[place], (*args[:place], None, *args[place + 1 :]), keywords
    return keywords.get("out"), args, {name: value for name, value in keywords.items() if name != "out"}


@cache
def _place_of(function: Any, name: str) -> int | None:
    names = _parameters(function)
    return names.index(name) if name in names else None


@cache
def _parameters(function: Any) -> list[str]:
    """The names of the parameters that can be given by their place."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # NumPy before 2.4 has functions without a signature
        return {"dot": ["a", "b", "out"], "concatenate": ["arrays", "axis", "out"]}.get(function.__name__, [])
    return [parameter.name for parameter in parameters if parameter.kind <= parameter.POSITIONAL_OR_KEYWORD]
