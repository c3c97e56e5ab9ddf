"""Which tensors depend on what is counted: by the storage that holds their numbers, which all their views share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

_PURGE = 4096  # storages after which those that were freed are first forgotten


class Dependence:
    """The storages that hold what is counted, or what was computed from it.

    A storage is known by its address. A weak reference to it is kept with the address: as long as there is one,
    PyTorch gives the address to no other storage, so that what was freed is never taken for what came after it.
    """

    def __init__(self) -> None:
        self._kept: dict[int, torch.multiprocessing.reductions.StorageWeakRef] = {}
        self._limit = _PURGE

    def add(self, value: object) -> None:
        """Let a tensor depend, and all that shares its storage."""
        from torch.multiprocessing.reductions import StorageWeakRef

        storage = storage_of(value)
        if storage is None or storage._cdata in self._kept:
            return
        self._kept[storage._cdata] = StorageWeakRef(storage)
        if len(self._kept) > self._limit:
            self._kept = {key: kept for key, kept in self._kept.items() if not kept.expired()}
            self._limit = max(_PURGE, 2 * len(self._kept))

    def __contains__(self, value: object) -> bool:
        storage = storage_of(value)
        return storage is not None and storage._cdata in self._kept

    def __len__(self) -> int:
        return len(self._kept)


def storage_of(value: Any) -> torch.UntypedStorage | None:
    """The storage of a tensor, or a storage itself; None for what has none, as a sparse tensor."""
    if isinstance(value, torch.UntypedStorage):
        return value
    if not isinstance(value, torch.Tensor):
        return None
    while torch._C._functorch.is_functorch_wrapped_tensor(value):  # inside torch.func's transforms
        value = torch._C._functorch.get_unwrapped(value)
    if value.layout != torch.strided or value.is_nested:
        return None
    with torch._C.DisableTorchFunction():  # `doors` would refuse to
        return value.untyped_storage()


def leaves(values: object) -> Iterator[torch.Tensor | torch.UntypedStorage]:
    """The tensors and storages among arguments or results, in nested lists, tuples and dicts."""
    if isinstance(values, (torch.Tensor, torch.UntypedStorage)):
        yield values
    elif isinstance(values, (list, tuple)):
        for value in values:
            yield from leaves(value)
    elif isinstance(values, dict):
        yield from leaves(list(values.values()))
