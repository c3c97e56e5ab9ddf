"""Figures are drawn without a screen, and none stays."""

from __future__ import annotations

import matplotlib
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def _no_figure_stays():
    yield
    plt.close("all")
