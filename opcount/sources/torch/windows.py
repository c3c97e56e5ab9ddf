"""Convolutions, pooling and what else slides a window: the products and sums of numbers that are there.

A window that reaches over the edge meets fewer numbers: the zeros around them are no operands. Where they are `padded`,
convolutions count them as if they were, which is the figure that is published for most networks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from opcount.functions.op_counts import NoRule, OpCounts, multiple, summed
from opcount.sources.torch.rows import Bound, Row, size_of, values_needed


class Axis(NamedTuple):
    """The windows along one axis: pairs of window and number, and how many windows, numbers and offsets have a pair."""

    pairs: int
    windows: int
    numbers: int
    offsets: int


@cache
def along(size: int, windows: int, kernel: int, stride: int, padding: int, dilation: int, padded: bool) -> Axis:
    """The windows over `size` numbers: the k-th offset of window o is at o * stride - padding + k * dilation."""
    if padded:
        return Axis(windows * kernel, windows, size, kernel)
    pairs = met = 0
    seen = bytearray(size)
    offsets: set[int] = set()
    for window in range(windows):
        start = window * stride - padding
        taps = [k for k in range(kernel) if 0 <= start + k * dilation < size]
        pairs += len(taps)
        met += bool(taps)
        offsets.update(taps)
        for k in taps:
            seen[start + k * dilation] = 1
    return Axis(pairs, met, sum(seen), len(offsets))


class Windows(NamedTuple):
    """Windows along several axes: the products of what there is along each of them."""

    pairs: int
    windows: int
    numbers: int
    offsets: int


def over(sizes: Sequence[int], windows: Sequence[int], kernel: Sequence[int], stride: Sequence[int],
         padding: Sequence[int], dilation: Sequence[int], padded: bool) -> Windows:  # fmt: skip
    axes = [along(*each, padded) for each in zip(sizes, windows, kernel, stride, padding, dilation, strict=True)]
    return Windows(*(math.prod(column) for column in zip(*axes, strict=True)))


def spread(value: int | Sequence[int], axes: int) -> list[int]:
    """One number for each axis, where a single one may stand for all."""
    given = [value] if isinstance(value, int) else list(value)
    return given * axes if len(given) == 1 else given


# --- convolutions


class Convolution(NamedTuple):
    """A convolution: its windows, and the sizes that they are multiplied with. Transposed, it scatters."""

    found: Windows
    batch: int
    channels: int  # of the input, all groups together
    filters: int  # of the output, all groups together
    groups: int
    results: int  # places of the output
    transposed: bool

    def pairs(self) -> int:
        """How many products there are in one pass, forward or backward."""
        return self.batch * self.channels * (self.filters // self.groups) * self.found.pairs


def _convolution_of(a: Bound) -> Convolution:
    given, weight = a["input"], a["weight"]
    axes = weight.ndim - 2
    sizes, kernel = list(given.shape[2:]), list(weight.shape[2:])
    stride, padding, dilation, more = (
        spread(a[name], axes) for name in ("stride", "padding", "dilation", "output_padding")
    )
    transposed, groups = a["transposed"], a["groups"]
    if transposed:
        wide = [(n - 1) * s - 2 * p + d * (k - 1) + m + 1
                for n, k, s, p, d, m in zip(sizes, kernel, stride, padding, dilation, more, strict=True)]  # fmt: skip
        found = over(wide, sizes, kernel, stride, padding, dilation, a["padded"])
        return Convolution(
            found, given.shape[0], given.shape[1], weight.shape[1] * groups, groups, math.prod(wide), True
        )
    windows = [(n + 2 * p - d * (k - 1) - 1) // s + 1
               for n, k, s, p, d in zip(sizes, kernel, stride, padding, dilation, strict=True)]  # fmt: skip
    found = over(sizes, windows, kernel, stride, padding, dilation, a["padded"])
    return Convolution(found, given.shape[0], given.shape[1], weight.shape[0], groups, math.prod(windows), False)


def _gathered(c: Convolution) -> dict[str, int]:
    """A sum for each window and filter; of windows that meet nothing there is none."""
    sums = c.batch * c.filters * c.found.windows
    return {"mul": c.pairs(), "add": c.pairs() - (sums if c.channels else 0)}


def _scattered(c: Convolution, maps: int) -> dict[str, int]:
    """A sum for each number under a window, in each of so many maps."""
    return {"mul": c.pairs(), "add": c.pairs() - (c.batch * maps * c.found.numbers if c.pairs() else 0)}


def _forward(c: Convolution) -> dict[str, int]:
    return _scattered(c, c.filters) if c.transposed else _gathered(c)


def _to_input(c: Convolution) -> dict[str, int]:
    """The gradient of the input is the convolution the other way round."""
    if not c.transposed:
        return _scattered(c, c.channels)
    sums = c.batch * c.channels * c.found.windows
    return {"mul": c.pairs(), "add": c.pairs() - (sums if c.pairs() else 0)}


def _to_weight(c: Convolution) -> dict[str, int]:
    """The gradient of the weight: a sum over the batch and the windows for each of its numbers."""
    sums = c.channels * (c.filters // c.groups) * c.found.offsets
    return {"mul": c.pairs(), "add": c.pairs() - (sums if c.pairs() else 0)}


def _convolution(a: Bound) -> OpCounts:
    c = _convolution_of(a)
    met = c.found.numbers if c.transposed else c.found.windows
    biased = c.batch * c.filters * met if a["bias"] is not None and c.channels else 0
    products = a["dependent"](a["input"]) or a["dependent"](a["weight"])
    return summed(_forward(c) if products else {}, {"add": biased})


def _convolution_backward(a: Bound) -> OpCounts:
    c, wanted = _convolution_of(a), _gradients_that_count(a)
    bias = c.filters * max(c.batch * c.results - 1, 0) if 2 in wanted else 0
    return summed(_to_input(c) if 0 in wanted else {}, _to_weight(c) if 1 in wanted else {}, {"add": bias})


def _gradients_that_count(a: Bound) -> tuple[int, ...]:
    """Of input, weight and bias, by index; what is computed of data alone is data."""
    given = a["dependent"](a["grad_output"])
    depend = (given or a["dependent"](a["weight"]), given or a["dependent"](a["input"]), given)
    return tuple(index for index in range(3) if a["output_mask"][index] and depend[index])


# --- pooling

_GRADIENT: Final = ("grad_output",)  # of the rest the shape alone


def _pooled(a: Bound, axes: int) -> tuple[Windows, int, list[int]]:
    """The windows of a pooling, how many maps there are, and how many windows along each axis."""
    given = a["self"]
    kernel = spread(a["kernel_size"], axes)
    stride = spread(a["stride"], axes) if a["stride"] else kernel
    padding = spread(a["padding"], axes)
    dilation = spread(a.get("dilation", 1), axes)
    sizes = list(given.shape[-axes:])
    windows = [_windows(*each, a["ceil_mode"]) for each in zip(sizes, kernel, stride, padding, dilation, strict=True)]
    maps = math.prod(given.shape[:-axes])
    return over(sizes, windows, kernel, stride, padding, dilation, padded=False), maps, windows


def _windows(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil: bool) -> int:
    """How many windows fit; rounded up, only those that begin inside, or in the padding before."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1 + (stride - 1 if ceil else 0)
    windows = room // stride + 1
    return windows - 1 if ceil and (windows - 1) * stride >= size + padding else windows


def _max_pool(axes: int) -> Row:
    def rule(a: Bound) -> OpCounts:
        found, maps, _ = _pooled(a, axes)
        return {"maximum": maps * (found.pairs - found.windows)}

    return Row(rule, (0,))


def _average_pool(axes: int) -> Row:
    def rule(a: Bound) -> OpCounts:
        found, maps, windows = _pooled(a, axes)
        return {"add": maps * (found.pairs - found.windows), "div": maps * math.prod(windows)}

    return Row(rule)


def _average_pool_backward(axes: int) -> Row:
    """A quotient for each window, added to each number under it, from zero."""

    def rule(a: Bound) -> OpCounts:
        found, maps, windows = _pooled(a, axes)
        return {"div": maps * math.prod(windows), "add": maps * found.pairs}

    return Row(rule, values=_GRADIENT)


def _adaptive(size: int, windows: int) -> int:
    """How many numbers the windows have together that divide an axis as evenly as may be."""
    return sum(-(-(o + 1) * size // windows) - o * size // windows for o in range(windows))


def _adaptive_pool(a: Bound, windows: Sequence[int]) -> tuple[int, int]:
    """Pairs of window and number, and windows, in all maps."""
    axes = len(windows)
    maps = math.prod(a["self"].shape[:-axes])
    sizes = a["self"].shape[-axes:]
    return maps * math.prod(map(_adaptive, sizes, windows)), maps * math.prod(windows)


def _adaptive_average(a: Bound) -> OpCounts:
    pairs, windows = _adaptive_pool(a, a["output_size"])
    return {"add": pairs - windows, "div": windows}


def _adaptive_max(a: Bound) -> OpCounts:
    pairs, windows = _adaptive_pool(a, a["output_size"])
    return {"maximum": pairs - windows}


def _adaptive_average_backward(axes: int) -> Row:
    def rule(a: Bound) -> OpCounts:
        pairs, windows = _adaptive_pool(a, tuple(a["grad_output"].shape[-axes:]))
        return {"div": windows, "add": pairs}

    return Row(rule, values=_GRADIENT)


def added_gradient(a: Bound) -> OpCounts:
    """Each number of the gradient is added where it belongs, from zero."""
    return {"add": size_of(a["grad_output"])}


# --- a map in another size

_TAPS: Final = {"linear": (2, 1), "bilinear": (2, 2), "trilinear": (2, 3), "bicubic": (4, 2)}


def _upsampled(taps: int, axes: int) -> tuple[dict[str, int], int]:
    """What one number of the result is computed with: along one axis after the other; and from how many numbers."""
    lines = sum(taps**axis for axis in range(axes))
    return {"mul": lines * taps, "add": lines * (taps - 1)}, taps**axes


def _upsample(kind: str) -> Row:
    taps, axes = _TAPS[kind]
    one, _ = _upsampled(taps, axes)

    def rule(a: Bound) -> OpCounts:
        given = a.get("self", a.get("input"))
        sizes = a["output_size"]
        if sizes is None:
            sizes = [int(n * f) for n, f in zip(given.shape[2:], a["scale_factors"], strict=True)]
        return multiple(math.prod(given.shape[:2]) * math.prod(sizes), one)

    return Row(rule)


def _upsample_backward(kind: str) -> Row:
    """Each number of the gradient times the weight of each number that it came from, added there, from zero."""
    taps, axes = _TAPS[kind]
    _, sources = _upsampled(taps, axes)

    def rule(a: Bound) -> OpCounts:
        return multiple(sources * size_of(a["grad_output"]), {"mul": 1, "add": 1})

    return Row(rule)


def _unfolded(a: Bound) -> OpCounts:
    """Overlapping columns are added up, from zero, where they are not padding."""
    sizes = spread(a["output_size"], 2)
    kernel, dilation, padding, stride = (
        spread(a[name], 2) for name in ("kernel_size", "dilation", "padding", "stride")
    )
    windows = [_windows(*each, False) for each in zip(sizes, kernel, stride, padding, dilation, strict=True)]
    given = a["self"]
    maps = math.prod(given.shape[:-2]) * given.shape[-2] // math.prod(kernel)
    return {"add": maps * over(sizes, windows, kernel, stride, padding, dilation, padded=False).pairs}


# --- sums by position


def embedding_backward(a: Bound) -> OpCounts:
    """Each row of the gradient is added to the row of its index, from zero; those of the padding are not."""
    if a["scale_grad_by_freq"]:
        raise NoRule("how often an index occurs decides the count of scale_grad_by_freq=True: leave it out")
    gradient, indices, padding = a["grad_output"], a["indices"], a["padding_idx"]
    rows = indices.numel()
    if padding >= 0:
        rows = int((values_needed("the indices", indices) != padding).sum())
    return {"add": rows * gradient.shape[-1]}


def _put(a: Bound) -> OpCounts:
    if not a["accumulate"]:
        return {}
    return {"add": math.prod(_indexed(a["self"], a["indices"]))}


def _indexed(tensor: Any, indices: Sequence[Any]) -> tuple[int, ...]:
    import torch

    empty = torch.empty(tuple(tensor.shape), device="meta")
    if any(index is not None and index.dtype == torch.bool for index in indices):
        empty = torch.empty(tuple(tensor.shape))
    return tuple(empty[tuple(slice(None) if index is None else _place(index, empty) for index in indices)].shape)


def _place(index: Any, empty: Any) -> Any:
    import torch

    if index.dtype == torch.bool:
        return values_needed("the mask", index)
    return torch.empty(tuple(index.shape), dtype=torch.long, device="meta") if empty.is_meta else index


def _index_add(a: Bound) -> OpCounts:
    size = size_of(a["source"])
    return {"add": size, "mul": 0 if a["alpha"] == 1 or not a["dependent"](a["source"]) else size}


def _scatter_add(a: Bound) -> OpCounts:
    return {"add": a["index"].numel()}


_REDUCED: Final = {"sum": "add", "prod": "mul", "amax": "maximum", "amin": "minimum"}
_SCATTERED: Final = {"add": "add", "multiply": "mul"}


def _scatter_reduce(a: Bound) -> OpCounts:
    """Each number of the source is joined with what is there; without `include_self` the first of a place is not."""
    kind, index = _REDUCED.get(a["reduce"]), a["index"]
    if kind is None:
        raise NoRule('how often a place is met decides the count of reduce="mean": take the sum, and divide')
    size = index.numel()
    if not a["include_self"]:
        import torch

        places = values_needed("the positions", index)
        met = torch.zeros(tuple(a["self"].shape), dtype=torch.bool).scatter_(a["dim"], places, True)
        size -= int(met.sum())
    return {kind: size}


def _scatter_joined(a: Bound) -> OpCounts:
    return {_SCATTERED[a["reduce"]]: a["index"].numel()}


def _put_flat(a: Bound) -> OpCounts:
    return {"add": a["index"].numel() if a["accumulate"] else 0}


_BY_POSITION: Final[dict[str, Callable[[Bound], OpCounts]]] = {
    "index_put": _put, "_index_put_impl": _put, "_unsafe_index_put": _put,
    "index_add": _index_add, "scatter_add": _scatter_add, "scatter_reduce.two": _scatter_reduce,
    "scatter.reduce": _scatter_joined, "scatter.value_reduce": _scatter_joined, "put": _put_flat, "col2im": _unfolded,
    "unfold_backward": lambda a: {"add": size_of(a["grad_in"])},
}  # fmt: skip

ROWS: Final[dict[str, Row]] = {
    "convolution": Row(_convolution),
    "convolution_backward": Row(_convolution_backward, _gradients_that_count),
    "max_pool2d_with_indices": _max_pool(2),
    "max_pool3d_with_indices": _max_pool(3),
    **dict.fromkeys(("max_pool2d_with_indices_backward", "max_pool3d_with_indices_backward",
                     "adaptive_max_pool2d_backward", "adaptive_max_pool3d_backward",
                     *(f"reflection_pad{n}d_backward" for n in (1, 2, 3)),
                     *(f"replication_pad{n}d_backward" for n in (1, 2, 3)),
                     *(f"{name}{n}d_backward" for name in ("upsample_nearest", "_upsample_nearest_exact")
                       for n in (1, 2, 3))), Row(added_gradient, values=_GRADIENT)),
    "avg_pool2d": _average_pool(2),
    "avg_pool3d": _average_pool(3),
    "avg_pool2d_backward": _average_pool_backward(2),
    "avg_pool3d_backward": _average_pool_backward(3),
    "_adaptive_avg_pool2d": Row(_adaptive_average),
    "_adaptive_avg_pool3d": Row(_adaptive_average),
    "_adaptive_avg_pool2d_backward": _adaptive_average_backward(2),
    "_adaptive_avg_pool3d_backward": _adaptive_average_backward(3),
    "adaptive_avg_pool2d.out": Row(_adaptive_average),
    "adaptive_avg_pool3d.out": Row(_adaptive_average),
    "adaptive_max_pool2d": Row(_adaptive_max, (0,)),
    "adaptive_max_pool3d": Row(_adaptive_max, (0,)),
    "upsample_linear1d": _upsample("linear"),
    "upsample_bilinear2d": _upsample("bilinear"),
    "upsample_bilinear2d.vec": _upsample("bilinear"),
    "upsample_trilinear3d": _upsample("trilinear"),
    "upsample_bicubic2d": _upsample("bicubic"),
    "upsample_linear1d_backward": _upsample_backward("linear"),
    "upsample_bilinear2d_backward": _upsample_backward("bilinear"),
    "upsample_trilinear3d_backward": _upsample_backward("trilinear"),
    "upsample_bicubic2d_backward": _upsample_backward("bicubic"),
    **{name: Row(rule) for name, rule in _BY_POSITION.items()},
    "embedding_dense_backward": Row(embedding_backward, values=_GRADIENT),
}  # fmt: skip
