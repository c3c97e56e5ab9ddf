"""PyTorch's other modes, transforms and threads: what they execute is counted exactly, or refused."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: make test-torch")

import torch.autograd.forward_ad as forward_ad  # noqa: E402
from torch import nn  # noqa: E402
from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402

import opcount as oc  # noqa: E402
from opcount.sources import torch as octo  # noqa: E402
from tests.support.torch_nets import counted  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning", "ignore:.*:FutureWarning")

ONCE = {"mul": 48, "add": 48, "maximum": 16}  # Linear(3, 4) and relu, of a batch of 4


def layer():
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU())


def forward(model, x):
    return model(x)


@torch.inference_mode()
def in_inference_mode(model, x):
    return model(x)


@torch.no_grad()
def without_gradients(model, x):
    return model(x)


def autocast(model, x):
    with torch.autocast("cpu", torch.bfloat16):
        return model(x)


def with_a_hook(model, x):
    handle = model.register_forward_hook(lambda module, inputs, output: output.detach().clone())
    with handle:
        return model(x)


def by_functional_call(model, x):
    return torch.func.functional_call(model, dict(model.named_parameters()), (x,))


def by_vmap(model, x):
    return torch.vmap(lambda row: model(row))(x)


def by_scripting(model, x):
    return torch.jit.script(model)(x)


def by_tracing(model, x):
    return torch.jit.trace(model, torch.ones(4, 3), check_trace=False)(x)


def by_export(model, x):
    with oc.paused(), octo_off():
        program = torch.export.export(model, (torch.ones(4, 3),)).module()
    return program(x)


def octo_off():
    return torch.utils._python_dispatch._disable_current_modes()


WAYS = [forward, in_inference_mode, without_gradients, autocast, with_a_hook, by_functional_call, by_vmap]


@pytest.mark.parametrize("way", WAYS)
def test_a_layer_counts_once_in_every_mode(way):
    model, x = layer(), torch.ones(4, 3)
    assert counted(lambda: way(model, x), model) == ONCE
    assert counted(lambda: way(model, x), x) == ONCE


def test_a_scripted_and_a_traced_layer():
    model, x = layer(), torch.ones(4, 3)
    for made in (torch.jit.script(model), torch.jit.trace(model, x)):
        for _ in range(3):  # the interpreter specializes itself after a few calls
            assert counted(lambda made=made: made(x), made) == ONCE


def test_a_compiled_function_is_executed_as_it_is_written():
    compiled = torch.compile(lambda x: (x * x).sum())
    x = torch.ones(3)
    assert counted(lambda: compiled(x), x) == {"mul": 3, "add": 2}
    compiled(x)
    assert counted(lambda: compiled(x), x) == {"mul": 3, "add": 2}


def test_transforms():
    x = torch.ones(3)
    square = lambda v: (v * v).sum()  # noqa: E731
    assert counted(lambda: torch.func.grad(square)(x), x) == {"mul": 9, "add": 5}
    assert counted(lambda: torch.vmap(torch.func.grad(square))(x.expand(5, 3)), x) == {"mul": 45, "add": 25}
    assert counted(lambda: torch.func.jvp(square, (x,), (torch.ones(3),)), x) == {"mul": 9, "add": 7}
    assert counted(lambda: torch.func.vmap(lambda v: v * 2)(x), x) == {"mul": 3}


def test_dual_numbers():
    x = torch.ones(3)

    def tangent():
        with forward_ad.dual_level():
            dual = forward_ad.make_dual(x, torch.ones(3))
            return forward_ad.unpack_dual((dual * dual).sum()).tangent

    assert counted(tangent, x) == {"mul": 9, "add": 7}


def test_a_function_with_a_backward_of_its_own():
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * (x * x * 3)

    x = torch.ones(3, requires_grad=True)
    assert counted(lambda: Cube.apply(x).sum().backward(), x) == {"mul": 6 + 9, "add": 2}


@pytest.mark.parametrize("reentrant", [True, False])
def test_a_checkpoint_executes_its_forward_pass_again(reentrant):
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh())

    def inputs():
        return torch.ones(2, 3, requires_grad=reentrant)

    x, again = inputs(), inputs()
    plain = counted(lambda: model(x).sum().backward(), model)
    model.zero_grad()
    found = counted(lambda: checkpoint(model, again, use_reentrant=reentrant).sum().backward(), model)
    # the last tanh is executed again only where it is not known that nobody needs it
    assert {kind: found[kind] - plain[kind] for kind in plain if found[kind] > plain[kind]} == {
        "mul": 24, "add": 24, "tanh": 8}  # fmt: skip


class Nested(torch.autograd.Function):
    threads: set[int]

    @staticmethod
    def forward(ctx, x, depth):
        ctx.depth = depth
        ctx.save_for_backward(x)
        return x * 1.5

    @staticmethod
    def backward(ctx, g):
        Nested.threads.add(threading.get_ident())
        if not ctx.depth:
            return g * 1.5, None
        with torch.enable_grad():
            x = ctx.saved_tensors[0].detach().requires_grad_()
            Nested.apply(x, ctx.depth - 1).backward(g)
        return x.grad, None


def test_autograds_own_threads_count():
    """A backward pass inside a backward pass, a hundred deep, is taken over by a thread of Autograd's."""
    x = torch.ones(3, requires_grad=True)
    Nested.threads = set()
    with oc.count() as tally, octo.counting(x), oc.region("all"):
        Nested.apply(x, 100).sum().backward()
    assert len(Nested.threads) > 1
    assert tally.counts == tally.regions["all"] == {"mul": 101 * 3, "add": 2}


# --- threads of the user's own


def in_a_thread(f):
    found = []

    def run():
        try:
            found.append(f())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


def test_a_thread_counts_where_it_was_propagated_and_is_refused_elsewhere():
    x = torch.ones(3)

    def refused():
        assert isinstance(in_a_thread(lambda: x * 2), oc.Uncounted)
        assert in_a_thread(lambda: torch.ones(2) * 2).tolist() == [2, 2]  # data is nobody's

    with oc.count() as tally, octo.counting(x):
        refused()
    assert tally.counts == {}
    propagated = lambda: in_a_thread(oc.propagate(lambda: x * 2))  # noqa: E731
    assert counted(propagated, x) == {"mul": 3}


def test_pools():
    x = torch.ones(3)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()  # its thread is there before the block
        assert counted(lambda: list(pool.map(oc.propagate(lambda i: x * i), range(3))), x) == {"mul": 9}
        with oc.count(), octo.counting(x), pytest.raises(oc.Uncounted):
            pool.submit(lambda: x * 2).result()
    assert "opcount" not in threading.Thread.start.__module__ + ThreadPoolExecutor.submit.__module__


def test_a_thread_that_was_there_before_counts_what_is_propagated():
    work, done = queue.Queue(), queue.Queue()
    thread = threading.Thread(target=lambda: [done.put(f()) for f in iter(work.get, None)])
    thread.start()
    x = torch.ones(3)

    def handed_over():
        work.put(oc.propagate(lambda: x * 2))
        done.get()

    assert counted(handed_over, x) == {"mul": 3}
    work.put(None)
    thread.join()


# --- shapes alone


def test_fake_tensors():
    with FakeTensorMode():
        model, x = nn.Linear(3, 5), torch.ones(4, 3)
        found = counted(lambda: model(x).sum().backward(), model, x)
    real, y = nn.Linear(3, 5), torch.ones(4, 3)
    assert found == counted(lambda: real(y).sum().backward(), real, y)
    model = nn.Linear(3, 5)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        pass

    def inside():
        with mode:
            model(torch.ones(4, 3))

    assert counted(inside, model) == {"mul": 60, "add": 60}


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.sort(),
        lambda x: x.topk(2),
        lambda x: (
            torch.ones(4, device="meta") ** x.long() if False else x ** torch.ones(4, dtype=torch.int64, device="meta")
        ),
        lambda x: x.sum().item(),
        lambda x: bool(x.sum() > 0),
    ],
)
def test_what_depends_on_values_is_refused_from_shapes(f):
    with pytest.raises((oc.Uncounted, RuntimeError)):
        octo.measure(f, torch.ones(4, device="meta"))


# --- kinds of tensors that have no count


def nested():
    return torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(1, 3)], layout=torch.jagged)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: torch.sparse.mm(torch.eye(3).to_sparse(), x),
        lambda x: torch.eye(3).to_sparse_csr() @ x,
        lambda x: x.to_sparse(),
        lambda x: torch.quantize_per_tensor(x, 0.1, 0, torch.qint8),
        lambda x: torch.fft.fft(x),
        lambda x: torch.cond(x.sum() > 0, lambda v: v * 2, lambda v: v * 3, (x,)),
        lambda x: (
            nn.functional.embedding(torch.tensor([0, 1]), x.requires_grad_(), sparse=True).pow(2).sum().backward()
        ),
        lambda x: torch.linalg.svd(x),
        lambda x: torch.linalg.det(x),
        lambda x: torch.cdist(x, x),
        lambda x: torch.histc(x),
        lambda x: torch.nested.nested_tensor([torch.ones(2, 3)]) * x,
    ],
)
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_what_has_no_count_is_refused(f):
    x = torch.eye(3) + 1
    with oc.count(), octo.counting(x), pytest.raises((oc.Uncounted, RuntimeError)) as raised:
        f(x)
    assert isinstance(raised.value, oc.Uncounted) or "not" in str(raised.value)


def test_a_subclass_with_operators_of_its_own_counts_what_it_executes():
    found = counted(lambda: nested() * torch.ones(3), torch.ones(1))
    assert found == {}
    x = torch.ones(3)
    assert counted(lambda: nested() * x, x) == {"mul": 9}

    class Noted(torch.Tensor):
        pass

    y = torch.ones(3).as_subclass(Noted)
    assert counted(lambda: y * 2 + y, y) == {"mul": 3, "add": 3}


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda z: z * z, {"mul": 12, "add": 3, "sub": 3}),
        (lambda z: z + z, {"add": 6}),
        (lambda z: -z, {"neg": 6}),
        (lambda z: z.abs(), {"hypot": 3}),
        (lambda z: z.conj() * z, {"mul": 12, "add": 3, "sub": 3, "neg": 3}),
        (lambda z: z.conj().resolve_conj(), {"neg": 3}),
        (lambda z: z.real * 2, {"mul": 3}),
        (lambda z: torch.dot(z, z), {"mul": 12, "add": 7, "sub": 3}),
    ],
)
def test_complex_numbers_count_their_real_operations(f, expected):
    z = torch.tensor([1 + 2j, 3 - 1j, 0.5j])
    assert counted(lambda: f(z), z) == expected


@pytest.mark.parametrize(
    "f",
    [
        lambda z: z / z,
        lambda z: z.exp(),
        lambda z: z.conj().imag,
        lambda z: z.mean(),
        lambda z: z.reshape(1, 3) @ z.conj().reshape(3, 1),
        torch.angle,
        torch.linalg.norm,
    ],
)
def test_complex_operations_without_a_count_are_refused(f):
    z = torch.tensor([1 + 2j, 3 - 1j, 0.5j])
    with oc.count(), octo.counting(z), pytest.raises(oc.Uncounted):
        f(z)
