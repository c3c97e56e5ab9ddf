"""Tables of what a model executes: a row for each module, or for each operator, forward and backward."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal

import torch

from opcount.counting.counts import Counts
from opcount.counting.errors import InvalidType, InvalidValue
from opcount.counting.kinds import KINDS
from opcount.counting.tally import isolated
from opcount.sources.torch.counting import counting, state_here
from opcount.sources.torch.dependence import leaves

if TYPE_CHECKING:
    import pandas as pd

PHASES: Final = ("forward", "backward")

_Key = tuple[str, str]  # a row's name and its phase


def table(
    model: Callable[..., Any],
    *inputs: Any,
    by: Literal["module", "operator"] = "module",
    loss: Callable[[Any], torch.Tensor] | None = None,
    backward: bool = True,
    padding: bool = False,
) -> pd.DataFrame:
    """A DataFrame of what a model executes, a row for each module and phase, and a column for each kind.

    >>> import torch, opcount as oc
    >>> from opcount.sources import torch as octo
    >>> model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    >>> octo.table(model, torch.ones(8, 3))[["type", "mul", "add", "tanh", "with_inside"]]
                           type  mul  add  tanh  with_inside
    module phase
           forward   Sequential    0    0     0          352
           backward  Sequential    0    0     0          520
    0      forward       Linear   96   96     0          192
           backward      Linear   96  112     0          208
    1      forward         Tanh    0    0    32           32
           backward        Tanh   64    0     0           96
    2      forward       Linear   64   64     0          128
           backward      Linear  128   88     0          216

    A row has the module's own operations: all rows together are the whole. `with_inside` has the total of the module
    and of all the modules inside it. The model itself is the row "", and what calls it is "(loss)". A module that is
    called several times has one row, under the first of its names. The forward pass calls the model with these
    inputs; the backward pass is that of its results with gradients of ones, which are data, or of `loss(result)`. An
    operator of the backward pass belongs to the module whose forward pass asked for it, and what a checkpoint executes
    again to the module that does, in the phase "backward".

    With `by="operator"`, a row is an operator of PyTorch's, with the number of its `calls`. With `padding`, products
    with the zeros around a convolution's input count too, as in figures that are published. The model's gradients,
    buffers and random numbers are as they were, after it. On the device `meta` a model of any size takes seconds.

    Raises InvalidValue for another `by`, and what `octo.counting` and the model raise. Needs pandas.
    """
    if by not in ("module", "operator"):
        raise InvalidValue(f'by is "module" or "operator", not {by!r}')
    if not callable(model):
        raise InvalidType(f"table: give a model or a function, not {type(model).__name__}")
    modules = dict(model.named_modules()) if isinstance(model, torch.nn.Module) else {}
    run = _Run(modules, by)
    with ExitStack() as stack:
        stack.enter_context(_as_it_was(model))
        stack.enter_context(isolated())
        stack.enter_context(counting(model if modules else None, list(inputs), padding=padding))
        stack.enter_context(run.watching())
        result = model(*inputs)
        run.current.append(("(loss)", False))
        roots = [loss(result)] if loss is not None else [leaf for leaf in leaves(result) if _has_gradient(leaf)]
        if backward and roots:
            run.phase = "backward"
            torch.autograd.backward(roots, [torch.ones_like(root) for root in roots])
    return run.frame()


def _has_gradient(leaf: object) -> bool:
    return isinstance(leaf, torch.Tensor) and leaf.requires_grad


@contextmanager
def _as_it_was(model: object) -> Iterator[None]:
    """Leave the model's gradients and buffers, and the random numbers, as they were."""
    if not isinstance(model, torch.nn.Module):
        with torch.random.fork_rng(devices=[]):
            yield
        return
    gradients = [(parameter, parameter.grad) for parameter in model.parameters()]
    buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    for parameter, _ in gradients:
        parameter.grad = None
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        for parameter, gradient in gradients:
            parameter.grad = gradient
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)


class _Run:
    """One run of a model: whose operators are executed, forward and backward."""

    def __init__(self, modules: Mapping[str, torch.nn.Module], by: str) -> None:
        self.by = by
        self.modules = modules
        self.names = {module: name for name, module in reversed([*modules.items()])}
        self.owners = {id(parameter): name for name, module in reversed([*modules.items()])
                       for parameter in module.parameters(recurse=False)}  # fmt: skip
        self.phase = "forward"
        self.current: list[tuple[str, bool]] = [("(loss)", False)]  # the modules that are called, and whether backward
        self.numbers: list[int] = []  # the first of Autograd's nodes ...
        self.makers: list[str] = []  # ... of each stretch that one module made
        self.counts: dict[_Key, dict[str, int]] = {}
        self.calls: dict[_Key, int] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Follow which module is called, and note each operator for whose it is."""
        handles: list[Any] = []
        for module in self.names:
            handles.append(module.register_forward_pre_hook(self._enter, prepend=True))
            handles.append(module.register_forward_hook(self._leave, always_call=True))
        state = state_here()
        assert state is not None
        state.observers.append(self._note)
        self._stretch()
        try:
            yield
        finally:
            state.observers.remove(self._note)
            for handle in handles:
                handle.remove()

    def _enter(self, module: torch.nn.Module, _: object) -> None:
        self.current.append((self.names[module], torch._C._current_autograd_node() is not None))
        self._stretch()

    def _leave(self, module: torch.nn.Module, _: object, __: object) -> None:
        self.current.pop()
        self._stretch()

    def _stretch(self) -> None:
        """From here on Autograd's nodes, which it numbers, are made by the module that is called now."""
        self.numbers.append(torch.autograd._get_sequence_nr())
        self.makers.append(self.current[-1][0])

    def _owner(self) -> str:
        name, again = self.current[-1]
        node = torch._C._current_autograd_node()
        if node is None or again:
            return name
        if hasattr(node, "variable"):  # a gradient is added to that of a parameter
            return self.owners.get(id(node.variable), "(loss)")
        return self.makers[max(bisect_right(self.numbers, node._sequence_nr()) - 1, 0)]

    def _note(self, operator: Any, counts: Mapping[str, int]) -> None:
        name = operator._schema.name.removeprefix("aten::") if self.by == "operator" else self._owner()
        if self.by == "operator" and not counts:
            return
        found = self.counts.setdefault((name, self.phase), {})
        self.calls[name, self.phase] = self.calls.get((name, self.phase), 0) + 1
        for kind, times in counts.items():
            found[kind] = found.get(kind, 0) + times

    def frame(self) -> pd.DataFrame:
        import pandas as pd

        keys = self._keys()
        found = {key: Counts(self.counts.get(key, {})) for key in keys}
        kinds = [kind for kind in KINDS if any(counts[kind] for counts in found.values())]
        columns: dict[str, Sequence[object]] = {}
        if self.by == "module":
            columns["type"] = [self._type(name) for name, _ in keys]
        else:
            columns["calls"] = [self.calls[key] for key in keys]
        columns |= {kind: [found[key][kind] for key in keys] for kind in kinds}
        columns["total"] = [found[key].total for key in keys]
        if self.by == "module":
            columns["with_inside"] = [self._with_inside(key, found) for key in keys]
        return pd.DataFrame(columns, index=pd.MultiIndex.from_tuples(keys, names=[self.by, "phase"]))

    def _keys(self) -> list[_Key]:
        """The rows: all modules in their order, and the loss; or operators in the order in which they were called."""
        phases = PHASES[: 1 + any(phase == "backward" for _, phase in self.counts)]
        if self.by == "operator":
            return sorted(self.counts, key=lambda key: PHASES.index(key[1]))
        names = [*self.names.values()][::-1]
        if any(name == "(loss)" and any(counts.values()) for (name, _), counts in self.counts.items()) or not names:
            names.append("(loss)")
        return [(name, phase) for name in names for phase in phases]

    def _type(self, name: str) -> str:
        return type(self.modules[name]).__name__ if name in self.modules else ""

    def _with_inside(self, key: _Key, found: Mapping[_Key, Counts]) -> int:
        name, phase = key
        if name not in self.modules:
            return found[key].total
        inside = [self.names[module] for module in self.modules[name].modules()]
        return sum(found[each, phase].total for each in inside)
