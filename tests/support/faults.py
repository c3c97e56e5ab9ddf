"""A fault planted in the library's own code, to see that a check fails: for what no public name reaches.

Elsewhere a test hands its check something wrong: another row of the table of operations (`replaced`), another rule
(`oc.rules`), another method (`oc.METHODS`), or a function to be checked. That an edge pulls wrongly, that memory is
shared, or that an exit is left open, a user cannot bring about; so the code itself is changed, here alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def planted(owner: Any, rows: Mapping[Any, Any] | None = None, **faults: Any) -> Iterator[None]:
    """Have these faults, inside, in the place of what a module or a class has under their names, or a table as rows."""
    with pytest.MonkeyPatch.context() as patch:
        for key, row in (rows or {}).items():
            patch.setitem(owner, key, row)
        for name, fault in faults.items():
            patch.setattr(owner, name, fault)
        yield
