"""The counts of small programs, worked out by hand, and of known networks, from shapes alone."""

from __future__ import annotations

import time
from collections import namedtuple

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: make test-torch")

from torch import nn  # noqa: E402

import opcount as oc  # noqa: E402
from opcount.sources import torch as octo  # noqa: E402
from tests.support.torch_nets import counted, resnet  # noqa: E402

WHERE = ["cpu", "meta"]


@pytest.mark.parametrize("device", WHERE)
@pytest.mark.parametrize(
    ("f", "shapes", "expected"),
    [
        (torch.mv, [(2, 3), (3,)], {"mul": 6, "add": 4}),
        (torch.matmul, [(2, 3), (3,)], {"mul": 6, "add": 4}),
        (nn.Linear(3, 5), [(4, 3)], {"mul": 60, "add": 60}),
        (nn.Conv2d(2, 4, 3, 2, 1, bias=False), [(1, 2, 7, 7)], {"mul": 800, "add": 736}),
        (nn.LSTMCell(3, 4), [(1, 3)], {"mul": 124, "add": 144, "neg": 12, "exp": 12, "div": 12, "tanh": 8}),
    ],
)
def test_small_programs(f, shapes, expected, device):
    f = f.to(device) if isinstance(f, nn.Module) else f
    assert octo.measure(f, *(torch.ones(shape, device=device) for shape in shapes)).counts == expected


def mlp():
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 2))


@pytest.mark.parametrize("device", WHERE)
def test_an_mlp_forward_and_backward(device):
    model, x, y = mlp().to(device), torch.ones(32, 3, device=device), torch.ones(32, 2, device=device)
    with oc.count() as tally, octo.counting(model, x):
        loss = ((model(x) - y) ** 2).sum()
        with oc.region("backward"):
            loss.backward()
    assert tally.counts == {"mul": 3776, "add": 3153, "sub": 320, "tanh": 256}
    assert tally.regions["backward"] == {"mul": 2560, "add": 1938, "sub": 256}


def test_one_step_of_gradient_descent():
    x, w = torch.ones(4, 3), torch.ones(3, requires_grad=True)

    def step():
        ((x @ w) ** 2).sum().backward()
        with torch.no_grad():
            w.sub_(0.1 * w.grad)

    assert counted(step, w, x) == {"mul": 39, "add": 20, "sub": 3}


def test_the_first_convolution_of_resnet_meets_fewer_numbers_than_is_published():
    layer = nn.Conv2d(3, 64, 7, 2, 3, bias=False).to("meta")
    x = torch.empty(1, 3, 224, 224, device="meta")
    assert counted(lambda: layer(x), layer)["mul"] == 116_214_528
    assert counted(lambda: layer(x), layer, padding=True)["mul"] == 118_013_952


def test_resnet_18_by_the_published_figure():
    with torch.device("meta"):
        model, x = resnet((2, 2, 2, 2), False), torch.empty(1, 3, 224, 224)
    found = octo.table(model, x, backward=False, padding=True)
    assert found["mul"][found["type"] == "Conv2d"].sum() == 1_813_561_344
    exact = octo.table(model, x, backward=False)
    assert exact["mul"][exact["type"] == "Conv2d"].iloc[0] == 116_214_528


def test_a_step_of_resnet_50_takes_seconds_and_no_memory():
    with torch.device("meta"):
        model, x, y = resnet((3, 4, 6, 3), True), torch.empty(32, 3, 224, 224), torch.empty(32, dtype=torch.long)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    began = time.process_time()
    with oc.count() as tally, octo.counting(model, x):
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    assert time.process_time() - began < 30
    assert tally.counts.mul == 377_117_463_080


def test_a_recurrent_layer_is_its_cell_at_each_step():
    layer, cell, x = nn.LSTM(3, 4), nn.LSTMCell(3, 4), torch.ones(5, 2, 3)
    one = counted(lambda: cell(x[0]), cell)
    assert counted(lambda: layer(x), layer) == {kind: 5 * times for kind, times in one.items()}


def test_budgets_are_asked_before_an_operator_is_executed():
    x = torch.ones(4)
    with oc.count(budget={"mul": 5}), octo.counting(x):
        x.mul_(2)
        with pytest.raises(oc.BudgetExceeded) as raised:
            x.mul_(2)
    assert x.tolist() == [2.0] * 4 and raised.value.counts == {"mul": 4}


def test_what_raises_counts_nothing():
    x = torch.ones(4)
    with oc.count() as tally, octo.counting(x), pytest.raises(RuntimeError):
        torch.mm(x.reshape(2, 2), torch.ones(3, 3))
    assert tally.counts == {}


def test_laws_and_paused():
    law = oc.law(lambda n: octo.measure(torch.mm, torch.ones(n, n), torch.ones(n, n)).counts, range(1, 7))
    assert str(law) == "2n³ − n²"
    x = torch.ones(3)

    def with_a_pause():
        with oc.paused():
            x * x
        x + x

    assert counted(with_a_pause, x) == {"add": 3}


def test_nothing_counted_is_a_warning_and_wrong_arguments_are_refused():
    with pytest.warns(oc.NothingCounted):
        octo.measure(lambda x: torch.ones(2) * 2, torch.ones(2))
    for wrong in (np.array([1, None]), np.array(["x"]), np.ma.array([1.0, 2.0], mask=[0, 1]), oc.wrap(np.ones(2))):
        with pytest.raises(oc.InvalidType, match="closed over"):
            octo.measure(torch.neg, wrong)
    for wrong in ("x", 2.0, object()):
        with pytest.raises(oc.InvalidType, match="closed over"):
            octo.measure(torch.neg, wrong)
        with pytest.raises(oc.InvalidType), octo.counting(wrong):
            pass
    with pytest.raises(oc.InvalidType), octo.counting(torch.ones(2).to_sparse()):
        pass


def test_measure_takes_trees():
    point = namedtuple("Point", "x y")
    found = octo.measure(lambda p: p.x * p.y["z"], point(torch.ones(3), {"z": np.float64(2.0)}))
    assert found.value.tolist() == [2.0, 2.0, 2.0] and found.counts == {"mul": 3}


def test_measure_takes_copies():
    x = torch.ones(3)
    assert octo.measure(lambda x: x.mul_(2), x).counts == {"mul": 3}
    assert x.tolist() == [1, 1, 1]


def test_a_block_inside_another_counts_nothing_twice():
    x, y = torch.ones(3), torch.ones(3)

    def nested():
        with octo.counting(y):
            x * y
        x * 2

    assert counted(nested, x) == {"mul": 6}


def test_by_line_and_by_function():
    x = torch.ones(3, requires_grad=True)
    with oc.count(by="function") as tally, octo.counting(x):
        y = torch.tanh(x) * 2
        y.sum().backward()
        torch.autograd.backward((x * x).sum())
        nn.functional.silu(x)
    assert {name: counts.to_dict() for name, counts in tally.parts.items()} == {
        "torch.tanh": {"tanh": 3}, "torch.Tensor.mul": {"mul": 6}, "torch.Tensor.sum": {"add": 4},
        "torch.Tensor.backward": {"mul": 6, "sub": 3}, "torch.autograd.backward": {"mul": 6, "add": 6},
        "torch.nn.functional.silu": {"neg": 3, "exp": 3, "add": 3, "div": 3}}  # fmt: skip
    with oc.count(by="line") as tally, octo.counting(x):
        y = torch.tanh(x) * 2
        (y * y).sum().backward()
    assert [name.partition(":")[0] for name in tally.parts] == ["test_torch_examples.py"] * 2
    assert next(iter(tally.parts.values())) == {"tanh": 3, "mul": 3}
