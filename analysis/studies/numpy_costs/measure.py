"""What is counted: each call at many sizes; and what other counters report."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

import opcount as oc
from analysis.peers.counters import RESULTS
from analysis.programs.calls import CALLS, Call
from analysis.programs.polynomials import GridPoint, Polynomial, fitted

DEGREE: Final = 3  # of a formula in each dimension, at most
DRAWN_FROM: Final = range(2, 25)  # a dimension of one is a special case
NONE: Final = "none: depends on the sizes"
WINDOWS: Final = {"np.correlate(x, y, 'valid')": ("m", "n")}  # the second is no larger than the first
RECORD: Final = json.loads(RESULTS.read_text(encoding="utf-8"))


class Peer(NamedTuple):
    """Another counter: what to add up in its record, and our column that counts by the same convention."""

    columns: tuple[str, ...]
    compared: str


PEERS: Final = {
    "flopscope": Peer(("flopscope_unweighted",), "total"),
    "torch": Peer(("torch",), "flops"),
    "JAX": Peer(("jax", "jax_transcendentals"), "total"),
}


class Point(NamedTuple):
    """A call, and how many random sizes to test its formulas on."""

    call: str
    draws: int


# --- our counts


def measure(point: Point) -> list[dict[str, Any]]:
    """A row for each recorded size of a call: its formulas, what it executes there, and what the peers report."""
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
    """Sizes of a dimension for interpolation, from one below its recorded size upwards, without the recorded ones."""
    recorded = [sizes[dimension] for sizes in call.sizes]
    start = max(min(recorded) - 1, DRAWN_FROM[0])
    return [size for size in range(start, start + DEGREE + 3) if size not in recorded][: DEGREE + 1]


def drawn(point: Point, dimensions: tuple[str, ...]) -> Iterator[GridPoint]:
    """Random sizes, far from each other and in any order, so that a choice that depends on sizes is noticed."""
    rng = np.random.default_rng(0)
    long, short = (dimensions.index(name) for name in WINDOWS.get(point.call, dimensions[:1] * 2))
    for at in rng.choice(DRAWN_FROM, (point.draws, len(dimensions))).tolist():
        if at[long] >= at[short]:
            yield tuple(at)


def counted(call: Call, sizes: Mapping[str, int]) -> oc.Counts:
    return oc.measure(call.numpy, *call.make(sizes, np.random.default_rng(0))).counts


def element_by_element(call: Call, sizes: Mapping[str, int]) -> int | None:
    """What NumPy executes on object arrays of wrapped numbers; None if it has no loop for objects."""
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


# --- what the others report


def recorded() -> str:
    names = {"flopscope": "flopscope", "torch": "torch", "JAX": "jax"}
    versions = ", ".join(f"{name} {RECORD['versions'][package]}" for name, package in names.items())
    return f"recorded {RECORD['recorded']}: {versions}"


def reported(peer: Peer, record: Mapping[str, Any]) -> int | None:
    """What a peer reports; None if it has no such call."""
    found = [record[column] for column in peer.columns]
    return None if None in found else sum(found)


def agreement(table: pd.DataFrame) -> pd.DataFrame:
    """For each peer, on how many calls it agrees at both sizes, and how its reports differ on the others."""
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


def same_at_all_sizes(table: pd.DataFrame, one: str, other: str) -> Any:
    return (table[one] == table[other]).groupby(table.call, sort=False).all()


def against_executed(table: pd.DataFrame) -> pd.DataFrame:
    """What each peer reports at the larger size, divided by what is executed there, if anything is."""
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
