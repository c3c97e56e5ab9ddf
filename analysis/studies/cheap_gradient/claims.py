"""What the counts say about the theorems, and what they do not."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

import pandas as pd

from analysis.figures import growth
from analysis.programs.families import FAMILIES
from analysis.programs.polynomials import GridPoint, Polynomial, fitted
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table
from analysis.studies.cheap_gradient.measure import (
    METHODS,
    OPERATIONS,
    QUESTION,
    SCARCE,
    SINGLE,
    Point,
    decimal,
    measure,
    operation,
)

BOUND: Final = 5  # Griewank
NONSCALAR_BOUND: Final = 3  # Baur and Strassen
GRID: Final = range(2, 8)  # sizes that fix a law; it must hold at the others
SIZES: Final = range(2, 9)
BUILT: Final = ("quotients",)  # to exceed the bound
NO_LAW: Final = "none"

claim = Claims()


class Found:
    """The counts of every function and of every operation alone, and the laws of the families."""

    def __init__(self, table: pd.DataFrame, operations: pd.DataFrame) -> None:
        self.table, self.operations, self.laws = table, operations, laws_of(table)
        self.law = self.laws.set_index("function")
        self.dearest = dict(zip(operations.operation, ratio(operations["all"], operations.itself), strict=True))
        self.literature = table[~table.function.isin(BUILT)]
        self.worst = self.literature.loc[ratio(self.literature.reverse, self.literature.value).astype(float).idxmax()]
        self.built = table[table.function.isin(BUILT)].iloc[-1]
        self.rational = table[table.rational == "yes"]
        self.nonscalar = [self.rational[name] + self.rational.quotients for name in SCARCE]  # with reciprocals

    def scarce(self) -> pd.DataFrame:
        """The nonscalar operations, as executed and with reciprocals, and their ratios."""
        rows = self.rational[["function", "size", "inputs", "quotients", *SCARCE]].reset_index(drop=True)
        value, reverse = (rows[name] for name in SCARCE)
        return rows.assign(
            **{"executed": decimals(reverse, value), "with reciprocals": decimals(*reversed(self.nonscalar))}
        )


def run(run: Run) -> Study:
    sizes = {name: (*SIZES, *(() if run.quick else family.larger)) for name, family in FAMILIES.items()}
    points = [Point(name, size) for name in FAMILIES for size in sizes[name]]
    points += [Point(name) for name in (*SINGLE, *QUESTION)]
    table = pd.DataFrame(run.map(measure, points), dtype=object)
    d = Found(table, pd.DataFrame(run.map(operation, OPERATIONS)))
    perceptron = latest(table).set_index("function").loc["perceptron"]
    return Study(
        question="How cheap is a gradient?",
        answer=(
            f"By reverse never more than {d.worst['reverse / value']} times the value, on all functions here but one, "
            f"however many inputs there are: with {perceptron.inputs} inputs {perceptron['reverse / value']} times, "
            f"where dual numbers take {perceptron['forward / value']}. The bound of {BOUND} is that of a product, and "
            "a program of products, sums and reciprocals cannot exceed it. A program of quotients can, as partials "
            f"are computed here: a chain of them takes {d.built['reverse / value']} times."
        ),
        claims=claim.judged(d),
        tables=tables(d),
        figures={
            "ratios": Figure(
                growth.cheap_gradient,
                {"table": table[table["size"].notna() & (table.inputs > 1)]},
                "A value with its gradient over the value: by reverse, by forward with one evaluation for all inputs, "
                f"and by dual numbers with one for each. Dashed: {BOUND} times.",
                "Three panels against the number of inputs, a line for each family of functions. By reverse all lines "
                f"are level, and all but that of quotients stay below {BOUND}; by forward with one evaluation some are "
                "level and some rise; by dual numbers all rise with the inputs, far beyond.",
            )
        },
        against=against(d),
        favoured="reverse mode",
    )


def tables(d: Found) -> dict[str, Table]:
    scarce, by_law = d.scarce(), ("value", "reverse", "forward once", "forward")
    return {
        "ratios": Table(
            d.table,
            "Operations of the value, and of the value with its gradient",
            shown=latest(d.table).drop(columns=[*SCARCE, "quotients", "rational", "operations"]),
        ),
        "nonscalar": Table(
            scarce,
            "Nonscalar operations of rational functions; with reciprocals each quotient is one more on both sides",
            shown=latest(scarce),
        ),
        "operations": Table(d.operations, "What one operation costs at most, with its share of the gradient"),
        "laws": Table(
            d.laws,
            "The operations of each family as exact polynomials in its size",
            shown=d.laws[["function", "inputs", *by_law]],
            text=by_law,
        ),
    }


def against(d: Found) -> list[str]:
    rosenbrock, helmholtz = (d.law.loc[name] for name in ("Rosenbrock", "Helmholtz"))
    single = d.table[d.table.inputs == 1]
    return [
        "Much of the cost of forward mode is the repeated evaluation. With one evaluation for all inputs, "
        f"and structural zeros skipped, it takes {rosenbrock['forward once / value']} times the value of "
        f"Rosenbrock's valley and {helmholtz['forward once / value']} times that of Helmholtz's energy in the "
        f"limit of many inputs, and reverse {rosenbrock['reverse / value']} and "
        f"{helmholtz['reverse / value']}: there the gradient by forward mode is cheap as well.",
        f"With one input forward mode is as cheap as reverse: {int((single.forward == single.reverse).sum())} of "
        f"{len(single)} functions and sizes with one input count the same.",
        f"A quotient costs {d.dearest['div']} times itself, an arcsine {d.dearest['arcsin']}, and a chain of quotients "
        f"{d.built['reverse / value']}: {BOUND} holds for what the theorem counts, not for every operation.",
        "As executed here, with 1 / b and -y / b for partials, nonscalar operations take up to "
        f"{max(d.scarce().executed, key=float)} times those of the value, where {NONSCALAR_BOUND} are possible.",
    ]


# --- the claims


@claim(
    f"By reverse, a value with its gradient costs at most {BOUND} times the value, on all that is not built to cost "
    "more."
)
def within_the_bound(d: Found) -> Judged:
    return (d.literature.reverse <= BOUND * d.literature.value).all(), (
        f"{len(d.literature)} functions and sizes, operations of equal weight; {d.worst['reverse / value']} times at "
        f"most, {titled(d.worst)}"
    )


@claim("No function costs more than the most expensive of its operations, each measured alone.")
def no_more_than_the_dearest(d: Found) -> Judged:
    most = [max(d.dearest[name] for name in names.split(", ")) for names in d.table.operations]
    return all(ratio(d.table.reverse, d.table.value) <= most), (
        f"{len(d.table)} functions and sizes against {len(d.operations)} operations"
    )


@claim(f"Of sums, differences, signs, products and reciprocals none costs more than {BOUND} times itself.")
def arithmetic_is_cheap(d: Found) -> Judged:
    dearest = d.dearest
    return max(dearest[name] for name in ("add", "sub", "neg", "mul", "reciprocal")) == dearest["mul"] == BOUND, (
        f"a product {dearest['mul']} times, a difference {dearest['sub']}, a reciprocal {dearest['reciprocal']}"
    )


@claim(f"A quotient costs more, and so {BOUND} is no bound for counts of equal weight.")
def quotients_cost_more(d: Found) -> Judged:
    return d.dearest["div"] > BOUND and d.built.reverse > BOUND * d.built.value, (
        f"a quotient {d.dearest['div']} times; {d.built['reverse / value']} times in a chain of {d.built.value} of them"
    )


@claim(f"With each quotient written as a product with a reciprocal, the bound of {BOUND} holds for these too.")
def reciprocals_are_within_the_bound(d: Found) -> Judged:
    table, built = d.table, d.built
    return (table.reverse + table.quotients <= BOUND * (table.value + table.quotients)).all(), (
        f"{int((table.quotients > 0).sum())} functions and sizes with quotients of two variable numbers; the chain "
        f"then takes {decimal(built.reverse + built.quotients, built.value + built.quotients)} times"
    )


@claim(
    f"Of nonscalar operations a value with its gradient takes at most {NONSCALAR_BOUND} times those of the value, on "
    "every rational function, quotients again as reciprocals."
)
def nonscalar_within_the_bound(d: Found) -> Judged:
    (value, reverse), product = d.nonscalar, d.law.loc["Speelpenning"]
    undivided = d.rational[d.rational.quotients == 0]
    holds = (reverse <= NONSCALAR_BOUND * value).all() and (
        undivided[SCARCE[1]] <= NONSCALAR_BOUND * undivided[SCARCE[0]]
    ).all()
    return holds, (
        f"{len(d.rational)} functions and sizes, {len(undivided)} of them without a quotient of two variable "
        f"numbers; Speelpenning's product {product[SCARCE[0]]} and {product[SCARCE[1]]}"
    )


@claim("By dual numbers, an evaluation for each input, it costs at least as many times the value as there are inputs.")
def forward_pays_for_each_input(d: Found) -> Judged:
    return (d.table.forward >= d.table.inputs * d.table.value).all(), (
        f"{len(d.table)} functions and sizes, up to {d.table.inputs.max()} inputs"
    )


@claim("As the inputs grow, forward grows like the inputs times the value, reverse like the value.")
def degrees(d: Found) -> Judged:
    growing = d.laws[d.laws.inputs != "1"]
    value, inputs, reverse, forward = (
        growing[f"degree of {name}"] for name in ("value", "inputs", "reverse", "forward")
    )
    return (reverse == value).all() and (forward == value + inputs).all() and len(growing) == len(FAMILIES) - 1, (
        f"exact polynomials for {len(growing)} families, held-out sizes included"
    )


# --- laws and ratios


def laws_of(table: pd.DataFrame) -> pd.DataFrame:
    """For each family, the polynomials in its size, their degrees, and the limits of the ratios."""
    rows = []
    for name, family in FAMILIES.items():
        sizes = table[(table.function == name) & table["size"].notna()]
        grid = [(size,) for size in GRID]
        laws: dict[str, Polynomial | None] = {}
        for column in ("inputs", "value", *METHODS, *SCARCE):
            if sizes[column].isna().any():
                continue
            counts: dict[GridPoint, int] = {
                (int(size),): int(count) for size, count in zip(sizes["size"], sizes[column], strict=True)
            }
            laws[column] = fitted((family.symbol,), counts, grid)
        rows.append(
            {
                "function": name,
                **{column: NO_LAW if law is None else str(law) for column, law in laws.items()},
                **{f"degree of {column}": degree(laws[column]) for column in ("inputs", "value", "reverse", "forward")},
                **{f"{column} / value": limit(laws[column], laws["value"]) for column in METHODS},
            }
        )
    return pd.DataFrame(rows).fillna("")


def degree(law: Polynomial | None) -> int:
    return -1 if law is None else max((exponent for (exponent,) in law.terms), default=0)


def limit(law: Polynomial | None, value: Polynomial | None) -> str:
    """The limit of the ratio of two polynomials, as text."""
    if law is None or value is None:
        return NO_LAW
    if degree(law) > degree(value):
        return "no limit"
    leading = (degree(value),)
    return str(law.terms.get(leading, Fraction(0)) / value.terms[leading])


def ratio(counts: pd.Series, value: pd.Series) -> pd.Series:
    return pd.Series([Fraction(int(a), int(b)) for a, b in zip(counts, value, strict=True)], index=counts.index)


def decimals(counts: pd.Series, values: pd.Series) -> list[str]:
    return [decimal(*pair) for pair in zip(counts, values, strict=True)]


def titled(row: Any) -> str:
    name = row.function
    return name if pd.isna(row["size"]) else f"{name} of size {row['size']}"


def latest(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of each function from the literature, and of each family at its largest size."""
    kept = table[~table.duplicated("function", keep="last")].reset_index(drop=True)
    return kept.map(lambda cell: "" if pd.isna(cell) else cell)  # of objects, pandas 2 deprecates fillna
