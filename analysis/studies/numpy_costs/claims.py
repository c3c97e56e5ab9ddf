"""What the counts say about the calls, and about other counters."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

import opcount as oc
from analysis.figures import peers
from analysis.programs.calls import CALLS
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table
from analysis.studies.numpy_costs.measure import (
    DRAWN_FROM,
    NONE,
    PEERS,
    Point,
    against_executed,
    agreement,
    measure,
    recorded,
)

BY_KIND: Final = "operations by kind"
NO_BREAK: Final = "\u00a0"
LAPACK: Final = tuple(f"np.linalg.{name}" for name in ("solve(A, x)", "inv(A)", "det(A)", "cholesky(A)", "qr(A)"))
CHOOSE_AN_ORDER: Final = ("np.einsum('ij,jk,kl->il', A, B, C, optimize=True)", "np.linalg.multi_dot([A, B, C])")
START_FROM_ZERO: Final = ("np.einsum('ij,jk->ik', A, B)", "np.einsum('ij,jk,kl->il', A, B, C)")
MOVE_DATA: Final = ("np.copy(A.T)", "np.reshape(A.T, -1)")
REFUSED: Final[Mapping[str, Callable[..., Any]]] = {
    "np.linalg.eigh": np.linalg.eigh,
    "np.linalg.svd": np.linalg.svd,
    "np.fft.fft": np.fft.fft,
}

claim = Claims()


class Found:
    """What each call costs at both sizes, and what the peers report; `larger` has the calls at the larger size."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table, self.agreements, self.ratios = table, agreement(table), against_executed(table)
        self.larger = table.drop_duplicates("call", keep="last").set_index("call")
        by_peer = self.agreements.set_index("peer")
        self.agrees, self.zero = by_peer.agrees, by_peer["says zero"]
        self.without = self.larger.index[self.larger["formula"] == NONE]
        self.matrices = self.larger.loc["A @ B"]


def run(run: Run) -> Study:
    points = [Point(name, 10 if run.quick else 40) for name in CALLS]
    d = Found(pd.DataFrame([row for rows in run.map(measure, points) for row in rows], dtype=object))
    farthest = d.ratios.loc[d.ratios.ratio.astype(float).idxmax()]
    return Study(
        question="What do NumPy's common calls really cost?",
        answer=(
            f"Exactly a polynomial in the sizes, for {len(d.larger) - len(d.without)} of {len(d.larger)} calls: "
            f"{d.larger.formula['np.sum(x)']} for a sum, {d.matrices.formula} for a product of matrices, "
            f"{d.larger.formula[LAPACK[0]]} to solve n equations by the algorithm that LAPACK documents. "
            f"flopscope, which has a formula for each call, reports what is executed for {d.agrees['flopscope']} "
            f"calls; JAX, which counts what its compiler leaves of them, for {d.agrees['JAX']}. torch's counter knows "
            f"products alone, and reports zero for {d.zero['torch']} calls that execute arithmetic."
        ),
        claims=claim.judged(d),
        tables=tables(d),
        figures={
            "peers": Figure(
                peers.peers,
                {"ratios": d.ratios},
                "What others report, divided by what is executed: all operations for flopscope (unweighted) and JAX "
                "(its flops and transcendentals), counts.flops() for torch (FlopCounterMode). On the line they agree; "
                "at the left edge they report zero.",
                f"A row for each of {d.ratios.call.nunique()} calls with a mark for each counter. Most marks of "
                "flopscope and JAX stand on the line at one. Most of torch's stand in the strip of zeros at the left. "
                "The farthest off is "
                f"{farthest.peer} for {farthest.call}, {farthest.ratio:.3g} times what is executed.",
            )
        },
        against=against(d.larger),
        favoured="opcount",
    )


def tables(d: Found) -> dict[str, Table]:
    return {
        "costs": Table(
            d.table,
            f"Operations of common calls, and what others report ({recorded()})",
            shown=shown(d.larger),
            text=["call", BY_KIND],
        ),
        "agreement": Table(
            d.agreements,
            "At both recorded sizes of a call: who reports exactly what is executed, and who reports something else",
        ),
        "ratios": Table(
            d.ratios,
            "What others report, divided by what is executed; here the calls on which they differ most",
            exact=False,
            shown=furthest(d.ratios),
        ),
    }


# --- the claims


@claim("A sum of n numbers is n − 1 additions, a product of matrices 2mkn − mn operations.")
def sums_and_products(d: Found) -> Judged:
    of_sum, matrices = d.larger.loc["np.sum(x)"], d.matrices
    return of_sum.operations == "(n − 1) add" and matrices.formula == "2mkn − mn", (
        f"np.sum(x): {of_sum.operations}; A @ B: {matrices.operations}, in total {matrices.formula}"
    )


@claim(
    "Every call but those that choose an order by the sizes has an exact formula, and it predicts all sizes that were "
    "held out."
)
def formulas_predict(d: Found) -> Judged:
    return set(d.without) == set(CHOOSE_AN_ORDER), (
        f"{len(d.larger) - len(d.without)} of {len(d.larger)} calls, {d.larger['held out'].sum():,} sizes held out, "
        f"of up to {DRAWN_FROM[-1]} in each dimension; none for {' and '.join(d.without) or 'no call'}"
    )


@claim(
    "NumPy itself, on arrays of wrapped numbers, executes the same total element by element; einsum adds each sum to "
    "zero besides."
)
def element_by_element_the_same(d: Found) -> Judged:
    elements = d.table[d.table["element by element"].notna()]
    differing = elements[elements["element by element"] != elements.total].call
    return set(differing) == set(START_FROM_ZERO), (
        f"{elements.call.nunique() - differing.nunique()} of the {elements.call.nunique()} calls that it can execute "
        "so, at both sizes"
    )


@claim("No other counter agrees with what is executed on every call.")
def no_other_agrees(d: Found) -> Judged:
    return (d.agrees < len(d.larger)).all(), (
        "exactly, at both sizes: "
        + ", ".join(agreed(row) for row in d.agreements.to_dict("records"))
        + "; flopscope and JAX against all operations, torch against counts.flops(), as they count"
    )


@claim(
    "Of most calls that execute arithmetic torch's counter says zero, of np.dot(x, y) and A @ x too; flopscope and JAX "
    "of none."
)
def torch_says_zero(d: Found) -> Judged:
    calculating, zero = d.ratios.groupby("peer").size(), d.zero
    holds = (
        zero["torch"] > calculating["torch"] / 2
        and (d.larger.loc[["np.dot(x, y)", "A @ x"], "torch"] == 0).all()
        and zero["flopscope"] == zero["JAX"] == 0
    )
    return holds, (
        f"torch of {zero['torch']} of the {calculating['torch']} that have flops by counts.flops(), flopscope of "
        f"{zero['flopscope']} and JAX of {zero['JAX']} of the {calculating['JAX']} that execute anything"
    )


@claim("To torch and JAX a product of matrices is 2mkn: mn additions more than it executes.")
def mn_additions_more(d: Found) -> Judged:
    matrices = d.matrices
    twice = d.larger.index[(d.larger.torch != 0) & (d.larger.torch == 2 * d.larger["mul"])]
    return matrices.torch == matrices.JAX == 2 * matrices["mul"] > matrices.total == matrices.flopscope, (
        f"A @ B at {matrices.sizes}: {matrices.torch} to both, {matrices.total} executed and to flopscope; "
        f"torch counts twice the multiplications on {len(twice)} calls"
    )


@claim("Moving data is free here, in torch and in JAX; flopscope counts an operation for each element.")
def moving_is_free(d: Found) -> Judged:
    moved, elements = d.larger.loc[list(MOVE_DATA)], [math.prod(CALLS[name].sizes[-1].values()) for name in MOVE_DATA]
    return (moved[["total", "torch", "JAX"]] == 0).all(axis=None) and (moved.flopscope == elements).all(), "; ".join(
        f"{name} at {row.sizes}: {row.flopscope} to flopscope" for name, row in moved.iterrows()
    )


def agreed(row: Mapping[Any, Any]) -> str:
    nothing = row["of these on nothing"]
    trivially = f" ({nothing} with nothing to count)" if nothing else ""
    return f"{row['peer']} on {row['agrees']} of {row['calls']}{trivially}"


# --- what the report shows


def shown(larger: pd.DataFrame) -> pd.DataFrame:
    """A row for each call at its larger size, and a dash where a peer has no such call."""
    rows = larger.reset_index()
    rows["call"] += [f", {where}".replace(" ≥ ", f"{NO_BREAK}≥{NO_BREAK}") if where else "" for where in rows["where"]]
    # a line may end after a comma, but not within a formula
    rows["operations"] = rows.operations.str.replace(r"(?<!,) ", NO_BREAK, regex=True)
    rows["operations"] += [", by the algorithm LAPACK documents" if name in LAPACK else "" for name in larger.index]
    rows["formula"] = rows.formula.str.partition(":")[0]  # the reason for its absence is beside it
    titles = {"operations": BY_KIND, "formula": "total", "sizes": "at", "total": "executed", "flops": "of these flops"}
    rows = rows[["call", "operations", "formula", "sizes", "total", "flops", *PEERS]].rename(columns=titles)
    return rows.where(rows.notna(), "—")


def furthest(ratios: pd.DataFrame) -> pd.DataFrame:
    """The ratios furthest from one, except zeros, which the agreement counts."""
    some = ratios[ratios.ratio > 0]
    order = np.argsort(-abs(np.log(some.ratio)), kind="stable")[:12]
    return some.iloc[order].reset_index(drop=True)


def against(larger: pd.DataFrame) -> list[str]:
    """The findings that do not favour opcount."""
    running, trace, matrices = (larger.loc[name] for name in ("np.cumsum(x)", "np.trace(A)", "A @ B"))
    refused = [name for name, function in REFUSED.items() if refuses(function)]
    return [
        "opcount needs its inputs wrapped, and the program runs slower for it; torch's counter and JAX's analysis take "
        "a program as it is, and JAX's does not even run it.",
        "JAX answers another question: what its compiler leaves, after fusion and constant folding, of its own way to "
        f"compute a call. A running sum over {running.sizes} costs {running.JAX} there and {running.total} in NumPy, "
        f"a trace with {trace.sizes} costs {trace.JAX} and {trace.total}; that is another algorithm, not a miscount.",
        "torch's counter is made for networks, whose work is products of matrices. For these it is right except for "
        f"the first term of each sum, {matrices.torch / matrices.total - 1:.1%} at {matrices.sizes}, and nearer the "
        "larger k is.",
        f"opcount refuses what has no exact count: {', '.join(refused)}. Where an estimate would do, it has none.",
        f"The counts of {len(LAPACK)} calls are those of the algorithms that LAPACK documents. The code that runs "
        "works in blocks, with a few operations more or fewer.",
        "What is counted is the definition, from which the code beneath may depart: np.cov multiplies a matrix by its "
        "own transpose, of which BLAS computes one half and copies the other; einsum starts every sum from zero; "
        "x**3 is two multiplications by convention, where NumPy computes a power.",
        "Operations are not seconds: moving data is free here, but takes time all the same.",
    ]


def refuses(function: Callable[..., Any]) -> bool:
    try:
        oc.measure(function, np.eye(2))
    except oc.Uncounted:
        return True
    return False
