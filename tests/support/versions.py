"""What older versions of the libraries do otherwise, so that a test of it is left out there, with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest


def numpy_from(version: str, reason: str) -> pytest.MarkDecorator:
    """The mark of a test that needs this version of NumPy."""
    return pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < version, reason=reason)


AS_RECORDED = numpy_from("2.3.0", "older versions of the libraries ask wrapped values for other things")
_SETDIFF = numpy_from("2.1.0", "np.setdiff1d of NumPy 2.0 is code that is refused")


def of_this_numpy(names: Iterable[str]) -> list[Any]:
    """The names as parameters, marked where this NumPy is too old for what they name."""
    return [pytest.param(name, marks=_SETDIFF) if name.startswith("setdiff") else name for name in names]
