"""Names that people give: which of the existing names an unknown one was meant for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final, Generic, NoReturn, TypeVar

from opcount.counting import render
from opcount.counting.errors import UnknownName
from opcount.counting.kinds import GROUPS

_MOST: Final = 3  # names that are offered for one
_ALIKE: Final = 0.7  # the least ratio, as difflib has it, of two names that are near


def near(name: str, names: Iterable[str]) -> list[str]:
    """The names that an unknown one may have been meant for, the likeliest first; it knows synonyms (`WORDS`).

    >>> near("reverse-mode", ["forward", "naive", "backprop"]), near("mull", ["mul", "add"]), near("xyz", ["mul"])
    (['backprop'], ['mul'], [])
    """
    by_letters = {_letters(each): each for each in names}
    meant = {word: found for word, means in _MEANS.items() if (found := [each for each in means if each in by_letters])}
    meant |= {letters: [letters] for letters in by_letters}
    wanted = _letters(name)
    words = [wanted] if wanted in meant else difflib.get_close_matches(wanted, meant, _MOST, _ALIKE)
    return [by_letters[each] for each in dict.fromkeys(each for word in words for each in meant[word])][:_MOST]


def _letters(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())


def instead(unknown: Iterable[object], names: Collection[str], of: str, listed: str = "") -> str:
    """The end of a message: the names nearest to the unknown ones, then all names, or where they are listed.

    >>> instead(["mull"], ["mul", "add"], "the kinds"), instead([3], ["mul"], "the kinds", "oc.KINDS")
    ('did you mean mul? The kinds are mul, add', 'the kinds are in oc.KINDS')
    """
    wrong = sorted(map(str, unknown))
    offers = [(name, " or ".join(found)) for name in wrong if (found := near(name, names))]
    rest = f"{of} are {f'in {listed}' if listed else ', '.join(names)}"
    if not offers:
        return rest
    meant = ", ".join(offer if len(wrong) == 1 else f"{offer} for {name}" for name, offer in offers)
    return f"did you mean {meant}? {rest[0].upper()}{rest[1:]}"


_Key = TypeVar("_Key", bound=str)
_Value = TypeVar("_Value")


class Named(dict[_Key, _Value], Generic[_Key, _Value]):
    """A dict whose KeyError says which of its keys are nearest to the missing one.

    `of` is what a key is called, as "region". `otherwise` is the advice if there is no key at all.
    """

    __slots__ = ("of", "otherwise")

    def __init__(self, mapping: Mapping[_Key, _Value], of: str, otherwise: str = "") -> None:
        super().__init__(mapping)
        self.of = of
        self.otherwise = otherwise

    def __missing__(self, key: object) -> NoReturn:
        advice = instead([key], self, f"the {self.of}s") if self else self.otherwise
        raise UnknownName(f"there is no {self.of} {key!r}; {advice}")


class Described(Named[_Key, _Value]):
    """A Named whose values say what they are by `str`: it shows as a table of the keys and what each is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return render.text(*self._table())

    def _repr_html_(self) -> str:
        return render.html(*self._table())

    def _table(self) -> tuple[tuple[str, str], list[tuple[str, str]]]:
        return (self.of, "what it is"), [(key, str(value)) for key, value in self.items()]


WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    # methods, phases and orders
    "reverse": ("backprop",),
    "reversemode": ("backprop", "reverse"),
    "reverseaccumulation": ("backprop", "reverse"),
    "backpropagation": ("backprop",),
    "backpropagate": ("backprop",),
    "backward": ("backprop", "accumulation", "reverse"),
    "backwards": ("backprop", "accumulation", "reverse"),
    "backwardpass": ("backprop", "accumulation"),
    "bp": ("backprop",),
    "adjoint": ("backprop", "memoized"),
    "adjoints": ("backprop", "memoized"),
    "vjp": ("backprop",),
    "autodiff": ("backprop", "forward"),
    "autograd": ("backprop",),
    "ad": ("backprop", "forward"),
    "dual": ("forward",),
    "dualnumbers": ("forward",),
    "tangent": ("forward", "memoized-tangent", "tan"),
    "sine": ("sin",),
    "cosine": ("cos",),
    "jvp": ("forward",),
    "forwards": ("forward", "primal"),
    "forwardmode": ("forward",),
    "forwardpass": ("primal",),
    "forward": ("primal",),
    "evaluation": ("primal",),
    "value": ("primal",),
    "gradient": ("accumulation",),
    "chainrule": ("accumulation",),
    "derivatives": ("partials",),
    "localpartials": ("partials",),
    "jacobians": ("partials",),
    "numeric": ("finite-difference",),
    "numerical": ("finite-difference",),
    "finitedifferences": ("finite-difference",),
    "fd": ("finite-difference",),
    "central": ("finite-difference",),
    "recursive": ("naive",),
    "recursion": ("naive", "memoized"),
    "memo": ("memoized",),
    "cached": ("memoized",),
    "dynamicprogramming": ("memoized",),
    "greedy": ("markowitz",),
    "minimumdegree": ("markowitz",),
    "best": ("optimal", "search"),
    "annealing": ("search",),
    # granularities
    "matrix": ("array",),
    "tensor": ("array",),
    "whole": ("array",),
    "vector": ("array",),
    "number": ("scalar",),
    "element": ("scalar",),
    "elementwise": ("scalar",),
    # kinds and groups
    "multiply": ("mul",),
    "multiplies": ("mul",),
    "multiplication": ("mul", "multiplicative"),
    "multiplications": ("mul", "multiplicative"),
    "times": ("mul",),
    "product": ("mul",),
    "products": ("mul",),
    "plus": ("add",),
    "sum": ("add",),
    "sums": ("add",),
    "addition": ("add", "additive"),
    "additions": ("add", "additive"),
    "fma": ("mul", "add"),
    "madd": ("mul", "add"),
    "mac": ("mul", "add"),
    "matmul": ("mul", "add"),
    "dot": ("mul", "add"),
    "macs": ("mul", "add"),
    "minus": ("sub",),
    "subtract": ("sub",),
    "subtraction": ("sub",),
    "subtractions": ("sub",),
    "divide": ("div",),
    "division": ("div",),
    "divisions": ("div",),
    "truediv": ("div",),
    "quotient": ("div",),
    "reciprocal": ("div",),
    "floordivide": ("floordiv",),
    "remainder": ("mod",),
    "modulo": ("mod",),
    "negative": ("neg",),
    "negate": ("neg",),
    "negation": ("neg",),
    "absolute": ("abs",),
    "fabs": ("abs",),
    "power": ("pow",),
    "powers": ("pow",),
    "exponent": ("pow", "exp"),
    "exponential": ("exp",),
    "square": ("mul",),
    "squareroot": ("sqrt",),
    "root": ("sqrt", "roots"),
    "ln": ("log",),
    "logarithm": ("log",),
    "asin": ("arcsin",),
    "acos": ("arccos",),
    "atan": ("arctan",),
    "atan2": ("arctan2",),
    "asinh": ("arcsinh",),
    "acosh": ("arccosh",),
    "atanh": ("arctanh",),
    "max": ("maximum",),
    "min": ("minimum",),
    "less": ("lt",),
    "lessequal": ("le",),
    "greater": ("gt",),
    "greaterequal": ("ge",),
    "equal": ("eq",),
    "notequal": ("ne",),
    "comparison": ("lt", "comparisons"),
    "compare": ("lt", "comparisons"),
    "rint": ("round",),
    "and": ("bitwise_and", "logical_and"),
    "or": ("bitwise_or", "logical_or"),
    "xor": ("bitwise_xor", "logical_xor"),
    "not": ("logical_not", "invert"),
    "lshift": ("left_shift",),
    "rshift": ("right_shift",),
    "popcount": ("bitwise_count",),
    "all": ("total",),
    "ops": ("total",),
    "operations": ("total",),
    "flop": ("total",),
    "flops": ("total",),
}
"""Other words that people use for the names of opcount: in lower case, without punctuation."""

_MEANS: Final = {
    word: [_letters(name) for name in names]
    for word, names in {**{_letters(group): kinds for group, kinds in GROUPS.items()}, **WORDS}.items()
}
"""The names that each word may mean, as `_letters` gives them; a group means its kinds, unless it is a name itself."""
