"""Which tensors depend on what is counted: by their storage, which views share, and which is freed and used again."""

from __future__ import annotations

from collections import namedtuple

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: make test-torch")

from torch import nn  # noqa: E402

import opcount as oc  # noqa: E402
from opcount.sources import torch as octo  # noqa: E402
from opcount.sources.torch import dependence  # noqa: E402
from opcount.sources.torch.dependence import Dependence  # noqa: E402
from tests.support.faults import planted  # noqa: E402
from tests.support.torch_nets import counted  # noqa: E402

X = torch.ones(3)

DEPENDS = {
    "itself": lambda x: x,
    "a view": lambda x: x.view(3, 1).expand(3, 2)[1:].T,
    "detached": lambda x: x.detach(),
    "data": lambda x: x.data,
    "a copy": lambda x: x.clone(),
    "cast": lambda x: x.double().long(),
    "joined with data": lambda x: torch.cat([torch.ones(2), x]),
    "stacked": lambda x: torch.stack([torch.ones(3), x]),
    "chosen": lambda x: torch.where(torch.ones(3) > 0, torch.ones(3), x),
    "written into data": lambda x: torch.zeros(4).index_copy_(0, torch.tensor([1, 2, 3]), x),
    "assigned into data": lambda x: assigned(torch.zeros(4), x),
    "filled": lambda x: torch.zeros(4).fill_(x[0]),
    "copied into data": lambda x: torch.zeros(3).copy_(x),
    "into out": lambda x: torch.neg(x, out=torch.empty(3)),
    "set": lambda x: torch.empty(0).set_(x),
    "resized": lambda x: x.clone().resize_(5),
    "overwritten": lambda x: x.clone().zero_(),
    "gathered": lambda x: x[torch.tensor([0, 1])],
    "masked": lambda x: x[torch.tensor([True, False, True])],
    "a parameter of it": lambda x: nn.Parameter(x.detach()),
    "swapped data": lambda x: swapped(torch.zeros(3), x),
}  # fmt: skip


def assigned(target, x):
    target[1:] = x
    return target


def swapped(target, x):
    target.data = x.data
    return target


@pytest.mark.parametrize("name", DEPENDS)
def test_what_depends_counts(name):
    x = X.clone()
    with oc.count(), octo.counting(x):
        found = DEPENDS[name](x)
        with oc.count() as inner:
            found * 2
    assert inner.counts.mul == found.numel() > 0


DATA = {
    "zeros_like": torch.zeros_like, "ones_like": torch.ones_like, "rand_like": torch.rand_like,
    "full_like": lambda x: torch.full_like(x, 2.0), "new": lambda x: x.new_zeros(3),
    "new_full": lambda x: x.new_full((2,), 1.0),
    "its shape": lambda x: torch.tensor(x.shape), "positions": lambda x: x.argmax(), "nonzero": lambda x: x.nonzero(),
    "empty_like": torch.empty_like, "data beside": lambda x: torch.ones(3), "sort": lambda x: x.sort().indices,
    "max": lambda x: x.max(0).indices, "unwrap": octo.unwrap, "argsort": lambda x: x.argsort(),
    "pooled": lambda x: nn.functional.max_pool1d(x.reshape(1, 1, 3), 2, return_indices=True)[1],
}  # fmt: skip


@pytest.mark.parametrize("name", DATA)
def test_data_is_constant(name):
    x = X.clone()
    with oc.count(), octo.counting(x):
        found = DATA[name](x)
        with oc.count() as inner:
            found * 2
    assert inner.counts == {}


def test_only_what_depends_counts():
    x, data = X.clone(), torch.ones(3)
    assert counted(lambda: (data * 2) * x + (data + data), x) == {"mul": 3, "add": 3}
    assert counted(lambda: data @ data, x) == {}
    assert counted(lambda: torch.add(data, data, out=x.clone()), x) == {}


def test_storage_that_is_freed_is_not_taken_for_what_comes_after():
    """Thousands of tensors that depend are freed; new ones at the same addresses are data."""
    x = X.clone()
    with oc.count() as tally, octo.counting(x):
        for _ in range(300):
            y = x.clone()
            del y
            torch.ones(3) * 2
    assert tally.counts == {}
    known = Dependence()
    with planted(dependence, _PURGE=8):
        known._limit = 8
        for _ in range(100):
            known.add(torch.ones(3))
    assert len(known) <= 17


def test_a_storage_is_kept_by_its_weak_reference():
    known, one = Dependence(), torch.ones(3)
    address = one.untyped_storage()._cdata
    known.add(one)
    assert one in known and one.view(3, 1) in known and torch.ones(3) not in known
    del one
    assert all(torch.ones(3).untyped_storage()._cdata != address for _ in range(100))


def test_what_can_be_given():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    optimizer = torch.optim.Adam(model.parameters())
    point = namedtuple("Point", "x y")(torch.ones(2), [torch.ones(2), {"z": torch.ones(2)}])
    for given, one in (
        (model, model[1].running_mean),
        (optimizer, model[0].bias),
        (point, point.y[1]["z"]),
        (None, None),
    ):
        if one is not None:
            with torch.no_grad():
                assert counted(lambda one=one: one * 2, given) == {"mul": 2}
    assert counted(lambda: torch.ones(2) * 2, None, model) == {}


def test_a_models_parameters_are_data_unless_they_are_given():
    layer, x = nn.Linear(3, 5), torch.ones(4, 3)
    assert counted(lambda: layer(torch.ones(4, 3)), layer) == counted(lambda: layer(x), x) == {"mul": 60, "add": 60}
    assert counted(lambda: layer.weight * 2, x) == {}


def test_of_lists_each_tensor_depends_for_itself():
    """Data in a list with what counts stays data: the result of it, what is written into, and an `out=` of lists."""
    x, data, into = X.clone(), torch.ones(3), [torch.empty(3), torch.empty(3)]
    aten = torch.ops.aten
    made_of_lists = {
        "made": lambda: torch._foreach_add([x, data], 1.0),
        "in place": lambda: (torch._foreach_mul_(both := [x, data], 2.0), both)[1],
        "out": lambda: (aten._foreach_add.Scalar_out([x, data], 1.0, out=into), into)[1],
        "norms": lambda: torch._foreach_norm([x, data]),
        "copied": lambda: (torch._foreach_copy_(into, [x, data]), into)[1],
        "zeroed": lambda: (torch._foreach_zero_(both := [x, data]), both)[1],
    }
    for name, make in made_of_lists.items():
        into = [torch.empty(3), torch.empty(3)]
        with oc.count(), octo.counting(x):
            first, second = make()
            with oc.count() as inner:
                second * 2
            assert inner.counts == {}, name
            with oc.count() as inner:
                first * 2
            assert inner.counts.mul == first.numel(), name
    into = [torch.empty(1), torch.empty(2)]
    with oc.count() as tally, octo.counting(x):
        torch.split_with_sizes_copy(x, [1, 2], out=into)
        into[0] * 2, into[1] * 2
    assert tally.counts == {"mul": 3}
