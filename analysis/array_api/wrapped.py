"""The namespace for the standard's test suite, with every array that it makes wrapped; also a plugin of pytest.

The suite looks at values in plain Python, by `float(x[0])` and the like. So each test runs in a count that records
what is let out, instead of refusing it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, Final

import pytest

import opcount as oc
import opcount.array_api as xp

__array_api_version__ = xp.__array_api_version__

_MAKES: Final = frozenset(
    {
        "asarray", "zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "full_like", "arange",
        "linspace", "eye", "from_dlpack", "meshgrid",
    }
)  # fmt: skip


def __getattr__(name: str) -> Any:
    found = getattr(xp, name)
    if name not in _MAKES:
        return found

    @functools.wraps(found)
    def wrapping(*args: Any, **keywords: Any) -> Any:
        made = found(*args, **keywords)
        return list(map(xp.wrap, made)) if isinstance(made, list) else xp.wrap(made)

    return wrapping


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    with oc.count(uncounted="record"):
        return (yield)
