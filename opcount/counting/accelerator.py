"""The accelerator, an extension in C that counts and operates on floats, where it was built and is wanted."""

from __future__ import annotations

import importlib
import os
from typing import Any, Final

_INTERFACE: Final = 2  # one that was built in place, of another version of its source, is not used


def _found() -> Any:
    if os.environ.get("OPCOUNT_PURE", "") not in ("", "0"):
        return None
    try:
        extension = importlib.import_module("opcount._accelerated")
    except ImportError:
        return None
    return extension if extension.INTERFACE == _INTERFACE else None


ACCELERATOR: Final = _found()
"""The extension module; None where everything is Python."""

accelerated: Final[bool] = ACCELERATOR is not None
"""Whether the accelerator is in use: it was built, and the environment does not say OPCOUNT_PURE=1."""
