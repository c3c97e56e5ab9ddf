"""Which operators count: all rows by overload, and the rules that users register."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import torch

from opcount.counting.errors import InvalidType
from opcount.functions.op_counts import OpCounts
from opcount.functions.user_rules import checked
from opcount.sources.torch import elementwise, fused, moving, optimizers, products, reductions, windows
from opcount.sources.torch.rows import Row, by_overload

ROWS: Final[dict[Any, Row]] = by_overload({
    **moving.ROWS, **elementwise.ROWS, **reductions.ROWS, **products.ROWS, **windows.ROWS, **fused.ROWS,
    **optimizers.ROWS,
})  # fmt: skip
"""The row of each overload that has one."""

Rule = Callable[..., OpCounts]

_USERS: Final[dict[Any, Rule]] = {}
_LOCK: Final = threading.Lock()


def register_rule(operator: Any, rule: Rule | None) -> None:
    """Give an operator of PyTorch's, or one of your own, a count, if it has none, or in place of the one it has.

    >>> import torch, opcount as oc
    >>> from opcount.sources import torch as octo
    >>> def transform(x, *_):    # 5 n log2 n, by convention
    ...     n = x.shape[-1]
    ...     return {"mul": 2 * x.numel() * (n.bit_length() - 1), "add": 3 * x.numel() * (n.bit_length() - 1)}
    >>> octo.register_rule(torch.ops.aten._fft_r2c, transform)
    >>> octo.measure(torch.fft.rfft, torch.ones(8)).counts.to_dict()
    {'mul': 48, 'add': 72}
    >>> octo.register_rule(torch.ops.aten._fft_r2c, None)

    `operator` is an overload, as `torch.ops.aten.add.Tensor`, or a packet of them, as `torch.ops.aten.add`, which
    stands for all its overloads; an operator's own rule goes before that of its packet. `rule` takes the arguments of a
    call, and returns what the call executes, as a mapping from kind to count. All results then depend on what is
    counted. None removes what was registered. Raises InvalidType if `operator` is no operator or `rule` no function;
    what a rule returns is checked at every call.
    """
    if not isinstance(operator, (torch._ops.OpOverload, torch._ops.OpOverloadPacket)):
        raise InvalidType(f"register_rule: give an operator, as torch.ops.aten.add.Tensor, not {operator!r}")
    if rule is not None and not callable(rule):
        raise InvalidType(f"register_rule: the rule must be a function of the arguments of a call, not {rule!r}")
    with _LOCK:
        if rule is None:
            _USERS.pop(operator, None)
        else:
            _USERS[operator] = rule


def users_rule(operator: Any) -> Rule | None:
    if not _USERS:
        return None
    return _USERS.get(operator) or _USERS.get(operator.overloadpacket)


def counts_by(rule: Rule, operator: Any, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> dict[str, int]:
    """What a user's rule gives for a call, checked."""
    return checked(rule(*args, **keywords), operator)


@cache
def is_composed(operator: Any) -> bool:
    """Whether PyTorch executes an operator in others, so that these count."""
    name = operator._schema.name
    name = f"{name}.{operator._schema.overload_name}" if operator._schema.overload_name else name
    has = torch._C._dispatch_has_kernel_for_dispatch_key
    return bool(has(name, "CompositeImplicitAutograd")) and not has(name, "CPU")
