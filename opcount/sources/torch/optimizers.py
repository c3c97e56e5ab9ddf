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
""".split()

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
    """What of an argument belongs to one tensor of the lists."""
    if isinstance(value, (list, tuple)):
        return value[index]
    return value[index] if getattr(value, "ndim", 0) == 1 else value


def _norms(a: Bound) -> OpCounts:
    return summed({}, *(reductions.norm(each, a["ord"]) for each in a["self"] if a["dependent"](each)))


def _largest(a: Bound) -> OpCounts:
    return summed({}, *({"maximum": reduced(each).joins} for each in a["self"] if a["dependent"](each)))


# --- optimizers, by the steps of their kernels on one number


def _optimizer(formula: Callable[[Bound], dict[str, int]], fixed: Callable[[Bound], dict[str, int]]) -> Row:
    """A formula for each number of each parameter whose gradient depends, or which does itself."""

    def rule(a: Bound) -> OpCounts:
        if a.get("found_inf") is not None or a.get("grad_scale") is not None:
            raise NoRule("with a scaled gradient it has no count here: unscale the gradients first")
        found: list[OpCounts] = []
        for parameter, gradient in zip(a["self"], a["grads"], strict=True):
            if a["dependent"](parameter) or a["dependent"](gradient):
                found.append(multiple(parameter.numel(), formula(a)))
        return summed(fixed(a) if found else {}, *found)

    return Row(rule)


def _nothing(_: Bound) -> dict[str, int]:
    return {}


def _adam(decoupled: bool) -> Callable[[Bound], dict[str, int]]:
    """m and v as running means of the gradient and of its square, and the step lr m / (sqrt(v) / c + eps)."""

    def formula(a: Bound) -> dict[str, int]:
        decay = {} if a["weight_decay"] == 0 else parsed("2mul sub" if False else "mul sub" if decoupled else "mul add")
        mean = parsed("sub mul add")  # m + (1 - beta1) (g - m)
        square = parsed("3mul add")  # beta2 v + (1 - beta2) g g
        largest = {"maximum": 1} if a["amsgrad"] else {}
        step = parsed("sqrt div add mul div sub")
        return dict(summed(decay, {"neg": int(a["maximize"])}, mean, square, largest, step))

    return formula


def _sgd(a: Bound) -> dict[str, int]:
    """The gradient, with decay and momentum, times the rate, taken from the parameter."""
    decay = {} if a["weight_decay"] == 0 else parsed("mul add")
    momentum: dict[str, int] = {}
    if a["momentum"]:
        momentum = {} if a["is_first_step"] else parsed("2mul add" if a["dampening"] else "mul add")
        if a["nesterov"]:
            momentum = dict(summed(momentum, parsed("mul add")))
    return dict(summed(decay, {"neg": int(a["maximize"])}, momentum, parsed("mul sub")))


ROWS: Final[dict[str, Row]] = {
    **{f"_foreach_{name}": _listed(elementwise.ROWS[name], {}) for name in _EACH},
    **{f"_foreach_{name}.{which}": _listed(elementwise.ROWS[row], {"other": given, "exponent": given, "min": given,
                                                                   "max": given})
       for name, row in _PAIRS.items()
       for which, given in (("List", "exponent" if name == "pow" else "other"),
                            ("Scalar", "exponent" if name == "pow" else "scalar"),
                            ("ScalarList", "exponent" if name == "pow" else "scalars"), ("Tensor", "other"))},
    **{f"_foreach_{name}.{which}": _listed(elementwise.ROWS[row], {"tensor1": "tensor1", "tensor2": "tensor2",
                                                                   "value": given})
       for name, row in _MIXED.items()
       for which, given in (("Scalar", "value"), ("ScalarList", "scalars"), ("Tensor", "scalars"))},
    **{f"_foreach_lerp.{which}": _listed(elementwise.ROWS["lerp.Tensor"], {"end": "tensors1", "weight": given})
       for which, given in (("List", "weights"), ("Scalar", "weight"), ("ScalarList", "weight"))},
    "_foreach_norm.Scalar": Row(_norms),
    "_foreach_max": Row(_largest),
    **dict.fromkeys(("_fused_sgd_", "_fused_sgd_.tensor_lr"), _optimizer(_sgd, _nothing)),
    **dict.fromkeys(("_fused_adam_", "_fused_adam_.tensor_lr"), _optimizer(_adam(False), _nothing)),
    **dict.fromkeys(("_fused_adamw_", "_fused_adamw_.tensor_lr"), _optimizer(_adam(True), _nothing)),
}  # fmt: skip
