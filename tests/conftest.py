"""What all tests share: the helpers' assertions say what differs."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.support")
