"""What do other counters report for the same calls? `python -m analysis.peers.counters` records it in counters.json.

Run this by hand when a peer has a new version. It needs the packages of the extra `peers`; reading the
record does not. A call that a peer does not know is null, with a note; a zero is what the peer answered.
flopscope weights what it counts (a float64 operation counts twice, an exponential sixteen times), so it is
asked a second time with its weights off.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import multiprocessing
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from tqdm import tqdm

from analysis.programs.calls import CALLS, Call, Sizes

RESULTS: Final = Path(__file__).with_suffix(".json")
PACKAGES: Final = ("numpy", "flopscope", "torch", "jax", "jaxlib")

Answer = dict[str, Any]


class Peer(NamedTuple):
    """A counter: its columns, the spelling of calls it needs, how it is asked, and in which environment."""

    columns: tuple[str, ...]
    spelling: str
    ask: Callable[..., tuple[Any, ...]]  # returns the value of the call, and a number for each column
    environment: Mapping[str, str]


def flopscope(call: Callable[..., Any], arguments: Sequence[np.ndarray]) -> tuple[Any, int]:
    import flopscope as flops
    import flopscope.numpy as fnp

    own = [fnp.array(argument) for argument in arguments]
    with flops.BudgetContext(flop_budget=10**12, quiet=True) as budget:
        value = call(fnp, *own)
    return value, budget.flops_used


def torch(call: Callable[..., Any], arguments: Sequence[np.ndarray]) -> tuple[Any, int]:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    own = [torch.from_numpy(argument) for argument in arguments]
    with FlopCounterMode(display=False) as counter:
        value = call(torch, *own)
    return value, counter.get_total_flops()


def jax(call: Callable[..., Any], arguments: Sequence[np.ndarray]) -> tuple[Any, int, int]:
    import jax

    compiled = jax.jit(lambda *own: call(jax.numpy, *own)).lower(*arguments).compile()
    costs: Any = compiled.cost_analysis()  # leaves out what is zero
    return compiled(*arguments), int(costs.get("flops", 0)), int(costs.get("transcendentals", 0))


PEERS: Final = (
    Peer(("flopscope",), "flopscope", flopscope, {}),
    Peer(("flopscope_unweighted",), "flopscope", flopscope, {"FLOPSCOPE_DISABLE_WEIGHTS": "1"}),
    Peer(("torch",), "torch", torch, {}),
    Peer(("jax", "jax_transcendentals"), "jax", jax, {"JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu"}),
)


def answer(peer: Peer, call: Call, sizes: Sizes) -> Answer:
    """What a peer reports for a call; raises AssertionError if it computes something else than NumPy."""
    function = getattr(call, peer.spelling)
    if function is None:
        return unanswered(peer, "no such function")
    arguments = call.make(sizes, np.random.default_rng(0))
    try:
        value, *numbers = peer.ask(function, arguments)
    except Exception as error:
        return unanswered(peer, f"{type(error).__name__}: {error}")
    same(value, call.numpy(*arguments))
    return dict(zip(peer.columns, numbers, strict=True))


def unanswered(peer: Peer, why: str) -> Answer:
    first_line = why.partition("\n")[0]
    return dict.fromkeys(peer.columns) | {"note": f"{peer.spelling}: {first_line[:100]}"}


def same(value: Any, expected: Any) -> None:
    if isinstance(expected, tuple):
        for part, wanted in zip(value, expected, strict=True):
            same(part, wanted)
    else:
        np.testing.assert_allclose(np.asarray(value), expected, rtol=1e-10, atol=1e-12, strict=True)


def answers(peer: Peer) -> list[Answer]:
    """A row for each call and size, from a separate process: peers read their environment when they are imported."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(all_answers, peer).result()


def all_answers(peer: Peer) -> list[Answer]:
    os.environ.update(peer.environment)
    calls = tqdm(CALLS.values(), desc=peer.columns[0], leave=False, disable=None)
    return [answer(peer, call, sizes) for call in calls for sizes in call.sizes]


def merged(sizes: Sizes, found: Sequence[Answer]) -> Answer:
    """The answers of all peers merged into one row; equal notes are merged into one."""
    columns = {column: number for one in found for column, number in one.items() if column != "note"}
    notes = dict.fromkeys(one["note"] for one in found if "note" in one)
    return {"sizes": dict(sizes), **columns} | ({"note": "; ".join(notes)} if notes else {})


def main() -> None:
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    rows = zip(*map(answers, PEERS), strict=True)
    calls = {name: [merged(sizes, next(rows)) for sizes in call.sizes] for name, call in CALLS.items()}
    report = {
        "recorded": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": versions,
        "python": platform.python_version(),
        "calls": calls,
    }
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"{len(calls)} calls written to {RESULTS}")


if __name__ == "__main__":
    main()
