"""What a study returns for the report: a question, an answer, claims with evidence, tables and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Drawing

Point = TypeVar("Point")
Result = TypeVar("Result")
Judge = TypeVar("Judge", bound="Callable[[Any], Judged]")


class Claim(NamedTuple):
    """A sentence that the data decides: `holds` is the result of a comparison, `evidence` shows it."""

    text: str
    holds: bool
    evidence: str


Judged = tuple[Any, str]
"""Whether a claim holds, and the evidence."""


class Claims:
    """The claims of a study, in order: each is a sentence, and below it the function that decides it from the data.

    A sentence may refer to an attribute of the data, as {0.name}.

    >>> claim = Claims()
    >>> @claim("A sum of {0.terms} numbers takes one addition less.")
    ... def one_less(d):
    ...     return d.additions == d.terms - 1, f"{d.additions} additions"
    >>> class Data:
    ...     terms, additions = 8, 7
    >>> claim.judged(Data)
    [Claim(text='A sum of 8 numbers takes one addition less.', holds=True, evidence='7 additions')]
    """

    def __init__(self) -> None:
        self._judges: list[tuple[str, Callable[[Any], Judged]]] = []

    def __call__(self, text: str) -> Callable[[Judge], Judge]:
        def keep(judge: Judge) -> Judge:
            self._judges.append((text, judge))
            return judge

        return keep

    def judged(self, data: object) -> list[Claim]:
        found = [(text.format(data), *judge(data)) for text, judge in self._judges]
        return [Claim(text, bool(holds), evidence) for text, holds, evidence in found]


class Table(NamedTuple):
    """A table for the report and for data/; `exact` if every number in it is a count or follows from counts."""

    frame: pd.DataFrame
    caption: str
    exact: bool = True
    shown: pd.DataFrame | None = None  # a shorter form for the report; None shows the frame
    text: Sequence[str] = ()  # columns of text rather than numbers: aligned to the left, wrapped


class Figure(NamedTuple):
    """A figure: a function of `analysis.figures`, the tables that it draws, and in words what one sees in it."""

    draw: Callable[..., Drawing]
    data: Mapping[str, Any]
    caption: str
    alt: str


@dataclass(frozen=True)
class Study:
    """The outcome of one study."""

    question: str
    answer: str
    claims: Sequence[Claim]
    tables: Mapping[str, Table]
    figures: Mapping[str, Figure]
    against: Sequence[str] = field(default_factory=tuple)  # findings that do not favour `favoured`
    favoured: str = "backprop"


class Run(NamedTuple):
    """How to run a study: the small version or the full one, and `map`, which may work in parallel."""

    quick: bool
    map: Callable[[Callable[[Point], Result], Iterable[Point]], list[Result]]
