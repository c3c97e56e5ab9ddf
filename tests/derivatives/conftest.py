"""Every method in turn, and every method by the chain rule."""

from __future__ import annotations

import pytest

from tests.support.gradients import CHAIN_RULE, METHODS


@pytest.fixture(params=METHODS)
def method(request):
    return request.param


@pytest.fixture(params=CHAIN_RULE)
def chain_rule_method(request):
    return request.param
