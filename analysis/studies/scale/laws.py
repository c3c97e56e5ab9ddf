"""The exact polynomials of the methods in the size of the network, and their leading terms."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

import pandas as pd

import opcount as oc
from analysis.programs.methods import WITHOUT_STEPS
from analysis.programs.networks import (
    parameter_count,
)
from analysis.programs.polynomials import SUPERSCRIPTS, Polynomial, fitted
from analysis.studies.scale.measure import (
    FAMILY,
    NUMBERS,
    SIZES,
    formula,
)

FITTED: Final = (1, 2, 3, 4)  # the sizes that fix its polynomial; it must hold at the others
NO_LAW: Final = "none"

Laws = Mapping[str, Mapping[str, Polynomial | None]]


def laws(table: pd.DataFrame) -> Laws:
    """The exact polynomial in m of each method and phase: from shapes, or fitted, if it holds at other sizes too."""
    predicted = table[(table.method == NUMBERS) & (table.how == "predicted")]
    grid = [(m,) for m in FITTED]
    through = {
        phase: fitted(("m",), {(m,): count for m, count in zip(predicted.m, predicted[phase], strict=True)}, grid)
        for phase in (*oc.PHASES, "total")
    }
    return {method: formula(FAMILY, ("m",), method) for method in WITHOUT_STEPS} | {NUMBERS: through}


def written(polynomials: Mapping[str, Polynomial | None]) -> dict[str, Any]:
    total = polynomials["total"]
    degree, leading = (0, NO_LAW) if total is None else in_parameters(total)
    texts = {phase: NO_LAW if law is None else str(law) for phase, law in polynomials.items()}
    return {
        **{phase: texts[phase] for phase in oc.PHASES},
        "total_formula": texts["total"],
        "degree": degree,
        "leading": leading,
    }


def in_parameters(total: Polynomial) -> tuple[int, str]:
    """The degree in m, and the leading term in p, which is 4m² plus lower terms."""
    degree = max(exponent for (exponent,) in total.terms)
    coefficient = total.terms[degree,] / Fraction(2) ** degree
    half, odd = divmod(degree, 2)
    power = "p" + (str(half).translate(SUPERSCRIPTS) if half > 1 else "") + ("√p" if odd else "")
    return degree, ("" if coefficient == 1 else f"{float(coefficient):g}") + power


def with_lines(table: pd.DataFrame, formulas: pd.DataFrame, polynomials: Laws) -> pd.DataFrame:
    """The table with each row's formula, its value, and its line in the figure: methods with one law share a line."""
    rows = table.to_dict("records")
    law = formulas.set_index("method").total_formula
    named = law.map(formulas.groupby("total_formula", sort=False).method.agg(", ".join))
    beyond = [m for m in SIZES if m > table[table.method == NUMBERS].m.max()]
    rows += [by_formula(m, polynomials[NUMBERS]) for m in beyond if law[NUMBERS] != NO_LAW]
    for row in rows:
        value = at(polynomials[row["method"]]["total"], row["m"])
        row |= {"formula": value, "line": named[row["method"]], "law": law[row["method"]]}
    order = {method: index for index, method in enumerate(law.index)}
    rows.sort(key=lambda row: (order[row["method"]], row["how"], row["m"]))
    columns = ["m", "parameters", "method", "how", "evaluation", *oc.PHASES, "total", "formula", "line", "law"]
    return pd.DataFrame(rows, dtype=object).reindex(columns=columns).astype({"m": int, "parameters": int})


def by_formula(m: int, found: Mapping[str, Polynomial | None]) -> dict[str, Any]:
    counts = {phase: at(law, m) for phase, law in found.items()}
    row = {"m": m, "parameters": parameter_count((m, 2 * m, m)), "method": NUMBERS, "how": "formula"}
    return {**row, "evaluation": counts["primal"], **counts}


def at(law: Polynomial | None, m: int) -> int:
    return -1 if law is None else int(law((m,)))


def settled(table: pd.DataFrame, formulas: pd.DataFrame) -> pd.DataFrame:
    """The operations of each line, divided by the power of p that they grow with."""
    by_method = formulas.set_index("method")
    lines = table[table.m.isin(SIZES)].drop_duplicates(["line", "m"]).sort_values(["line", "m"], kind="stable")
    powers = [by_method.degree[method] / 2 for method in lines.method]
    ratios = [
        float(total) / float(p) ** power for total, p, power in zip(lines.total, lines.parameters, powers, strict=True)
    ]
    leading = [by_method.leading[method] for method in lines.method]
    return lines[["m", "parameters", "line"]].assign(ratio=ratios, leading=leading).reset_index(drop=True)
