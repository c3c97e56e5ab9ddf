"""What all tests share: the helpers' assertions say what differs."""

from __future__ import annotations

import gc
from typing import Any

import hypothesis
import pytest

import opcount as oc
from opcount.tracing import differentiable

pytest.register_assert_rewrite("tests.support")

# A busy machine is not a fault of the code: no test here may fail for being slow.
hypothesis.settings.register_profile("without a deadline", deadline=None)
hypothesis.settings.load_profile("without a deadline")

gc.disable()  # while tens of thousands of tests are collected, which all stay alive


def pytest_collection_finish() -> None:
    gc.enable()


@pytest.fixture
def forgotten():
    """Functions that a test gives derivatives, which are forgotten after it."""
    functions: list[Any] = []
    yield functions.append
    for function in functions:
        differentiable.USER_PRIMITIVES.pop(function, None)
        differentiable.FUNCTIONS.pop(function, None)
        oc.register_rule(function, None)
