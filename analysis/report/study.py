"""What a study hands to the report: a question, an answer, claims with evidence, tables and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Drawing

Point = TypeVar("Point")
Result = TypeVar("Result")


class Claim(NamedTuple):
    """A sentence that the data decides: `holds` comes from a comparison, `evidence` shows it."""

    text: str
    holds: bool
    evidence: str


class Table(NamedTuple):
    """A table for the report and for data/; `exact` where every number is a count or follows from counts."""

    frame: pd.DataFrame
    caption: str
    exact: bool = True
    shown: pd.DataFrame | None = None  # a shorter form for the report; None shows the frame
    text: Sequence[str] = ()  # columns of what is read rather than compared: from the left, in lines


class Figure(NamedTuple):
    """A figure: a function of `analysis.figures` and the table that it draws."""

    draw: Callable[..., Drawing]
    data: Mapping[str, Any]
    caption: str


@dataclass(frozen=True)
class Study:
    """The outcome of one study."""

    question: str
    answer: str
    claims: Sequence[Claim]
    tables: Mapping[str, Table]
    figures: Mapping[str, Figure]
    against: Sequence[str] = field(default_factory=tuple)  # what does not favour `favoured`
    favoured: str = "backprop"


class Run(NamedTuple):
    """How to run: the small version or the whole, and `map`, which may work in parallel."""

    quick: bool
    map: Callable[[Callable[[Point], Result], Iterable[Point]], list[Result]]
