"""Operators on lists of tensors: one call for each of them; and the optimizers that PyTorch executes as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from opcount.functions.op_counts import NoRule, OpCounts, multiple, summed
from opcount.sources.torch import elementwise, reductions
from opcount.sources.torch.rows import Bound, Row, parsed, reduced

_EACH: Final = """
abs acos asin atan ceil cos cosh erf erfc exp expm1 floor frac lgamma log log10 log1p log2 neg reciprocal round rsqrt
sigmoid sign sin sinh sqrt tan tanh trunc
"""

_PAIRS: Final = {
    "add": "add.Tensor", "sub": "sub.Tensor", "mul": "mul.Tensor", "div": "div.Tensor", "clamp_max": "clamp_max",
    "clamp_min": "clamp_min", "maximum": "clamp_min", "minimum": "clamp_max", "pow": "pow.Tensor_Scalar",
}  # fmt: skip
"""Operators of two operands, and the row of one element of the lists."""

_MIXED: Final = {"addcmul": "addcmul", "addcdiv": "addcdiv"}


def _listed(row: Row, names: Mapping[str, str]) -> Row:
    """The row of each tensor of a list: its arguments by the names of the lists, a number for all or one for each.

    A tensor counts if it or another operand of its own depends on what is counted.
    """

    def rule(a: Bound) -> OpCounts:
        found: list[OpCounts] = []
        for index, tensor in enumerate(a["self"]):
            own = {name: _own(a[given], index) for name, given in names.items() if given in a}
            if any(a["dependent"](value) for value in (tensor, *own.values())):
                found.append(row.rule({**a, **own, "self": tensor}))
        return summed({}, *found)

    return Row(rule)


def _own(value: Any, index: int) -> Any:
    """What of an argument belongs to one tensor of the lists: a tensor of numbers has one for each."""
    return value[index] if isinstance(value, (list, tuple)) or getattr(value, "ndim", None) else value


def _norms(a: Bound) -> OpCounts:
    return summed({}, *(reductions.norm(each, a["ord"]) for each in a["self"] if a["dependent"](each)))


def _largest(a: Bound) -> OpCounts:
    return summed({}, *({"maximum": reduced(each).joins} for each in a["self"] if a["dependent"](each)))


# --- optimizers, by the steps of their kernels on one number


_Formula = Callable[[Bound, int], dict[str, int]]
"""What one number counts, of the parameter of an index."""


def _optimizer(formula: _Formula) -> Row:
    """A formula for each number of a parameter that depends, or whose gradient does."""

    def rule(a: Bound) -> OpCounts:
        if a.get("found_inf") is not None or a.get("grad_scale") is not None:
            raise NoRule("with a scaled gradient it has no count here: unscale the gradients first")
        pairs = enumerate(zip(a["self"], a["grads"], strict=True))
        return summed({}, *(multiple(parameter.numel(), formula(a, index)) for index, (parameter, gradient) in pairs
                            if a["dependent"](parameter) or a["dependent"](gradient)))  # fmt: skip

    return Row(rule)


def _adam(decoupled: bool) -> _Formula:
    """m + (1 - b) (g - m), c v + (1 - c) g g, and the step of m over sqrt(v) / k + eps (Kingma and Ba, 2015).

    Weight decay is added to the gradient, or, decoupled, taken from the parameter first (Loshchilov and Hutter, 2019).
    """

    def formula(a: Bound, index: int) -> dict[str, int]:
        weights = "" if not a["weight_decay"] else "mul" if decoupled else "mul add"
        options = f"{weights} {'neg' if a['maximize'] else ''} {'maximum' if a['amsgrad'] else ''}"
        mean = "sub mul add" if 1 - a["beta1"] < 0.5 else "2sub mul"
        square = (
            "3mul add" if a["dependent"](a["exp_avg_sqs"][index]) else "2mul add"
        )  # at first it is zeros, which are data
        return parsed(f"{options} {mean} {square} sqrt div add div mul add")

    return formula


def _sgd(a: Bound, _: int) -> dict[str, int]:
    """The gradient, with decay and momentum, times the rate, added to the parameter."""
    found = "mul add" if a["weight_decay"] else ""
    if a["momentum"] and not a["is_first_step"]:
        found += " 2mul add" if a["dampening"] else " mul add"
    if a["momentum"] and a["nesterov"]:
        found += " mul add"
    return parsed(f"{found} {'neg' if a['maximize'] else ''} mul add")


ROWS: Final[dict[str, Row]] = {
    **{f"_foreach_{name}": _listed(elementwise.ROWS[name], {}) for name in _EACH.split()},
    **{f"_foreach_{name}.{which}": _listed(elementwise.ROWS[row], {"other": given, "exponent": given, "min": given,
                                                                   "max": given})
       for name, row in _PAIRS.items()
       for which, given in (("List", "exponent" if name == "pow" else "other"),
                            ("Scalar", "exponent" if name == "pow" else "scalar"),
                            ("ScalarList", "exponent" if name == "pow" else "scalars"), ("Tensor", "other"))
       if which != "Tensor" or name in ("add", "mul", "div")},
    **{f"_foreach_{name}.{which}": _listed(elementwise.ROWS[row], {"tensor1": "tensor1", "tensor2": "tensor2",
                                                                   "value": given})
       for name, row in _MIXED.items()
       for which, given in (("Scalar", "value"), ("ScalarList", "scalars"), ("Tensor", "scalars"))},
    **{f"_foreach_lerp.{which}": _listed(elementwise.ROWS["lerp.Tensor"], {"end": "tensors1", "weight": given})
       for which, given in (("List", "weights"), ("Scalar", "weight"), ("ScalarList", "weight"))},
    "_foreach_norm.Scalar": Row(_norms),
    "_foreach_max": Row(_largest),
    **dict.fromkeys(("_fused_sgd_", "_fused_sgd_.tensor_lr"), _optimizer(_sgd)),
    **dict.fromkeys(("_fused_adam_", "_fused_adam_.tensor_lr"), _optimizer(_adam(False))),
    **dict.fromkeys(("_fused_adamw_", "_fused_adamw_.tensor_lr"), _optimizer(_adam(True))),
}  # fmt: skip
