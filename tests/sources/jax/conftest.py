"""JAX as it is when it has just been imported: other tests ask it for 64 bits, for the whole process."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import pytest


@pytest.fixture(autouse=True)
def in_32_bits() -> Iterator[None]:
    with jax.enable_x64(False):
        yield
