"""What do NumPy's common calls really cost? Formulas found by running them, beside what other counters report."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

import opcount as oc
from analysis.figures import peers
from analysis.peers.counters import RESULTS
from analysis.programs.calls import CALLS, Call
from analysis.programs.polynomials import GridPoint, Polynomial, fitted
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table

DEGREE: Final = 3  # of a formula in each dimension, at most
DRAWN_FROM: Final = range(2, 25)  # a dimension of one is a case of its own
NONE: Final = "none: depends on the sizes"
BY_KIND: Final = "operations by kind"
NO_BREAK: Final = "\u00a0"
WINDOWS: Final = {"np.correlate(x, y, 'valid')": ("m", "n")}  # the second is no larger than the first

LAPACK: Final = tuple(f"np.linalg.{name}" for name in ("solve(A, x)", "inv(A)", "det(A)", "cholesky(A)", "qr(A)"))
CHOOSE_AN_ORDER: Final = ("np.einsum('ij,jk,kl->il', A, B, C, optimize=True)", "np.linalg.multi_dot([A, B, C])")
START_FROM_ZERO: Final = ("np.einsum('ij,jk->ik', A, B)", "np.einsum('ij,jk,kl->il', A, B, C)")
MOVE_DATA: Final = ("np.copy(A.T)", "np.reshape(A.T, -1)")
RECORD: Final = json.loads(RESULTS.read_text(encoding="utf-8"))
REFUSED: Final[Mapping[str, Callable[..., Any]]] = {
    "np.sort": np.sort,
    "np.linalg.svd": np.linalg.svd,
    "np.fft.fft": np.fft.fft,
}


class Peer(NamedTuple):
    """Another counter: what to add up of its record, and the column of ours that counts by the same convention."""

    columns: tuple[str, ...]
    compared: str


PEERS: Final = {
    "flopscope": Peer(("flopscope_unweighted",), "total"),
    "torch": Peer(("torch",), "flops"),
    "JAX": Peer(("jax", "jax_transcendentals"), "total"),
}


class Point(NamedTuple):
    """A call, and how many sizes to draw on which its formulas are tried."""

    call: str
    draws: int


claim = Claims()


class Found:
    """What each call costs at both sizes, beside what the peers report; `larger` has the calls at the larger size."""

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
    return Study(
        question="What do NumPy's common calls really cost?",
        answer=(
            f"Exactly a polynomial in the sizes, for {len(d.larger) - len(d.without)} of {len(d.larger)} calls: "
            f"{d.larger.formula['np.sum(x)']} for a sum, {d.matrices.formula} for a product of matrices, "
            f"{d.larger.formula[LAPACK[0]]} to solve n equations by the algorithm that LAPACK documents. "
            f"flopscope, which has a formula for each call, reports what is executed for {d.agrees['flopscope']} "
            f"calls; JAX, which counts what its compiler leaves of them, for {d.agrees['JAX']}. torch's counter knows "
            f"products alone, and says zero of {d.zero['torch']} calls that execute arithmetic."
        ),
        claims=claim.judged(d),
        tables=tables(d),
        figures={
            "peers": Figure(
                peers.peers,
                {"ratios": d.ratios},
                "What others report, divided by what is executed: all operations for flopscope (unweighted) and JAX "
                "(its flops and transcendentals), counts.flops() for torch (FlopCounterMode). On the line they agree; "
                "at the left edge they say zero.",
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
            "At both recorded sizes of a call: who reports exactly what is executed, and who something else",
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


# --- our counts


def measure(point: Point) -> list[dict[str, Any]]:
    """A row for each recorded size of a call: its formulas, what it executes there, and what the peers say of it."""
    call = CALLS[point.call]
    dimensions = tuple(call.sizes[0])
    grid = list(product(*(near(call, name) for name in dimensions)))
    held_out = {*(tuple(sizes.values()) for sizes in call.sizes), *drawn(point, dimensions)} - {*grid}
    counts = {at: counted(call, dict(zip(dimensions, at, strict=True))) for at in (*grid, *held_out)}
    laws = {
        kind: fitted(dimensions, {at: found[kind] for at, found in counts.items()}, grid)
        for kind in oc.KINDS
        if any(kind in found for found in counts.values())
    }
    law = fitted(dimensions, {at: found.total for at, found in counts.items()}, grid)
    rows = []
    for sizes, record in zip(call.sizes, RECORD["calls"][point.call], strict=True):
        found = counts[tuple(sizes.values())]
        rows.append(
            {
                "call": point.call,
                "operations": by_kind(laws),
                "formula": NONE if law is None else str(law),
                "where": " ≥ ".join(WINDOWS.get(point.call, ())),
                "held out": len(held_out),
                "sizes": " ".join(f"{name}={size}" for name, size in sizes.items()),
                "mul": found.mul,
                "total": found.total,
                "flops": found.flops(),
                "element by element": element_by_element(call, sizes),
                **{name: reported(peer, record) for name, peer in PEERS.items()},
            }
        )
    return rows


def near(call: Call, dimension: str) -> list[int]:
    """Sizes of a dimension to interpolate between: from one below its own upwards, without the recorded ones."""
    recorded = [sizes[dimension] for sizes in call.sizes]
    start = max(min(recorded) - 1, DRAWN_FROM[0])
    return [size for size in range(start, start + DEGREE + 3) if size not in recorded][: DEGREE + 1]


def drawn(point: Point, dimensions: tuple[str, ...]) -> Iterator[GridPoint]:
    """Sizes far from each other and in any order, so that a choice that depends on them is seen."""
    rng = np.random.default_rng(0)
    long, short = (dimensions.index(name) for name in WINDOWS.get(point.call, dimensions[:1] * 2))
    for at in rng.choice(DRAWN_FROM, (point.draws, len(dimensions))).tolist():
        if at[long] >= at[short]:
            yield tuple(at)


def counted(call: Call, sizes: Mapping[str, int]) -> oc.Counts:
    return oc.measure(call.numpy, *call.make(sizes, np.random.default_rng(0))).counts


def element_by_element(call: Call, sizes: Mapping[str, int]) -> int | None:
    """What NumPy executes on object arrays of wrapped numbers; None where it has no loop for objects."""
    objects = [argument.astype(object) for argument in call.make(sizes, np.random.default_rng(0))]
    try:
        return oc.measure(call.numpy, *objects).counts.total
    except (AttributeError, TypeError):
        return None


def by_kind(laws: Mapping[str, Polynomial | None]) -> str:
    """The formulas of all kinds, as in "mkn mul, (mkn − mn) add"."""
    if None in laws.values():
        return NONE
    return ", ".join(f"({law}) {kind}" if " " in str(law) else f"{law} {kind}" for kind, law in laws.items()) or "0"


def refuses(function: Callable[..., Any]) -> bool:
    try:
        oc.measure(function, np.eye(2))
    except oc.Uncounted:
        return True
    return False


# --- what the others report


def recorded() -> str:
    names = {"flopscope": "flopscope", "torch": "torch", "JAX": "jax"}
    versions = ", ".join(f"{name} {RECORD['versions'][package]}" for name, package in names.items())
    return f"recorded {RECORD['recorded']}: {versions}"


def reported(peer: Peer, record: Mapping[str, Any]) -> int | None:
    """What a peer reports, or None where it has no such call."""
    found = [record[column] for column in peer.columns]
    return None if None in found else sum(found)


def agreement(table: pd.DataFrame) -> pd.DataFrame:
    """For each peer: on how many calls it agrees at both sizes; the others by what it reports at the larger one."""
    rows = []
    for name, peer in PEERS.items():
        answered = table[table[name].notna()]
        agrees = {column: same_at_all_sizes(answered, name, column) for column in ("total", "flops")}
        larger = answered.drop_duplicates("call", keep="last").set_index("call")
        differ = larger[~agrees[peer.compared]]
        zero = differ[name] == 0
        rows.append(
            {
                "peer": name,
                "compared with": "all operations" if peer.compared == "total" else "counts.flops()",
                "calls": len(larger),
                "agrees": int(agrees[peer.compared].sum()),
                "of these on nothing": int((larger[peer.compared][agrees[peer.compared]] == 0).sum()),
                "says zero": int(zero.sum()),
                "fewer": int((~zero & (differ[name] < differ[peer.compared])).sum()),
                "more": int((differ[name] > differ[peer.compared]).sum()),
                "agrees by all operations": int(agrees["total"].sum()),
                "agrees by counts.flops()": int(agrees["flops"].sum()),
            }
        )
    return pd.DataFrame(rows)


def agreed(row: Mapping[Any, Any]) -> str:
    nothing = row["of these on nothing"]
    trivially = f" ({nothing} with nothing to count)" if nothing else ""
    return f"{row['peer']} on {row['agrees']} of {row['calls']}{trivially}"


def same_at_all_sizes(table: pd.DataFrame, one: str, other: str) -> Any:
    return (table[one] == table[other]).groupby(table.call, sort=False).all()


def against_executed(table: pd.DataFrame) -> pd.DataFrame:
    """What each peer reports at the larger size over what is executed there, where anything is."""
    rows = [
        {
            "call": row["call"],
            "peer": name,
            "sizes": row["sizes"],
            "reported": row[name],
            "executed": row[peer.compared],
            "ratio": row[name] / row[peer.compared],
        }
        for row in table.drop_duplicates("call", keep="last").to_dict("records")
        for name, peer in PEERS.items()
        if row[peer.compared] and row[name] is not None
    ]
    return pd.DataFrame(rows)


# --- what the report shows


def shown(larger: pd.DataFrame) -> pd.DataFrame:
    """A row for each call at its larger size, and a dash where a peer has no such call."""
    rows = larger.reset_index()
    rows["call"] += [f", {where}".replace(" ≥ ", f"{NO_BREAK}≥{NO_BREAK}") if where else "" for where in rows["where"]]
    # a line may end after a comma, but not within a formula
    rows["operations"] = rows.operations.str.replace(r"(?<!,) ", NO_BREAK, regex=True)
    rows["operations"] += [", by the algorithm LAPACK documents" if name in LAPACK else "" for name in larger.index]
    rows["formula"] = rows.formula.str.partition(":")[0]  # why there is none stands beside it
    titles = {"operations": BY_KIND, "formula": "total", "sizes": "at", "total": "executed", "flops": "of these flops"}
    rows = rows[["call", "operations", "formula", "sizes", "total", "flops", *PEERS]].rename(columns=titles)
    return rows.where(rows.notna(), "—")


def furthest(ratios: pd.DataFrame) -> pd.DataFrame:
    """The ratios furthest from one; those of zero are counted in the agreement."""
    some = ratios[ratios.ratio > 0]
    order = np.argsort(-abs(np.log(some.ratio)), kind="stable")[:12]
    return some.iloc[order].reset_index(drop=True)


def against(larger: pd.DataFrame) -> list[str]:
    """What does not favour opcount."""
    running, trace, matrices = (larger.loc[name] for name in ("np.cumsum(x)", "np.trace(A)", "A @ B"))
    refused = [name for name, function in REFUSED.items() if refuses(function)]
    return [
        "opcount needs its inputs wrapped, and the program runs slower for it; torch's counter and JAX's analysis take "
        "a program as it is, and JAX's does not even run it.",
        "JAX answers another question: what its compiler leaves, after fusion and constant folding, of its own way to "
        f"compute a call. A running sum over {running.sizes} costs {running.JAX} there and {running.total} in NumPy, "
        f"a trace with {trace.sizes} costs {trace.JAX} and {trace.total}; that is another algorithm, no miscount.",
        "torch's counter is made for networks, whose work is products of matrices. For these it is right but for the "
        f"first term of each sum, {matrices.torch / matrices.total - 1:.1%} at {matrices.sizes}, and nearer the larger "
        "k is.",
        f"opcount refuses what has no exact count: {', '.join(refused)}. Where an estimate would do, it has none.",
        f"The counts of {len(LAPACK)} calls are those of the algorithms that LAPACK documents. The code that runs "
        "works in blocks, with a few operations more or fewer.",
        "Counted is the definition, and the code beneath may depart from it: np.cov multiplies a matrix by its own "
        "transpose, of which BLAS computes one half and copies the other; einsum starts every sum from zero; "
        "x**3 is two multiplications by convention, where NumPy computes a power.",
        "Operations are no seconds: what moves data is free here, and takes its time all the same.",
    ]
