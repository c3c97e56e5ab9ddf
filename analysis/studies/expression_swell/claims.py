"""What the counts say about SymPy's derivatives."""

from __future__ import annotations

from typing import Final

import pandas as pd

from analysis.figures import growth
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table
from analysis.studies.expression_swell.laws import FROM, greatest, laws_of, least
from analysis.studies.expression_swell.measure import QUESTIONS, REWRITTEN, Case, measure, rewrite

SAME_EVERYWHERE: Final = False  # another version of SymPy may write the same derivative differently
NETWORKS: Final = (
    *((1, 2, 1), (1, 2, 2, 1), (2, 3, 3, 1), (1, 2, 2, 2, 1)),
    *((3, 4, 4, 1), (2, 3, 3, 3, 1), (1, 3, 3, 3, 3, 1)),
)
SHOWN: Final = ("tree", "tree, nested", "values", "naive", "memo", "cse", "cse, nested", "memoized-tangent", "backprop")

claim = Claims()


class Found:
    """The counts on the logistic map and on networks, a column for each line; their laws; the rewritten derivatives."""

    def __init__(self, table: pd.DataFrame, polynomials: pd.DataFrame) -> None:
        self.table, self.polynomials = table, polynomials
        map_ = table[table.iterations > 0]
        self.laws = laws_of(map_)
        by_line = self.laws.set_index("line")
        self.law, self.doubles, self.degree = by_line.law, by_line.doubles, by_line.degree
        self.factors = by_line[["least factor", "greatest factor"]]
        self.on_map = map_.pivot(index="iterations", columns="line", values="operations")
        self.last = self.on_map.index[-1]
        networks = table[table.iterations == 0]
        self.on_networks = networks.pivot(index="function", columns="line", values="operations")
        self.cse_over_backprop = (self.on_networks.cse / self.on_networks.backprop).sort_values(kind="stable")
        self.executed = table[table.executed == "yes"]
        self.exact = self.executed[self.executed["same gradient"] == "exactly"]
        self.shared = polynomials.pivot(index="iterations", columns="form", values="cse")


def run(run: Run) -> Study:
    iterations = range(1, 10 if run.quick else 13)
    cases = [Case("logistic map", k, nested=nested) for k in iterations for nested in (False, True)]
    cases += [Case(name) for name in QUESTIONS]
    networks = NETWORKS[:4] if run.quick else NETWORKS
    cases += [Case(f"MLP {'-'.join(map(str, sizes))}", sizes=sizes) for sizes in networks]
    # longest first; the rows are sorted afterwards
    found = run.map(measure, cases[::-1])
    table = pd.DataFrame([row for rows in found[::-1] for row in rows])
    points = [(form, k) for form in REWRITTEN for k in range(1, 7)]
    d = Found(table, pd.DataFrame(run.map(rewrite, points)))
    return Study(
        question="Is symbolic differentiation another method?",
        answer=answer(d),
        claims=claim.judged(d),
        tables=tables(d),
        figures={
            "operations": Figure(
                growth.expression_swell,
                {"table": table},
                "Above, the logistic map; dashed where each iteration's result is kept apart, solid as SymPy writes "
                "it. "
                "Below, networks.",
                "Above, six lines against the iterations, on a logarithmic scale: the expressions written out as trees "
                f"rise the steepest, to {d.on_map.tree[d.last]:,} operations after {d.last}; naive recursion and the "
                f"shared flattened expression come next; the shared nested one and backprop, "
                f"{d.on_map.backprop[d.last]}"
                ", stay flat. Below, a row for each network: backprop always the leftmost, the tree always the "
                "rightmost mark.",
            )
        },
        against=against(d),
    )


def answer(d: Found) -> str:
    after = d.on_map.loc[d.last]
    return (
        "It is the chain rule without intermediate results. Written out as an expression, the derivative of "
        f"{d.last} iterations of the logistic map takes {after.tree:,} operations: the product rule copies the "
        f"factors, and the copies are computed again. The naive recursion, {after.naive:,}, repeats the chain rule "
        "alone and shares the values. Keep each intermediate result and compute what is equal once, and of the same "
        f"expression {after['cse, nested']:,} operations are left, in proportion to the iterations, as with backprop, "
        f"which takes {after.backprop:,}. But sharing finds only what is still there: where SymPy has flattened the "
        f"products, it leaves {after.cse:,}, and on networks, which SymPy differentiates for one parameter at a time, "
        f"up to {d.cse_over_backprop.iloc[-1]:.1f} times what backprop takes."
    )


def tables(d: Found) -> dict[str, Table]:
    polynomials = d.polynomials
    return {
        "laws": Table(
            d.laws,
            f"Operations after k iterations of the logistic map, from {FROM} on. SymPy's value and derivatives as "
            "a tree, with the value's subexpressions shared, all equal subexpressions (memo), or what sympy.cse "
            "finds; nested: with the result of each iteration kept apart",
            exact=SAME_EVERYWHERE,
            text=("law",),
            shown=d.laws[["line", "law", "least factor", "greatest factor"]],
        ),
        "operations": Table(
            d.table,
            "Operations for the value and the gradient of the logistic map. A sum of n terms is n − 1 `add` or, "
            "where a term is negative, `sub`; a factor to a negative power is a `div`",
            exact=SAME_EVERYWHERE,
            shown=d.on_map[[*SHOWN]].reset_index(),
        ),
        "networks": Table(
            d.on_networks[[line for line in SHOWN if line in d.on_networks]].reset_index(),
            "The same for networks: the question's at its three points, MLPs with tanh at one",
            exact=SAME_EVERYWHERE,
        ),
        "rewritten": Table(
            polynomials,
            "The logistic map and its derivative rewritten as polynomials",
            exact=SAME_EVERYWHERE,
            shown=polynomials[polynomials.iterations % 2 == 0].drop(columns="same gradient"),
        ),
    }


def against(d: Found) -> list[str]:
    after, horner = d.on_map.loc[d.last], d.polynomials[d.polynomials.form == "in Horner's form"].iloc[-1]
    wrong = d.polynomials[d.polynomials["first digit right in floats"] == "no"]
    return [
        "Where intermediate results are kept, cse takes fewer operations than backprop: "
        f"{d.law['cse, nested']} against {d.law['backprop']}. "
        "SymPy expands 4 (1 − l) to 4 − 4 l once, and shares it.",
        "Rewritten in Horner's form, value and derivative of the logistic map take "
        f"{horner.tree:,} operations as a tree, fewer than the naive recursion, {horner.naive:,}. But of "
        f"{len(d.polynomials)} rewritten derivatives, {len(wrong)} do not even have their first digit right in floats.",
        f"The swell comes from writing the expression out: of the {after.tree:,} operations after {d.last} iterations, "
        f"{after.memo:,} are distinct. Evaluating the expression with a memo saves the rest.",
    ]


# --- the claims


@claim("SymPy's derivatives, however much of them is shared, and opcount's gradients are equal in fractions.")
def equal_in_fractions(d: Found) -> Judged:
    fractions = d.executed[(d.executed.iterations > 0) | d.executed.function.str.endswith("rational")]
    same = set(fractions["same gradient"]) == set(d.polynomials["same gradient"]) == {"exactly"}
    return len(fractions) == len(d.exact) > 0 and same, (
        f"{len(d.exact)} executions on the logistic map and the question's network, "
        f"and {len(d.polynomials)} of rewritten derivatives"
    )


@claim("On the networks with an exponential they agree to rounding.")
def equal_to_rounding(d: Found) -> Judged:
    rounded = int((d.executed["same gradient"] == "to rounding").sum())
    holds = len(d.exact) + rounded == len(d.executed) and rounded > 0
    return holds, f"{rounded} executions, to 1e-9 of the largest number"


@claim("Wherever operations were both executed and predicted, the two are equal.")
def executed_as_predicted(d: Found) -> Judged:
    foreseen = d.executed[d.executed.predicted != ""]
    return (foreseen.operations == foreseen.predicted).all() and len(foreseen) > 0, (
        f"{len(foreseen)} executions, up to {foreseen.operations.max():,} operations"
    )


@claim("Each iteration of the logistic map more than doubles SymPy's tree, and not quite doubles the naive recursion.")
def tree_more_than_doubles(d: Found) -> Judged:
    rows, tree, naive = d.on_map.loc[FROM:], d.factors.loc["tree"], d.factors.loc["naive"]
    holds = min(least(rows.tree), least(rows["tree, nested"])) > 2 and greatest(rows.naive) < 2
    return holds, (
        f"from {FROM} iterations to {d.last}: times {tree['least factor']} to {tree['greatest factor']}, and times "
        f"{naive['least factor']} to {naive['greatest factor']}"
    )


@claim(
    "The tree outgrows the naive recursion: by the square of the iterations, or by their number where intermediate "
    "results are kept apart."
)
def tree_outgrows(d: Found) -> Judged:
    lines = ["tree", "tree, nested", "naive"]
    return [*d.doubles[lines]] == ["2", "1", "0"], "; ".join(d.law[lines])


@claim(
    "That factor is the value computed again: share the value's subexpressions, as the naive recursion does, and the "
    "tree grows as the naive recursion."
)
def value_is_computed_again(d: Found) -> Judged:
    holds = [*d.doubles[["values", "values, nested", "naive"]]] == ["0"] * 3
    return holds, f"{d.law['values']}; nested {d.law['values, nested']}"


@claim("Where intermediate results are kept apart, sharing makes the tree linear, as backprop is.")
def sharing_is_linear(d: Found) -> Judged:
    lines = ("memo, nested", "cse, nested", "backprop")
    memo, cse, backprop = (d.on_map[line] for line in lines)
    linear = all((d.doubles[line], d.degree[line]) == ("", "1") for line in lines)
    return linear and (cse <= backprop).all() and (4 * memo <= 5 * backprop).all(), (
        f"{d.law['memo, nested']} with a memo, {d.law['cse, nested']} by cse, {d.law['backprop']} by backprop; "
        "cse nowhere more than backprop, the memo at most 5/4 of it"
    )


@claim(
    "In the products that SymPy flattens they are lost, and sharing afterwards does not find them all: what is left "
    "grows as a square of the iterations by cse, and as a cube by the memo."
)
def sharing_afterwards_leaves_more(d: Found) -> Judged:
    holds = [(d.doubles[line], d.degree[line]) for line in ("cse", "memo")] == [("", "2"), ("", "3")]
    return holds, f"{d.law['cse']}; {d.law['memo']}"


@claim("On every network SymPy's tree takes the most operations, and cse leaves more than backprop takes.")
def tree_is_dearest(d: Found) -> Judged:
    rows, factors = d.on_networks, d.cse_over_backprop
    dearest = (rows.tree / rows.naive).sort_values(kind="stable")
    return (rows.idxmax(axis="columns") == "tree").all() and (rows.cse > rows.backprop).all(), (
        f"the tree {dearest.iloc[0]:.1f} to {dearest.iloc[-1]:.1f} times the naive recursion, "
        f"cse {factors.iloc[0]:.2f} to {factors.iloc[-1]:.2f} times backprop"
    )


@claim(
    "Rewriting the derivative as a polynomial does not end the growth: expanded, factored or in Horner's form, each "
    "iteration more than doubles it, cse included."
)
def rewriting_does_not_help(d: Found) -> Judged:
    last = d.shared.index[-1]
    return all(least(d.shared.loc[FROM:, form]) > 2 for form in d.shared), (
        ", ".join(f"{form} {count:,}" for form, count in d.shared.loc[last].items())
        + f" operations after {last} iterations, where backprop takes {d.on_map.backprop[last]:,}"
    )
