"""The block in which PyTorch's operators count, and a call around which they do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch

from opcount.arrays.wrap import Measured, warn_of_nothing
from opcount.counting.errors import InvalidType
from opcount.counting.tally import count
from opcount.sources.torch import replacing
from opcount.sources.torch.dependence import leaves
from opcount.sources.torch.doors import Doors
from opcount.sources.torch.modes import Dispatch, State
from opcount.wrapping.classes import described
from opcount.wrapping.inputs import check_executed, check_function

_HERE = threading.local()


def state_here() -> State | None:
    """What the block shares that is open in this thread."""
    found: State | None = getattr(_HERE, "state", None)
    return found


@contextmanager
def counting(*given: Any, padding: bool = False) -> Iterator[None]:
    """Count PyTorch's operators inside that depend on what is given: models, tensors, optimizers, nests of them.

    >>> import torch, opcount as oc
    >>> from opcount.sources import torch as octo
    >>> layer, x = torch.nn.Linear(3, 5), torch.ones(4, 3)
    >>> with oc.count() as tally, octo.counting(layer, x):
    ...     loss = torch.tanh(layer(x)).sum()
    ...     with oc.region("backward"):
    ...         loss.backward()
    >>> tally.counts.to_dict(), tally.regions["backward"].mul
    ({'mul': 160, 'add': 139, 'sub': 20, 'tanh': 20}, 100)

    Of a model its parameters and buffers count, of an optimizer its parameters and its state, but for single numbers
    there, which are counters. All others are data, and so is what is computed of data alone. The operators count for
    whoever counts, as opcount's do: see `oc.count`. Where a value would leave PyTorch, or an operator has no exact
    count, Uncounted is raised. The block is of one thread; threads that are started inside take part, and count where
    they call a function of `oc.propagate`. With `padding`, products with the zeros around a convolution's input count
    too. A block inside another counts nothing twice.

    Raises InvalidType for what is none of these.
    """
    found = list(_given(given))
    around = state_here()
    state = around or State()
    for tensor in found:
        state.dependence.add(tensor)
    with ExitStack() as stack:
        stack.callback(setattr, state, "padded", state.padded)
        state.padded |= padding
        if around is None:
            stack.enter_context(replacing.replaced(lambda: entered(state)))
            stack.enter_context(entered(state))
        yield


@contextmanager
def entered(state: State) -> Iterator[None]:
    """Have the modes of a block in force in this thread."""
    before = state_here()
    if before is not None:
        yield
        return
    _HERE.state = state
    try:
        with Doors(state), Dispatch(state):
            yield
    finally:
        _HERE.state = before


def _given(values: Any, name: str = "counting") -> Iterator[torch.Tensor]:
    """The tensors of what is given."""
    if isinstance(values, torch.Tensor):
        if values.layout != torch.strided or values.is_nested or values.is_quantized:
            raise InvalidType(f"{name}: a sparse, nested or quantized tensor cannot be counted: use a dense one")
        yield values
    elif isinstance(values, torch.nn.Module):
        yield from values.parameters()
        yield from values.buffers()
    elif isinstance(values, torch.optim.Optimizer):
        yield from (parameter for group in values.param_groups for parameter in group["params"])
        kept = (leaf for leaf in leaves(list(values.state.values())) if isinstance(leaf, torch.Tensor))
        yield from (leaf for leaf in kept if leaf.ndim)  # single numbers are counters of steps, which are read
    elif isinstance(values, dict):
        yield from _given(list(values.values()), name)
    elif isinstance(values, (list, tuple)):
        for value in values:
            yield from _given(value, name)
    elif values is not None:
        raise InvalidType(
            f"{name}: give models, tensors, optimizers, or lists, tuples and dicts of them, not {type(values).__name__}"
        )


def unwrap(value: Any) -> Any:
    """A copy of a tensor, or of the tensors in nested lists, tuples and dicts, that is data: nothing of it counts.

    >>> import torch, opcount as oc
    >>> from opcount.sources import torch as octo
    >>> x = torch.tensor([3.0, 4.0])
    >>> with oc.count() as tally, octo.counting(x):
    ...     length = octo.unwrap(x.norm()).item()
    >>> length, tally.counts.to_dict()
    (5.0, {'mul': 2, 'add': 1, 'sqrt': 1})

    The copy is detached from the graph. What is no tensor is returned as it is.
    """
    if isinstance(value, torch.Tensor):
        state = state_here()
        if state is None:
            return value.detach().clone()
        with state.silence():
            return value.detach().clone()
    if isinstance(value, dict):
        return {key: unwrap(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        parts = [unwrap(each) for each in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return value


def measure(f: Callable[..., Any], *args: Any) -> Measured[Any]:
    """Call `f` with tensors that count, and count what it executes.

    >>> import torch, opcount as oc
    >>> from opcount.sources import torch as octo
    >>> octo.measure(torch.mv, torch.ones(2, 3), torch.ones(3))
    Measured(value=tensor([3., 3.]), counts=Counts({'mul': 6, 'add': 4}))

    An argument is a tensor, of which a copy is taken, a NumPy array, which becomes a tensor, a model, whose parameters
    and buffers count, or nested lists, tuples and dicts of these. If `f` is a model, its own count too. Tensors on the
    device `meta` have shapes alone, and all that shapes decide is counted from them:

    >>> large = torch.empty(10**5, 10**5, device="meta")
    >>> octo.measure(torch.mm, large, large).counts.mul
    1000000000000000

    Raises InvalidType for other arguments, and what `f` raises. Warns NothingCounted if nothing counted.
    """
    check_function(f)
    taken = [_taken(arg) for arg in args]
    with count() as tally, counting(taken, f if isinstance(f, torch.nn.Module) else None):
        value = f(*taken)
        check_executed(value)
        state = state_here()
        counts = state is not None and state.depends(value)
    if not tally.counts and not counts:
        warn_of_nothing("f was called with tensors that count")
    return Measured(value, tally.counts)


def _taken(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, (np.ndarray, np.generic)) and not isinstance(value, np.ma.MaskedArray):
        try:
            return torch.from_numpy(np.array(value))
        except (TypeError, ValueError):  # of this dtype, as object, PyTorch has no tensors
            pass
    if isinstance(value, dict):
        return {key: _taken(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        parts = [_taken(each) for each in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if isinstance(value, torch.nn.Module):
        return value
    of_dtype = f" of {value.dtype}" if isinstance(value, np.ndarray) else ""
    raise InvalidType(
        f"measure: an argument is a tensor, an array of numbers or a model, not {described(value)}{of_dtype}: numbers "
        "and options are closed over, lambda x: f(x, 2.0); of what opcount has wrapped take oc.unwrap(x)"
    )
