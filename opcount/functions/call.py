"""A NumPy function of wrapped values: count it by the table, execute it on the plain values, wrap the result.

What has no exact count does not run: `let_out` raises, or records the exit.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Any

import numpy as np

from opcount.counting.errors import InvalidValue, OpcountError, Uncounted
from opcount.counting.meters import let_out, meter, note_text
from opcount.counting.symbolic import decides_a_power, is_symbolic, known, like_of
from opcount.functions.compositions import COMPOSITIONS, SEEING_RULES
from opcount.functions.numpy_rules import (
    DESCRIBING,
    EMPTY,
    FREE,
    INDEXES,
    NEW_TRUTHS,
    NO_COUNT,
    POSITIONS,
    REFUSED,
    RULES,
    STRANGE,
    TRUTHS,
    USERS,
    NoRule,
    OpCounts,
    asks_for_complex,
    expanded,
    is_complex,
    is_truth,
    name_of,
    ufunc_counts,
    users_counts,
)
from opcount.wrapping.foreign import is_container, let_out_beside, once_more, stranger
from opcount.wrapping.operands import Operands, holds_wrapped, opened
from opcount.wrapping.spec import WRITES, Spec, no_values
from opcount.wrapping.spec import call as call_on_specs
from opcount.wrapping.wrapped import Wrapped, boxed, is_wrapped_array


def call_ufunc(
    ufunc: np.ufunc,
    method: str,
    inputs: tuple[Any, ...],
    keywords: Mapping[str, Any],
    execute: Callable[..., Any] | None = None,
) -> Any:
    """A ufunc, or one of its methods, with a wrapped value among its operands; `execute` gives its plain value."""
    execute = execute or getattr(ufunc, method)
    outputs = keywords.get("out", ())
    outputs = outputs if isinstance(outputs, tuple) else ()  # out=... asks for an array where a number would come
    operands = Operands()
    plain = list(map(operands.take, inputs))
    inside = bool(operands.wrapped)  # else it is plain data that is computed, and only written into a wrapped array
    plain_keywords = operands.take_all(keywords)
    name = name_of(ufunc) if method == "__call__" else f"{name_of(ufunc)}.{method}"
    into_objects = any(type(output) is np.ndarray and output.dtype == object for output in outputs)
    if _is_of_objects(ufunc):
        return execute(*map(boxed, opened(inputs)), **opened(keywords))
    found = stranger(inputs)
    if found is None and keywords:
        found = stranger(keywords.values(), of_call=True)
    if found is None:  # of numbers, beside an array
        found = next((value for value in inputs if is_container(type(value))), None)
    if found is not None:
        let_out_beside(name, found, inputs)
        return once_more(execute(*plain, **plain_keywords), operands.hold)
    if any(map(is_symbolic, plain)):
        if ufunc is np.power and decides_a_power(plain[-1]):
            raise InvalidValue(f"what a power to {plain[-1]} executes depends on the size: use a number for it")
        plain = list(map(like_of, plain))
    if operands.objects or into_objects:
        if method == "at":
            _let_out(operands, name, f"{name} of objects into an array of numbers is not counted: use oc.unwrap(x)")
            return execute(*plain, **plain_keywords)
        if not outputs:
            result = execute(*opened(inputs), **opened(keywords))
            return operands.hold_objects(result)
        execute(*opened(inputs), **(opened(keywords) | {"out": tuple(map(_target, outputs))}))
        return outputs if len(outputs) > 1 else outputs[0]
    written = inputs[:1] if method == "at" else outputs
    if not all(output is None or is_wrapped_array(output) for output in written):
        _let_out_into_plain(name, written, operands)
    _refuse_spec_masks(name, plain_keywords)

    def counts() -> OpCounts:
        if not inside:
            return {}
        if ufunc in USERS:
            return users_counts(ufunc, method, plain, plain_keywords)
        constant = ufunc is np.power and method in ("__call__", "outer", "at") and _is_plain_integer(inputs[-1])
        numbers = ufunc_counts(ufunc, method, *plain, constant_power=constant, **plain_keywords)
        if numbers and operands.has_spec and all(map(_is_truth_without_value, operands.wrapped)):
            raise no_values(f"{name} of a single truth value, which is a plain one,")
        return numbers

    def finished(result: Any) -> Any:
        if not outputs:
            return operands.hold(result)
        results = result if isinstance(result, tuple) else (result,)
        given = tuple(operands.hold(new) if old is None else old for old, new in zip(outputs, results, strict=True))
        return given if isinstance(result, tuple) else given[0]

    return _executed(name, counts, lambda: execute(*plain, **plain_keywords), operands, finished)


def call_function(function: Any, args: tuple[Any, ...], keywords: Mapping[str, Any], owner: Any = None) -> Any:
    """A function that dispatches through `__array_function__`, with a wrapped value among its arguments.

    `owner` is whom NumPy asked.
    """
    operands = Operands(owner)
    plain = [operands.take(value) for value in args]
    plain_keywords = operands.take_all(keywords)
    name = name_of(function)
    short = name.rpartition(".")[2]
    if (found := stranger((*args, *keywords.values()), of_call=True)) is not None:
        let_out_beside(name, found, operands.wrapped)
        return once_more(function(*plain, **plain_keywords), operands.hold)
    if operands.objects:
        if short in WRITES:
            args = (_target(args[0]), *args[1:])
        if "out" in keywords:
            keywords = {**keywords, "out": _target(keywords["out"])}
        result = getattr(function, "_implementation", function)(*opened(args), **opened(keywords))
        return operands.hold_objects(result)
    if short in INDEXES:
        _refuse_wrapped_indexes(_argument(function, INDEXES[short], args, keywords))
    output = _given(function, "out", args, keywords)
    written = args[0] if short in WRITES else output
    if written is not None and not is_wrapped_array(written):
        _let_out_into_plain(name, (written,), operands)
    if function not in FREE:
        _refuse_spec_masks(name, plain_keywords)
    if function in COMPOSITIONS and function not in USERS:
        try:
            return COMPOSITIONS[function](*args, **keywords)
        except NoRule as reason:
            _let_out(operands, name, f"{name}: {reason}")
            return operands.hold(function(*plain, **plain_keywords))

    def counts() -> OpCounts:
        dtype = _given(function, "dtype", args, keywords) if written is None else getattr(written, "dtype", None)
        if dtype is not None and np.dtype(dtype).char == "?" and short not in TRUTHS and short != "astype":
            _refuse_new_truths(short, args, keywords)
        if (output is not None or "where" in keywords) and not _computes_wrapped(function, args, keywords):
            return {}
        if function in SEEING_RULES and function not in USERS:
            return SEEING_RULES[function](*args, **keywords)
        return _function_counts(function, plain, plain_keywords)

    def moved(result: Any) -> None:
        if (function in FREE or function is np.pad) and function not in USERS and _is_of_truths(result):
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
        return result if places or short in DESCRIBING else operands.hold(result)

    execute = partial(function, *plain, **plain_keywords)
    if operands.has_spec:  # in whatever argument: not NumPy decides which ones are asked
        execute = partial(call_on_specs, function, plain, plain_keywords)
    return _executed(name, counts, execute, operands, finished, moved)


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
    if function in USERS:
        return users_counts(function, "__call__", args, keywords)
    if function in FREE:
        return {}
    if function not in RULES:
        reason = REFUSED.get(function)
        raise NoRule(f"{reason}, so {NO_COUNT}" if reason else NO_COUNT)
    numbers = RULES[function](*args, **keywords)
    complex_ = any(map(is_complex, (*args, *keywords.values()))) or asks_for_complex(keywords)
    return expanded(numbers) if complex_ else numbers


def _executed(
    name: str,
    counts: Callable[[], OpCounts],
    execute: Callable[[], Any],
    operands: Operands,
    finished: Callable[[Any], Any],
    check: Callable[[Any], None] = lambda result: None,
) -> Any:
    """The finished result, counted, once `check` has nothing against it; or let out or refused."""
    try:
        numbers = counts()
    except NoRule as reason:
        _let_out(operands, name, f"{name}: {reason}")
        return finished(execute())
    except OpcountError:
        raise
    except Exception:
        result = execute()  # wrong arguments: NumPy says what is wrong with them
        _let_out(operands, name, f"{name}: {STRANGE}")
        return finished(result)
    current = meter()
    current.charge(numbers)  # before it is executed: what a budget does not allow does not happen
    try:
        result = execute()
        check(result)
        return finished(result)
    except BaseException as error:
        current.refund(numbers)  # what raised counted nothing
        if not isinstance(error, NoRule):
            raise
        _let_out(operands, name, f"{name}: {error}")
        return finished(result)


def _is_truth_without_value(value: Any) -> bool:
    return is_truth(value._plain()) and not value._plain().ndim


def _let_out(operands: Operands, door: str, advice: str) -> None:
    """Let the operands out, or refuse to; a spec has nothing to let out."""
    if operands.has_spec:
        raise Uncounted(advice)
    let_out(door, operands.size, advice)


def _refuse_spec_masks(name: str, keywords: Mapping[str, Any]) -> None:
    if type(keywords.get("where")) is Spec:
        raise no_values(f"where= of {name}")


def _let_out_into_plain(name: str, written: Iterable[Any], operands: Operands) -> None:
    advice = (
        f"{name} would write wrapped values into a plain array: let it make a new array (a = a + x, not a += x), "
        "or make the array a wrapped one, with np.zeros_like(x) or oc.wrap(a)"
    )
    plain = [output for output in written if output is not None and not is_wrapped_array(output)]
    if operands.has_spec:
        raise Uncounted(advice)
    let_out(f"{name} into a plain array", sum(map(np.size, plain)), advice)


@cache
def _is_of_objects(ufunc: np.ufunc) -> bool:
    """Whether it works on objects alone, as np.frompyfunc makes one: a Python function, which counts by itself."""
    return bool(ufunc.types) and all(set(loop) <= set("O->") for loop in ufunc.types)


def _target(written: Any) -> Any:
    """What an object is written into: the plain array, for NumPy to refuse it, since it holds no objects."""
    return written._plain() if is_wrapped_array(written) else written


def _is_plain_integer(exponent: Any) -> bool:
    return not isinstance(exponent, Wrapped) and np.asarray(exponent).dtype.kind in "biu"


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
