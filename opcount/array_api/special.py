"""Special functions, which the standard does not have: those of `scipy.special` that opcount counts.

SciPy asks a namespace for them, `xp.special.erf`, before it makes plain arrays of what it is given. A function that
has no count is not here, so that SciPy says what it can do without.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from opcount.array_api.array import call
from opcount.wrapping.operations import kinds_of


def __getattr__(name: str) -> Callable[..., Any]:
    if name.startswith("_"):
        raise AttributeError(name)
    try:
        from scipy import special
    except ModuleNotFoundError:
        raise AttributeError(f"opcount.array_api.special.{name} is SciPy's: pip install scipy") from None
    found = getattr(special, name, None)
    ufunc = getattr(found, "__wrapped__", found)  # where SciPy itself chooses among namespaces
    if not isinstance(ufunc, np.ufunc) or kinds_of(ufunc) is None:
        raise AttributeError(f"opcount.array_api.special has no {name}: opcount has no count for it")

    def function(*x: object) -> Any:
        return call(ufunc, *x)

    return function
