"""A NumPy function of wrapped values: count it by its row, execute it on the plain values, wrap the result.

What has no exact count does not run: `let_out` raises, or records the exit.
"""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, Final

import numpy as np

from opcount.counting.meters import meter, note_text
from opcount.counting.symbolic import is_symbolic, known
from opcount.functions.at_once import charged
from opcount.functions.execution import (
    executed,
    in_operations,
    let_out_into_plain,
    let_out_operands,
    refuse_spec_masks,
    target,
)
from opcount.functions.op_counts import (
    BY_CONVENTION,
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
from opcount.functions.rows import (
    CONVENTIONAL,
    DESCRIPTION,
    POSITIONS,
    TRUTHS,
    VALUES,
    Executed,
    Free,
    Refused,
    Seeing,
)
from opcount.functions.table import on_specs, row_of
from opcount.functions.user_rules import user_rules, users_counts
from opcount.wrapping.foreign import let_out_beside, once_more, stranger
from opcount.wrapping.operands import Operands, opened
from opcount.wrapping.spec import Spec
from opcount.wrapping.wrapped import is_wrapped_array


def call_function(
    function: Callable[..., Any], args: tuple[Any, ...], keywords: Mapping[str, Any], owner: object = None
) -> Any:
    """Call a function that dispatches through `__array_function__`, with a wrapped value among its arguments.

    `owner` is whom NumPy asked.
    """
    result = _on_plain_arrays(function, args, keywords, owner)
    if result is not NotImplemented:
        return result
    call = Call(function, args, keywords, owner)
    if (found := stranger((*args, *keywords.values()), of_call=True)) is not None:
        let_out_beside(call.name, found, call.operands.wrapped)
        return once_more(function(*call.plain, **call.plain_keywords), call.operands.hold)
    if call.operands.objects:
        return call.of_objects()
    call.refuse_wrapped_indexes()
    call.refuse_plain_targets()
    if type(call.row.counts) is not Free:
        refuse_spec_masks(call.name, call.plain_keywords)
    if type(call.row.counts) is Executed and function not in user_rules:
        return call.in_operations(call.row.counts)
    execute = partial(function, *call.plain, **call.plain_keywords)
    if call.operands.has_spec:  # in whatever argument: not NumPy decides which ones are asked
        execute = partial(on_specs, function, call.plain, call.plain_keywords)
    return executed(call.name, call.counts, execute, call.operands, call.finished, call.refuse_moved_truths)


def _on_plain_arrays(
    function: Callable[..., Any], args: tuple[Any, ...], keywords: Mapping[str, Any], owner: Any
) -> Any:
    """The result of a call on arrays of real numbers and plain numbers, as most are; NotImplemented for any other."""
    row = row_of(function, len(args) + len(keywords))
    if row.gives is not VALUES or row.writes is not None or row.indexes is not None or function in user_rules:
        return NotImplemented
    plain: list[Any] = []
    holding: list[Any] = []
    for index, value in enumerate(args):
        if type(value) is type(owner):
            holding.append(index)
            value = value._plain()
            if type(value) is not np.ndarray or value.dtype.kind not in "biuf":
                return NotImplemented
        elif type(value) not in _ATOMS and not _is_plain(value):
            return NotImplemented
        plain.append(value)
    if not holding or _index_of(function, "out") in holding:
        return NotImplemented
    if keywords and not all(map(_is_plain, keywords.values())):
        return NotImplemented
    rule: Any = row.counts
    try:
        if type(rule) is Executed:
            counts = None
            if rule.usual is not None and meter().at_once and not user_rules:  # nobody would count part of it
                counts = rule.usual(*plain, **keywords)
            if counts is None:
                return in_operations(function, rule)(*args, **keywords)
        elif type(rule) is Seeing:
            names = _parameters(function)
            counts = rule.rule({names[at] if at < len(names) else at for at in holding}, *plain, **keywords)
        elif callable(rule):
            counts = rule(*plain, **keywords)
        else:
            return NotImplemented
    except NoRule:
        return NotImplemented
    except Exception:  # the general way says what is wrong with the arguments
        if type(rule) is Executed:
            raise
        return NotImplemented
    result = charged(counts, partial(function, **keywords) if keywords else function, *plain)
    if type(result) is np.ndarray:
        for index in holding:
            if plain[index] is result:  # the argument itself
                return args[index]
    return owner._hold(result)


def _is_plain(value: object) -> bool:
    return type(value) in _ATOMS or (type(value) is tuple and all(type(item) is int for item in value))


_ATOMS: Final = frozenset({int, float, bool, type(None), type(np._NoValue)})


class Call:
    """A call of a function, with its row, the plain values of the arguments, and which of them hold wrapped ones."""

    __slots__ = (
        "args", "function", "holding", "keywords", "name", "operands", "output", "plain", "plain_keywords", "row",
        "written",
    )  # fmt: skip

    def __init__(
        self, function: Callable[..., Any], args: tuple[Any, ...], keywords: Mapping[str, Any], owner: Any = None
    ) -> None:
        self.function, self.args, self.keywords = function, args, keywords
        self.name = name_of(function)
        self.row = row_of(function, len(args) + len(keywords))
        self.operands = Operands(owner)
        self.holding: list[Any] = []  # where wrapped values stand: an index, or the name of a keyword
        self.plain: list[Any] = []
        take, found = self.operands.take, self.operands.wrapped
        for index, value in enumerate(args):
            before = len(found)
            self.plain.append(take(value))
            if len(found) > before:
                self.holding.append(index)
        self.plain_keywords = {}
        for name, value in keywords.items():
            before = len(found)
            self.plain_keywords[name] = take(value)
            if len(found) > before:
                self.holding.append(name)
        self.output = self.given("out")
        self.written = self.output if self.row.writes is None else self.argument(self.row.writes)

    # its arguments

    def argument(self, index: int) -> Any:
        """The argument at an index, even if it is given by name; None if it is not given."""
        if len(self.args) > index:
            return self.args[index]
        names = _parameters(self.function)
        return self.keywords.get(names[index]) if len(names) > index else None

    def given(self, name: str) -> Any:
        """The argument of this name, however it is given; None if it is not given."""
        index = _index_of(self.function, name)
        return self.args[index] if index is not None and len(self.args) > index else self.keywords.get(name)

    def wrapped_names(self) -> set[Any]:
        """The names of the arguments that hold wrapped values, or the index of one without a name."""
        names = _parameters(self.function)
        return {names[at] if type(at) is int and at < len(names) else at for at in self.holding}

    # what is refused

    def refuse_wrapped_indexes(self) -> None:
        if self.row.indexes is None:
            return
        indexes = Operands()
        indexes.take(self.argument(self.row.indexes))
        for value in indexes.wrapped:
            if not is_truth(value):
                value._let_out(
                    "array index", "a wrapped value cannot be an index or a size: use the plain one, oc.unwrap(x)"
                )

    def refuse_plain_targets(self) -> None:
        if self.written is not None and not is_wrapped_array(self.written):
            let_out_into_plain(self.name, (self.written,), self.operands)

    def refuse_new_truths(self) -> None:
        """Raise NoRule if wrapped numbers would go into an array of truth values."""
        entering = Operands()
        entering.take([value for index, value in enumerate(self.args) if index != self.row.like])
        entering.take([value for name, value in self.keywords.items() if name != "like"])
        if not all(map(is_truth, entering.wrapped)):
            raise NoRule(NEW_TRUTHS)

    def refuse_moved_truths(self, result: object) -> None:
        if type(self.row.counts) is Free and self.function not in user_rules and _is_of_truths(result):
            self.refuse_new_truths()

    # its counts

    def counts(self) -> OpCounts:
        dtype = self.given("dtype") if self.written is None else getattr(self.written, "dtype", None)
        if dtype is not None and np.dtype(dtype).char == "?" and self.row.gives is not TRUTHS:
            self.refuse_new_truths()
        if (self.output is not None or "where" in self.keywords) and not self._computes_wrapped():
            return {}
        if self.function in user_rules:
            return users_counts(self.function, "__call__", self.plain, self.plain_keywords)
        return self._by_row()

    def _computes_wrapped(self) -> bool:
        """Whether a wrapped value is among the operands, and not only the target of a result from plain data."""
        return bool({*self.holding} - {_index_of(self.function, "out"), "out", "where"})

    def _by_row(self) -> OpCounts:
        rule = self.row.counts
        if callable(rule):
            counts = rule(*self.plain, **self.plain_keywords)
            complex_ = any(map(is_complex, (*self.plain, *self.plain_keywords.values())))
            return expanded(counts) if complex_ or asks_for_complex(self.plain_keywords) else counts
        if isinstance(rule, Free):
            return rule.check(*self.plain, **self.plain_keywords) if rule.check else {}
        if isinstance(rule, Seeing):
            return rule.rule(self.wrapped_names(), *self.plain, **self.plain_keywords)
        reason = rule.reason if isinstance(rule, Refused) else ""
        advice = BY_CONVENTION if reason in CONVENTIONAL else NO_COUNT
        raise NoRule(f"{reason}, so {advice}" if reason else advice)

    # its result

    def in_operations(self, counts: Executed) -> Any:
        """The result of a function that is executed in operations that count themselves."""
        try:
            return in_operations(self.function, counts)(*self.args, **self.keywords)
        except NoRule as reason:
            let_out_operands(self.operands, self.name, f"{self.name}: {reason}")
            return self.operands.hold(self.function(*self.plain, **self.plain_keywords))

    def of_objects(self) -> Any:
        """The result of NumPy's loops for objects, in which each operation counts when it is executed."""
        args, keywords = self.args, self.keywords
        if self.row.writes is not None:
            args = (target(args[0]), *args[1:])
        if "out" in keywords:
            keywords = {**keywords, "out": target(keywords["out"])}
        result = getattr(self.function, "_implementation", self.function)(*opened(args), **opened(keywords))
        return self.operands.hold_objects(result)

    def finished(self, result: object) -> Any:
        if self.output is not None:
            return self.output
        for value in self.operands.wrapped:
            if isinstance(result, (np.ndarray, Spec)) and value._plain() is result:  # the argument itself
                return value
        if isinstance(result, str):
            note_text(self.operands.size)
        if self.row.gives is DESCRIPTION:
            return _known(result) if self.operands.has_spec else result
        return result if self.row.gives is POSITIONS else self.operands.hold(result)


def _known(told: object) -> Any:
    """A description of a spec, with sizes as a user's program sees them."""
    if type(told) is tuple:
        return tuple(map(_known, told))
    return known(told) if is_symbolic(told) or isinstance(told, numbers.Integral) else told


def _is_of_truths(result: object) -> bool:
    """Whether a result is an array of truth values, or has one among its arrays."""
    if isinstance(result, (list, tuple)):
        return any(map(_is_of_truths, result))
    return getattr(getattr(result, "dtype", None), "char", "") == "?"


def without_output(function: Callable[..., Any], args: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
    """The array that a call is to write its result into, None for a new one, and its arguments without that."""
    index = _index_of(function, "out")
    if index is not None and len(args) > index:
        return args[index], (*args[:index], None, *args[index + 1 :]), keywords
    return keywords.get("out"), args, {name: value for name, value in keywords.items() if name != "out"}


@cache
def _index_of(function: Callable[..., Any], name: str) -> int | None:
    names = _parameters(function)
    return names.index(name) if name in names else None


@cache
def _parameters(function: Callable[..., Any]) -> list[str]:
    """The names of the parameters that can be given by their index."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # NumPy before 2.4 has functions without a signature
        return {"dot": ["a", "b", "out"], "concatenate": ["arrays", "axis", "out"]}.get(function.__name__, [])
    return [parameter.name for parameter in parameters if parameter.kind <= parameter.POSITIONAL_OR_KEYWORD]
