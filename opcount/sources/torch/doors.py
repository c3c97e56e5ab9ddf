"""The doors by which values leave PyTorch: numbers, lists, NumPy's arrays, memory, pickles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch
from torch.overrides import TorchFunctionMode

from opcount.counting.meters import let_out, note_text
from opcount.sources.torch.dependence import leaves
from opcount.sources.torch.modes import State
from opcount.sources.torch.replacing import note_raised

_PLAIN: Final = "where what follows is not to be counted, take the plain tensor first, octo.unwrap(x)"

_NUMBERS: Final = {
    torch.Tensor.item: "item()", torch.Tensor.__float__: "float()", torch.Tensor.__int__: "int()",
    torch.Tensor.__complex__: "complex()", torch.Tensor.__index__: "an index", torch.Tensor.__bool__: "bool()",
}  # fmt: skip

_ARRAYS: Final = {
    torch.Tensor.tolist: "tolist()", torch.Tensor.numpy: "numpy()", torch.Tensor.__array__: "np.asarray()",
    torch.Tensor.__dlpack__: "DLPack",
    torch.Tensor.data_ptr: "data_ptr()", torch.Tensor.const_data_ptr: "const_data_ptr()",
    torch.Tensor.untyped_storage: "the storage, as of a pickle,",
    torch.Tensor.storage: "storage()", torch.Tensor._typed_storage: "the storage",
    torch.Tensor.__reduce_ex__: "a pickle", torch.Tensor.share_memory_: "share_memory_()",
}  # fmt: skip

_BY_PYTHON: Final = {
    torch.Tensor.map_: "map_()",
    torch.Tensor.map2_: "map2_()",
    torch.Tensor.apply_: "apply_()",
}

_MAKERS: Final = {torch.tensor, torch.as_tensor, torch.asarray, torch.Tensor.new_tensor, torch.scalar_tensor,
                  torch.from_numpy, torch.Tensor.new}  # fmt: skip

_TEXT: Final = {torch.Tensor.__repr__, torch.Tensor.__format__}


def _of_number(door: str) -> str:
    return (
        f"{door} would take a number out of its tensor uncounted: compute with the tensor as it is; bool(x > 0) is "
        f"control flow and free; {_PLAIN}.item()"
    )


def _of_array(door: str) -> str:
    return f"{door} would take the numbers out of their tensor uncounted: compute with PyTorch's operators; {_PLAIN}"


class Doors(TorchFunctionMode):
    """The mode that sees the calls of PyTorch's functions, in the thread that entered it."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self.state = state

    def __torch_function__(
        self, func: Any, types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        handle = _HANDLERS.get(func) if not self.state.silent else None
        if handle is None:
            return func(*args, **kwargs)
        try:
            return handle(self.state, func, args, kwargs)
        except TypeError as error:
            note_raised(error)
            raise


Handler = Callable[[State, Any, tuple[Any, ...], dict[str, Any]], Any]


def _leaving(door: str, advice: str) -> Handler:
    """The handler of a door: what counts is refused, or listed and let out; truth values leave freely."""

    def handle(state: State, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        with torch._C.DisableTorchFunction():
            counts = state.depends([args, kwargs])
            if counts and args[0].dtype != torch.bool:
                let_out(door, args[0].numel(), advice)
        if not counts:
            return func(*args, **kwargs)
        with state.silence():
            return func(*args, **kwargs)

    return handle


def _made(state: State, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A new tensor of a list is refused if a tensor in it counts; that of a tensor is a copy, which counts."""
    given = [value for value in (*args, *kwargs.values()) if isinstance(value, (list, tuple))]
    with torch._C.DisableTorchFunction():
        for leaf in leaves(given):
            if state.depends(leaf) and leaf.dtype != torch.bool:
                let_out(func.__name__, sum(each.numel() for each in leaves(given)), _LISTED)
                with state.silence():
                    return func(*args, **kwargs)
    return func(*args, **kwargs)


_LISTED: Final = (
    "a tensor made of a list would take the numbers in it out of their tensors uncounted: torch.stack([a, b]) and "
    f"torch.cat keep them; {_PLAIN}"
)


def _written(state: State, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    with torch._C.DisableTorchFunction():
        if state.depends(args[0]):
            note_text(args[0].numel())
    with state.silence():
        return str(func(*args, **kwargs))


def _copied(state: State, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A deep copy depends as the tensor does."""
    with torch._C.DisableTorchFunction():
        counts = state.depends(args[0])
    with state.silence():
        result = func(*args, **kwargs)
    if counts:
        with torch._C.DisableTorchFunction():
            state.dependence.add(result)
    return result


def _in_operators(state: State, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A recurrent layer, executed in PyTorch's own operators and not by oneDNN in one call."""
    if not state.depends([args, kwargs]):
        return func(*args, **kwargs)
    before = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(False)
    try:
        return func(*args, **kwargs)
    finally:
        torch._C._set_mkldnn_enabled(before)


_HANDLERS: Final[dict[Any, Handler]] = {
    **{func: _leaving(door, _of_number(door)) for func, door in _NUMBERS.items()},
    **{func: _leaving(door, _of_array(door)) for func, door in _ARRAYS.items()},
    **{func: _leaving(door, _of_array(door)) for func, door in _BY_PYTHON.items()},
    **dict.fromkeys(_MAKERS, _made),
    **dict.fromkeys(_TEXT, _written),
    torch.Tensor.__deepcopy__: _copied,
    torch.lstm: _in_operators,
}
