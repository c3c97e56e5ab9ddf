"""What the counts say about the libraries, and the study."""

from __future__ import annotations

from typing import Final

import pandas as pd

from analysis.figures import libraries
from analysis.programs.twins import PROGRAMS
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table
from analysis.studies.libraries.differences import AGAIN, ALL, BACKWARD, BOTH, FORWARD
from analysis.studies.libraries.measure import (
    COUNTERS,
    EXAMPLES,
    METHODS,
    Point,
    compared,
    counted,
    example,
    reasons,
    recorded,
    reported,
)

ROUNDING: Final = 1e-12  # of a gradient, relative to its largest number
NEAR: Final = 1e-6  # the same, of finite differences and of single precision
PLAIN: Final = "an attention block"
FUSED: Final = "a fused attention block"

claim = Claims()


class Found:
    """Every method and library on every program; the differences by kind, and the reasons; what counters report."""

    def __init__(
        self,
        counts: pd.DataFrame,
        differences: pd.DataFrame,
        reasons: pd.DataFrame,
        reports: pd.DataFrame,
        examples: pd.DataFrame,
    ) -> None:
        self.counts, self.differences, self.reasons = counts, differences, reasons
        self.reports, self.examples = reports, examples
        self.programs = counts.program.nunique()
        self.of = {name: rows.set_index("program") for name, rows in counts.groupby("by", sort=False)}

    def differing(self, part: str, *libraries: str) -> pd.DataFrame:
        rows = self.differences
        return rows[(rows.part == part) & rows["library"].isin(libraries)]

    def listed(self, part: str, *libraries: str) -> pd.DataFrame:
        rows = self.reasons
        return rows[(rows.part == part) & rows["library"].isin(libraries)]


def run(run: Run) -> Study:
    d = Found(
        pd.DataFrame(run.map(counted, [Point(name, by) for name in PROGRAMS for by in (*METHODS, *ALL)])),
        flat(run.map(compared, [Point(name, library) for name in PROGRAMS for library in ALL])),
        flat(run.map(reasons, list(PROGRAMS))),
        pd.DataFrame(run.map(reported, [Point(name, library) for name in PROGRAMS for library in COUNTERS])),
        pd.DataFrame(run.map(example, range(EXAMPLES))),
    )
    return Study(
        question="What do the libraries execute?",
        answer=answer(d),
        claims=claim.judged(d),
        tables=tables(d),
        figures=figures(d),
        against=against(d),
    )


def flat(lists: list[list[dict[str, object]]]) -> pd.DataFrame:
    return pd.DataFrame([row for rows in lists for row in rows])


def answer(d: Found) -> str:
    rules = d.listed(BACKWARD, *BOTH)
    again = rules[rules.sort == AGAIN]
    return (
        "The recursion that remembers, with one exception. What JAX and PyTorch execute to go backward is what "
        "backprop executes here, and "
        f"{rules.what.nunique()} differences that can be listed: they multiply the seed, which is a one, have other "
        "formulas for the derivatives of single operations, as of a tanh or of a softmax, and do without some zeros. "
        f"Listed with their numbers, they make up the difference in each of {d.programs} programs and each kind of "
        f"operation, and {left_over(d.differing(BACKWARD, *BOTH))}. The exception is PyTorch's fused attention, which "
        "keeps one number for each row in place of the weights, and computes the weights again: "
        f"{int(again.operations.sum()):,} of {at(d, 'PyTorch', FUSED):,} operations backward."
    )


def left_over(rows: pd.DataFrame) -> str:
    """What the reasons do not explain of differences, in words."""
    left = int((rows.difference - rows.listed).abs().sum())
    return f"{left:,} operations are left over" if left else "nothing is left over that would be another algorithm"


def against(d: Found) -> list[str]:
    found = []
    for library in BOTH:
        fewer = [name for name in PROGRAMS if at(d, library, name) < at(d, "backprop", name)]
        listed = d.listed(BACKWARD, library)
        most = listed.loc[listed.operations.idxmin()]
        shown = ", ".join(f"{at(d, library, name):,} for {at(d, 'backprop', name):,} on {name}" for name in fewer)
        found.append(
            f"{library} goes backward with fewer operations than backprop here in {len(fewer)} of {d.programs} "
            f"programs: {shown}. The most is saved on {most.program}: {most.what} ({most.operations:,} operations)."
        )
    found.append(
        f"PyTorch's fused attention does not remember its weights: it goes backward with {at(d, 'PyTorch', FUSED):,} "
        f"operations, where backprop takes {at(d, 'backprop', FUSED):,}."
    )
    return found


def at(d: Found, by: str, program: str, column: str = BACKWARD) -> int:
    return int(d.of[by].loc[program, column])


def tables(d: Found) -> dict[str, Table]:
    shown = d.differences[(d.differences.difference != 0) | (d.differences["what it is"] != "")]
    return {
        "methods": Table(
            d.counts.drop(columns=["phases", "counts", "off"]),
            "Operations of a value and its gradient, by every method and every library. Forward is the evaluation of "
            f"the program, backward the partials and the accumulation. Libraries {recorded()}",
            text=("program", "by"),
        ),
        "phases": Table(
            pd.DataFrame(
                [{"program": row.program, "by": row.by, **row.phases} for row in d.counts.itertuples() if row.phases]
            ),
            "The same by phase, where it is known: of JAX the equations that it has transposed are the accumulation",
            text=("program", "by"),
        ),
        "differences": Table(
            d.differences,
            "What a library counts and backprop counts, by kind, and what the difference consists of",
            shown=shown.drop(columns="listed"),
            text=("program", "library", "part", "kind", "what it is"),
        ),
        "reasons": Table(
            d.reasons,
            "Why a library does not count what backprop counts: operations more or fewer in each program",
            shown=by_reason(d),
            text=("library", "part", "sort", "what"),
        ),
        "reports": Table(
            d.reports,
            "What the libraries' own counters report of these programs, forward and backward, and what is executed",
            text=("program", "library", "counter"),
        ),
        "examples": Table(
            d.examples,
            "Small programs on which the libraries' own counters are far from what is executed",
            text=("program", "counter", "by kind"),
        ),
    }


def by_reason(d: Found) -> pd.DataFrame:
    """The reasons, a column for each program."""
    keys = ["library", "part", "sort", "what"]
    wide = d.reasons.pivot_table("operations", keys, "program", sort=False, aggfunc="sum", fill_value=0)
    return wide.astype(int)[list(PROGRAMS)].reset_index().rename_axis(columns=None)


def figures(d: Found) -> dict[str, Figure]:
    ratios = {
        name: [at(d, name, program, "total") / at(d, "backprop", program, "total") for program in PROGRAMS]
        for name in d.of
    }
    three = [ratio for name in ALL for ratio in ratios[name]]
    slow = {name: max(ratios[name]) for name in ("naive", "forward", "finite-difference")}
    return {
        "methods": Figure(
            libraries.methods,
            {"counts": d.counts[["program", "by", "total"]]},
            "Operations of a value and its gradient, relative to backprop's, by every method here and three libraries.",
            "A row for each method and each library, with a mark for each program, on a logarithmic axis of operations "
            f"relative to backprop's. The marks of JAX, PyTorch and autograd lie close together around one, from "
            f"{min(three):.2f} to {max(three):.2f}, as those of the memoized recursion and of backprop, which are one. "
            f"The naive recursion reaches {slow['naive']:.1f}; forward mode and finite differences lie far to the "
            f"right, up to {slow['forward']:.0f} and {slow['finite-difference']:.0f}.",
        )
    }


# --- the claims


@claim("Every library and every method finds backprop's gradient; finite differences and JAX's fused attention nearly.")
def the_same_gradient(d: Found) -> Judged:
    nearly = d.counts[d.counts.off > ROUNDING]
    others = nearly[nearly.by != "finite-difference"]
    expected = (others.by == "JAX").all() and (others.program == FUSED).all()
    return expected and (nearly.off <= NEAR).all(), (
        f"{len(d.of)} ways and {d.programs} programs: {len(d.counts) - len(nearly)} gradients are off by no more than "
        f"10⁻¹² of their largest number, and {len(nearly)} by no more than 10⁻⁶; JAX computes the softmax of its fused "
        "attention in single precision"
    )


@claim("The memoized recursion and the loop of backprop execute the same, kind by kind.")
def memoized_is_backprop(d: Found) -> Judged:
    same = (d.of["memoized"].counts == d.of["backprop"].counts).all()
    return same, f"{d.of['memoized'].total.sum():,} operations in {d.programs} programs, by both"


@claim("JAX's and PyTorch's backward passes are the memoized recursion plus what is listed, and nothing else.")
def backward_is_listed(d: Found) -> Judged:
    rows = d.differing(BACKWARD, *BOTH)
    return (rows.difference == rows.listed).all() and len(rows) > 0, evidence(d, BACKWARD, *BOTH)


def evidence(d: Found, part: str, *libraries: str) -> str:
    rows, listed = d.differing(part, *libraries), d.listed(part, *libraries)
    backprop = int(rows["backprop's"].sum())
    return (
        f"{rows.counted.sum():,} operations in {d.programs} programs, where backprop takes {backprop:,}; "
        f"{listed.what.nunique()} reasons make {int(listed.operations.sum()):+,}, and {left_over(rows)}"
    )


@claim("So is autograd's, with a longer list.")
def autograd_is_listed(d: Found) -> Judged:
    rows = d.differing(BACKWARD, "autograd")
    longer = all(
        d.listed(BACKWARD, "autograd").what.nunique() > d.listed(BACKWARD, library).what.nunique() for library in BOTH
    )
    return (rows.difference == rows.listed).all() and longer, evidence(d, BACKWARD, "autograd")


@claim("To evaluate the programs, the libraries execute what NumPy does but for what is listed, and nothing else.")
def forward_is_listed(d: Found) -> Judged:
    rows = d.differing(FORWARD, *ALL)
    return (rows.difference == rows.listed).all() and len(rows) > 0, evidence(d, FORWARD, *ALL)


@claim("PyTorch's fused attention is the exception: it forgets the weights, and computes them again to go backward.")
def fused_attention_forgets(d: Found) -> Judged:
    again = d.reasons[d.reasons.sort == AGAIN]
    alone = (again["library"] == "PyTorch").all() and (again.program == FUSED).all() and len(again) > 0
    torch, jax = ([at(d, library, name) for name in (PLAIN, FUSED)] for library in ("PyTorch", "JAX"))
    return alone and torch[0] < torch[1] and jax[0] >= jax[1], (
        f"PyTorch goes backward with {torch[1]:,} operations, {int(again.operations.sum()):,} of them computed again, "
        f"and with {torch[0]:,} where attention is not fused; JAX with {jax[1]:,} and {jax[0]:,}"
    )


@claim("But for that, JAX and PyTorch execute the same matrix products and convolutions, forward and backward.")
def the_same_products(d: Found) -> Judged:
    jax, torch = (
        d.reports[(d.reports["library"] == library) & (d.reports.program != FUSED)].set_index("program")
        for library in BOTH
    )
    columns = ["mul in products", "add in products"]
    return (jax[columns] == torch[columns]).all().all(), (
        f"{int(jax[columns[0]].sum()):,} mul and {int(jax[columns[1]].sum()):,} add, of "
        f"{int(jax.executed.sum()):,} and {int(torch.executed.sum()):,} operations"
    )


@claim("Nobody is near naive: in products, each library is nearer to the recursion that remembers, in every program.")
def nobody_is_naive(d: Found) -> Judged:
    column = "mul and div backward"
    memoized, naive = d.of["memoized"][column], d.of["naive"][column]
    farthest = {library: (d.of[library][column] - memoized).abs() for library in ALL}
    nearer = all((far < (naive - d.of[library][column]).abs()).all() for library, far in farthest.items())
    return nearer, (
        f"mul and div of the backward pass in {d.programs} programs: {naive.sum():,} naive, {memoized.sum():,} "
        "memoized, " + ", ".join(f"{d.of[library][column].sum():,} {library}" for library in ALL)
    )


@claim("PyTorch's FlopCounterMode reports two for each product in matrix products and convolutions, and nothing else.")
def flop_counter_mode(d: Found) -> Judged:
    rows = d.reports[d.reports["library"] == "PyTorch"]
    nothing = rows[rows.reported == 0]
    return (rows.reported == 2 * rows["mul with padding"]).all() and len(nothing) > 0, (
        f"{int(rows.reported.sum()):,} for {int(rows.executed.sum()):,} executed operations, padding included; nothing "
        f"for {int(nothing.executed.sum()):,} operations on {', '.join(nothing.program)}, nor for what is fused"
    )


@claim("No report of XLA's cost analysis or of FlopCounterMode is what is executed.")
def no_report_is_exact(d: Found) -> Judged:
    rows = pd.concat([d.reports, d.examples])
    loop = d.examples[d.examples.counter == COUNTERS["JAX"]].iloc[1]
    high = d.examples.loc[(d.examples.reported / d.examples.executed).idxmax()]
    return (rows.reported != rows.executed).all(), (
        f"{len(rows)} reports; {loop.reported} for {loop.executed} operations in a loop, {high.reported:,} for "
        f"{high.executed:,} in a {high.program.partition('a ')[2]}"
    )
