"""What NumPy gives for specs: it is asked, on arrays that stand in for them.

Most results have the sizes of their arguments, along other axes: NumPy is asked, on small arrays in which
each size is replaced by a small number of its own (`SmallStandIns`), and the sizes of its result are read back.
That gives the dtype too, and NumPy's errors. The row of a function that makes new sizes says which ones. Any other
function is executed on arrays of the same shape without memory behind them, if the sizes are numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, Final, NamedTuple

import numpy

from opcount.counting import symbolic
from opcount.counting.errors import InvalidValue, OpcountError
from opcount.wrapping import shapes
from opcount.wrapping.shapes import Shape
from opcount.wrapping.spec import Spec, holds_specs, no_values

np: Any = numpy  # NumPy's stubs know no other class of arrays


class StandIns:
    """Stand-ins of the same shape, without memory behind them, except for an array that is written into."""

    def size(self, size: Any) -> int:
        if symbolic.is_symbolic(size):
            raise ValueError("a size that is no number")
        return int(size)

    def back(self, size: int) -> Any:
        return size

    def array(self, value: Any, written: bool) -> Any:
        shape = tuple(map(self.size, value.shape))
        return np.ones(shape, value.dtype) if written else np.broadcast_to(np.ones((), value.dtype), shape)

    def stands_for(self, value: object) -> bool:
        return type(value) is Spec

    def standing(self, value: Any, written: bool = False) -> Any:
        """The arguments of a call, with arrays for what has a shape."""
        if self.stands_for(value):
            return self.array(value, written)
        if isinstance(value, (list, tuple)):
            return type(value)(self.standing(item, written) for item in value)
        if isinstance(value, dict):
            return {key: self.standing(item, key == "out") for key, item in value.items()}
        if symbolic.is_symbolic(value):
            raise InvalidValue(f"what is given by the size {value} is not known: use numbers for the sizes")
        return value

    def spec(self, result: object) -> Any:
        """Specs for the arrays of a result."""
        if isinstance(result, (np.ndarray, np.generic)):
            return Spec(tuple(map(self.back, result.shape)), result.dtype)
        if isinstance(result, tuple):
            items = [self.spec(item) for item in result]
            return type(result)(*items) if hasattr(result, "_fields") else tuple(items)
        return [self.spec(item) for item in result] if isinstance(result, list) else result


class SmallStandIns(StandIns):
    """Small stand-ins, in which each size is replaced by a small number of its own; 0 and 1 stay."""

    def __init__(self) -> None:
        self.found: list[Any] = [0, 1]

    def size(self, size: object) -> int:
        if size not in self.found:
            self.found.append(size)
        return self.found.index(size)

    def back(self, size: int) -> Any:
        return self.found[size]

    def array(self, value: Any, written: bool) -> Any:
        return np.ones(tuple(map(self.size, value.shape)), value.dtype)

    def stands_for(self, value: object) -> bool:
        return type(value) is Spec or (isinstance(value, np.ndarray) and value.ndim > 0)


class StandInsBesideSizes(SmallStandIns):
    """Small arrays, beside numbers that decide nothing of a shape, and so may be sizes as well."""

    def standing(self, value: Any, written: bool = False) -> Any:
        return symbolic.like_of(value) if symbolic.is_symbolic(value) else super().standing(value, written)


class RegularStandIns(SmallStandIns):
    """Small stand-ins whose matrices are not singular."""

    def array(self, value: Any, written: bool) -> Any:
        ones = super().array(value, written)
        return ones * np.eye(*ones.shape[-2:], dtype=value.dtype) if ones.ndim > 1 else ones


class StandInsAt(RegularStandIns):
    """Stand-ins with a value for each name of a size."""

    def __init__(self, values: Mapping[str, int]) -> None:
        super().__init__()
        self.values = values

    def size(self, size: object) -> int:
        return symbolic.at(size, self.values)

    def standing(self, value: Any, written: bool = False) -> Any:
        return self.size(value) if symbolic.is_symbolic(value) else super().standing(value, written)

    def spec(self, result: object) -> None:
        """Return nothing: all that matters is that there is a result."""


# --- ways to ask


def _asked(stand_ins: StandIns, function: Any, args: Any, keywords: Any, quiet: bool = False) -> Any:
    # filters of warnings are the whole process's, not the thread's: touched only for the few functions that warn
    with np.errstate(all="ignore"), warnings.catch_warnings() if quiet else nullcontext():
        if quiet:
            warnings.simplefilter("ignore")
        return stand_ins.spec(function(*map(stand_ins.standing, args), **stand_ins.standing(keywords)))


def _exactly(
    function: Callable[..., Any], args: Sequence[Any], keywords: Mapping[str, Any], quiet: bool = False
) -> Any:
    return _asked(StandIns(), function, args, keywords, quiet)


def by_stand_ins(
    function: Callable[..., Any],
    args: Sequence[Any],
    keywords: Mapping[str, Any],
    quiet: bool = False,
    stand_ins: type[SmallStandIns] = SmallStandIns,
) -> Any:
    try:
        return _asked(stand_ins(), function, args, keywords, quiet)
    except OpcountError:
        raise
    except Exception:
        if not shapes.are_numbers(*shapes_in((*args, *keywords.values()))):
            raise
        return _exactly(function, args, keywords, quiet)  # NumPy's own error, or lists that only fit the exact shapes


def _along_axes(function: Callable[..., Any], args: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    told = [tuple(axes.tolist()) if isinstance(axes, np.ndarray) and axes.ndim == 1 else axes for axes in args[1:]]
    return by_stand_ins(function, (args[0], *told), keywords)


def _as_numpy(function: Any, args: Any, keywords: Any) -> Any:
    return function._implementation(*args, **keywords)


class Way(NamedTuple):
    """A way to ask NumPy what a function gives for specs."""

    ask: Callable[[Any, Any, Any], Any]


EXACT: Final = Way(_exactly)
"""On arrays of the same shape, without memory behind them."""
SMALL: Final = Way(by_stand_ins)
"""On small arrays: a result has the sizes of the arguments."""
QUIET: Final = Way(partial(by_stand_ins, quiet=True))
"""On small arrays, of which it would warn that a slice has few elements."""
AXES: Final = Way(_along_axes)
"""On small arrays, along axes that may be given as an array."""
BESIDE_SIZES: Final = Way(partial(by_stand_ins, stand_ins=StandInsBesideSizes))
"""On small arrays, beside numbers that decide nothing of a shape, and so may be sizes as well."""
REGULAR: Final = Way(partial(by_stand_ins, stand_ins=RegularStandIns))
"""On small matrices that are not singular."""
IN_OTHERS: Final = Way(_as_numpy)
"""By NumPy's own code, which is in terms of other functions."""
BY_VALUE: Final = Way(_exactly)
"""It needs values, and is refused."""


def inferred(function: Any, args: Any, keywords: Mapping[str, Any], way: Callable[..., Any]) -> Any:
    """The specs that a function gives, or the ones that it was given to write into."""
    outputs = keywords.get("out")
    given = outputs if isinstance(outputs, tuple) else (outputs,)
    if any(isinstance(output, np.ndarray) for output in given):
        raise no_values("writing into an array of data")
    try:
        result = way(function, args, keywords)
    except OpcountError:
        raise
    except Exception:
        if shapes.are_numbers(*shapes_in((*args, *keywords.values()))):
            raise
        raise _not_for_all(function, args, keywords, quiet=way is QUIET.ask) from None
    if type(outputs) is Spec:
        return outputs
    if isinstance(outputs, tuple) and isinstance(result, tuple):
        return tuple(new if old is None else old for old, new in zip(outputs, result, strict=True))
    return outputs[0] if isinstance(outputs, tuple) and outputs[0] is not None else result


def _not_for_all(function: Any, args: Any, keywords: Mapping[str, Any], quiet: bool) -> Exception:
    """What to say of a call for which no shape was found: whether it is the sizes, as tried, that do not fit."""
    found = shapes_in((*args, *keywords.values()))
    names = sorted(set().union(*(symbolic.symbols(size) for shape in found for size in shape)))
    up = list(range(2, len(names) + 2))
    tried = [dict(zip(names, values, strict=True)) for values in (up, up[::-1], [2] * len(names), [4] * len(names))]
    wrong: dict[str, Exception] = {}
    for values in tried:
        try:
            _asked(StandInsAt(values), function, args, keywords, quiet)
        except Exception as error:
            wrong.setdefault(", ".join(f"{name}={values[name]}" for name in names), error)
    called = f"np.{getattr(function, '__self__', function).__name__} of the shapes {', '.join(map(str, found))}"
    if len(wrong) == len(tried) and isinstance(first := next(iter(wrong.values())), (TypeError, IndexError)):
        return first  # not because of the sizes
    if not wrong:
        return InvalidValue(f"{called} has a shape that is not known where sizes are names: use numbers for the sizes")
    where, why = next(iter(wrong.items()))
    return InvalidValue(
        f"{called} does not fit for all sizes: for {where} NumPy raises {type(why).__name__}: {why}; "
        "use names that make them fit, or numbers"
    )


def shapes_in(value: object) -> list[Shape]:
    if isinstance(value, (list, tuple)):
        return [shape for item in value for shape in shapes_in(item)]
    return [value.shape] if isinstance(value, (Spec, numpy.ndarray)) else []


# --- what shapes of new sizes are made of


def one_of(x: Any) -> Any:
    """One element in the dimensions and the dtype of x: what NumPy makes of the arguments of a call, and its errors."""
    return np.ones((1,) * x.ndim, x.dtype)


def dtype_of_joined(function: Callable[..., Any], *arrays: Any, **keywords: object) -> numpy.dtype[Any]:
    """The dtype of a result that joins arrays."""
    standing = [one_of(array) if hasattr(array, "dtype") else array for array in arrays]
    found: numpy.dtype[Any] = function(standing, **keywords).dtype
    return found


def spec_of(x: Any) -> Spec:
    if type(x) is Spec:
        return x
    if isinstance(x, (list, tuple)) and holds_specs(x):
        stacked: Spec = np.stack([spec_of(item) for item in x])
        return stacked
    x = np.asarray(x)
    return Spec(x.shape, x.dtype)
