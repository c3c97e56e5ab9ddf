"""What do JAX, PyTorch and autograd execute for a gradient? `python -m analysis.peers.libraries` records it.

The record is libraries.json: for each of the programs of `analysis.programs.twins` the value and the gradient, the
operations forward and backward, by operator where the library has names for them, and what the library's own counter
reports. Run this by hand when a library has a new version. It needs the packages of the extra `peers`; reading the
record does not. JAX and PyTorch are counted by `opcount.sources`, autograd by wrapped numbers.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import multiprocessing
import os
import platform
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

import opcount as oc
from analysis.programs.twins import PROGRAMS, Library, Program, written_out

RESULTS: Final = Path(__file__).with_suffix(".json")
PACKAGES: Final = ("numpy", "jax", "jaxlib", "torch", "autograd")
ENVIRONMENT: Final = {"JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu"}  # read when JAX is imported

Answer = dict[str, Any]


def leaves(tree: Any) -> list[Any]:
    """What stands in nested dicts and lists, dicts by their sorted keys, as in JAX."""
    if isinstance(tree, dict):
        return [leaf for name in sorted(tree) for leaf in leaves(tree[name])]
    return [leaf for part in tree for leaf in leaves(part)] if isinstance(tree, list) else [tree]


def over_leaves(f: Callable[[Any], Any], tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: over_leaves(f, part) for name, part in tree.items()}
    return [over_leaves(f, part) for part in tree] if isinstance(tree, list) else f(tree)


def flat(gradient: Any) -> list[float]:
    return [float(number) for leaf in leaves(gradient) for number in np.ravel(leaf)]


def answer(value: Any, gradient: Any, forward: oc.Counts, backward: oc.Counts, **more: Any) -> Answer:
    found = {"value": float(value), "gradient": flat(gradient)}
    return found | {"forward": forward.to_dict(), "backward": backward.to_dict()} | more


# --- JAX


@cache
def jax_library() -> Library:
    import jax

    def convolve(x: Any, w: Any, padding: int) -> Any:
        return jax.lax.conv_general_dilated(x, w, (1, 1), [(padding, padding)] * 2)

    def attend(queries: Any, keys: Any, values: Any) -> Any:
        one_head = (x[:, None] for x in (queries, keys, values))
        return jax.nn.dot_product_attention(*one_head).reshape(values.shape)

    own = jax.nn
    return Library(jax.numpy, jax.numpy.asarray, own.relu, own.softmax, own.log_softmax, attend, convolve)


def by_jax(program: Program) -> Answer:
    """What `jax.value_and_grad` executes as it is traced; the partials and the accumulation are its backward part."""
    import jax

    loss = program.loss(jax_library())
    return executed_by_jax(program) | {"reported": by_xla(jax.value_and_grad(loss), program.parameters)}


def executed_by_jax(program: Program) -> Answer:
    from opcount.sources import jax as ocj

    found = ocj.gradient(program.loss(jax_library()), program.parameters)
    phases = found.phases
    return answer(
        found.value,
        found.gradient,
        phases["primal"],
        phases["partials"] + phases["accumulation"],
        phases={name: counts.to_dict() for name, counts in phases.items()},
        operators=by_operator((row["primitive"], row["phase"], row) for row in found.table().to_dict("records")),
    )


def by_xla(f: Callable[[Any], Any], x: Any) -> int:
    """What XLA's cost analysis reports, with what it calls transcendental."""
    import jax

    costs: Any = jax.jit(f).lower(x).compile().cost_analysis()  # leaves out what is zero
    return int(costs.get("flops", 0)) + int(costs.get("transcendentals", 0))


def by_operator(rows: Iterable[tuple[str, str, Mapping[str, Any]]]) -> list[Any]:
    """A row for each operator in each phase: its name, the phase, and its counts; those that count nothing left out."""
    found: dict[tuple[str, str], oc.Counts] = {}
    for name, phase, row in rows:
        counts = oc.Counts({kind: int(row[kind]) for kind in oc.KINDS if row.get(kind)})
        found[name, phase] = found.get((name, phase), oc.Counts()) + counts
    return [[*key, counts.to_dict()] for key, counts in found.items() if counts]


# --- PyTorch


@cache
def torch_library() -> Library:
    import torch

    own = torch.nn.functional

    def attend(queries: Any, keys: Any, values: Any) -> Any:
        one_head = (x[None, None] for x in (queries, keys, values))
        return own.scaled_dot_product_attention(*one_head).reshape(values.shape)

    return Library(
        torch,
        torch.tensor,
        own.relu,
        lambda x: own.softmax(x, -1),
        lambda x: own.log_softmax(x, -1),
        attend,
        lambda x, w, padding: own.conv2d(x, w, padding=padding),
    )


def by_torch(program: Program) -> Answer:
    """What evaluating the loss executes, and then `loss.backward()`."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from opcount.sources import torch as octo

    loss = program.loss(torch_library())

    def tensors() -> Any:
        return over_leaves(lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True), program.parameters)

    parameters = tensors()
    with oc.count() as tally, octo.counting(leaves(parameters)):
        with oc.region("forward"):
            value = loss(parameters)
        with oc.region("backward"):
            value.backward()
    table = octo.table(loss, tensors(), by="operator")
    with FlopCounterMode(display=False) as counter:
        loss(tensors()).backward()
    return answer(
        value.detach(),
        over_leaves(lambda x: x.grad.numpy(), parameters),
        tally.regions["forward"],
        tally.regions["backward"],
        operators=by_operator((*key, row) for key, row in zip(table.index, table.to_dict("records"), strict=True)),
        reported=counter.get_total_flops(),
    )


# --- autograd


@cache
def autograd_library() -> Library:
    """autograd's NumPy, after autograd has been told what to do with wrapped numbers, as it is told of new types.

    It writes into zeros what is taken out of lists and arrays. They are wrapped, so that they can be written into, and
    so what is added to them counts.
    """
    import autograd.numpy as anp
    from autograd.extend import VSpace
    from autograd.numpy.numpy_boxes import ArrayBox

    class Space(VSpace):  # type: ignore[misc]  # autograd has no types
        def __init__(self, value: Any) -> None:
            self.shape = np.shape(value)

        def zeros(self) -> Any:
            return oc.wrap(np.zeros(self.shape) if self.shape else 0.0)

    for wrapped in (oc.Array, oc.Scalar):
        ArrayBox.register(wrapped)
        Space.register(wrapped)

    def windows(x: Any, sizes: tuple[int, int]) -> Any:
        """By indices, since autograd has no sliding windows."""
        rows, columns = (np.arange(n - k + 1)[:, None] + np.arange(k) for n, k in zip(x.shape[2:], sizes, strict=True))
        return x[:, :, rows[:, None, :, None], columns[None, :, None, :]]

    return written_out(anp, windows)


def by_autograd(program: Program) -> Answer:
    """What evaluating the loss on wrapped numbers executes, and then what autograd made for the gradient."""
    from autograd.core import make_vjp

    loss = program.loss(autograd_library())
    with oc.count() as tally:
        parameters = oc.wrap(program.parameters)
        with oc.region("forward"):
            pull, value = make_vjp(loss, parameters)
        with oc.region("backward"):
            gradient = pull(1.0)
    forward, backward = tally.regions["forward"], tally.regions["backward"]
    return answer(oc.unwrap(value), oc.unwrap(gradient), forward, backward)


LIBRARIES: Final[Mapping[str, Callable[[Program], Answer]]] = {
    "JAX": by_jax,
    "PyTorch": by_torch,
    "autograd": by_autograd,
}


# --- what the libraries' counters report of small programs


def examples() -> list[Answer]:
    """Programs on which a library's own counter is far from what is executed."""
    return [*examples_of_jax(), *examples_of_torch()]


def examples_of_jax() -> list[Answer]:
    import jax

    from opcount.sources import jax as ocj

    def horner(x: Any) -> Any:
        return jax.lax.scan(lambda y, c: (y * x + c, None), 1.0, jax.numpy.array([2.0, 3.0, 4.0]))[0]

    def newton(a: Any) -> Any:
        return jax.lax.fori_loop(0, 6, lambda _, x: (x + a / x) / 2, a)

    def searched(a: Any) -> Any:
        return jax.lax.while_loop(lambda x: abs(x * x - a) > 1e-3, lambda x: (x + a / x) / 2, a)

    rows = []
    for text, f in (
        ("Horner's rule by a scan of 3 coefficients", horner),
        ("6 steps of Newton's method in a loop", newton),
        ("Newton's method in a loop until it is near enough", searched),
    ):
        rows.append(example(text, "XLA's cost analysis", by_xla(f, 2.0), ocj.measure(f, 2.0).counts))
    return rows


def example(text: str, counter: str, reported: int, executed: oc.Counts) -> Answer:
    return {"program": text, "counter": counter, "reported": reported, "executed": executed.to_dict()}


def examples_of_torch() -> list[Answer]:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from opcount.sources import torch as octo

    def backward(out: Any) -> Callable[[], Any]:
        return lambda: out.backward(torch.ones_like(out))

    def of(leaves: list[Any], prepare: Callable[..., Callable[[], Any]], text: str) -> Answer:
        with oc.count() as tally, octo.counting(leaves):
            call = prepare(*leaves)
            with oc.region("call"):
                call()
        plain = prepare(*leaves)
        with FlopCounterMode(display=False) as counter:
            plain()
        return example(text, "FlopCounterMode", counter.get_total_flops(), tally.regions["call"])

    images, kernels = torch.ones(1, 24, 6, 6, requires_grad=True), torch.ones(24, 1, 3, 3, requires_grad=True)
    return [
        of([torch.ones(2, 3), torch.ones(3)], lambda a, v: lambda: torch.mv(a, v), "a matrix of 2 × 3 times a vector"),
        of([torch.ones(1000)], lambda x: lambda: torch.tanh(x) * x, "tanh(x) * x of 1,000 numbers"),
        of(
            [images, kernels],
            lambda x, w: backward(torch.nn.functional.conv2d(x, w, groups=24)),
            "backward through a convolution of 24 channels, each a group of its own",
        ),
    ]


# --- the record


def all_answers() -> Answer:
    programs = {
        name: {library: ask(program) for library, ask in LIBRARIES.items()} for name, program in PROGRAMS.items()
    }
    return {"programs": programs, "examples": examples()}


def start(environment: Mapping[str, str]) -> None:
    os.environ.update(environment)


def main() -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), start, (ENVIRONMENT,)) as pool:
        found = pool.submit(all_answers).result()
    report = {
        "recorded": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "python": platform.python_version(),
        **found,
    }
    RESULTS.write_text(as_text(report) + "\n", encoding="utf-8")
    print(f"{len(PROGRAMS)} programs in {len(LIBRARIES)} libraries written to {RESULTS}")


def as_text(report: Mapping[str, Any]) -> str:
    """The report as JSON, a gradient or some counts on a line."""
    return re.sub(r"\[[^][{}]*]|{[^][{}]*}", lambda found: " ".join(found[0].split()), json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
