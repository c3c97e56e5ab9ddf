"""The page, built once."""

from __future__ import annotations

import pytest

from analysis.page.__main__ import main


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    """The file of the page."""
    folder = tmp_path_factory.mktemp("reports")
    assert main(["--out", str(folder)]) == 0
    return folder / "index.html"
