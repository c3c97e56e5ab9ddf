"""Operators of several steps, written in single ones: for calls in which some operands are data.

What is computed of data alone is data, inside such an operator too. So the steps are executed on tensors without
numbers, of the same shapes, of which those count that do in the call. Where all operands count, the rules of `fused`
give the same number at once. Most of the steps are PyTorch's own decomposition; where its kernels take others, they are
written here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack
from functools import lru_cache
from typing import Any, Final

import torch
from torch import Tensor
from torch._decomp import decomposition_table

from opcount.counting.tally import isolated
from opcount.sources.torch.rows import overload


def _sides(x: Tensor, low: float, high: float, inside: Tensor, outside: Tensor) -> Tensor:
    return torch.where((x >= low) & (x <= high), inside, outside)


def _mish_backward(grad_output: Tensor, self: Tensor) -> Tensor:
    sigmoid, t = torch.sigmoid(self), torch.tanh(torch.log1p(torch.exp(self)))
    return grad_output * (t + self * sigmoid * (1 - t * t))


def _softplus_backward(grad_output: Tensor, self: Tensor, beta: float, threshold: float) -> Tensor:
    scaled = self * beta
    z = torch.exp(scaled)
    return torch.where(scaled > threshold, grad_output, grad_output * z / (z + 1))


def _elu_backward(grad_output: Tensor, alpha: float, scale: float, input_scale: float, is_result: bool,
                  self_or_result: Tensor) -> Tensor:  # fmt: skip
    factor, x = alpha * scale, self_or_result
    negative = grad_output if input_scale == 1 else grad_output * input_scale
    if is_result:
        negative = negative * (x + factor)
    else:
        negative = negative if factor == 1 else negative * factor
        negative = negative * torch.exp(x if input_scale == 1 else x * input_scale)
    return torch.where(x <= 0, negative, grad_output if scale == 1 else grad_output * scale)


def _shrink_backward(grad_out: Tensor, self: Tensor, lambd: float) -> Tensor:
    return _sides(self, -lambd, lambd, torch.zeros_like(grad_out), grad_out)


def _prelu_backward(grad_output: Tensor, self: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    positive = self > 0
    return torch.where(positive, grad_output, grad_output * weight), torch.where(positive, 0.0, grad_output * self)


def _logit_backward(grad_output: Tensor, self: Tensor, eps: float | None = None) -> Tensor:
    quotient = grad_output / (self * (1 - self))
    return torch.where((self < 0) | (self > 1), torch.zeros_like(quotient), quotient)


def _smooth_l1_backward(grad_output: Tensor, self: Tensor, target: Tensor, reduction: int, beta: float) -> Tensor:
    x = self - target
    sign = torch.where(x > 0, torch.ones_like(x), -1.0)
    return 0.5 * torch.where(torch.abs(x) >= beta, sign, x / beta) * grad_output


def _huber_backward(grad_output: Tensor, self: Tensor, target: Tensor, reduction: int, delta: float) -> Tensor:
    x = self - target
    low, high = (0.5 * grad_output * delta for _ in range(2))
    return torch.where(x <= -delta, low, torch.where(x >= delta, high, 0.5 * x * grad_output))


def _huber(self: Tensor, target: Tensor, reduction: int = 1, delta: float = 1.0) -> Tensor:
    z = torch.abs(self - target)
    loss = torch.where(z <= delta, 0.5 * z * z, delta * (z - 0.5 * delta))
    return loss.mean() if reduction == 1 else loss.sum() if reduction else loss


def _polar(abs: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    return abs * torch.cos(angle), abs * torch.sin(angle)


def _rms_norm(input: Tensor, normalized_shape: list[int], weight: Tensor | None, eps: float | None,
              ) -> tuple[Tensor, Tensor]:  # fmt: skip
    inside = list(range(input.ndim - len(normalized_shape), input.ndim))
    inverse = torch.reciprocal(torch.sqrt((input * input).sum(inside, True) / math.prod(normalized_shape) + 1e-5))
    normalized = input * inverse
    return normalized if weight is None else normalized * weight, inverse


def _rms_norm_backward(grad_out: Tensor, input: Tensor, normalized_shape: list[int], rstd: Tensor,
                       weight: Tensor | None, output_mask: list[bool]) -> list[Tensor | None]:  # fmt: skip
    inside = list(range(input.ndim - len(normalized_shape), input.ndim))
    outside = list(range(input.ndim - len(normalized_shape)))
    normalized = input * rstd
    given = grad_out if weight is None else grad_out * weight
    found: list[Tensor | None] = [None, None]
    if output_mask[0]:
        sums = (given * normalized).sum(inside, True)
        found[0] = rstd * (given - normalized / math.prod(normalized_shape) * sums)
    if output_mask[1] and weight is not None:
        found[1] = (grad_out * normalized).sum(outside) if outside else grad_out * normalized
    return found


def _layer_norm_backward(grad_out: Tensor, input: Tensor, normalized_shape: list[int], mean: Tensor, rstd: Tensor,
                         weight: Tensor | None, bias: Tensor | None, output_mask: list[bool],
                         ) -> list[Tensor | None]:  # fmt: skip
    inside = list(range(input.ndim - len(normalized_shape), input.ndim))
    outside = list(range(input.ndim - len(normalized_shape)))
    normalized = (input - mean) * rstd
    found: list[Tensor | None] = [None, None, None]
    if output_mask[0]:
        given = grad_out if weight is None else grad_out * weight
        size = math.prod(normalized_shape)
        sums = given.sum(inside, True), (given * normalized).sum(inside, True)
        found[0] = rstd / size * (given * size - sums[0] - normalized * sums[1])
    if output_mask[1] and weight is not None:
        found[1] = (grad_out * normalized).sum(outside) if outside else grad_out * normalized
    if output_mask[2] and bias is not None:
        found[2] = grad_out.sum(outside) if outside else grad_out.clone()
    return found


def _group_norm(input: Tensor, weight: Tensor | None, bias: Tensor | None, N: int, C: int, HxW: int, group: int,
                eps: float) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    x = input.reshape(N, group, C // group, HxW)
    variance, mean = torch.var_mean(x, (2, 3), correction=0, keepdim=True)
    inverse = torch.reciprocal(torch.sqrt(variance + eps))
    if weight is None:
        y = (x - mean) * inverse
        return (y if bias is None else y + bias.view(1, group, -1, 1)).view(input.shape), mean, inverse
    scale = inverse * weight.view(1, group, -1, 1)
    shift = -mean * scale
    shift = shift if bias is None else shift + bias.view(1, group, -1, 1)
    return (x * scale + shift).view(input.shape), mean, inverse


def _batch_norm(input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None,
                running_var: Tensor | None, training: bool, momentum: float, eps: float,
                ) -> tuple[Tensor, ...]:  # fmt: skip
    axes = [axis for axis in range(input.ndim) if axis != 1]
    shape = [-1 if axis == 1 else 1 for axis in range(input.ndim)]
    mean, variance = running_mean, running_var
    # the kernel multiplies each number by one factor, and adds one shift
    if training or running_mean is None:
        variance, mean = torch.var_mean(input, axes, correction=0)
        if training and running_mean is not None and running_var is not None:
            unbiased = variance / (1 - input.shape[1] / input.numel())
            running_mean.copy_(momentum * mean + (1 - momentum) * running_mean)
            running_var.copy_(momentum * unbiased + (1 - momentum) * running_var)
    assert mean is not None and variance is not None
    inverse = torch.reciprocal(torch.sqrt(variance + eps))
    scale = inverse if weight is None else inverse * weight
    shift = mean * scale
    shift = -shift if bias is None else bias - shift
    return input * scale.view(shape) + shift.view(shape), mean, inverse


def _for_each_head(query: Tensor, shared: Tensor) -> Tensor:
    """Keys or values that heads share, in groups, for each head of the queries."""
    heads = query.shape[1]
    return shared if shared.shape[1] == heads else shared.repeat_interleave(heads // shared.shape[1], 1)


def _attention(query: Tensor, key: Tensor, value: Tensor, dropout_p: float = 0.0, is_causal: bool = False, *,
               attn_mask: Tensor | None = None, scale: float | None = None) -> tuple[Tensor, Tensor]:  # fmt: skip
    key, value = (_for_each_head(query, each) for each in (key, value))
    scores = query @ key.transpose(-1, -2) * 0.5
    if attn_mask is not None and attn_mask.is_floating_point():
        scores = scores + attn_mask
    largest = scores.amax(-1, keepdim=True)
    weights = torch.exp(scores - largest)
    total = weights.sum(-1, keepdim=True)
    return (weights / total) @ value, torch.log(total) + largest


def _attention_backward(grad_out: Tensor, query: Tensor, key: Tensor, value: Tensor, out: Tensor, logsumexp: Tensor,
                        dropout_p: float, is_causal: bool, *, attn_mask: Tensor | None = None,
                        scale: float | None = None) -> tuple[Tensor, ...]:  # fmt: skip
    shared = key.shape[1]
    key, value = (_for_each_head(query, each) for each in (key, value))
    scores = query @ key.transpose(-1, -2) * 0.5
    if attn_mask is not None and attn_mask.is_floating_point():
        scores = scores + attn_mask
    p = torch.exp(scores - logsumexp.unsqueeze(-1))
    ds = p * (grad_out @ value.transpose(-1, -2) - (grad_out * out).sum(-1, keepdim=True)) * 0.5
    found = ds.transpose(-1, -2) @ query, p.transpose(-1, -2) @ grad_out
    return ds @ key, *(each.unflatten(1, (shared, -1)).sum(2) for each in found)


_DECOMPOSED: Final = """
native_layer_norm native_group_norm_backward native_batch_norm_backward _softmax_backward_data
_log_softmax_backward_data mse_loss mse_loss_backward binary_cross_entropy binary_cross_entropy_backward
binary_cross_entropy_with_logits smooth_l1_loss gelu_backward glu_backward silu_backward hardswish_backward
hardsigmoid_backward leaky_relu_backward log_sigmoid_backward threshold_backward hardtanh_backward tanh_backward
sigmoid_backward _prelu_kernel
"""

_WRITTEN: Final[dict[str, Callable[..., Any]]] = {
    "native_layer_norm_backward": _layer_norm_backward, "native_group_norm": _group_norm,
    "polar": _polar, "_fused_rms_norm": _rms_norm, "_fused_rms_norm_backward": _rms_norm_backward,
    "xlogy.Tensor": lambda self, other: self * torch.log(other),
    "special_xlog1py": lambda self, other: self * torch.log1p(other),
    "mish_backward": _mish_backward, "softplus_backward": _softplus_backward, "elu_backward": _elu_backward,
    "hardshrink_backward": _shrink_backward,
    "_prelu_kernel_backward": _prelu_backward, "logit_backward": _logit_backward,
    "smooth_l1_loss_backward": _smooth_l1_backward, "huber_loss_backward": _huber_backward, "huber_loss": _huber,
    "native_batch_norm": _batch_norm,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
    "_scaled_dot_product_flash_attention_for_cpu_backward": _attention_backward,
}  # fmt: skip

_ALIKE: Final[dict[str, str | Callable[..., Any]]] = {
    "softshrink_backward": "hardshrink_backward", "_native_batch_norm_legit": "native_batch_norm",
    "batch_norm_backward": lambda g, x, w, mean, var, own, inverse, update, eps, mask, reserve: decomposition_table[
        overload("native_batch_norm_backward")](g, x, w, mean, var, own, inverse, update, eps, mask),
    "_native_batch_norm_legit.no_stats": lambda x, w, b, training, momentum, eps: _batch_norm(
        x, w, b, None, None, training, momentum, eps),
    "_native_batch_norm_legit_no_training": lambda x, w, b, mean, var, momentum, eps: _batch_norm(
        x, w, b, mean, var, False, momentum, eps),
    "_batch_norm_no_update": lambda x, w, b, mean, var, momentum, eps: _batch_norm(
        x, w, b, mean, var, False, momentum, eps),
    "_batch_norm_with_update": lambda x, w, b, mean, var, momentum, eps: _batch_norm(
        x, w, b, mean, var, True, momentum, eps),
}  # fmt: skip


def _programs() -> dict[Any, Callable[..., Any]]:
    decomposed = {name: decomposition_table[overload(name)] for name in _DECOMPOSED.split()}
    found = {**decomposed, **_WRITTEN}
    alike = {name: found[like] if isinstance(like, str) else like for name, like in _ALIKE.items()}
    return {overload(name): program for name, program in {**found, **alike}.items()}


PROGRAMS: Final[dict[Any, Callable[..., Any]]] = _programs()
"""The steps of an overload, as a function of its arguments."""


class _Shape:
    """What is known of a tensor: its shape, its dtype, and whether it counts."""

    def __init__(self, tensor: Tensor, counts: bool) -> None:
        self.key = (tuple(tensor.shape), tensor.dtype, counts)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shape) and self.key == other.key


def _known(value: Any, depends: Callable[[object], bool]) -> Any:
    if isinstance(value, Tensor):
        return _Shape(value, depends(value))
    return tuple(_known(each, depends) for each in value) if isinstance(value, (list, tuple)) else value


def is_partial(operator: Any, tensors: list[Tensor], depends: Callable[[object], bool]) -> bool:
    """Whether an operator of several steps is called with operands that count, and others that are data."""
    return operator in PROGRAMS and not all(depends(tensor) for tensor in tensors if tensor.is_floating_point())


Executing = Callable[[list[Tensor]], Any]
"""The block in which the steps are executed, where these tensors count; it gives the state of it."""


def by_steps(operator: Any, args: tuple[Any, ...], keywords: dict[str, Any], depends: Callable[[object], bool],
             executing: Executing) -> tuple[dict[str, int], tuple[int, ...]]:  # fmt: skip
    """What a call counts, and which of its results depend."""
    named = tuple((name, _known(value, depends)) for name, value in keywords.items())
    return _executed(operator, _known(args, depends), named, executing)


@lru_cache(4096)
def _executed(operator: Any, args: tuple[Any, ...], keywords: tuple[tuple[str, Any], ...],
              executing: Executing) -> tuple[dict[str, int], tuple[int, ...]]:  # fmt: skip
    counting: list[Tensor] = []

    def made(value: Any) -> Any:
        if isinstance(value, tuple):
            return [made(each) for each in value]
        if not isinstance(value, _Shape):
            return value
        shape, dtype, counts = value.key
        tensor = torch.empty(shape, dtype=dtype, device="meta")
        counting.extend([tensor] if counts else [])
        return tensor

    given, named = made(args), {name: made(value) for name, value in keywords}
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        tally = stack.enter_context(isolated())
        state = stack.enter_context(executing(counting))
        result = PROGRAMS[operator](*given, **named)
    results = result if isinstance(result, (tuple, list)) else (result,)
    gives = tuple(index for index, value in enumerate(results) if state.depends(value))
    return dict(tally.counts), gives
