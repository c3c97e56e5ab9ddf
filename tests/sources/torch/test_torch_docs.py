"""The examples of the how-to on PyTorch, run from top to bottom."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: make test-torch")
pytest.importorskip("pandas")

from tests.test_docs import BLOCK, DOCS, run_block


def test_the_how_to_runs():
    text = (DOCS / "how-to" / "pytorch.md").read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    assert len(blocks) > 5
    namespace: dict[str, object] = {}
    for block in blocks:
        run_block(block[1], namespace, line=text.count("\n", 0, block.start()) + 2)
