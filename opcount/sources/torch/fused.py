"""Operators that PyTorch executes as one, of several steps: softmax, normalisations, losses, attention.

Each counts its own definition, in the steps of its kernel: a mean and a variance are those of the table, a softmax
takes the largest number out first. Tests hold the rules to the same definition on single numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from opcount.functions.op_counts import OpCounts, multiple, summed
from opcount.sources.torch.products import contraction
from opcount.sources.torch.rows import Bound, Row, parsed, reduced, size_of, values_needed

# --- softmax


def _softmax(a: Bound) -> OpCounts:
    """exp(x - max) over the sum of these."""
    size, joins, _ = reduced(a["self"], a["dim"])
    return {"maximum": joins, "sub": size, "exp": size, "add": joins, "div": size}


def _log_softmax(a: Bound) -> OpCounts:
    """(x - max) - log(sum of exp(x - max))."""
    size, joins, results = reduced(a["self"], a["dim"])
    return {"maximum": joins, "sub": 2 * size, "exp": size, "add": joins, "log": results}


def _safe_softmax(a: Bound) -> OpCounts:
    """A softmax that gives zeros where all of a row is minus infinity, which is looked up first."""
    return summed(_softmax(a), {"eq": a["self"].numel()})


def _softmax_backward(a: Bound) -> OpCounts:
    """(g - sum(g y)) y."""
    size, joins, _ = reduced(a["grad_output"], a["dim"])
    return {"mul": 2 * size, "add": joins, "sub": size}


def _log_softmax_backward(a: Bound) -> OpCounts:
    """g - exp(y) sum(g)."""
    size, joins, _ = reduced(a["grad_output"], a["dim"])
    return {"exp": size, "mul": size, "add": joins, "sub": size}


# --- normalisations: (x - mean) times 1 / sqrt(variance + eps), times a weight, plus a bias


def moments(size: int, groups: int) -> dict[str, int]:
    """A mean, a variance and 1 / sqrt(variance + eps) for each of so many groups of so many numbers together."""
    joins = size - groups if size else 0
    return {"add": 2 * joins + groups, "div": 3 * groups, "sub": size, "mul": size, "sqrt": groups}


def _layer_norm(a: Bound) -> OpCounts:
    given, shape = a["input"], a["normalized_shape"]
    size = given.numel()
    groups = size // math.prod(shape) if size else 0
    return _normalized_by(a, size, groups)


def _normalized_by(a: Bound, size: int, groups: int) -> OpCounts:
    """What is normalized, scaled and shifted."""
    affine = {"mul": size if a["weight"] is not None else 0, "add": size if a["bias"] is not None else 0}
    return summed(moments(size, groups), {"sub": size, "mul": size}, affine)


def _group_norm(a: Bound) -> OpCounts:
    """With a weight, each channel has a scale, the weight times 1 / sqrt, and a shift, minus the mean times that."""
    size, groups, channels = a["input"].numel(), a["N"] * a["group"], a["N"] * a["C"]
    if a["weight"] is None:
        return _normalized_by(a, size, groups)
    shift = {"neg": groups, "mul": 2 * channels, "add": channels if a["bias"] is not None else 0}
    return summed(moments(size, groups), shift, {"mul": size, "add": size})


def _batch_norm(training: bool | None, running: bool) -> Callable[[Bound], OpCounts]:
    """By the batch's own moments, which update the running ones; or by the running ones, with 1 / sqrt alone.

    The scale of a channel is 1 / sqrt times the weight, and its shift the bias minus the mean times that.
    """

    def rule(a: Bound) -> OpCounts:
        given = a["input"]
        channels, size = given.shape[1], given.numel()
        found = {"mul": size, "add": size}
        each = {"mul": 1 + (a["weight"] is not None), "neg" if a["bias"] is None else "sub": 1}
        if training if training is not None else a["training"]:
            found = summed(found, moments(size, channels))
            if running and a["running_mean"] is not None:  # momentum * new + (1 - momentum) * old, of mean and variance
                each = summed(each, {"mul": 4, "add": 2, "div": 1})
        else:
            each = summed(each, {"add": 1, "sqrt": 1, "div": 1})
        return summed(found, multiple(channels, each))

    return rule


def _layer_norm_backward(a: Bound) -> OpCounts:
    """With x̂ = (x - mean) r and h = g w: dx = r / n (h n - sum(h) - x̂ sum(h x̂)), dw = sum(g x̂), db = sum(g)."""
    size, inner = a["input"].numel(), math.prod(a["normalized_shape"])
    groups = size // inner if size else 0
    to_input, to_weight, to_bias = a["output_mask"]
    to_weight, to_bias = to_weight and a["weight"] is not None, to_bias and a["bias"] is not None
    found: list[OpCounts] = [{"sub": size, "mul": size}]  # x̂
    if to_input:
        found.append(
            {
                "mul": (5 if a["weight"] is not None else 4) * size,
                "add": 2 * (size - groups),
                "sub": 2 * size,
                "div": groups,
            }
        )
    joins = max(size - inner, 0)
    found.append({"mul": size if to_weight else 0, "add": joins * (to_weight + to_bias)})
    return summed(*found)


def _group_norm_backward(a: Bound) -> OpCounts:
    """Two sums for each channel, of g x and of g, times the weight summed for each group; dx = c1 g + c2 x + c3."""
    size, groups, maps, channels = a["input"].numel(), a["N"] * a["group"], a["N"] * a["C"], a["C"]
    to_input, to_weight, to_bias = a["output_mask"]
    found: list[OpCounts] = [{"mul": size, "add": 2 * max(size - maps, 0)}]
    if to_input:
        weighted = {"mul": 3 * maps if a["weight"] is not None else maps}
        scales = {"mul": 5 + 3, "sub": 2, "neg": 1}  # c2 = (db mean - ds) r r r s, c3 = -c2 mean - db r s
        found += [weighted, {"add": 2 * (maps - groups)}, multiple(groups, scales), {"mul": 2 * size, "add": 2 * size}]
    if to_weight:
        found.append({"mul": 2 * maps, "sub": maps, "add": maps - channels})
    return summed(*found, {"add": maps - channels if to_bias else 0})


def _batch_norm_backward(a: Bound) -> OpCounts:
    """Sums of g and of g (x - mean) for each channel give db and dw; dx = (g - (x - mean) k - mean(g)) r w."""
    size, channels = a["input"].numel(), a["input"].shape[1]
    to_input, to_weight, _ = a["output_mask"]
    each = {"mul": 4 + int(a["weight"] is not None)}  # the mean of g, and k: a mean times r r; r w
    training = a.get("train", a.get("update"))
    found: list[OpCounts] = [{"sub": size, "mul": size, "add": 2 * max(size - channels, 0)}]
    if not training:
        found.append(multiple(channels, {"add": 1, "sqrt": 1, "div": 1}))
        each = {"mul": int(a["weight"] is not None and to_input)}
    if to_input:
        found.append({"mul": 2 * size, "sub": 3 * size} if training else {"mul": size})
    elif training:
        each = {}
    return summed(*found, multiple(channels, each), {"mul": channels if to_weight else 0})


def _rms_norm(a: Bound) -> OpCounts:
    """x / sqrt(mean(x²) + eps), times a weight."""
    given, shape = a["input"], a["normalized_shape"]
    size = given.numel()
    groups = size // math.prod(shape) if size else 0
    weighted = size if a["weight"] is not None else 0
    return {"mul": 2 * size + weighted, "add": size, "div": 2 * groups, "sqrt": groups}


def _rms_norm_backward(a: Bound) -> OpCounts:
    """With x̂ = x r and h = g w: dx = r (h - x̂ / n sum(h x̂)), dw = sum(g x̂)."""
    given, shape = a["input"], a["normalized_shape"]
    size, inner = given.numel(), math.prod(shape)
    groups = size // inner if size else 0
    to_input, to_weight = a["output_mask"]
    found = [{"mul": size + (size if a["weight"] is not None else 0)}]  # x̂, and the gradient times the weight
    if to_input:
        found.append({"mul": 3 * size, "sub": size, "add": size - groups, "div": size})
    if to_weight and a["weight"] is not None:
        found.append({"mul": size, "add": max(size - inner, 0)})
    return summed(*found)


# --- losses

_NONE, _MEAN, _SUM = 0, 1, 2


def _reduced_loss(size: int, reduction: int) -> dict[str, int]:
    if reduction == _NONE:
        return {}
    return {"add": max(size - 1, 0), "div": int(reduction == _MEAN)}


def _loss(formula: str, *operands: str) -> Callable[[Bound], OpCounts]:
    """A formula for each element, and the sum or the mean of them."""
    kinds = parsed(formula)

    def rule(a: Bound) -> OpCounts:
        size = size_of(*(a[name] for name in operands or ("self", "target")))
        weighted = {"mul": size} if a.get("weight") is not None else {}
        return summed(multiple(size, kinds), weighted, _reduced_loss(size, a["reduction"]))

    return rule


def _loss_backward(formula: str) -> Callable[[Bound], OpCounts]:
    """A formula for each element; the factor of a mean, 1 / n, is among its products, also where it is 1."""
    kinds = parsed(formula)

    def rule(a: Bound) -> OpCounts:
        return multiple(size_of(a["self"], a["target"]), kinds)

    return rule


def _cross_entropy_of_two(a: Bound) -> OpCounts:
    """(t - 1) max(log1p(-x), -100) - t max(log(x), -100)."""
    size = size_of(a["self"], a["target"])
    formula = parsed("2sub neg log1p log 2maximum 2mul")
    weighted = {"mul": size if a["weight"] is not None else 0}
    return summed(multiple(size, formula), weighted, _reduced_loss(size, a["reduction"]))


def _cross_entropy_of_two_backward(a: Bound) -> OpCounts:
    """g (x - t) / max((1 - x) x, eps), times the weight, over n for a mean."""
    size = size_of(a["self"], a["target"])
    found = parsed("2sub 2mul maximum div")
    return summed(multiple(size, found), {"mul": size if a["weight"] is not None else 0,
                                          "div": size if a["reduction"] == _MEAN else 0})  # fmt: skip


def _cross_entropy_of_logits(a: Bound) -> OpCounts:
    """(1 - t) x - log sigmoid(x) w, where w is 1 + (p - 1) t for a weight p of positives."""
    size = size_of(a["self"], a["target"])
    found = [multiple(size, parsed("minimum abs neg exp log1p 3sub mul"))]
    if (positive := a["pos_weight"]) is not None:
        found.append({"sub": positive.numel(), "mul": size_of(positive, a["target"]) + size, "add": size})
    if a["weight"] is not None:
        found.append({"mul": size})
    return summed(*found, _reduced_loss(size, a["reduction"]))


def _nll(a: Bound) -> OpCounts:
    """Minus the log probability of each target, times the weight of its class; the mean is over these weights."""
    given, weight = a["self"], a["weight"]
    size = _targets(a, given, a["target"])
    found = {"neg": size if a["dependent"](given) else 0, "mul": size if weight is not None else 0}
    if a["reduction"] == _NONE:
        return found
    sums = max(size - 1, 0)  # of the losses, and of the weights, unless those are data
    return summed(found, {"add": 2 * sums if _weights_count(a) else sums, "div": int(a["reduction"] == _MEAN)})


def _weights_count(a: Bound) -> bool:
    """Whether the weights of the classes count, and so their sum; without weights it is how many targets there are."""
    return bool(a["dependent"](a["weight"]))


def _nll_gives(a: Bound) -> tuple[int, ...]:
    return (0, 1) if _weights_count(a) else (0,)


def _targets(a: Bound, given: Any, target: Any) -> int:
    """How many targets there are that are not ignored."""
    ignored = a["ignore_index"]
    classes = given.shape[1] if given.ndim > 1 else given.shape[0]
    if not 0 <= ignored < classes and not _may_be_ignored(target, ignored):
        return int(target.numel())
    return int((values_needed("the targets", target) != ignored).sum())


def _may_be_ignored(target: Any, ignored: int) -> bool:
    """Whether an index that is no class is among the targets; those without values have none."""
    from opcount.sources.torch.rows import is_real

    return is_real(target) and bool((target == ignored).any())


def _nll_backward(a: Bound) -> OpCounts:
    """Minus the gradient at each target, times the weight, over their sum if it was a mean."""
    size, given = _targets(a, a["self"], a["target"]), a["dependent"](a["grad_output"])
    weighted = a["weight"] is not None and (given or _weights_count(a))
    return {"neg": size if given else 0, "mul": size if weighted else 0, "div": size if a["reduction"] == _MEAN else 0}


# --- attention


class _Heads:
    """The sizes of an attention: so many heads of so many queries and keys, of so many numbers."""

    def __init__(self, a: Bound) -> None:
        query, key, value = a["query"], a["key"], a["value"]
        self.heads = math.prod(query.shape[:-2])
        self.shared = math.prod(key.shape[:-2])  # those of keys and values, which several of the queries may share
        self.queries, self.numbers = query.shape[-2:]
        self.keys, self.values = key.shape[-2], value.shape[-1]
        self.pairs = self.heads * self.queries * self.keys
        self.rows = self.heads * self.queries


def _attention(a: Bound) -> OpCounts:
    """softmax(q kᵀ scale + mask) v, of all pairs, and the logarithm of each row's sum, for the backward pass."""
    h = _Heads(a)
    joins = h.pairs - h.rows if h.keys else 0
    softmax = {"maximum": joins, "sub": h.pairs, "exp": h.pairs, "add": joins, "div": h.pairs}
    mask = {"add": h.pairs if a["attn_mask"] is not None and a["attn_mask"].dtype.is_floating_point else 0}
    dropped = {"mul": 2 * h.pairs if a["dropout_p"] else 0}
    return summed(contraction(h.pairs, h.numbers), {"mul": h.pairs}, mask, softmax, dropped,
                  contraction(h.rows * h.values, h.keys), {"log": h.rows, "add": h.rows})  # fmt: skip


def _attention_backward(a: Bound) -> OpCounts:
    """p = exp(q kᵀ scale + mask - lse) again; dv = pᵀ g, ds = p (g vᵀ - sum(g y)) scale, dq = ds k, dk = dsᵀ q.

    T. Dao and others, FlashAttention (2022), algorithm 4.
    """
    h = _Heads(a)
    mask = {"add": h.pairs if a["attn_mask"] is not None and a["attn_mask"].dtype.is_floating_point else 0}
    again = summed(contraction(h.pairs, h.numbers), {"mul": h.pairs, "sub": h.pairs, "exp": h.pairs}, mask)
    users = h.queries * h.heads // h.shared if h.shared else 0
    to_values = contraction(h.shared * h.keys * h.values, users)
    rows = contraction(h.rows, h.values)
    scores = summed(contraction(h.pairs, h.values), {"sub": h.pairs, "mul": 2 * h.pairs})
    to_queries = contraction(h.rows * h.numbers, h.keys)
    to_keys = contraction(h.shared * h.keys * h.numbers, users)
    return summed(again, to_values, rows, scores, to_queries, to_keys)


ROWS: Final[dict[str, Row]] = {
    "_softmax": Row(_softmax),
    "_log_softmax": Row(_log_softmax),
    "_safe_softmax": Row(_safe_softmax),
    "_softmax_backward_data": Row(_softmax_backward),
    "_log_softmax_backward_data": Row(_log_softmax_backward),
    "native_layer_norm": Row(_layer_norm),
    "native_layer_norm_backward": Row(_layer_norm_backward),
    "native_group_norm": Row(_group_norm),
    "native_group_norm_backward": Row(_group_norm_backward),
    "native_batch_norm": Row(_batch_norm(None, True)),
    "_native_batch_norm_legit": Row(_batch_norm(None, True)),
    "_native_batch_norm_legit.no_stats": Row(_batch_norm(None, False)),
    "_native_batch_norm_legit_no_training": Row(_batch_norm(False, False)),
    "_batch_norm_with_update": Row(_batch_norm(True, True)),
    "_batch_norm_no_update": Row(_batch_norm(False, False)),
    "native_batch_norm_backward": Row(_batch_norm_backward),
    "batch_norm_backward": Row(_batch_norm_backward),
    "_fused_rms_norm": Row(_rms_norm),
    "_fused_rms_norm_backward": Row(_rms_norm_backward),
    "mse_loss": Row(_loss("sub mul")),
    "mse_loss_backward": Row(_loss_backward("sub 2mul")),
    "binary_cross_entropy": Row(_cross_entropy_of_two),
    "binary_cross_entropy_backward": Row(_cross_entropy_of_two_backward),
    "binary_cross_entropy_with_logits": Row(_cross_entropy_of_logits),
    "huber_loss": Row(_loss("2sub abs le 3mul")),
    "huber_loss_backward": Row(_loss_backward("sub le ge 6mul")),
    "smooth_l1_loss": Row(_loss("2sub abs lt 2mul div")),
    "smooth_l1_loss_backward": Row(_loss_backward("sub gt abs ge div 2mul")),
    "nll_loss_forward": Row(_nll, _nll_gives),
    "nll_loss2d_forward": Row(_nll, _nll_gives),
    "nll_loss_backward": Row(_nll_backward, values=("grad_output", "weight", "total_weight")),
    "nll_loss2d_backward": Row(_nll_backward, values=("grad_output", "weight", "total_weight")),
    "_scaled_dot_product_flash_attention_for_cpu": Row(_attention),
    "_scaled_dot_product_flash_attention_for_cpu_backward": Row(_attention_backward),
}
