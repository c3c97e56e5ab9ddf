"""Tables by module and by operator: rows add up to the whole, and each operator stands where it belongs."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: make test-torch")
pytest.importorskip("pandas")

from torch import nn  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402

import opcount as oc  # noqa: E402
from opcount.sources import torch as octo  # noqa: E402
from opcount.sources.torch.by_module import _Run  # noqa: E402
from tests.support.faults import planted  # noqa: E402
from tests.support.torch_nets import counted  # noqa: E402


class Twice(nn.Module):
    """A layer that is called twice and has two names, one that is checkpointed, and functions outside of layers."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 3)
        self.again = self.first
        self.inner = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
        self.last = nn.Linear(4, 3)
        self.scale = nn.Parameter(torch.ones(3))

    def forward(self, x):
        x = torch.tanh(self.again(self.first(x)))
        x = self.inner(x) * 2
        return checkpoint(lambda x: torch.sin(torch.sin(self.last(x))), x, use_reentrant=False) * self.scale


def whole(frame):
    kinds = [column for column in frame.columns if column in oc.KINDS]
    return {kind: int(n) for kind, n in frame[kinds].sum().items() if n}


def executed(model, x):
    model.zero_grad()

    def step():
        y = model(x)
        y.backward(torch.ones_like(y))

    return counted(step, model, x)


@pytest.mark.parametrize("by", ["module", "operator"])
def test_rows_add_up_to_the_whole(by):
    model, x = Twice(), torch.rand(5, 3)
    frame = octo.table(model, x, by=by)
    assert whole(frame) == executed(model, x)
    assert int(frame["total"].sum()) == sum(whole(frame).values())


def test_each_operator_stands_at_its_module():
    model, x = Twice(), torch.rand(5, 3)
    frame = octo.table(model, x)
    names = [name for name, phase in frame.index if phase == "forward"]
    assert names == ["", "first", "inner", "inner.0", "inner.1", "inner.2", "last"]
    at = lambda *row: {kind: int(n) for kind, n in frame.loc[row].items() if kind in oc.KINDS and n}  # noqa: E731
    assert at("first", "forward") == {"mul": 90, "add": 90}
    assert at("inner.0", "forward") == {"mul": 60, "add": 60}
    assert at("inner.2", "forward") == {"mul": 20}
    assert at("", "forward") == {"tanh": 15, "sin": 30, "mul": 20 + 15}
    # the gradient of a Linear: of its weight and its bias, and of its input
    assert at("inner.0", "backward") == {"mul": 120, "add": 4 * 3 * 4 + 4 * 4 + 5 * 3 * 3}
    # two calls, one of them of what is no input of the model's; and what both add to one gradient
    assert at("first", "backward") == {"mul": 45 * 3, "add": 2 * (3 * 3 * 4 + 3 * 4) + 30 + 12}
    # what the checkpoint executes again, and its gradients
    assert at("last", "backward")["mul"] == 60 + 120
    with_inside = frame["with_inside"]
    assert with_inside[("inner", "forward")] == sum(frame["total"][(f"inner.{i}", "forward")] for i in range(3))
    assert with_inside[("", "backward")] == frame["total"].xs("backward", level="phase").sum()
    assert frame.loc[("inner", "forward"), "type"] == "Sequential"


def test_the_model_is_as_it_was():
    model, x = Twice(), torch.rand(5, 3)
    model(x).sum().backward()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    gradients = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    state = torch.get_rng_state()
    octo.table(model, x)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(torch.equal(gradients[name], parameter.grad) for name, parameter in model.named_parameters())
    assert torch.equal(state, torch.get_rng_state())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_a_table_counts_for_nobody_else():
    with oc.count() as tally:
        octo.table(nn.Linear(2, 2), torch.ones(1, 2))
    assert tally.counts == {}


def test_by_operator():
    frame = octo.table(lambda x: torch.tanh(x @ x).sum(), torch.ones(2, 2, requires_grad=True), by="operator")
    assert frame["calls"].to_dict() == {
        ("mm", "forward"): 1, ("tanh", "forward"): 1, ("sum", "forward"): 1, ("tanh_backward", "backward"): 1,
        ("mm", "backward"): 2, ("add", "backward"): 1}  # fmt: skip
    assert frame["mul"][("mm", "forward")] == 8


def test_losses_and_functions():
    model = nn.Linear(2, 2)
    frame = octo.table(model, torch.ones(3, 2), loss=lambda y: (y * y).sum())
    assert frame.loc[("(loss)", "forward")]["mul"] == 6 and frame.loc[("(loss)", "backward")]["mul"] == 12
    assert list(octo.table(model, torch.ones(3, 2), backward=False).index) == [("", "forward")]
    alone = octo.table(lambda x: x * 2, torch.ones(3))
    assert list(alone.index) == [("(loss)", "forward")] and alone["mul"].tolist() == [3]
    with pytest.raises(oc.InvalidValue):
        octo.table(model, torch.ones(3, 2), by="layer")
    with pytest.raises(oc.InvalidType):
        octo.table("model")


def test_a_wrong_owner_is_seen():
    with planted(_Run, _owner=lambda self: self.current[-1][0]), pytest.raises(AssertionError):
        test_each_operator_stands_at_its_module()
