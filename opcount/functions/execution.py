"""A call that is counted, executed on plain values and finished; or let out, or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from opcount.counting.errors import BudgetExceeded, OpcountError, Uncounted
from opcount.counting.meters import let_out, meter
from opcount.counting.tally import attempt
from opcount.functions.op_counts import STRANGE, NoRule, OpCounts
from opcount.functions.rows import Executed
from opcount.wrapping.operands import Operands, unwrapped
from opcount.wrapping.spec import Spec, no_values
from opcount.wrapping.wrapped import is_wrapped_array


def executed(
    name: str,
    counts: Callable[[], OpCounts],
    execute: Callable[[], Any],
    operands: Operands,
    finished: Callable[[Any], Any],
    check: Callable[[Any], None] = lambda result: None,
) -> Any:
    """Execute and count a call, once `check` raises nothing, and finish its result; or let it out, or refuse it."""
    try:
        charged = counts()
    except NoRule as reason:
        let_out_operands(operands, name, f"{name}: {reason}")
        return finished(execute())
    except OpcountError:
        raise
    except Exception:
        result = execute()  # wrong arguments: NumPy says what is wrong with them
        let_out_operands(operands, name, f"{name}: {STRANGE}")
        return finished(result)
    current = meter()
    current.charge(charged)  # before it is executed: what a budget does not allow does not happen
    try:
        result = execute()
        check(result)
        return finished(result)
    except BaseException as error:
        current.refund(charged)  # what raised counted nothing
        if not isinstance(error, NoRule):
            raise
        let_out_operands(operands, name, f"{name}: {error}")
        return finished(result)


def let_out_operands(operands: Operands, door: str, advice: str) -> None:
    """Let the operands out, or refuse to; a spec has nothing to let out."""
    if operands.has_spec:
        raise Uncounted(advice)
    let_out(door, operands.size, advice)


def refuse_spec_masks(name: str, keywords: Mapping[str, Any]) -> None:
    if type(keywords.get("where")) is Spec:
        raise no_values(f"where= of {name}")


def let_out_into_plain(name: str, written: Iterable[Any], operands: Operands) -> None:
    advice = (
        f"{name} would write wrapped values into a plain array: let it make a new array (a = a + x, not a += x), "
        "or make the array a wrapped one, with np.zeros_like(x) or oc.wrap(a)"
    )
    plain = [output for output in written if output is not None and not is_wrapped_array(output)]
    if operands.has_spec:
        raise Uncounted(advice)
    let_out(f"{name} into a plain array", sum(map(np.size, plain)), advice)


def target(written: Any) -> Any:
    """The plain array as a target for an object, so that NumPy refuses it."""
    return written._plain() if is_wrapped_array(written) else written


@cache
def in_operations(function: Callable[..., Any], executed: Executed) -> Callable[..., Any]:
    """A function that is executed in operations that count themselves; if it raises, none of them counts.

    Wrong arguments raise what NumPy raises.
    """
    if executed.at_once:
        return executed.body

    def all_or_nothing(*args: object, **keywords: object) -> Any:
        with attempt() as inside:
            try:
                return executed.body(*args, **keywords)
            except BudgetExceeded:
                raise
            except Exception as error:
                if inside is not None:
                    meter().take_back(inside)
                wrong = error
        raise _refusal(wrong, function, args, keywords)

    return all_or_nothing


def _refusal(
    error: Exception, function: Callable[..., Any], args: Sequence[Any], keywords: Mapping[str, Any]
) -> Exception:
    """The error that a call raises: NumPy's own, if NumPy has one for these arguments."""
    if isinstance(error, (NoRule, OpcountError)):
        return error
    function(*unwrapped(args), **unwrapped(keywords))
    return NoRule(STRANGE)
