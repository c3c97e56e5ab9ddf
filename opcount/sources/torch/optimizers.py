"""Operators on lists of tensors: one call for each of them; and the optimizers that PyTorch executes as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from opcount.functions.op_counts import NoRule, OpCounts, multiple, summed
from opcount.sources.torch import elementwise, reductions
from opcount.sources.torch.rows import Bound, Row, free, parsed, reduced

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

    return Row(rule, _that_count)


def _that_count(a: Bound) -> tuple[int, ...]:
    """Which of the tensors of the lists count: those that depend themselves, or on an operand of their own."""
    operands = [value for name, value in a.items() if name not in ("dependent", "padded")]
    own = [[value[i : i + 1] if isinstance(value, (list, tuple)) else value for value in operands]
           for i in range(len(a["self"]))]  # fmt: skip
    return tuple(index for index, values in enumerate(own) if a["dependent"](values))


def _own(value: Any, index: int) -> Any:
    """What of an argument belongs to one tensor of the lists: a tensor of numbers has one for each."""
    return value[index] if isinstance(value, (list, tuple)) or getattr(value, "ndim", None) else value


def _norms(a: Bound) -> OpCounts:
    return summed({}, *(reductions.norm(each, a["ord"]) for each in a["self"] if a["dependent"](each)))


def _largest(a: Bound) -> OpCounts:
    return summed({}, *({"maximum": reduced(each).joins} for each in a["self"] if a["dependent"](each)))


# --- optimizers, by the steps of their kernels on one number


class _Steps:
    """The steps on one number: each counts if one of its operands does, and so does what it gives."""

    def __init__(self) -> None:
        self.counts: OpCounts = {}

    def __call__(self, formula: str, *operands: bool) -> bool:
        counts = any(operands)
        if counts:
            self.counts = summed(self.counts, parsed(formula))
        return counts


_Kernel = Callable[[Bound, int, _Steps], dict[str, bool]]
"""The steps for the parameter of an index; which of the lists that are written into count after it."""


def _optimizer(kernel: _Kernel) -> Row:
    """The steps of a kernel for each number of each parameter."""

    def steps(a: Bound) -> list[tuple[OpCounts, dict[str, bool]]]:
        if a.get("found_inf") is not None or a.get("grad_scale") is not None:
            raise NoRule("with a scaled gradient it has no count here: unscale the gradients first")
        found: list[tuple[OpCounts, dict[str, bool]]] = []
        for index, parameter in enumerate(a["self"]):
            step = _Steps()
            after = kernel(a, index, step)
            found.append((multiple(parameter.numel(), step.counts), after))
        return found

    def rule(a: Bound) -> OpCounts:
        return summed({}, *(counts for counts, _ in steps(a)))

    def gives(a: Bound) -> dict[str, tuple[int, ...]]:
        found = [after for _, after in steps(a)]
        return {name: tuple(index for index, after in enumerate(found) if after.get(name)) for name in a}

    return Row(rule, gives)


def _adam(decoupled: bool) -> _Kernel:
    """m + (1 - b) (g - m), c v + (1 - c) g g, and the step of m over sqrt(v) / k + eps (Kingma and Ba, 2015).

    Weight decay is added to the gradient, or, decoupled, taken from the parameter first (Loshchilov and Hutter, 2019).
    """

    def kernel(a: Bound, index: int, step: _Steps) -> dict[str, bool]:
        parameter, gradient, mean, square = _counting(a, index, "self", "grads", "exp_avgs", "exp_avg_sqs")
        gradient = step("neg" if a["maximize"] else "", gradient)
        if a["weight_decay"] and decoupled:
            parameter = step("mul", parameter)
        elif a["weight_decay"]:
            gradient = step("add", gradient, step("mul", parameter))
        mean = step("sub mul add" if 1 - a["beta1"] < 0.5 else "2sub mul", mean, gradient)
        square = step("add", step("mul", square), step("2mul", gradient))
        largest = square
        if a["amsgrad"]:
            largest = step("maximum", square, *_counting(a, index, "max_exp_avg_sqs"))
        size = step("sqrt div add", largest)
        parameter = step("add", parameter, step("div mul", mean, size))
        (given,) = _counting(a, index, "grads")
        after = {"self": parameter, "grads": given, "exp_avgs": mean, "exp_avg_sqs": square}
        return {**after, "max_exp_avg_sqs": largest} if a["amsgrad"] else after

    return kernel


def _sgd(a: Bound, index: int, step: _Steps) -> dict[str, bool]:
    """The gradient, with decay and momentum, times the rate, added to the parameter."""
    parameter, given, momentum = _counting(a, index, "self", "grads", "momentum_buffer_list")
    gradient = step("neg" if a["maximize"] else "", given)
    if a["weight_decay"]:
        gradient = step("add", gradient, step("mul", parameter))
    if a["momentum"]:
        if a["is_first_step"]:
            momentum = gradient
        else:
            scaled = step("mul" if a["dampening"] else "", gradient)
            momentum = step("add", step("mul", momentum), scaled)
        gradient = step("add", gradient, step("mul", momentum)) if a["nesterov"] else momentum
    parameter = step("add", parameter, step("mul", gradient))
    return {"self": parameter, "momentum_buffer_list": momentum, "grads": given}


def _counting(a: Bound, index: int, *names: str) -> list[bool]:
    """Which of the tensors of a parameter count, by the names of their lists; where a list is empty there is none."""
    return [bool(a["dependent"](a[name][index : index + 1])) for name in names]


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
    "_foreach_norm.Scalar": Row(_norms, _that_count),
    "_foreach_max": Row(_largest, _that_count),
    **dict.fromkeys(("_foreach_clone", "_foreach_copy", "_foreach_copy_", "_foreach_zero", "_foreach_zero_"),
                    Row(free, _that_count)),
    **dict.fromkeys(("_fused_sgd_", "_fused_sgd_.tensor_lr"), _optimizer(_sgd)),
    **dict.fromkeys(("_fused_adam_", "_fused_adam_.tensor_lr"), _optimizer(_adam(False))),
    **dict.fromkeys(("_fused_adamw_", "_fused_adamw_.tensor_lr"), _optimizer(_adam(True))),
}  # fmt: skip
