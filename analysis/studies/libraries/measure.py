"""What is counted here by every method, and what is recorded of the libraries, as rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np

import opcount as oc
from analysis.peers.libraries import RESULTS, flat
from analysis.programs.methods import WITHOUT_STEPS
from analysis.programs.twins import NUMPY, PROGRAMS, Program
from analysis.studies.libraries.differences import ALL, BACKWARD, FORWARD, REASONS, changes

RECORD: Final = json.loads(RESULTS.read_text(encoding="utf-8"))
COUNTERS: Final = {"JAX": "XLA's cost analysis", "PyTorch": "FlopCounterMode"}
PRODUCTS: Final = ("dot_general", "conv_general_dilated", "mm", "convolution", "convolution_backward")
"""The operators of JAX and of PyTorch that are sums of products: of matrices, and convolutions."""


class Point(NamedTuple):
    """A program, and who differentiates it: a library, or a method of opcount's."""

    program: str
    by: str


def recorded() -> str:
    """The day of the record, and the versions."""
    versions = ", ".join(f"{name} {version}" for name, version in RECORD["versions"].items())
    return f"recorded {RECORD['recorded']}: {versions}"


def counted(point: Point) -> dict[str, Any]:
    """The operations of a gradient, in the two parts that every library has, and how far it is from backprop's."""
    name, by = point
    program = PROGRAMS[name]
    expected = np.array(flat(oc.gradient(program.loss(NUMPY), program.parameters).gradient))
    if by in ALL:
        answer = RECORD["programs"][name][by]
        gradient, forward, backward = answer["gradient"], oc.Counts(answer[FORWARD]), oc.Counts(answer[BACKWARD])
        phases = {phase: sum(counts.values()) for phase, counts in answer.get("phases", {}).items()}
    else:
        g = oc.gradient(program.loss(NUMPY), program.parameters, by)  # type: ignore[arg-type]  # a name of a method
        gradient, forward = flat(g.gradient), g.phases["primal"]
        backward = g.phases["partials"] + g.phases["accumulation"]
        phases = {phase: counts.total for phase, counts in g.phases.items()}
    return {
        "program": name,
        "parameters": len(expected),
        "by": by,
        "forward": forward.total,
        "backward": backward.total,
        "total": forward.total + backward.total,
        "mul and div backward": backward.mul + backward["div"],
        "phases": phases,  # none, where a library does not tell partials from the accumulation
        "counts": {FORWARD: forward, BACKWARD: backward},
        "off": float(np.max(np.abs(np.array(gradient) - expected)) / np.max(np.abs(expected))),
    }


def compared(point: Point) -> list[dict[str, Any]]:
    """What is recorded of a library for a program, beside what backprop counts."""
    name, library = point
    answer = RECORD["programs"][name][library]
    theirs = {part: oc.Counts(answer[part]) for part in (FORWARD, BACKWARD)}
    return [{"program": name, **row} for row in beside_backprop(PROGRAMS[name], library, theirs)]


def beside_backprop(program: Program, library: str, theirs: Mapping[str, oc.Counts]) -> list[dict[str, Any]]:
    """A row for each part and kind of what a library executes, with backprop's, and the reasons for what differs."""
    g = oc.gradient(program.loss(NUMPY), program.parameters)
    ours = {FORWARD: g.phases["primal"], BACKWARD: g.phases["partials"] + g.phases["accumulation"]}
    rows = []
    for part, backprop in ours.items():
        found = {
            reason.what: changes(reason, program.sizes)
            for reason in REASONS
            if library in reason.libraries and part == reason.part
        }
        for kind in oc.KINDS:
            parts = {what: change[kind] for what, change in found.items() if kind in change}
            if theirs[part][kind] or backprop[kind] or parts:
                rows.append(
                    {
                        "library": library,
                        "part": part,
                        "kind": kind,
                        "counted": theirs[part][kind],
                        "backprop's": backprop[kind],
                        "difference": theirs[part][kind] - backprop[kind],
                        "listed": sum(parts.values()),
                        "what it is": "; ".join(f"{change:+,} {what}" for what, change in parts.items()),
                    }
                )
    return rows


def reasons(name: str) -> list[dict[str, Any]]:
    """A row for each reason that changes what a library counts of a program: how many operations more or fewer."""
    rows = []
    for library in ALL:
        for reason in REASONS:
            change = changes(reason, PROGRAMS[name].sizes)
            if library in reason.libraries and change:
                rows.append(
                    {
                        "program": name,
                        "library": library,
                        "part": reason.part,
                        "sort": reason.sort,
                        "what": reason.what,
                        "operations": sum(change.values()),
                        "by kind": ", ".join(f"{number:+,} {kind}" for kind, number in change.items()),
                    }
                )
    return rows


def reported(point: Point) -> dict[str, Any]:
    """What a library's own counter reports of a program, and what of it are products of matrices and convolutions."""
    name, library = point
    answer = RECORD["programs"][name][library]
    counts = oc.Counts(answer[FORWARD]) + oc.Counts(answer[BACKWARD])
    rows = [oc.Counts(found) for operator, _, found in answer["operators"] if operator in PRODUCTS]
    products = sum(rows, oc.Counts())
    return {
        "program": name,
        "library": library,
        "counter": COUNTERS[library],
        "reported": answer["reported"],
        "executed": counts.total,
        "mul in products": products.mul,
        "add in products": products.add,
        "mul with padding": products.mul + 3 * PROGRAMS[name].sizes.get("padding", 0),  # forward, and twice backward
    }


def example(index: int) -> dict[str, Any]:
    """A small program on which a library's counter is far from what is executed."""
    row = RECORD["examples"][index]
    executed = oc.Counts(row["executed"])
    return {
        "program": row["program"],
        "counter": row["counter"],
        "reported": row["reported"],
        "executed": executed.total,
        "by kind": ", ".join(f"{number:,} {kind}" for kind, number in executed.items()),
    }


EXAMPLES: Final = len(RECORD["examples"])
METHODS: Final = tuple(WITHOUT_STEPS)
