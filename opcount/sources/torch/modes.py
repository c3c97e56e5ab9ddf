"""What happens to an operator while it is dispatched: it is counted if it depends on what counts, free, or refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from opcount.counting.meters import NOBODYS, Meter, let_out, meter
from opcount.functions.op_counts import NoRule, OpCounts, expanded
from opcount.sources.torch.dependence import Dependence, leaves
from opcount.sources.torch.replacing import note_raised
from opcount.sources.torch.rows import Gives
from opcount.sources.torch.rules import ROWS, counts_by, is_composed, users_rule
from opcount.sources.torch.steps import by_steps, is_partial

Observer = Callable[[Any, Mapping[str, int]], None]


class State:
    """What the modes of one block share, in all threads: what depends, and who counts where nobody else does."""

    def __init__(self) -> None:
        self.dependence = Dependence()
        self.padded = False  # whether products with the zeros of a padding count too
        self.observers: list[Observer] = []
        self.owner = threading.get_ident()
        self.last: Meter = meter()  # in force at the last operator of the thread that opened the block
        self._silent = threading.local()

    @property
    def silent(self) -> bool:
        """Whether operators are let through in this thread: those that print, or that were let out at a door."""
        return getattr(self._silent, "on", False)

    @contextmanager
    def silence(self) -> Iterator[None]:
        before = self.silent
        self._silent.on = True
        try:
            yield
        finally:
            self._silent.on = before

    def depends(self, value: object) -> bool:
        return any(leaf in self.dependence for leaf in leaves(value))

    def meter(self) -> Meter:
        """Who counts: whoever does in this thread; in one of Autograd's own, whoever asked for the backward pass."""
        current = meter()
        if threading.get_ident() == self.owner:
            self.last = current
        elif current is NOBODYS and torch._C._current_autograd_node() is not None:
            return self.last
        return current

    def call(self, operator: Any, args: tuple[Any, ...], keywords: dict[str, Any], mode: TorchDispatchMode) -> Any:
        """Execute a call of an operator, counted if an operand depends on what counts."""
        operands = list(leaves((args, keywords)))
        if any(map(_is_foreign, operands)):
            return NotImplemented  # its class executes it in operators of its own, which come here
        if operator in _DESCRIBING:
            return operator(*args, **keywords)
        if self.silent or not any(operand in self.dependence for operand in operands):
            return operator(*args, **keywords)
        if isinstance(operator, torch._ops.OpOverload) and not self.depends(_read(operator, args, keywords)):
            return operator(*args, **keywords)  # data, written where something else was
        if not isinstance(operator, torch._ops.OpOverload):
            return self._refused(operator, args, keywords, _HIGHER)
        if (own := users_rule(operator)) is not None:
            return self._counted(operator, args, keywords, counts_by(own, operator, args, keywords), None)
        row = ROWS.get(operator)
        if row is None and is_composed(operator):
            with mode:
                return operator.decompose(*args, **keywords)
        if row is None and operator in _IN_OTHERS:
            with mode:
                return _IN_OTHERS[operator](*args, **keywords)
        if row is None and operator.namespace == "prims":  # torch._refs is written in these, as derivatives forward are
            with mode:
                return operator.impl_aten(*args, **keywords)
        if operator is torch.ops.aten._local_scalar_dense.default:
            return self._number(operator, args)
        if row is None:
            return self._refused(operator, args, keywords, _UNKNOWN)
        bound = {**bind(operator, args, keywords), "dependent": self.depends, "padded": self.padded}
        if row.values is not None and not self.depends([bound[name] for name in row.values]):
            return operator(*args, **keywords)  # of the shape of what depends, alone
        tensors = [operand for operand in operands if isinstance(operand, torch.Tensor)]
        counts: OpCounts
        gives: Gives
        try:
            _check(tensors)
            if is_partial(operator, tensors, self.depends):
                counts, gives = by_steps(operator, args, keywords, self.depends, _executing)
            else:
                counts = row.rule(bound)
                gives = row.gives(bound) if callable(row.gives) else row.gives
                if any(tensor.is_complex() for tensor in tensors):
                    counts = _of_parts(operator, counts, tensors)
        except NoRule as reason:
            return self._refused(operator, args, keywords, str(reason))
        return self._counted(operator, args, keywords, counts, gives)

    def _counted(self, operator: Any, args: tuple[Any, ...], keywords: dict[str, Any], counts: OpCounts,
                 gives: Gives) -> Any:  # fmt: skip
        counts = {kind: times for kind, times in counts.items() if times}
        current = self.meter()
        current.charge(counts)  # before it is executed: what a budget does not allow does not happen
        try:
            result = operator(*args, **keywords)
        except BaseException:
            current.refund(counts)  # what raised counted nothing
            raise
        self._mark(operator, args, keywords, result, gives)
        for observe in self.observers:
            observe(operator, counts)
        return result

    def _mark(self, operator: Any, args: tuple[Any, ...], keywords: dict[str, Any], result: Any,
              gives: Gives) -> None:  # fmt: skip
        """Let the results depend, and what was written into."""
        results = result if isinstance(result, (tuple, list)) else (result,)
        for index, value in enumerate(results):
            if gives is None or (not isinstance(gives, Mapping) and index in gives):
                for leaf in leaves(value):
                    self.dependence.add(leaf)
        for index, name in _written(operator):
            target = keywords[name] if name in keywords else args[index] if index < len(args) else None
            own = gives.get(name, ()) if isinstance(gives, Mapping) else gives
            if isinstance(target, (list, tuple)) and own is not None:
                target = [target[index] for index in own]
            for leaf in leaves(target):
                if own != ():
                    self.dependence.add(leaf)

    def _number(self, operator: Any, args: tuple[Any, ...]) -> Any:
        """A number leaves; a truth value is control flow, which is free."""
        if args[0].dtype != torch.bool:
            let_out("a tensor as a number", 1, _NUMBER)
        return operator(*args)

    def _refused(self, operator: Any, args: tuple[Any, ...], keywords: dict[str, Any], reason: str) -> Any:
        """Refuse a call; if exits are recorded, execute it, and let its results be data."""
        size = sum(leaf.numel() for leaf in leaves((args, keywords))
                   if isinstance(leaf, torch.Tensor) and leaf in self.dependence)  # fmt: skip
        let_out(str(operator), size, f"{operator}: {reason}")
        return operator(*args, **keywords)


_IN_OTHERS: Final = {
    torch.ops.aten.allclose.default: lambda *args, **keywords: bool(torch.isclose(*args, **keywords).all()),
}
"""What PyTorch executes in others, although it says so nowhere."""

_DESCRIBING: Final = frozenset(
    getattr(packet, which)
    for name in """prim.device prim.layout aten.dim aten.is_contiguous aten.is_strides_like_format aten.numel aten.size
        aten.is_non_overlapping_and_dense aten.stride aten.storage_offset aten.sym_is_contiguous aten.sym_numel
        aten.sym_size aten.sym_storage_offset aten.sym_stride""".split()  # noqa: SIM905
    if (packet := getattr(getattr(torch.ops, name.partition(".")[0]), name.partition(".")[2], None)) is not None
    for which in packet.overloads()
)  # fmt: skip
"""What is asked of a tensor that is none of PyTorch's own, about its shape and where it is."""

_NUMBER: Final = (
    "a number would leave its tensor uncounted (item, float(), int(), bool(), or an argument that has to be a number): "
    "compute with the tensor as it is; bool(x > 0) is control flow and free; where what follows is not to be counted, "
    "take the plain tensor first, octo.unwrap(x).item()"
)
_WAYS: Final = (
    "give it one with octo.register_rule(operator, rule), write it in operators that have one, or take the plain "
    "tensor with octo.unwrap(x)"
)
_UNKNOWN: Final = f"this operator has no exact count: {_WAYS}"
_HIGHER: Final = (
    "what an operator of higher order executes is not seen: call the function itself, in Python's control flow"
)


@cache
def _names(operator: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The names of the arguments that are read, in order, and their defaults."""
    arguments = operator._schema.arguments
    defaults = {argument.name: argument.default_value for argument in arguments if not argument.is_out}
    return tuple(argument.name for argument in arguments), defaults


def bind(operator: Any, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call by name, defaults included, without those that are only written into."""
    names, defaults = _names(operator)
    given = dict(zip(names, args, strict=False)) | dict(keywords)
    return {**defaults, **{name: value for name, value in given.items() if name in defaults}}


@cache
def _written(operator: Any) -> tuple[tuple[int, str], ...]:
    """The arguments that an operator writes into, by index and name; `out=` among them, unless it is the result."""
    returned = bool(operator._schema.returns)
    return tuple(
        (index, argument.name)
        for index, argument in enumerate(operator._schema.arguments)
        if argument.alias_info is not None and argument.alias_info.is_write and not (argument.is_out and returned)
    )


def _read(operator: Any, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> list[Any]:
    """The arguments of a call without those that are only written into."""
    if not (outs := _outs(operator)):
        return [args, dict(keywords)]
    return [*args, *(value for name, value in keywords.items() if name not in outs)]


@cache
def _outs(operator: Any) -> frozenset[str]:
    return frozenset(argument.name for argument in operator._schema.arguments if argument.is_out)


def _check(tensors: list[torch.Tensor]) -> None:
    """Raise NoRule for kinds of tensors that have no counts."""
    if any(tensor.layout != torch.strided or tensor.is_nested for tensor in tensors):
        raise NoRule("of sparse and nested tensors there is no count: use dense ones")
    if any(tensor.is_quantized for tensor in tensors):
        raise NoRule("of quantized tensors there is no count: use dequantized ones")
    if any(tensor.is_neg() for tensor in tensors):
        raise NoRule("a negation that is not computed yet has no count here: use x.resolve_neg() first")


_MATERIALIZED: Final = frozenset({"clone", "_to_copy", "copy_"})
_VIEWS: Final = frozenset(
    "alias detach expand permute select slice squeeze t transpose unsqueeze view _unsafe_view".split()  # noqa: SIM905
)


def _of_parts(operator: Any, counts: OpCounts, tensors: list[torch.Tensor]) -> dict[str, int]:
    """Operations on complex numbers as the real operations that they execute."""
    name = operator._schema.name.partition("::")[2]
    if name in ("conj_physical", "_conj_physical", "conj_physical_"):
        return {"neg": tensors[0].numel()}
    if name == "_conj" or (not any(counts.values()) and not any(tensor.is_conj() for tensor in tensors)):
        return {}
    if set(counts) == {"abs"}:
        return {"hypot": counts["abs"]}
    if any(tensor.is_conj() for tensor in tensors):
        if name in _VIEWS:
            return {}
        if name not in _MATERIALIZED:
            raise NoRule("a conjugate that is not computed yet has no count here: use z.resolve_conj() first")
        return {"neg": sum(tensor.numel() for tensor in tensors if tensor.is_conj())}
    return expanded({kind: times for kind, times in counts.items() if times})


def _is_foreign(value: Any) -> bool:
    """Whether a tensor is of a class that executes operators by itself, in others; a FakeTensor only has no data."""
    kind: Any = type(value)
    return kind not in _PLAIN and _executes(kind)


_PLAIN: Final = {torch.Tensor, torch.nn.Parameter, torch.UntypedStorage}


@cache
def _executes(kind: Any) -> bool:
    if kind.__module__ == "torch._subclasses.fake_tensor" or not issubclass(kind, torch.Tensor):
        return False
    own: object = getattr(kind, "__torch_dispatch__", None)
    return own is not torch._C._disabled_torch_dispatch_impl and own != torch.Tensor.__torch_dispatch__


@contextmanager
def _executing(given: list[torch.Tensor]) -> Iterator[State]:
    """Count operators on these tensors, apart from what is counted around."""
    state = State()
    for tensor in given:
        state.dependence.add(tensor)
    with Dispatch(state):
        yield state


class Dispatch(TorchDispatchMode):
    """The mode that sees every operator below Autograd, in the thread that entered it."""

    supports_higher_order_operators = True

    def __init__(self, state: State) -> None:
        super().__init__()
        self.state = state

    def __torch_dispatch__(
        self, func: Any, types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        try:
            with torch._C.DisableTorchFunction():
                return self.state.call(func, args, kwargs or {}, self)
        except TypeError as error:
            note_raised(error)
            raise
