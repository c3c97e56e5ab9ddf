"""Laws as text: sums of terms, powers, logarithms and recurrences, as people write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, Final

from opcount.laws.progressions import Progression

_SUPERSCRIPTS: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def total(terms: Iterable[tuple[Any, str]]) -> str:
    """The sum of terms as text; each term is a coefficient and what it multiplies.

    >>> total([(Fraction(3, 2), "n²"), (-1, "n"), (Fraction(5, 2), "n log2 n"), (7, "")])
    '3n²/2 − n + (5n log2 n)/2 + 7'
    """
    text = ""
    for coefficient, factor in terms:
        sign = (" − " if coefficient < 0 else " + ") if text else ("−" if coefficient < 0 else "")
        bottom = coefficient.denominator
        shown = _times(abs(coefficient.numerator), factor)
        if bottom > 1:
            shown = f"({shown})/{bottom}" if " " in shown else f"{shown}/{bottom}"
        text += sign + shown
    return text or "0"


def _times(coefficient: object, factor: str) -> str:
    if not factor:
        return str(coefficient)
    if coefficient == 1:
        return factor
    between = "·" if factor[0].isdigit() or factor[0] == "(" else " " if factor.startswith("log") else ""
    return f"{coefficient}{between}{factor}"


def power(name: str, exponent: object) -> str:
    """A name raised to a power; empty for the power 0.

    >>> power("n", 0), power("n", 1), power("n", 12)
    ('', 'n', 'n¹²')
    """
    return (name if exponent == 1 else name + str(exponent).translate(_SUPERSCRIPTS)) if exponent else ""


def exponential(base: str, name: str) -> str:
    """A base to the power of a name.

    >>> exponential("2", "n"), exponential("2", "k")
    ('2ⁿ', '2^k')
    """
    return base + ("ⁿ" if name == "n" else f"^{name}")


def power_times_exponential(root: Fraction, exponent: int, name: str) -> str:
    """What a root of a recurrence contributes: root^name times name^exponent.

    >>> power_times_exponential(Fraction(-2), 1, "n"), power_times_exponential(Fraction(1), 3, "n")
    ('n·(-2)ⁿ', 'n³')
    """
    if root == 1:
        return power(name, exponent)
    base = str(root) if root > 0 and root.denominator == 1 else f"({root})"
    return "·".join(filter(None, (power(name, exponent), exponential(base, name))))


def power_of_size(name: str, root: Fraction, ratio: int, exponent: Fraction | None) -> str:
    """What a root contributes where sizes are powers of a ratio: name^exponent, the exponent being log_ratio(root).

    >>> power_of_size("n", Fraction(3), 2, None), power_of_size("n", Fraction(8), 4, Fraction(3, 2))
    ('n^log2(3)', 'n^(3/2)')
    """
    if exponent is None:
        return f"{name}^log{ratio}({root})"
    return f"{name}^({exponent})" if exponent.denominator > 1 else power(name, exponent)


def with_logarithm(factor: str, logarithm: str, exponent: int) -> str:
    """A factor times a power of a logarithm.

    >>> with_logarithm("n", "log2 n", 1), with_logarithm("", "log2 n", 2)
    ('n log2 n', '(log2 n)²')
    """
    raised = logarithm if exponent == 1 else power(f"({logarithm})", exponent)
    return " ".join(filter(None, (factor, raised)))


def recurrence(variable: str, start: int, coefficients: Sequence[Fraction], initial: Sequence[int]) -> str:
    """A linear recurrence with its initial values.

    >>> recurrence("n", 0, [Fraction(1), Fraction(1)], [0, 1])
    'T(n) = T(n−1) + T(n−2), T(0) = 0, T(1) = 1'
    """
    terms = total((c, f"T({variable}−{j})") for j, c in enumerate(coefficients, 1) if c)
    return ", ".join([f"T({variable}) = {terms}", *(f"T({start + j}) = {value}" for j, value in enumerate(initial))])


def of_k(sizes: Progression) -> str:
    """The k-th size of an arithmetic or a geometric progression.

    >>> of_k(Progression(4, 3)), of_k(Progression(3, 3, 2))
    ('4 + 3k', '3·2^k')
    """
    if sizes.factor == 1:
        return f"{sizes.first} + {sizes.step}k"
    return f"{sizes.first}·{sizes.factor}^k" if sizes.first > 1 else f"{sizes.factor}^k"
