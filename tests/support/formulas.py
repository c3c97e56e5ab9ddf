"""Printed formulas, read back as what they say."""

from __future__ import annotations

import re
from fractions import Fraction

from analysis.programs.polynomials import SUPERSCRIPTS

DIGITS = {after: f"**{chr(before)}" for before, after in SUPERSCRIPTS.items()}


def evaluated(formula, sizes):
    """The value of a printed formula: read as Python, with the dimensions as exact numbers."""
    text = re.sub(r"(?<=\w)(?=[a-z])", "*", formula.replace("−", "-")).translate(DIGITS)
    text = re.sub(r"/(\d+)", r"*Fraction(1, \1)", text)
    return eval(text, {"Fraction": Fraction} | sizes)
