"""Sums, products, extremes, means, norms and running totals: n numbers are joined n - 1 times."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import torch

from opcount.functions.op_counts import NoRule, OpCounts, summed
from opcount.sources.torch.elementwise import powers
from opcount.sources.torch.rows import Bound, Row, is_truth, reduced, shape_of

_VALUES: Final = (0,)  # positions beside them are plain


def _asked(a: Bound) -> Any:
    return reduced(a["self"], a.get("dim"))


def _joining(kind: str, gives: tuple[int, ...] | None = None, logic: bool = False) -> Row:
    """A row that counts a kind for each joining; of truth values to a truth value nothing."""

    def rule(a: Bound) -> OpCounts:
        return {} if logic and is_truth(a["self"]) else {kind: _asked(a).joins}

    return Row(rule, gives)


def _truths(kind: str) -> Row:
    """Whether all are true, or any; the truth of a number that is joined with no other is a comparison."""

    def rule(a: Bound) -> OpCounts:
        if is_truth(a["self"]):
            return {}
        size, joins, results = _asked(a)
        return {kind: joins, "ne": results if size == results else 0}

    return Row(rule)


def _mean(a: Bound) -> OpCounts:
    _, joins, results = _asked(a)
    return {"add": joins, "div": results}


def variance(tensor: torch.Tensor, dim: Any) -> OpCounts:
    """The mean, the square of each deviation from it, and the mean of these."""
    size, joins, results = reduced(tensor, dim)
    return {"add": 2 * joins, "div": 2 * results, "sub": size, "mul": size}


def _var(a: Bound) -> OpCounts:
    return variance(a["self"], a["dim"])


def _std(a: Bound) -> OpCounts:
    return {**_var(a), "sqrt": _asked(a).results}


def _logsumexp(a: Bound) -> OpCounts:
    """With the largest number taken out, unless it is infinite; that is looked up in `abs` and `eq`."""
    size, joins, results = _asked(a)
    return {"maximum": joins, "abs": results, "eq": results, "sub": size, "exp": size, "add": joins + results,
            "log": results}  # fmt: skip


def norm(tensor: torch.Tensor, order: Any, dim: Any = None) -> OpCounts:
    """The norm of vectors: the sum of the powers of absolute values, and its root."""
    size, joins, results = reduced(tensor, dim)
    if tensor.dtype.is_complex:
        raise NoRule("the norm of complex numbers has no count here: use torch.view_as_real(z)")
    order = 2 if order is None else order
    if order == 2:
        return {"mul": size, "add": joins, "sqrt": results}
    if order in (math.inf, -math.inf):
        return {"abs": size, "maximum" if order > 0 else "minimum": joins}
    if order == 0:
        return {"ne": size, "add": joins}
    if order == 1:
        return {"abs": size, "add": joins}
    return summed({"abs": size, "add": joins, "pow": results}, powers(size, order))


def _norm(a: Bound) -> OpCounts:
    return norm(a["self"], a["p"], a.get("dim"))


def _vector_norm(a: Bound) -> OpCounts:
    return norm(a["self"], a["ord"], a["dim"])


def _running(kind: str) -> Row:
    """A running total: each number after the first of a lane is joined."""

    def rule(a: Bound) -> OpCounts:
        return {kind: reduced(a["self"], a["dim"]).joins}

    return Row(rule)


def _count_nonzero(a: Bound) -> OpCounts:
    size, joins, _ = _asked(a)
    return {"ne": 0 if is_truth(a["self"]) else size, "add": joins}


def _nansum(a: Bound) -> OpCounts:
    size, joins, _ = _asked(a)
    return {"isnan": size if a["self"].dtype.is_floating_point else 0, "add": joins}


def _trace(a: Bound) -> OpCounts:
    return {"add": max(min(a["self"].shape) - 1, 0)}


def _both_extremes(a: Bound) -> OpCounts:
    joins = _asked(a).joins
    return {} if is_truth(a["self"]) else {"maximum": joins, "minimum": joins}


def _dist(a: Bound) -> OpCounts:
    difference = torch.empty(shape_of(a["self"], a["other"]), device="meta")
    return summed({"sub": difference.numel()}, norm(difference, a["p"]))


_REDUCING: Final[dict[str, Callable[[Bound], OpCounts]]] = {
    "mean": _mean, "mean.dim": _mean, "var.correction": _var, "std.correction": _std, "var_mean.correction": _var,
    "std_mean.correction": _std, "logsumexp": _logsumexp, "count_nonzero": _count_nonzero,
    "count_nonzero.dim_IntList": _count_nonzero, "nansum": _nansum, "trace": _trace, "aminmax": _both_extremes,
    "linalg_vector_norm": _vector_norm, "dist": _dist,
    **dict.fromkeys(("norm.Scalar", "norm.ScalarOpt_dim", "norm.ScalarOpt_dim_dtype", "norm.ScalarOpt_dtype"), _norm),
}  # fmt: skip

ROWS: Final[dict[str, Row]] = {
    **dict.fromkeys(("sum", "sum.dim_IntList"), _joining("add")),
    **dict.fromkeys(("prod", "prod.dim_int"), _joining("mul")),
    **dict.fromkeys(("amax", "max"), _joining("maximum", logic=True)),
    **dict.fromkeys(("amin", "min"), _joining("minimum", logic=True)),
    "max.dim": _joining("maximum", _VALUES, logic=True),
    "min.dim": _joining("minimum", _VALUES, logic=True),
    "argmax": _joining("gt", (), logic=True),
    "argmin": _joining("lt", (), logic=True),
    **dict.fromkeys(("all", "all.dim", "all.dims"), _truths("logical_and")),
    **dict.fromkeys(("any", "any.dim", "any.dims"), _truths("logical_or")),
    "cumsum": _running("add"),
    "cumprod": _running("mul"),
    "cummax": Row(_running("maximum").rule, _VALUES),
    "cummin": Row(_running("minimum").rule, _VALUES),
    **{name: Row(rule) for name, rule in _REDUCING.items()},
}
