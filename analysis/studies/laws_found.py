"""Do counts reproduce the formulas of textbooks? The laws of algorithms, found from runs, and what texts say."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import pandas as pd

import opcount as oc
from analysis.figures import growth
from analysis.peers.big_o import RESULTS
from analysis.programs.textbooks import BOUND, CASES, EXACT, LEADING, NONE, ORDER, Case, Text, beyond
from analysis.report.study import Claims, Figure, Judged, Run, Study, Table

RECORD: Final = json.loads(RESULTS.read_text(encoding="utf-8"))

# big_O's names for orders; it calls other powers Polynomial
ORDERS: Final = {
    "Θ(1)": "Constant",
    "Θ(log2 n)": "Logarithmic",
    "Θ(n)": "Linear",
    "Θ(n log2 n)": "Linearithmic",
    "Θ(n²)": "Quadratic",
    "Θ(n³)": "Cubic",
}
POWER: Final = "Polynomial"
POWERS: Final = ("Constant", "Linear", "Quadratic", "Cubic", POWER)
NEAR: Final = 0.1  # a fitted power this near to that of the law is taken for the same order, whatever its name


SAID: Final = {
    EXACT: "If a text states an exact number of operations, the law is that number, at every size tried.",
    LEADING: "If a text states a leading term, the law has that leading term.",
    ORDER: "If a text states an order of growth, the law has that order.",
    BOUND: "If a text states a bound, the law grows no faster.",
    NONE: "If the count has none of the forms of a law, none is claimed; a number in the text is what was counted.",
}

claim = Claims()


class Found:
    """The laws of every algorithm, what texts say about it, and its counts."""

    def __init__(self, found: Sequence[Mapping[str, Any]]) -> None:
        self.laws = pd.DataFrame([each["law"] for each in found], dtype=object)
        self.texts = pd.DataFrame([row for each in found for row in each["texts"]], dtype=object)
        self.counts = pd.DataFrame([row for each in found for row in each["counts"]], dtype=object)
        self.exact = self.laws[self.laws.order != ""]
        self.without = "; ".join(self.laws[self.laws.order == ""].algorithm)
        self.kept_back = self.counts[(self.counts.used == "no") & (self.counts.law != "")]


def run(run: Run) -> Study:
    d = Found(run.map(partial(measure, executed=1 if run.quick else 2), list(CASES)))
    return Study(
        question="Do counts reproduce the formulas of textbooks?",
        answer=answer(d),
        claims=claim.judged(d),
        tables=tables(d),
        figures={
            "laws": Figure(
                growth.laws,
                {"counts": d.counts, "laws": d.laws[d.laws.algorithm.isin(DRAWN)][["algorithm", "law", "order"]]},
                f"{len(DRAWN)} of {len(d.laws)} algorithms: operations against n, with equal axes. Runs from which the "
                "law was found are filled, runs on which it was then tested open; the law is a line, with its formula "
                "or, if that is long, its order. Without a line there is no law. All laws are in the table.",
                f"{len(DRAWN)} small panels with the same logarithmic axes: {', '.join(DRAWN)}. In each the open "
                "circles "
                "of the tests lie on the line of the law, which goes on beyond them; the lines are straight for "
                "powers, "
                "bend over for logarithms and turn upwards where the count is exponential. Bubble sort has scattered "
                "points and no line.",
            )
        },
        against=[
            f"{len(d.laws) - len(d.exact)} algorithms have no exact law here: {d.without}. A cost that the data "
            "decides has none; n! and sums over binary digits are outside the forms that are looked for.",
            "A law is about the operations that were counted, on this data: for insertion sort of reversed data it is "
            "the worst case, because the data is, and nothing in the counts says so.",
            "A law that holds from some size on is found only from sizes beyond that: forward mode in depth has none "
            "from n = 1 on, and one from n = 2 on.",
            "Logarithms need more sizes than powers, since few small numbers agree with anything: for binary search "
            "up to n = 2¹¹.",
            "Counts are not time. big_O works for functions that cannot be run on wrapped numbers, and sees what "
            "memory and interpreter cost: a memoized Fibonacci number takes n − 1 sums, but of ever longer numbers.",
        ],
        favoured="opcount",
    )


def answer(d: Found) -> str:
    law = d.laws.set_index("algorithm").law
    return (
        f"Yes, down to the lower terms. Of {len(d.laws)} algorithms, run at a handful of small sizes, {len(d.exact)} "
        f"have an exact law: a product of matrices {law['product of matrices']}, elimination without pivoting "
        f"{law['LU without pivoting']}, Strassen's product {law[STRASSEN]}, a fast Fourier transform "
        f"{law['fast Fourier transform']}. Each equals the number that a text states, or has the leading term that it "
        f"states. For {d.without} there is no such law, and none is given. The naive recursion on a "
        f"network of n layers accumulates {law['naive recursion, in depth']} operations, backprop "
        f"{law['backprop, in depth']}."
    )


def tables(d: Found) -> dict[str, Table]:
    of_laws = ["algorithm", "n is", "sizes", "law", "big_O"]
    of_texts = ["algorithm", "operations", "text", "strength", "law", "source"]
    return {
        "laws": Table(
            d.laws,
            f"The law of all operations of each algorithm, and the order that big_O fits to timings ({recorded()})",
            shown=d.laws[of_laws],
            text=tuple(of_laws),
        ),
        "textbooks": Table(
            d.texts, "What texts say, and the law of the same operations", shown=d.texts[of_texts], text=tuple(of_texts)
        ),
        "counts": Table(
            d.counts,
            "Operations at each size, and by the law: runs from which it was found, runs on which it was then "
            "tested, and sizes that were not run. Here the longest runs on which a law was tested",
            shown=d.kept_back.sort_values("counted", kind="stable").tail(LONGEST),
            text=("algorithm",),
        ),
    }


# --- the claims


def statements_hold(strength: str, d: Found) -> Judged:
    rows = d.texts[d.texts.strength == strength]
    wrong = rows[~rows.holds.astype(bool)]
    tried = {int(size) for sizes in rows.tried for size in re.findall(r"\d+", sizes)}
    return rows.holds.all() and len(rows) > 0, (
        f"{len(rows)} statements on {rows.algorithm.nunique()} algorithms"
        + (f", at sizes up to {max(tried):,}" if tried else "")
        + "".join(f"; {row.algorithm}: {row.text}, not {row.law}" for row in wrong.itertuples())
    )


for strength, sentence in SAID.items():
    claim(sentence)(partial(statements_hold, strength))


@claim("Executed at sizes that no law was made from, an algorithm takes what its law says.")
def laws_predict(d: Found) -> Judged:
    rows = d.kept_back
    return (rows.counted == rows.law).all() and set(rows.algorithm) == set(d.exact.algorithm), (
        f"{len(rows)} runs of {len(d.exact)} algorithms, {sum(rows.counted):,} operations"
    )


@claim(
    "From timings of the plain functions big_O names the order of the law for most of them, and another one for some."
)
def big_o_names_most(d: Found) -> Judged:
    named, near, other = (d.exact[d.exact.agrees == how] for how in ("yes", "by its power", "no"))
    others = ", ".join(f"{row.algorithm} ({row.order}) {row.big_O}" for row in other.itertuples())
    return len(named) > len(other) > 0, (
        f"of {len(named) + len(near) + len(other)} it names the order for {len(named)}, or has a power within {NEAR} "
        f"of it for {len(near)}; another for {len(other)}: {others} ({recorded()})"
    )


def recorded() -> str:
    return f"recorded {RECORD['recorded']}: big_O {RECORD['version']}, Python {RECORD['python']}"


# --- measuring and judging


def measure(name: str, executed: int) -> dict[str, Any]:
    """The law of an algorithm, what texts say about it, and its counts, executed at so many sizes beyond the law's."""
    case = CASES[name]
    found = oc.law(case.run, case.sizes)
    further = list(beyond(case))
    counts: dict[int, Any] = {n: count for (n,), count in found.counts.items()}
    counts |= {n: executed_at(case, n) for n in further[:executed]}
    used = dict.fromkeys(case.sizes, "yes") | dict.fromkeys(further[:executed], "no")
    at = [*counts, *(further[executed:] if found.exact else [])]
    answer = RECORD["answers"].get(name)
    return {
        "law": {
            "algorithm": name,
            "n is": case.n,
            "sizes": written(case.sizes),
            "law": str(found) if found.exact else NO_LAW,
            "by kind": "; ".join(f"{kind} {law if law.exact else NO_LAW}" for kind, law in found.kinds.items()),
            "order": found.big_theta if found.exact else "",
            "big_O": said(answer),
            "agrees": agrees(found, answer),
        },
        "texts": [
            {
                "algorithm": name,
                "operations": " + ".join(text.of) or "all",
                "text": text.says,
                "strength": text.strength,
                "law": str(law) if law.exact else NO_LAW,
                "holds": JUDGES[text.strength](law, text, further),
                "tried": ", ".join(map(str, further)) if text.strength in (EXACT, LEADING) else "",
                "source": text.source,
            }
            for text in case.texts
            for law in [of_kinds(found, text.of)]
        ],
        "counts": [
            {
                "algorithm": name,
                "n": n,
                "counted": counts.get(n, ""),
                "law": found(n) if found.exact else "",
                "used": used.get(n, ""),
            }
            for n in at
        ],
    }


NO_LAW: Final = "none"
DRAWN: Final = (
    "product of matrices",
    "Strassen's product",
    "LU without pivoting",
    "fast Fourier transform",
    "bubble sort, random order",
    "binary search, n = 2^k",
    "backprop, in depth",
    "naive recursion, in depth",
)
LONGEST: Final = 8  # rows of a long table to show
STRASSEN: Final = "Strassen's product"


def executed_at(case: Case, n: int) -> int:
    with oc.count() as tally:
        result = case.run(n)
    return (result if isinstance(result, oc.Counts) else tally.counts).total


def of_kinds(law: oc.Law, kinds: Sequence[str]) -> oc.Law:
    """The law of all operations of these kinds together, or of all kinds, if none is named."""
    if not kinds:
        return law
    return oc.law_of({n: sum(law[kind].counts[n] for kind in kinds if kind in law.kinds) for n in law.counts})


def is_number(law: oc.Law, text: Text, further: Sequence[int]) -> bool:
    assert text.value is not None
    value = text.value
    return law.exact and all(law(n) == value(n) for n in [*(n for (n,) in law.counts), *further])


def is_leading(law: oc.Law, text: Text, further: Sequence[int]) -> bool:
    assert text.value is not None
    value = text.value
    return law.exact and all(law.leading * n**law.degree == value(n) for n in further)


def is_order(law: oc.Law, text: Text, further: Sequence[int]) -> bool:
    return law.exact and law.big_theta == text.says


def is_bounded(law: oc.Law, text: Text, further: Sequence[int]) -> bool:
    assert text.value is not None
    return law.exact and law <= oc.law_of({n: text.value(n[0]) for n in law.counts})


def is_none(law: oc.Law, text: Text, further: Sequence[int]) -> bool:
    value = text.value
    return not law.exact and (value is None or all(count == value(n) for (n,), count in law.counts.items()))


JUDGES: Final[dict[str, Callable[[oc.Law, Text, Sequence[int]], bool]]] = {
    EXACT: is_number,
    LEADING: is_leading,
    ORDER: is_order,
    BOUND: is_bounded,
    NONE: is_none,
}


def written(sizes: Sequence[int]) -> str:
    first, second, third, *_, last = sizes
    return f"{first} to {last}" if third - second == second - first else f"{first}, {second}, {third} to {last}"


# --- big_O


def said(answer: Any) -> str:
    """big_O's answer in its own words, with the exponent if it is a power."""
    if answer is None:
        return ""
    return f"{POWER}, n^{fitted_power(answer):g}" if answer["class"] == POWER else str(answer["class"])


def fitted_power(answer: Any) -> float:
    """The power in a fit such as "Polynomial: time = 2.1E-07 * x^2.8 (sec)"."""
    return float(answer["fit"].partition("x^")[2].split()[0])


def agrees(law: oc.Law, answer: Any) -> str:
    """Whether big_O's answer agrees with the order of the law, by name or by a power that is near; empty if unknown."""
    if answer is None or not law.exact:
        return ""
    name = ORDERS.get(law.big_theta) or ("Exponential" if law.degree == math.inf else POWER)
    if name == POWER and "(log2 n)" in law.big_theta:
        return "has no such order"
    if answer["class"] != POWER:
        return "yes" if answer["class"] == name else "no"
    near = name in POWERS and abs(fitted_power(answer) - law.degree) < NEAR
    return ("yes" if name == POWER else "by its power") if near else "no"
