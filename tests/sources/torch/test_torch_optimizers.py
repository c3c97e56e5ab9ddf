"""Optimizers: in a loop over parameters, on lists of tensors, and fused into one operator, they count the same."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: make test-torch")

from torch import nn  # noqa: E402

import opcount as oc  # noqa: E402
from opcount.sources import torch as octo  # noqa: E402
from tests.support.torch_nets import counted  # noqa: E402

OPTIMIZERS = [
    (torch.optim.SGD, {}),
    (torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    (torch.optim.SGD, {"momentum": 0.9, "dampening": 0.1, "maximize": True}),
    (torch.optim.Adam, {}),
    (torch.optim.Adam, {"amsgrad": True, "weight_decay": 0.1}),
    (torch.optim.Adam, {"betas": (0.2, 0.3)}),
    (torch.optim.AdamW, {}),
    (torch.optim.AdamW, {"maximize": True, "amsgrad": True}),
]


def two_steps(kind, **options):
    torch.manual_seed(0)
    model, x = nn.Linear(3, 5), torch.ones(4, 3)
    optimizer = kind(model.parameters(), lr=0.1, **options)
    for _ in range(2):
        optimizer.zero_grad()
        model(x).pow(2).sum().backward()
        yield counted(optimizer.step, model, optimizer, [parameter.grad for parameter in model.parameters()])


@pytest.mark.parametrize(("kind", "options"), OPTIMIZERS, ids=str)
def test_optimizers_count_the_same_as_loops_on_lists_and_fused(kind, options):
    by_loop = list(two_steps(kind, foreach=False, **options))
    assert by_loop == list(two_steps(kind, foreach=True, **options)) == list(two_steps(kind, fused=True, **options))


def test_clipping_by_norm():
    model = nn.Linear(3, 5)
    model(torch.ones(4, 3)).sum().backward()
    gradients = [parameter.grad for parameter in model.parameters()]
    found = counted(lambda: nn.utils.clip_grad_norm_(model.parameters(), 1.0), gradients)
    # two norms, the norm of these two, 1 / (norm + eps) and at most 1, and its product with each gradient
    assert found == {"mul": 20 + 2 + 1 + 20, "add": 18 + 1 + 1, "sqrt": 3, "div": 1, "minimum": 1}


@pytest.mark.parametrize(("kind", "options"), OPTIMIZERS, ids=str)
def test_optimizers_on_gradients_that_are_data_count_the_same(kind, options):
    """Of a function that is linear in its parameters the gradient is data, and so is what is kept of it."""

    def steps(**how):
        weight, other = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(2))
        optimizer = kind([weight, other], lr=0.1, **options, **how)
        with oc.count() as tally, octo.counting(weight):
            for _ in range(3):
                optimizer.zero_grad()
                ((weight * torch.arange(3.0)).sum() + (other * other).sum()).backward()
                with oc.region("step"):
                    optimizer.step()
                other * 2
        return tally.regions["step"].to_dict(), tally.counts.to_dict()

    assert steps(foreach=False) == steps(foreach=True) == steps(fused=True)
