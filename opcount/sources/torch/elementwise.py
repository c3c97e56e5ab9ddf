"""Operators of each element: what one element counts.

A formula is that of the operator's kernel on one number. Where a kernel chooses between two values, both are computed,
and choosing is free, as with np.where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import torch

from opcount.functions.op_counts import NoRule, OpCounts, integer_power, multiple, summed
from opcount.sources.torch.rows import Bound, Row, is_truth, parsed, shape_of, size_of, values_needed
from opcount.wrapping.operations import OPERATIONS

_UNARY: Final = """
abs: abs, acos: arccos, acosh: arccosh, asin: arcsin, asinh: arcsinh, atan: arctan, atanh: arctanh, ceil: ceil,
cos: cos, cosh: cosh, deg2rad: mul, digamma: digamma, erf: erf, erfc: erfc, erfinv: erfinv, exp: exp,
exp2: exp2, expm1: expm1, floor: floor, i0: i0, isinf: isinf, isnan: isnan, lgamma: gammaln, log: log,
log10: log10, log1p: log1p, log2: log2,
logical_not: logical_not, neg: neg, rad2deg: mul, reciprocal: div, round: round, rsqrt: sqrt div,
sigmoid: neg exp add div, sign: sign, sgn: sign, signbit: signbit, sin: sin, sinh: sinh, sqrt: sqrt,
tan: tan, tanh: tanh,
trunc: trunc, bitwise_not: invert, frac: trunc sub, isposinf: eq, isneginf: eq, sinc: mul ne sin div,
special_bessel_j0: j0, special_bessel_j1: j1, special_bessel_y0: y0, special_bessel_y1: y1, special_entr: neg mul log,
special_erfcx: erfcx, special_i0e: i0e, special_i1: i1, special_i1e: i1e, special_log_ndtr: log_ndtr,
special_modified_bessel_i0: i0, special_modified_bessel_i1: i1, special_modified_bessel_k0: k0,
special_modified_bessel_k1: k1, special_ndtri: ndtri, special_scaled_modified_bessel_k0: k0e,
special_scaled_modified_bessel_k1: k1e,
relu: maximum, silu: neg exp add div, hardswish: add maximum minimum mul div, hardsigmoid: add maximum minimum div,
mish: exp log1p tanh mul, log_sigmoid_forward: minimum abs neg exp log1p sub
"""
"""Of one operand: the operator, whose overload is `default`, and its formula."""

_BINARY: Final = """
eq: eq, ne: ne, lt: lt, le: le, gt: gt, ge: ge, fmod: fmod, bitwise_and: bitwise_and, bitwise_or: bitwise_or,
bitwise_xor: bitwise_xor, copysign: copysign, __lshift__: left_shift, __rshift__: right_shift
"""
"""Of two operands, the second of them a tensor or a number: overloads `Tensor` and `Scalar`."""

_PLAIN: Final = """
atan2: arctan2, fmax: fmax, fmin: fmin, gcd: gcd, lcm: lcm, heaviside: heaviside, hypot: hypot, igamma: gammainc,
igammac: gammaincc, logaddexp: logaddexp, logaddexp2: logaddexp2, logical_and: logical_and, logical_or: logical_or,
logical_xor: logical_xor, maximum: maximum, minimum: minimum, nextafter: nextafter,
clamp_max: minimum, clamp_max.Tensor: minimum, clamp_min: maximum, clamp_min.Tensor: maximum,
mul.Tensor: mul, mul.Scalar: mul, floor_divide: floordiv, floor_divide.Scalar: floordiv,
ldexp.Tensor: ldexp, remainder.Tensor: mod, remainder.Scalar: mod, remainder.Scalar_Tensor: mod,
bitwise_and.Scalar_Tensor: bitwise_and, bitwise_or.Scalar_Tensor: bitwise_or, bitwise_xor.Scalar_Tensor: bitwise_xor,
bitwise_left_shift.Tensor: left_shift, bitwise_left_shift.Tensor_Scalar: left_shift,
bitwise_left_shift.Scalar_Tensor: left_shift, bitwise_right_shift.Tensor: right_shift,
bitwise_right_shift.Tensor_Scalar: right_shift, bitwise_right_shift.Scalar_Tensor: right_shift,
xlogy.Tensor: mul log, xlogy.Scalar_Self: mul log, xlogy.Scalar_Other: mul,
special_xlog1py: mul log1p, special_xlog1py.other_scalar: mul, special_xlog1py.self_scalar: mul log1p,
special_zeta: zeta, special_zeta.other_scalar: zeta, special_zeta.self_scalar: zeta,
_prelu_kernel: gt mul, leaky_relu: gt mul, threshold: le, hardshrink: ge le, softshrink: gt lt sub add,
softplus: 2mul exp log1p div gt,
complex: , polar: 2mul sin cos
"""
"""Others, by exact name: each element of the operands together counts the formula."""

_BACKWARD: Final = """
sigmoid_backward: sub 2mul, tanh_backward: 2mul sub, threshold_backward: le,
hardtanh_backward: le ge, hardsigmoid_backward: gt lt mul, hardshrink_backward: ge le, softshrink_backward: ge le,
leaky_relu_backward: gt mul, _prelu_kernel_backward: gt 2mul,
silu_backward: neg exp add div sub 3mul add, mish_backward: 2exp neg 2add div log1p tanh 4mul sub,
softplus_backward: 2mul exp gt add div, log_sigmoid_backward: lt add div sub 2mul,
hardswish_backward: le lt div add mul, logit_backward: sub mul div lt gt
"""
"""Of backward passes, by exact name; one element of the gradient counts the formula."""


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for item in text.replace("\n", " ").split(","):
        name, _, formula = item.strip().partition(":")
        if name:
            yield name, formula.strip()


def _is_logic(kinds: dict[str, int]) -> bool:
    """Whether a formula is one operation that takes truth values to a truth value, which is control flow there."""
    if len(kinds) != 1:
        return False
    operation = OPERATIONS.get(*kinds)
    ufunc = operation.ufunc if operation is not None else None
    return ufunc is not None and "?" * ufunc.nin + "->?" in ufunc.types and ufunc.__name__ not in ("multiply", "add")


def each(formula: str, *names: str) -> Row:
    """A row that counts a formula for each element of the operands together, or of those that are named."""
    kinds = parsed(formula)
    logic = _is_logic(kinds)

    def rule(a: Bound) -> OpCounts:
        operands = [a[name] for name in names] if names else list(a.values())
        if logic and all(map(is_truth, _numbers(operands))):
            return {}
        return multiple(size_of(*operands), kinds)

    return Row(rule)


def _numbers(operands: list[Any]) -> list[Any]:
    """The operands that are tensors or numbers; options among them, such as names, are neither."""
    return [value for value in operands if isinstance(value, (torch.Tensor, bool, int, float, complex))]


def is_one(number: object) -> bool:
    """Whether a factor is left at its default, 1, by which nothing is multiplied."""
    return not isinstance(number, torch.Tensor) and number == 1


def _scaled(kind: str) -> Row:
    """`self + alpha * other`, and its like."""

    def rule(a: Bound) -> OpCounts:
        size = size_of(a["self"], a["other"])
        scales = not is_one(a.get("alpha", 1)) and a["dependent"](a["other"])
        return {kind: size, "mul": size_of(a["other"]) if scales else 0}

    return Row(rule)


def _rsub(a: Bound) -> OpCounts:
    scales = not is_one(a.get("alpha", 1)) and a["dependent"](a["self"])
    return {"sub": size_of(a["self"], a["other"]), "mul": size_of(a["self"]) if scales else 0}


def _product_added(inner: str) -> Row:
    """`self + value * (tensor1 * tensor2)`, or with a quotient."""

    def rule(a: Bound) -> OpCounts:
        size = size_of(a["self"], a["tensor1"], a["tensor2"])
        if not a["dependent"](a["tensor1"]) and not a["dependent"](a["tensor2"]):
            return {"add": size}  # of a product of data
        products = size_of(a["tensor1"], a["tensor2"])
        scaled = {} if is_one(a.get("value", 1)) else {"mul": products}
        return summed({inner: products, "add": size}, scaled)

    return Row(rule)


_ROUNDED: Final = {None: "div", "trunc": "div trunc", "floor": "floordiv"}


def _div(a: Bound) -> OpCounts:
    return multiple(size_of(a["self"], a["other"]), parsed(_ROUNDED[a.get("rounding_mode")]))


def powers(size: int, exponent: object) -> OpCounts:
    """As many powers; a whole number executes the products of square-and-multiply, also if it is a float."""
    if isinstance(exponent, (int, float)) and float(exponent).is_integer():
        return multiple(size, integer_power(int(exponent)))
    return {"pow": size}


def _pow(a: Bound) -> OpCounts:
    exponent = a["exponent"]
    size = size_of(a["self"], exponent)
    if not isinstance(exponent, torch.Tensor):
        return powers(size, exponent)
    if exponent.dtype.is_floating_point or exponent.dtype.is_complex or a["dependent"](exponent):
        return {"pow": size}
    values = values_needed("the exponents", exponent).broadcast_to(shape_of(a["self"], exponent))
    found, times = torch.unique(values, return_counts=True)
    return summed({}, *(powers(n, k) for k, n in zip(found.tolist(), times.tolist(), strict=True)))


def _pow_of_number(a: Bound) -> OpCounts:
    return {"pow": size_of(a["exponent"])}


def _clamp(a: Bound) -> OpCounts:
    """The larger of each number and its lower bound, then the smaller of that and the upper one."""
    size = size_of(a["self"], a["min"], a["max"])
    if all(map(is_truth, _numbers([a["self"], a["min"], a["max"]]))):
        return {}
    raised = a["min"] is not None and (a["dependent"](a["self"]) or a["dependent"](a["min"]))
    return {"maximum": size * raised, "minimum": size * (a["max"] is not None)}


def _hardtanh(a: Bound) -> OpCounts:
    return multiple(size_of(a["self"]), parsed("maximum minimum"))


def _round_decimals(a: Bound) -> OpCounts:
    return multiple(size_of(a["self"]), parsed("round mul div" if a["decimals"] else "round"))


def _nan_to_num(a: Bound) -> OpCounts:
    size = size_of(a["self"]) * a["self"].dtype.is_floating_point
    return {"isnan": size, "isinf": 2 * size, "signbit": 2 * size}


def _lerp(a: Bound) -> OpCounts:
    """From the start for weights below a half, `start + weight * (end - start)`; else from the end."""
    size, weight = size_of(a["self"], a["end"], a["weight"]), a["weight"]
    if not isinstance(weight, torch.Tensor):
        return multiple(size, parsed("sub mul add" if abs(weight) < 0.5 else "2sub mul"))
    if a["dependent"](weight):
        raise NoRule("how an element is computed depends on the weight, which is counted: write a + w * (b - a)")
    near = int((values_needed("the weights", weight).abs() < 0.5).broadcast_to(shape_of(a["self"], weight)).sum())
    return summed(multiple(near, parsed("sub mul add")), multiple(size - near, parsed("2sub mul")))


def _gelu(a: Bound) -> OpCounts:
    """x Φ(x), with the error function, or approximately with tanh (Hendrycks and Gimpel, 2016)."""
    formula = {"none": "3mul erf add", "tanh": "6mul 2add tanh"}[a["approximate"]]
    return multiple(size_of(a["self"]), parsed(formula))


def _gelu_backward(a: Bound) -> OpCounts:
    formula = {"none": "7mul 2add erf exp", "tanh": "12mul 4add sub tanh"}[a["approximate"]]
    return multiple(size_of(a["self"], a["grad_output"]), parsed(formula))


def _elu_factors(a: Bound) -> tuple[int, int]:
    """How many products the two sides of elu have: of the positive side by scale, of the other by three factors."""
    scale, inner = not is_one(a["scale"]), not is_one(a["input_scale"])
    return int(scale), int(scale) + int(inner)


def _elu(a: Bound) -> OpCounts:
    """x, or alpha (exp(x) - 1), by the sign of x; scale times that, and exp of input_scale times x."""
    positive, factors = _elu_factors(a)
    negative = factors - positive + (not is_one(a["alpha"] * a["scale"]))
    return multiple(size_of(a["self"]), {"lt": 1, "expm1": 1, "mul": positive + negative})


def _elu_backward(a: Bound) -> OpCounts:
    """The gradient times scale, or times input_scale, alpha times scale and exp(x), or the result plus alpha."""
    positive, factors = _elu_factors(a)
    size = size_of(a["grad_output"])
    inner = factors - positive
    if a["is_result"]:
        return multiple(size, {"le": 1, "mul": 1 + inner + positive, "add": 1})
    coefficient = not is_one(a["alpha"] * a["scale"])
    return multiple(size, {"le": 1, "exp": 1, "mul": 1 + 2 * inner + positive + coefficient})


def _celu(a: Bound) -> OpCounts:
    """elu with input_scale 1 / alpha."""
    scaled = 0 if is_one(a["alpha"]) else 2
    return multiple(size_of(a["self"]), {"lt": 1, "expm1": 1, "mul": scaled})


def _glu(a: Bound) -> OpCounts:
    """The first half times the sigmoid of the second."""
    return multiple(size_of(a["self"]) // 2, parsed("neg exp add div mul"))


def _glu_backward(a: Bound) -> OpCounts:
    """The gradient times the sigmoid; and times (1 - sigmoid) sigmoid and the first half."""
    return multiple(size_of(a["grad_output"]), parsed("neg exp add div mul sub 3mul"))


def _logit(a: Bound) -> OpCounts:
    clamped = "" if a["eps"] is None else "maximum minimum "
    return multiple(size_of(a["self"]), parsed(f"{clamped}sub div log"))


def _isin(a: Bound) -> OpCounts:
    """Each element compared with each."""
    sizes = [1 if not isinstance(a[name], torch.Tensor) else a[name].numel() for name in a if "element" in name]
    return {"eq": sizes[0] * sizes[1]}


def _masked_scale(a: Bound) -> OpCounts:
    """The gradient times the mask times the scale."""
    return {"mul": 2 * size_of(a["grad_output"])}


def _native_dropout(a: Bound) -> OpCounts:
    return {"mul": 0 if a["train"] is False or a["p"] == 0 else 2 * size_of(a["input"])}


def _to_copy(a: Bound) -> OpCounts:
    """A cast is free, except to truth values, which takes a comparison for each element."""
    return {"ne": 0 if is_truth(a["self"]) or a.get("dtype") != torch.bool else size_of(a["self"])}


def _copy_into(a: Bound) -> OpCounts:
    source, target = a["src"], a["self"]
    return {"ne": size_of(source) if is_truth(target) and not is_truth(source) else 0}


def _polygamma(a: Bound) -> OpCounts:
    """ψ(x) itself; that of higher order is (-1)^(n+1) n! ζ(n + 1, x), the product with one factor, which is data."""
    return multiple(size_of(a["self"]), parsed("digamma" if a["n"] == 0 else "zeta mul"))


_FORMULAS: Final[dict[str, Callable[[Bound], OpCounts]]] = {
    "rsub.Tensor": _rsub, "rsub.Scalar": _rsub,
    "div.Tensor": _div, "div.Scalar": _div, "div.Tensor_mode": _div, "div.Scalar_mode": _div,
    "pow.Tensor_Scalar": _pow, "pow.Tensor_Tensor": _pow, "pow.Scalar": _pow_of_number, "pow_.Scalar": _pow,
    "pow_.Tensor": _pow,
    "clamp": _clamp, "clamp.Tensor": _clamp, "hardtanh": _hardtanh, "round.decimals": _round_decimals,
    "nan_to_num": _nan_to_num, "lerp.Scalar": _lerp, "lerp.Tensor": _lerp, "gelu": _gelu,
    "gelu_backward": _gelu_backward, "elu": _elu, "elu_backward": _elu_backward,
    "celu": _celu, "glu": _glu, "glu_backward": _glu_backward,
    "logit": _logit, "isin.Tensor_Tensor": _isin, "isin.Tensor_Scalar": _isin,
    "isin.Scalar_Tensor": _isin, "native_dropout": _native_dropout,
    "native_dropout_backward": _masked_scale, "_to_copy": _to_copy, "copy_": _copy_into, "copy": _copy_into,
    "polygamma": _polygamma, "polygamma_": _polygamma,
}  # fmt: skip

ROWS: Final[dict[str, Row]] = {
    **{name: each(formula) for name, formula in _lines(_UNARY)},
    **{f"{name}.{which}": each(formula) for name, formula in _lines(_BINARY) for which in ("Tensor", "Scalar")},
    **{name: each(formula) for name, formula in _lines(_PLAIN)},
    **{name: each(formula) for name, formula in _lines(_BACKWARD)},
    **{f"{kind}.{which}": _scaled(kind) for kind in ("add", "sub") for which in ("Tensor", "Scalar")},
    "addcmul": _product_added("mul"),
    "addcdiv": _product_added("div"),
    **{name: Row(rule) for name, rule in _FORMULAS.items()},
}

ROWS["native_dropout"] = Row(_native_dropout, (0,))  # the mask is chance, which is data
