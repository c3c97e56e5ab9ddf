"""NumPy's ufuncs of wrapped values: the operations that one element costs, and a call of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Final

import numpy as np

from opcount.counting.errors import InvalidValue
from opcount.counting.symbolic import decides_a_power, is_symbolic, like_of
from opcount.functions.applications import APPLICATIONS, alone_by_ufunc, integer_powers
from opcount.functions.execution import executed, let_out_into_plain, let_out_operands, refuse_spec_masks, target
from opcount.functions.op_counts import (
    NO_COUNT,
    NoRule,
    OpCounts,
    asks_for_complex,
    expanded,
    is_complex,
    is_truth,
    multiple,
    name_of,
    no_truths,
    summed,
)
from opcount.functions.products import PRODUCTS
from opcount.functions.sparse import is_sparse_product, sparse_product
from opcount.functions.user_rules import user_rules, users_counts
from opcount.wrapping.foreign import is_container, let_out_beside, once_more, stranger
from opcount.wrapping.operands import Operands, opened
from opcount.wrapping.operations import kinds_of
from opcount.wrapping.spec import no_values
from opcount.wrapping.wrapped import Wrapped, boxed, is_wrapped_array

_LOGICAL: Final = frozenset({np.logical_and, np.logical_or, np.logical_xor})

_COMPLEX_UFUNCS: Final[dict[np.ufunc, OpCounts]] = {np.conjugate: {"neg": 1}, np.absolute: {"hypot": 1}}


_INTO_NUMBERS: Final = " of objects into an array of numbers is not counted: use oc.unwrap(x)"


def ufunc_counts(ufunc: np.ufunc, method: str, *inputs: Any, constant_power: bool = False, **keywords: Any) -> OpCounts:
    """What a call of a ufunc, or of one of its methods, executes on these plain operands."""
    operands = [inputs[0], *inputs[2:]] if method in ("at", "reduceat") else inputs
    if _is_logic(ufunc, method, operands, keywords):
        return {}
    if "d" * ufunc.nin + "->?" not in ufunc.types:
        outputs = inputs[:1] if method == "at" else keywords.get("out", ())
        for dtype in (keywords.get("dtype"), *(output.dtype for output in outputs if hasattr(output, "dtype"))):
            no_truths(dtype, *operands)
        if "?" in _signature(keywords):
            no_truths(bool, *operands)
    complex_ = any(map(is_complex, operands)) or asks_for_complex(keywords)
    if ufunc in PRODUCTS:
        numbers = PRODUCTS[ufunc](*inputs, **keywords)
        return expanded(numbers) if complex_ else numbers
    if constant_power and not complex_:  # of a wrapped base and plain integer exponents
        return integer_powers(method, *inputs, **keywords)
    if constant_power:
        raise NoRule("a complex power has no exact count: write the products")
    kinds = kinds_of(ufunc)
    if kinds is None:
        raise NoRule(NO_COUNT)
    applied = APPLICATIONS[method](*inputs, **keywords)
    if complex_ and ufunc in _COMPLEX_UFUNCS:
        return multiple(applied, _COMPLEX_UFUNCS[ufunc])
    numbers = multiple(applied, kinds)
    if ufunc in _LOGICAL and not all(map(is_truth, operands)):
        numbers = summed(numbers, {"ne": alone_by_ufunc(method, *inputs, **keywords)})
    return expanded(numbers) if complex_ else numbers


def _is_logic(ufunc: np.ufunc, method: str, operands: Iterable[Any], keywords: Mapping[str, Any]) -> bool:
    """Whether a call goes from truth values to truth values, which is control flow, and free."""
    if not all(map(is_truth, operands)) or keywords.get("dtype") not in (None, bool, np.bool_, np.dtype(bool)):
        return False
    counts_truths = ufunc in (np.add, np.multiply) and method in ("reduce", "accumulate", "reduceat")
    return "?" * ufunc.nin + "->?" in ufunc.types and not counts_truths


def _signature(keywords: Mapping[str, Any]) -> str:
    """The characters of the dtypes that a call of a ufunc asks for, if any."""
    given = keywords.get("signature", keywords.get("sig", ()))
    if isinstance(given, str):
        return given
    return "".join(np.dtype(dtype).char for dtype in given if dtype is not None)


def call_ufunc(
    ufunc: np.ufunc,
    method: str,
    inputs: tuple[Any, ...],
    keywords: Mapping[str, Any],
    execute: Callable[..., Any] | None = None,
) -> Any:
    """Call a ufunc, or a method of one, with a wrapped value among its operands; `execute` gives the plain value."""
    execute = execute or getattr(ufunc, method)
    outputs = out if isinstance(out := keywords.get("out"), tuple) else ()  # out=... asks for an array, not a number
    operands = Operands()
    plain = list(map(operands.take, inputs))
    inside = bool(operands.wrapped)  # else it is plain data that is computed, and only written into a wrapped array
    plain_keywords = operands.take_all(keywords)
    name = name_of(ufunc) if method == "__call__" else f"{name_of(ufunc)}.{method}"
    into_objects = any(type(output) is np.ndarray and output.dtype == object for output in outputs)
    if _is_of_objects(ufunc):
        return execute(*map(boxed, opened(inputs)), **opened(keywords))
    if (found := _outsider(inputs, keywords)) is not None:
        if is_sparse_product(ufunc, method, inputs, keywords):
            return sparse_product(*inputs)
        let_out_beside(name, found, inputs)
        return once_more(execute(*plain, **plain_keywords), operands.hold)
    if any(map(is_symbolic, plain)):
        if ufunc is np.power and decides_a_power(plain[-1]):
            raise InvalidValue(f"what a power to {plain[-1]} executes depends on the size: use a number for it")
        plain = list(map(like_of, plain))
    if operands.objects or into_objects:
        if method == "at":
            let_out_operands(operands, name, f"{name}{_INTO_NUMBERS}")
            return execute(*plain, **plain_keywords)
        if not outputs:
            result = execute(*opened(inputs), **opened(keywords))
            return operands.hold_objects(result)
        execute(*opened(inputs), **(opened(keywords) | {"out": tuple(map(target, outputs))}))
        return outputs if len(outputs) > 1 else outputs[0]
    written = inputs[:1] if method == "at" else outputs
    if not all(output is None or is_wrapped_array(output) for output in written):
        let_out_into_plain(name, written, operands)
    refuse_spec_masks(name, plain_keywords)

    def counts() -> OpCounts:
        if not inside:
            return {}
        if ufunc in user_rules:
            return users_counts(ufunc, method, plain, plain_keywords)
        constant = ufunc is np.power and method in ("__call__", "outer", "at") and _is_plain_integer(inputs[-1])
        numbers = ufunc_counts(ufunc, method, *plain, constant_power=constant, **plain_keywords)
        if numbers and operands.has_spec and all(map(_is_truth_without_value, operands.wrapped)):
            raise no_values(f"{name} of a single truth value, which is a plain one,")
        return numbers

    def finished(result: object) -> Any:
        if not outputs:
            return operands.hold(result)
        results = result if isinstance(result, tuple) else (result,)
        given = tuple(operands.hold(new) if old is None else old for old, new in zip(outputs, results, strict=True))
        return given if isinstance(result, tuple) else given[0]

    return executed(name, counts, lambda: execute(*plain, **plain_keywords), operands, finished)


def _outsider(inputs: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
    """The first object among the arguments that is not let in, or that holds numbers, beside an array; or None."""
    found = stranger(inputs)
    if found is None and keywords:
        found = stranger(keywords.values(), of_call=True)
    if found is None:
        found = next((value for value in inputs if is_container(type(value))), None)
    return found


def _is_truth_without_value(value: Any) -> bool:
    return is_truth(value._plain()) and not value._plain().ndim


@cache
def _is_of_objects(ufunc: np.ufunc) -> bool:
    """Whether a ufunc works on objects alone, as from np.frompyfunc: a Python function, which counts by itself."""
    return bool(ufunc.types) and all(set(loop) <= set("O->") for loop in ufunc.types)


def _is_plain_integer(exponent: object) -> bool:
    return not isinstance(exponent, Wrapped) and np.asarray(exponent).dtype.kind in "biu"
