"""The page, built once, and a browser, started once."""

from __future__ import annotations

import pytest

from analysis.page.__main__ import main


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    """The file of the page."""
    folder = tmp_path_factory.mktemp("reports")
    assert main(["--out", str(folder)]) == 0
    return folder / "index.html"


@pytest.fixture(scope="session")
def browser():
    from tests.support.browser import launched  # here, since only some tests need one

    with launched() as found:
        yield found
