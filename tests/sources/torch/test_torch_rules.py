"""The rules, held to what is executed number by number: PyTorch's own decompositions, written formulas, and loops."""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: make test-torch")

import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402
from torch._decomp import decomposition_table  # noqa: E402

import opcount as oc  # noqa: E402
from opcount.sources import torch as octo  # noqa: E402
from opcount.sources.torch import fused, modes, windows  # noqa: E402
from opcount.sources.torch.rows import Row, overload  # noqa: E402
from opcount.sources.torch.rules import ROWS  # noqa: E402
from tests.support.faults import planted  # noqa: E402
from tests.support.torch_nets import counted  # noqa: E402


def some(*shape):
    """Numbers between 0.1 and 0.9."""
    return torch.rand(shape) * 0.8 + 0.1


# --- PyTorch's own decompositions


def norm_calls(rng):
    batch, channels, inner = rng.randint(1, 3), 2 * rng.randint(1, 3), rng.randint(1, 4)
    shape, size = (batch, channels, inner), batch * channels * inner
    weight, bias = ((some(channels) if rng.random() < 0.7 else None) for _ in range(2))
    mask = [rng.random() < 0.7 for _ in range(3)]
    last, rows = (some(inner) if weight is not None else None), (batch, channels, 1)
    shift = some(inner) if bias is not None else None
    flags = [mask[0], mask[1] and weight is not None, mask[2] and bias is not None]
    channel = lambda: some(channels)  # noqa: E731
    return {
        "native_layer_norm": (some(*shape), [inner], last, shift, 1e-5),
        "native_layer_norm_backward": (some(*shape), some(*shape), [inner], some(*rows), some(*rows), last, shift,
                                       [True, mask[1] and last is not None, mask[2] and shift is not None]),
        "native_group_norm": (some(*shape), weight, bias, batch, channels, inner, 2, 1e-5),
        "native_group_norm_backward": (some(*shape), some(*shape), some(batch, 2), some(batch, 2), channel(), batch,
                                       channels, inner, 2, flags),
        "_native_batch_norm_legit_no_training": (some(*shape), channel(), channel(), channel(), channel(), 0.1, 1e-5),
        "native_batch_norm_backward": (some(*shape), some(*shape), channel(), channel(), channel(),
    channel(), channel(), True,
                                       1e-5, [True, True, True]),
    } if size else {}  # fmt: skip


def loss_calls(rng):
    n, reduction = rng.randint(1, 4), rng.randint(0, 2)
    x, y = some(n), some(n)
    return {
        "mse_loss": (x, y, reduction), "mse_loss_backward": (some(n) if not reduction else some(), x, y, reduction),
        "binary_cross_entropy": (x, y, None, reduction),
        "binary_cross_entropy_backward": (some(n), x, y, None, reduction),
        "binary_cross_entropy_with_logits": (x, y, None, None, reduction),
        "smooth_l1_loss": (x, y, reduction, 0.5),
        "nll_loss_forward": (some(n, 3), torch.randint(3, (n,)), None, reduction, -100),
    }  # fmt: skip


def other_calls(rng):
    n, m = rng.randint(1, 4), rng.randint(1, 4)
    x, y = some(n, m), some(n, m)
    return {
        "_softmax": (x, 1, False), "_log_softmax": (x, 1, False), "_safe_softmax": (x, 1),
        "_softmax_backward_data": (x, y, 1, torch.float32), "_log_softmax_backward_data": (x, y, 1, torch.float32),
        "logsumexp": (x, [1]), "gelu": (x,), "gelu_backward": (x, y), "glu": (some(n, 4), 1),
        "glu_backward": (some(n, 2), some(n, 4), 1), "silu_backward": (x, y), "hardswish": (x,),
        "hardswish_backward": (x, y), "hardsigmoid": (x,), "hardsigmoid_backward": (x, y), "leaky_relu": (x,),
        "leaky_relu_backward": (x, y, 0.1, False), "log_sigmoid_forward": (x,), "log_sigmoid_backward": (x, y, y),
        "threshold": (x, 0.1, 0.2), "threshold_backward": (x, y, 0), "hardtanh": (x,),
        "hardtanh_backward": (x, y, -1, 1),
        "_prelu_kernel": (x, y), "tanh_backward": (x, y), "sigmoid_backward": (x, y), "rsub.Tensor": (x, y),
        "lerp.Scalar": (x, y, 0.3), "frac": (x,), "baddbmm": (some(2, n, m), some(2, n, 3), some(2, 3, m)),
        "dot": (some(n), some(n)), "dist": (x, y), "trace": (some(n, n),), "aminmax": (x,), "nansum": (x,),
        "count_nonzero.dim_IntList": (x, [0]), "linalg_cross": (some(n, 3), some(n, 3)),
        "native_dropout": (x, 0.5, True),
        "col2im": (some(1, 4, 9), [4, 4], [2, 2], [1, 1], [0, 0], [1, 1]),
        "upsample_bicubic2d": (some(1, 1, 4, 4), [n, m], False),
    }  # fmt: skip


def compare_with_decomposition(name, arguments, chosen=lambda: True):
    operator = overload(name)
    tensors = [value for value in arguments if isinstance(value, torch.Tensor) and value.is_floating_point()]
    tensors = [tensor for tensor in tensors if chosen()]
    by_rule = counted(lambda: operator(*arguments), tensors)
    by_decomposition = counted(lambda: decomposition_table[operator](*arguments), tensors)
    assert by_rule == by_decomposition, (name, arguments)


@pytest.mark.parametrize("calls", [norm_calls, loss_calls, other_calls])
def test_rules_count_what_pytorchs_own_decomposition_executes(calls):
    torch.manual_seed(0)
    for seed in range(4):
        for name, arguments in calls(random.Random(seed)).items():
            compare_with_decomposition(name, arguments)


@pytest.mark.parametrize("calls", [norm_calls, loss_calls, other_calls])
def test_inside_an_operator_what_is_computed_of_data_is_data(calls):
    torch.manual_seed(0)
    rng = random.Random(1)
    for seed in range(5):
        for name, arguments in calls(random.Random(seed)).items():
            if any(isinstance(value, torch.Tensor) for value in arguments):
                compare_with_decomposition(name, arguments, lambda: rng.random() < 0.5)


def test_operators_of_two_operands_one_of_which_is_data():
    x, data = torch.rand(2, 3), torch.rand(2, 3)
    weight = torch.rand(3)
    for f, expected in (
        (lambda: torch.xlogy(x, data), {"mul": 6}),
        (lambda: torch.xlogy(data, x), {"mul": 6, "log": 6}),
        (lambda: torch.xlogy(x, 2.0), {"mul": 6}),
        (lambda: torch.special.xlog1py(x, data), {"mul": 6}),
        (lambda: torch.special.xlog1py(x, 2.0), {"mul": 6}),
        (lambda: torch.polar(x, data), {"mul": 12}),
        (lambda: torch.polar(data, x), {"mul": 12, "sin": 6, "cos": 6}),
        (lambda: F.rms_norm(data, (3,), weight), {"mul": 6}),
        (lambda: F.kl_div(x, data, reduction="none"), {"mul": 6, "sub": 6}),
        (lambda: torch.clamp(data, data, x), {"minimum": 6}),
        (lambda: torch.clamp(data, x, data), {"maximum": 6, "minimum": 6}),
        (lambda: x.index_add(0, torch.tensor([0, 0]), data, alpha=2.0), {"add": 6}),
        (lambda: data.index_add(0, torch.tensor([0, 0]), x, alpha=2.0), {"add": 6, "mul": 6}),
    ):
        assert counted(f, x, weight) == expected


@pytest.mark.parametrize("weighted", [False, True])
def test_root_mean_squares_of_data_are_data(weighted):
    """The operator that PyTorch has for other devices than the processor, from shapes alone."""
    x, inverse, seed = (some(*shape).to("meta") for shape in ((2, 3), (2, 1), (2, 3)))
    weight = some(3).to("meta") if weighted else None
    given = [x] if weight is None else [x, weight]
    forward = lambda: torch.ops.aten._fused_rms_norm(x, [3], weight, 1e-5)  # noqa: E731
    assert counted(forward, given) == counted(lambda: normalized_by_squares(x, weight), given)
    assert counted(forward, x) == counted(lambda: normalized_by_squares(x, weight), x)
    assert counted(forward, weight) == ({"mul": 6} if weighted else {})
    backward = lambda: torch.ops.aten._fused_rms_norm_backward(  # noqa: E731
        seed, x, [3], inverse, weight, [True, weighted]
    )
    # the numbers normalized again, and three products for each; with a weight, those by it and for it
    expected = {"mul": 24 + 12 * weighted, "div": 6, "add": 4 + 3 * weighted, "sub": 6}
    assert counted(backward, given, inverse, seed) == expected
    # with a gradient that is data, so are its products with a weight that is
    assert counted(backward, x, inverse) == {**expected, "mul": expected["mul"] - 6 * weighted}


def normalized_by_squares(x, weight):
    y = x * torch.reciprocal(torch.sqrt((x * x).sum(-1, keepdim=True) / 3 + 1e-5))
    return y if weight is None else y * weight


def test_a_wrong_rule_is_seen():
    wrong = {overload("_softmax"): Row(fused.ROWS["_log_softmax"].rule)}
    with planted(modes, ROWS={**ROWS, **wrong}), pytest.raises(AssertionError):
        compare_with_decomposition("_softmax", (some(2, 3), 1, False))


# --- formulas, written in elementary operators, that have the same value too


def sigmoid(x):
    return torch.reciprocal(1 + torch.exp(-x))


def normalized(x):
    mean = x.sum(-1, keepdim=True) / x.shape[-1]
    deviation = x - mean
    variance = (deviation * deviation).sum(-1, keepdim=True) / x.shape[-1]
    # PyTorch computes the deviations once for the variance and once for the result
    return (x - mean) * torch.reciprocal(torch.sqrt(variance + 1e-5))


FORMULAS = {
    "relu": (F.relu, lambda x: torch.maximum(x, torch.zeros(()))),
    "relu6": (F.relu6, lambda x: torch.minimum(torch.maximum(x, torch.zeros(())), torch.tensor(6.0))),
    "sigmoid": (torch.sigmoid, sigmoid),
    "silu": (F.silu, lambda x: x / (1 + torch.exp(-x))),
    "mish": (F.mish, lambda x: x * torch.tanh(torch.log1p(torch.exp(x)))),
    "softplus": (lambda x: F.softplus(x, 2.0),
                 lambda x: torch.where((x * 2 > 20), x, torch.log1p(torch.exp(x * 2)) / 2)),
    "gelu": (F.gelu, lambda x: x * 0.5 * (1 + torch.erf(x * math.sqrt(0.5)))),
    "gelu tanh": (lambda x: F.gelu(x, approximate="tanh"), lambda x: 0.5 * x * (1 + torch.tanh(
        math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))))),
    "elu": (F.elu, lambda x: torch.where(x < 0, torch.expm1(x), x)),
    "selu": (F.selu, lambda x: torch.where(x < 0, torch.expm1(x) * (1.6732632423543772 * 1.0507009873554805),
                                           x * 1.0507009873554805)),
    "celu": (lambda x: F.celu(x, 2.0), lambda x: torch.where(x < 0, torch.expm1(x * 0.5) * 2, x)),
    "hardswish": (F.hardswish, lambda x: x * torch.clamp(x + 3, 0, 6) / 6),
    "logsigmoid": (F.logsigmoid, lambda x: torch.clamp(x, max=0) - torch.log1p(torch.exp(-torch.abs(x)))),
    "rsqrt": (torch.rsqrt, lambda x: torch.reciprocal(torch.sqrt(x))),
    "addcmul": (lambda x: torch.addcmul(x, x, x, value=2), lambda x: x + 2 * (x * x)),
    "addcdiv": (lambda x: torch.addcdiv(x, x, x), lambda x: x + x / x),
    "lerp": (lambda x: torch.lerp(x, x * 2, 0.75), lambda x: (e := x * 2) - (e - x) * 0.25),
    "lerp by a tensor": (lambda x: torch.lerp(x, x * 2, torch.full((2, 3), 0.75).double()),
                         lambda x: (e := x * 2) - (e - x) * 0.25),
    "x ** 5": (lambda x: x**5, lambda x: (s := x * x) * s * x),
    "x ** -2": (lambda x: x**-2, lambda x: torch.reciprocal(x * x)),
    "layer_norm": (lambda x: F.layer_norm(x, (3,)), normalized),
    "var": (lambda x: x.var(-1), lambda x: (d := x - x.sum(-1, keepdim=True) / 3) .mul(d).sum(-1) / 2),
    "norm": (lambda x: torch.linalg.norm(x), lambda x: torch.sqrt((x * x).sum())),
    "norm 3": (lambda x: torch.linalg.vector_norm(x, 3), lambda x: ((a := x.abs()) * a * a).sum() ** (1 / 3)),
    "cosine": (lambda x: torch.linalg.vector_norm(x, math.inf), lambda x: x.abs().amax()),
    "huber": (lambda x: F.huber_loss(x, 1 - x, reduction="sum", delta=0.3), lambda x: torch.where(
        (z := (x - (1 - x)).abs()) <= 0.3, 0.5 * z * z, 0.3 * (z - 0.15)).sum()),
    "prelu": (lambda x: F.prelu(x, torch.tensor([0.2]).double()), lambda x: torch.where(x > 0, x, x * 0.2)),
    "glu": (lambda x: F.glu(torch.cat([x, x], -1)), lambda x: x * sigmoid(x)),
    "rms_norm": (lambda x: F.rms_norm(x, (3,), eps=1e-5), lambda x: x * torch.reciprocal(torch.sqrt(
        (x * x).sum(-1, keepdim=True) / 3 + 1e-5))),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_has_the_same_counts_and_the_same_value(name):
    torch.manual_seed(1)
    operator, formula = FORMULAS[name]
    x = some(2, 3).double()
    torch.testing.assert_close(operator(x), formula(x))
    assert counted(lambda: operator(x), x) == counted(lambda: formula(x), x)


def attention(q, k, v):
    scores = torch.matmul(q, k.transpose(-1, -2)) * (1 / math.sqrt(q.shape[-1]))
    largest = scores.amax(-1, keepdim=True)
    e = torch.exp(scores - largest)
    total = e.sum(-1, keepdim=True)
    torch.log(total) + largest  # kept for the backward pass
    return torch.matmul(e / total, v)


def test_attention():
    q, k, v = some(1, 2, 3, 4), some(1, 2, 5, 4), some(1, 2, 5, 6)
    operator = F.scaled_dot_product_attention
    torch.testing.assert_close(operator(q, k, k), attention(q, k, k))
    assert counted(lambda: operator(q, k, k), q, k) == counted(lambda: attention(q, k, k), q, k)
    del v


def test_heads_that_share_their_keys_and_values():
    """They count what attention with copies of keys and values counts, and the sums of the copies' gradients."""
    q, k, v = (some(2, heads, n, 4).requires_grad_() for heads, n in ((6, 3), (2, 5), (2, 5)))
    copies = [each.detach().repeat_interleave(3, 1).requires_grad_() for each in (k, v)]
    grouped = lambda: F.scaled_dot_product_attention(q, k, v, enable_gqa=True)  # noqa: E731
    copied = lambda: F.scaled_dot_product_attention(q, *copies)  # noqa: E731
    for one, other in (([q, k, v], [q, *copies]), ([q], [q]), ([k], [copies[0]]), ([v], [copies[1]])):
        assert counted(grouped, one) == counted(copied, other)
    seed = some(2, 6, 3, 4)
    for counts in ([seed], []):
        sums = counted(lambda: torch.autograd.grad(grouped(), (q, k, v), seed), q, k, v, counts)
        expected = counted(lambda: torch.autograd.grad(copied(), (q, *copies), seed), q, copies, counts)
        assert sums == {**expected, "add": expected["add"] + 2 * (k.numel() * 2)}


def test_sequences_of_different_lengths():
    """A packed sequence counts a cell for each of its steps: how long each sequence is, is data."""
    x = some(2, 4, 3)
    for layer, cell in ((nn.GRU(3, 2, batch_first=True), nn.GRUCell(3, 2)), (nn.LSTM(3, 2), nn.LSTMCell(3, 2))):
        once = counted(lambda cell=cell: cell(x[0, :1]), cell, x)

        def packed(layer=layer):
            output, _ = layer(nn.utils.rnn.pack_padded_sequence(x, [4, 2], batch_first=True))
            nn.utils.rnn.pad_packed_sequence(output)

        assert counted(packed, layer, x) == {kind: 6 * number for kind, number in once.items()}


def test_attention_backward():
    q, k, v = (some(1, 2, n, 4).requires_grad_() for n in (3, 5, 5))
    expected = {}

    def manual():
        scores = torch.matmul(q, k.transpose(-1, -2)) * 0.5
        p = torch.exp(scores - lse)
        dv = torch.matmul(p.transpose(-1, -2), g)
        rows = (g * out).sum(-1, keepdim=True)
        ds = p * (torch.matmul(g, v.transpose(-1, -2)) - rows) * 0.5
        return torch.matmul(ds, k), torch.matmul(ds.transpose(-1, -2), q), dv

    with oc.count() as tally, octo.counting(q, k, v):
        out = F.scaled_dot_product_attention(q, k, v)
        g = octo.unwrap(out)
        with oc.region("backward"):
            gradients = torch.autograd.grad(out, (q, k, v), g)
        with torch.no_grad():
            scores = torch.matmul(q, k.transpose(-1, -2)) * 0.5
            lse = torch.logsumexp(scores, -1, keepdim=True)
            with oc.count() as inner:
                for one, other in zip(manual(), gradients, strict=True):
                    torch.testing.assert_close(octo.unwrap(one), octo.unwrap(other))
    expected = inner.counts
    assert tally.regions["backward"] == expected


# --- loops over single numbers


def joined(terms, join=torch.add):
    found = None
    for term in terms:
        found = term if found is None else join(found, term)
    return found


def convolution_by_loops(x, w, stride, padding, dilation, groups):
    """Each number of the output as a sum of products of single numbers, where there are any."""
    (batch, _, *sizes), (filters, channels, *kernel) = x.shape, w.shape
    outer = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(sizes, kernel, stride, padding, dilation, strict=True)
    ]
    out = torch.zeros(batch, filters, *outer)
    for b, f, *at in itertools.product(*map(range, (batch, filters, *outer))):
        terms = []
        for c, *tap in itertools.product(*map(range, (channels, *kernel))):
            where = [o * s - p + k * d for o, s, p, k, d in zip(at, stride, padding, tap, dilation, strict=True)]
            if all(0 <= i < n for i, n in zip(where, sizes, strict=True)):
                terms.append(x[(b, f // (filters // groups) * channels + c, *where)] * w[(f, c, *tap)])
        if terms:
            out[(b, f, *at)] = joined(terms)
    return out


def convolutions():
    rng = random.Random(5)
    for axes in (1, 1, 1, 1, 1, 1, 2, 2, 2, 2):
        groups = rng.choice([1, 1, 2])
        kernel = [rng.randint(1, 3) for _ in range(axes)]
        dilation = [rng.randint(1, 2) for _ in range(axes)]
        stride, padding = ([rng.randint(low, high) for _ in range(axes)] for low, high in ((1, 3), (0, 2)))
        sizes = [
            rng.randint(d * (k - 1) + 1, 5) if d * (k - 1) < 5 else 5 for k, d in zip(kernel, dilation, strict=True)
        ]
        yield (some(2, 2 * groups, *sizes), some(2 * groups, 2, *kernel), stride, padding, dilation, groups)


@pytest.mark.parametrize("case", list(convolutions()), ids=lambda case: f"{tuple(case[0].shape)}{case[2:]}")
def test_convolutions_are_their_loops(case):
    """A loop gives the forward count; and Autograd's backward pass over the loop the numbers of its products."""
    x, w, stride, padding, dilation, groups = case
    convolve = F.conv1d if x.ndim == 3 else F.conv2d
    torch.testing.assert_close(convolve(x, w, None, stride, padding, dilation, groups),
                               convolution_by_loops(x, w, stride, padding, dilation, groups))  # fmt: skip
    forward = counted(lambda: convolve(x, w, None, stride, padding, dilation, groups), x, w)
    assert forward == counted(lambda: convolution_by_loops(x, w, stride, padding, dilation, groups), x, w)
    bias = some(w.shape[0])
    biased = counted(lambda: convolve(x, w, bias, stride, padding, dilation, groups), x, w)
    out = convolution_by_loops(torch.ones_like(x), torch.ones_like(w), stride, padding, dilation, groups)
    assert biased.get("add", 0) - forward.get("add", 0) == int((out > 0).sum())
    check_backward(convolve, x, w, stride, padding, dilation, groups)


def check_backward(convolve, x, w, stride, padding, dilation, groups):
    """How many products each number of a gradient sums is the gradient of a convolution of ones."""
    x, w = x.clone().requires_grad_(), w.clone().requires_grad_()
    ones, weights = torch.ones_like(x, requires_grad=True), torch.ones_like(w, requires_grad=True)
    terms = torch.autograd.grad(convolve(ones, weights, None, stride, padding, dilation, groups).sum(), (ones, weights))
    products = sum(int(part.sum()) for part in terms)
    sums = sum(int((part - 1).clamp(min=0).sum()) for part in terms)
    out = convolve(x, w, None, stride, padding, dilation, groups)
    found = counted(lambda: out.backward(torch.ones_like(out)), x, w)
    assert (found.get("mul", 0), found.get("add", 0)) == (products, sums)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(
    ("stride", "padding", "more", "dilation"), [(1, 0, 0, 1), (2, 1, 1, 1), (3, 2, 0, 2), (2, 0, 1, 1)]
)
def test_transposed_convolutions(groups, stride, padding, more, dilation):
    """The forward pass scatters: how many products each number of the output sums is one of ones."""
    x, w = some(2, 2 * groups, 4), some(2 * groups, 2, 3)
    convolve = lambda x, w: F.conv_transpose1d(x, w, None, stride, padding, more, groups, dilation)  # noqa: E731
    terms = convolve(torch.ones_like(x), torch.ones_like(w))
    expected = {"mul": int(terms.sum()), "add": int((terms - 1).clamp(min=0).sum())}
    assert counted(lambda: convolve(x, w), x, w) == {kind: n for kind, n in expected.items() if n}
    x, w = x.requires_grad_(), w.requires_grad_()
    ones, weights = torch.ones_like(x, requires_grad=True), torch.ones_like(w, requires_grad=True)
    parts = torch.autograd.grad(convolve(ones, weights).sum(), (ones, weights))
    out = convolve(x, w)
    found = counted(lambda: out.backward(torch.ones_like(out)), x, w)
    assert found["mul"] == sum(int(part.sum()) for part in parts)
    assert found["add"] == sum(int((part - 1).clamp(min=0).sum()) for part in parts)


@pytest.mark.parametrize("case", list(itertools.product([2, 3], [1, 2, 3], [0, 1], [1, 2], [False, True])))
def test_pooling_is_its_loops(case):
    kernel, stride, padding, dilation, ceil = case
    x = some(1, 2, 7)
    reach = torch.full((1, 1, 7), 1.0)

    def tapped(pool, given):
        return pool(given, kernel, stride, padding, ceil_mode=ceil)

    maxima, positions = F.max_pool1d(x, kernel, stride, padding, dilation, ceil, True)
    taps = [sum(0 <= o * stride - padding + k * dilation < 7 for k in range(kernel)) for o in range(maxima.shape[-1])]
    found = counted(lambda: F.max_pool1d(x, kernel, stride, padding, dilation, ceil), x)
    assert found.get("maximum", 0) == 2 * sum(n - 1 for n in taps)
    assert positions.shape == maxima.shape and reach.numel() == 7
    if dilation == 1:
        average = tapped(F.avg_pool1d, x)
        taps = [sum(0 <= o * stride - padding + k < 7 for k in range(kernel)) for o in range(average.shape[-1])]
        found = counted(lambda: tapped(F.avg_pool1d, x), x)
        assert found == {k: n for k, n in {"add": 2 * sum(n - 1 for n in taps), "div": 2 * len(taps)}.items() if n}


@pytest.mark.parametrize(("size", "windows_"), [(7, 3), (5, 5), (4, 6), (9, 2)])
def test_adaptive_pooling(size, windows_):
    x = some(2, 3, size, size).requires_grad_()
    bounds = [(o * size // windows_, math.ceil((o + 1) * size / windows_)) for o in range(windows_)]
    pairs = sum(b - a for a, b in bounds) ** 2 * 6
    results = 6 * windows_**2
    pool = nn.AdaptiveAvgPool2d(windows_)
    expected = {"add": pairs - results, "div": results}
    assert counted(lambda: pool(x), x) == {k: n for k, n in expected.items() if n}
    out = pool(x)
    assert counted(lambda: out.backward(torch.ones_like(out)), x) == {}  # ones are data
    assert counted(lambda: (pool(x) * 1).backward(torch.ones_like(out)), x)["mul"] == results
    found = counted(lambda: nn.AdaptiveMaxPool2d(windows_)(x), x)
    assert found.get("maximum", 0) == pairs - results


def test_a_window_that_is_counted_wrongly_is_seen():
    case = next(case for case in convolutions() if any(case[3]))
    with planted(windows, along=lambda *a: windows.Axis(a[1] * a[2], a[1], a[0], a[2])), pytest.raises(AssertionError):
        test_convolutions_are_their_loops(case)


torch.manual_seed(3)
E = nn.Parameter(torch.rand(5, 4) + 0.1)
E_SORTED = {"lt": sum(oc.measure(np.sort, column).counts["lt"] for column in E.detach().numpy().T)}
E_TOP = {"lt": oc.measure(np.sort, E[:, 0].detach().numpy()).counts["lt"]}


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda: F.embedding(torch.tensor([0, 1, 1]), E).sum(0).sum().backward(), {"add": 11}),
        (lambda: (F.embedding(torch.tensor([0, 1, 1]), E, padding_idx=1) * 2).sum().backward(), {"mul": 12, "add": 11}),
        (lambda: (E * 2).index_add(0, torch.tensor([0, 0]), E[:2]), {"mul": 20, "add": 8}),
        (lambda: E.detach().clone().index_put_((torch.tensor([0, 0]),), E[:2], accumulate=True), {"add": 8}),
        (lambda: torch.zeros(5).scatter_add(0, torch.tensor([0, 0, 1]), E[0, :3]), {"add": 3}),
        (
            lambda: torch.zeros(5).scatter_reduce(0, torch.tensor([0, 0, 1]), E[0, :3], "sum", include_self=False),
            {"add": 1},
        ),
        (lambda: torch.zeros(5).scatter_reduce(0, torch.tensor([0, 0, 1]), E[0, :3], "amax"), {"maximum": 3}),
        (lambda: E.sort(0), E_SORTED),
        (lambda: E[:, 0].topk(2), E_TOP),
        (lambda: F.interpolate(E.reshape(1, 1, 5, 4), scale_factor=2, mode="nearest"), {}),
        (lambda: F.interpolate(E.reshape(1, 1, 5, 4), scale_factor=2, mode="bilinear"), {"mul": 480, "add": 240}),
        (lambda: F.interpolate(E.reshape(1, 5, 4), scale_factor=2, mode="linear"), {"mul": 80, "add": 40}),
        (lambda: F.dropout(E, 0.5), {"mul": 20}),
        (lambda: F.cosine_similarity(E[0], E[1], 0), None),
        (lambda: torch.einsum("ij,kj->ik", E, E), {"mul": 100, "add": 75}),
        (lambda: torch.kron(E[:2, :2], E[:2, :2]), {"mul": 16}),
        (lambda: torch.linalg.solve(E[:4] @ E[:4].T + 5 * torch.eye(4), E[0]), None),
    ],
)
def test_other_operators_by_hand(f, expected):
    E.grad = None
    found = counted(f, E)
    assert expected is None or found == expected


def test_numbers_drawn_by_chance():
    """What they are multiplied with, added to and compared with counts; of a shape alone nothing does."""
    p, data = torch.rand(3), torch.full((3,), 0.5)
    for f, expected in (
        (lambda: torch.normal(p, p), {"mul": 3, "add": 3}),
        (lambda: torch.normal(p, data), {"add": 3}),
        (lambda: torch.normal(p, 2.0), {"add": 3}),
        (lambda: torch.normal(2.0, p), {"mul": 3, "add": 3}),
        (lambda: torch.bernoulli(p), {"lt": 3}),
        (lambda: torch.ones(3).bernoulli_(p), {"lt": 3}),
        (lambda: p.clone().bernoulli_(data), {}),
        (lambda: torch.bernoulli(p, 0.5) * 2, {}),
        (
            lambda: torch.distributions.Normal(p, p, validate_args=True).rsample(),
            {"eq": 3, "gt": 3, "mul": 3, "add": 3},
        ),
    ):
        assert counted(f, p) == expected
    for drawn in (torch.normal, torch.bernoulli):
        found = []
        for given in ([], [p]):
            torch.manual_seed(0)
            with oc.count(), octo.counting(given):
                found.append(octo.unwrap(drawn(p, p) if drawn is torch.normal else drawn(p)))
        assert torch.equal(*found)


# --- losses of classes


def nll_by_loops(x, target, weight, ignored, reduction):
    terms = [-x[row, k] if weight is None else -x[row, k] * weight[k]
             for row, k in enumerate(target.tolist()) if k != ignored]  # fmt: skip
    if reduction == "none":
        return torch.stack(terms)
    kept = [k for k in target.tolist() if k != ignored]
    total = len(kept) if weight is None else joined([weight[k] for k in kept])  # the kernel gives it for a sum too
    found = joined(terms)
    return found if reduction == "sum" else found / total


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("weighted", [None, "data", "counts"])
@pytest.mark.parametrize("ignored", [-100, 2])
def test_log_likelihoods_are_their_loops(reduction, weighted, ignored):
    """Where weights are data, their sum is, and what is ignored executes nothing, forward and backward."""
    torch.manual_seed(0)
    x, target = some(4, 3).double(), torch.tensor([0, 2, 1, 1])
    weight = None if weighted is None else torch.rand(3).double() + 0.5
    given = [x, weight] if weighted == "counts" else [x]
    options = {"weight": weight, "ignore_index": ignored, "reduction": reduction}
    forward = counted(lambda: F.nll_loss(x, target, **options), given)
    assert forward == counted(lambda: nll_by_loops(x, target, weight, ignored, reduction), given)
    found = F.nll_loss(x, target, **options)
    found = found[target != ignored] if reduction == "none" else found
    torch.testing.assert_close(found, nll_by_loops(x, target, weight, ignored, reduction))

    def backward(seed, counts):
        leaf = x.clone().requires_grad_()
        with oc.count() as tally, octo.counting(leaf, given[1:], seed if counts else None):
            loss = F.nll_loss(leaf, target, **options)
            with oc.region("backward"):
                torch.autograd.grad(loss, leaf, seed)
        return tally.regions["backward"].to_dict() if "backward" in tally.regions else {}

    kept = int((target != ignored).sum())
    seed = torch.ones(4).double() if reduction == "none" else torch.ones(()).double()
    of_weights = {"mul": kept, "div": kept * (reduction == "mean")} if weighted == "counts" else {}
    of_seed = {"neg": kept, "mul": kept * (weighted is not None), "div": kept * (reduction == "mean")}
    for counts, expected in ((False, of_weights), (True, of_seed)):
        assert backward(seed, counts) == {kind: number for kind, number in expected.items() if number}
