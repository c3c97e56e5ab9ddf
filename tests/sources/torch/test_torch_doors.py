"""The doors by which numbers leave PyTorch: they refuse, with the way out; truth values and text leave freely."""

from __future__ import annotations

import array
import copy
import io
import math
import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: make test-torch")

import opcount as oc  # noqa: E402
from opcount.sources import torch as octo  # noqa: E402
from opcount.sources.torch import doors  # noqa: E402
from tests.support.faults import planted  # noqa: E402
from tests.support.torch_nets import counted  # noqa: E402

REFUSED = {
    "item": lambda x: x[0].item(),
    "float": lambda x: float(x[0]),
    "int": lambda x: int(x[0]),
    "complex": lambda x: complex(x[0]),
    "bool": lambda x: bool(x[0]),
    "if": lambda x: 1 if x.sum() else 0,
    "index": lambda x: [0, 1, 2][x[0].long()],
    "range": lambda x: range(x.long()[0]),
    "tolist": lambda x: x.tolist(),
    "list of its numbers": lambda x: [v.item() for v in x],
    "numpy": lambda x: x.numpy(),
    "cpu().numpy()": lambda x: x.cpu().numpy(),
    "detach().numpy()": lambda x: x.detach().numpy(),
    "data.numpy()": lambda x: x.data.numpy(),
    "asarray": lambda x: np.asarray(x),
    "array of tensors": lambda x: np.array([x[0], x[1]]),
    "a ufunc": lambda x: np.add(x, 1.0),
    "NumPy's function": lambda x: np.linalg.inv(x),
    "math": lambda x: math.sin(x[0]),
    "__array__": lambda x: x.__array__(),
    "data_ptr": lambda x: x.data_ptr(),
    "dlpack": lambda x: np.from_dlpack(x),
    "to_dlpack": lambda x: torch.utils.dlpack.to_dlpack(x),
    "from_dlpack": lambda x: torch.from_dlpack(x),
    "tensor": lambda x: torch.tensor([x[0], 1.0]),
    "tensor of tuples": lambda x: torch.tensor([(x[0], x[1]), (1.0, 2.0)]),
    "as_tensor": lambda x: torch.as_tensor([x[0]]),
    "new_tensor": lambda x: x.new_tensor([x[0]]),
    "Tensor": lambda x: torch.Tensor([x[0]]),
    "FloatTensor": lambda x: torch.FloatTensor([x[0]]),
    "full": lambda x: torch.full((2,), x[0]),
    "alpha": lambda x: torch.add(torch.ones(2), 1, alpha=x[0]),
    "arange": lambda x: torch.arange(x.sum()),
    "pickle": lambda x: pickle.dumps(x),
    "copy": lambda x: copy.copy(x),
    "save": lambda x: torch.save(x, io.BytesIO()),
    "map_": lambda x: torch.ones(3).map_(x, lambda a, b: a * b),
    "apply_": lambda x: x.apply_(lambda a: a * 2),
    "storage": lambda x: x.untyped_storage(),
    "typed storage": lambda x: x.storage(),
    "array.array": lambda x: array.array("d", x),
    "an Array": lambda x: oc.wrap(np.ones(3)) * x,
    "an Array, from the right": lambda x: x * oc.wrap(np.ones(3)),
    "a Scalar": lambda x: oc.wrap(2.0) * x,
    "format to a number": lambda x: float(f"{x[0].item()}"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_number_that_would_leave_is_refused(name):
    x = torch.tensor([1.0, 2.0, 3.0])
    with oc.count(), octo.counting(x), pytest.raises(oc.Uncounted) as raised:
        REFUSED[name](x)
    assert "unwrap" in str(raised.value) or "plain" in str(raised.value)
    with oc.count(), octo.counting(x), pytest.raises(oc.Uncounted):
        REFUSED[name]((x * 2).view(3))


@pytest.mark.parametrize("name", ["tolist", "numpy", "storage", "tensor", "pickle", "data_ptr"])
def test_a_door_that_is_left_open_is_seen(name):
    x = torch.ones(3)
    with planted(doors, _HANDLERS={}), oc.count(), octo.counting(x):
        REFUSED[name](x)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: bool(x.sum() > 0), {"add": 2, "gt": 1}),
        (lambda x: (x > 0).tolist(), {"gt": 3}),
        (lambda x: (x > 0).numpy(), {"gt": 3}),
        (lambda x: (x > 0).sum(), {"gt": 3, "add": 2}),
        (lambda x: (x > 0) & (x < 2), {"gt": 3, "lt": 3}),
        (lambda x: x[x > 1], {"gt": 3}),
        (lambda x: (x > 1).nonzero().tolist(), {"gt": 3}),
        (lambda x: x.nonzero(), {"ne": 3}),
        (lambda x: x.argmax().item(), {"gt": 2}),
        (lambda x: x.max(0).indices.tolist(), {"maximum": 2}),
        (lambda x: x.bool().tolist(), {"ne": 3}),
        (lambda x: x.shape[0] * len(x) * x.dim(), {}),
        (lambda x: repr(x) + str(x) + f"{x[0]:.2f}", {}),
        (lambda x: hash(x), {}),
        (lambda x: torch.equal(x, x), {"eq": 3}),
        (lambda x: 1.0 in x, {"eq": 3}),
        (lambda x: copy.deepcopy(x) * 2, {"mul": 3}),
        (lambda x: torch.tensor(x) * 2, {"mul": 3}),
        (lambda x: torch.as_tensor(x) * 2, {"mul": 3}),
        (lambda x: octo.unwrap(x).numpy() * 2, {}),
        (lambda x: octo.unwrap({"a": [x, 1]})["a"][0].sum().item(), {}),
        (lambda x: octo.unwrap(x) * x, {"mul": 3}),
    ],
)
@pytest.mark.filterwarnings("ignore:To copy construct from a tensor")
def test_what_is_control_flow_or_text_is_free(f, expected):
    x = torch.tensor([1.0, 2.0, 3.0])
    found = counted(lambda: f(x), x)
    assert found == expected


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")
def test_an_operator_raises_what_pytorch_would_hide():
    x = torch.ones(3, dtype=torch.complex64)
    for f in (lambda: x / x, lambda: x % 2, lambda: x @ x.conj(), lambda: 2 / x):
        with oc.count(), octo.counting(x), pytest.raises((oc.Uncounted, RuntimeError)):
            f()
    with oc.count(), octo.counting(x), pytest.raises(TypeError, match="unsupported operand"):
        x + "a"
    before = torch.Tensor.__mul__, torch.utils.dlpack.to_dlpack
    with octo.counting(x):
        assert torch.Tensor.__mul__ is not before[0]
    assert (torch.Tensor.__mul__, torch.utils.dlpack.to_dlpack) == before
