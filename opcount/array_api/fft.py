"""Fourier transforms: of constant data alone. Their algorithm is the library's choice: of wrapped values, Uncounted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike

from opcount.array_api.array import Array, Memory, call, on_cpu


def _along_axis(numpys: Callable[..., Any]) -> Callable[..., Any]:
    def function(x: Array, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Any:
        return call(numpys, x, n=n, axis=axis, norm=norm)

    return _named(function, numpys)


def _along_axes(numpys: Callable[..., Any]) -> Callable[..., Any]:
    def function(x: Array, /, *, s: Any = None, axes: Any = None, norm: str = "backward") -> Any:
        return call(numpys, x, s=s, axes=axes, norm=norm)

    return _named(function, numpys)


def _named(function: Callable[..., Any], numpys: Callable[..., Any]) -> Callable[..., Any]:
    name = function.__name__ = function.__qualname__ = numpys.__name__
    function.__code__ = function.__code__.replace(co_name=name, co_qualname=name)  # for a count by function
    function.__doc__ = f"`{numpys.__name__}` of the array API standard: of wrapped values it raises Uncounted."
    return function


fft: Final = _along_axis(np.fft.fft)
ifft: Final = _along_axis(np.fft.ifft)
rfft: Final = _along_axis(np.fft.rfft)
irfft: Final = _along_axis(np.fft.irfft)
hfft: Final = _along_axis(np.fft.hfft)
ihfft: Final = _along_axis(np.fft.ihfft)
fftn: Final = _along_axes(np.fft.fftn)
ifftn: Final = _along_axes(np.fft.ifftn)
rfftn: Final = _along_axes(np.fft.rfftn)
irfftn: Final = _along_axes(np.fft.irfftn)


def fftfreq(n: int, /, *, d: float = 1.0, dtype: DTypeLike | None = None, device: str | None = None) -> Array:
    """`fftfreq` of the array API standard, as constant data."""
    on_cpu(device)
    return Array(np.fft.fftfreq(n, d).astype(float if dtype is None else dtype), Memory(False))


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: DTypeLike | None = None, device: str | None = None) -> Array:
    """`rfftfreq` of the array API standard, as constant data."""
    on_cpu(device)
    return Array(np.fft.rfftfreq(n, d).astype(float if dtype is None else dtype), Memory(False))


def fftshift(x: Array, /, *, axes: Any = None) -> Any:
    """`fftshift` of the array API standard, which moves elements."""
    return call(np.fft.fftshift, x, axes)


def ifftshift(x: Array, /, *, axes: Any = None) -> Any:
    """`ifftshift` of the array API standard, which moves elements."""
    return call(np.fft.ifftshift, x, axes)
