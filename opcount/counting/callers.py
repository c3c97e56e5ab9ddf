"""Whose code is executing: the user's line, the function it called, and what to write there where it is refused."""

from __future__ import annotations

import ast
import dis
import linecache
import os
import re
import sys
import sysconfig
import warnings
from functools import cache
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Final, NamedTuple

import numpy as np

_LONGEST: Final = 60  # characters of a call that are shown


# --- whose code is executing

USERS: Final = "the user's"
EXECUTES: Final = "opcount's, of an operation or a derivative"
NUMPYS: Final = "NumPy's"
LIBRARYS: Final = "a library's"
CARRIES: Final = "opcount's or Python's, which calls what it is given and executes nothing itself"
DOOR: Final = "the command line's, which called the user's code"

_OWN: Final = str(Path(__file__).parents[1])
_CARRY: Final = tuple(
    os.path.join(_OWN, *name.split("/"))
    for name in ("counting", "notebook.py", "testing.py", "arrays/wrap.py", "sources/torch/replacing.py")
)
_REPLACES: Final = os.path.join(_OWN, "counting", "replacing.py")
_NUMPY: Final = str(Path(np.__file__).parent)
_LIBRARIES: Final = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_PACKAGES: Final = (
    f"{os.sep}site-packages{os.sep}",
    f"{os.sep}dist-packages{os.sep}",
)  # of others than this Python too


class _Owners(dict[str, str]):
    """Whose code a file holds, by the name of the file."""

    def __missing__(self, file: str) -> str:
        if file.startswith(("<frozen", "<__array_function__", *_CARRY)) and file != _REPLACES:
            found = CARRIES
        elif file.startswith(_OWN):
            found = DOOR if file.startswith(os.path.join(_OWN, "cli")) else EXECUTES
        elif file.startswith(_NUMPY + os.sep):
            found = NUMPYS
        else:
            library = file.startswith(_LIBRARIES) or any(folder in file for folder in _PACKAGES)
            found = LIBRARYS if library else USERS
        self[file] = found
        return found


OWNERS: Final = _Owners()


class UserCall(NamedTuple):
    """A call in the user's code: its text, the full name of the function, the package it went to, the arguments.

    Each is empty where it is not known: what was typed at a prompt may have no source to read, and a package that is
    written in C leaves no frame.
    """

    text: str = ""
    function: str = ""
    package: str = ""
    arguments: tuple[str, ...] = ()


def refusal(advice: str) -> str:
    """The message of a refusal: general advice, "what is wrong: what to write instead", made to fit the user's call."""
    call = user_call()
    wrong, colon, usual = advice.partition(": ")
    text = _short(call.text)
    return f"{f'in {text}: ' if text else ''}{wrong}{colon}{_instead(call, usual)}"


def warn(text: str, category: type[Warning]) -> None:
    """Issue a warning that names the file and line of the user's code that is executing."""
    frame: FrameType | None = sys._getframe(1)
    level = 2
    while frame is not None and OWNERS[frame.f_code.co_filename] in (CARRIES, EXECUTES, DOOR):
        frame = frame.f_back
        level += 1
    warnings.warn(text, category, stacklevel=level)


def asked_by_sparse_matrix() -> str:
    """The function of SciPy's sparse matrices that asks for a plain array of an operand; empty if none does."""
    frame = sys._getframe(2).f_back
    if frame is None or not str(frame.f_globals.get("__name__")).startswith("scipy.sparse."):
        return ""
    return frame.f_code.co_name


def asked_by_isin() -> bool:
    """Whether `isin` of pandas asks for a hash: it takes an error for a value that it does not find."""
    frame = sys._getframe(2)
    return frame.f_code.co_name == "isin" and str(frame.f_globals.get("__name__")).startswith("pandas.")


def user_call() -> UserCall:
    """The call that the user's code is executing, as far as it is known."""
    frame: FrameType | None = sys._getframe(1)
    package = ""
    while frame is not None:
        owner = OWNERS[frame.f_code.co_filename]
        if owner == USERS:
            return _read(frame)._replace(package=package)
        if owner in (NUMPYS, LIBRARYS):
            package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        frame = frame.f_back
    return UserCall(package=package)


def _read(frame: FrameType) -> UserCall:
    """The call that a frame is executing, from its source."""
    first, last, start, end = list(frame.f_code.co_positions())[frame.f_lasti // 2]
    if first is None or last is None or start is None or end is None:
        return UserCall()
    lines = [linecache.getline(frame.f_code.co_filename, line).encode() for line in range(first, last + 1)]
    writes = dis.opname[frame.f_code.co_code[frame.f_lasti]] in _WRITES  # then the source is that of the target alone
    if not writes:
        lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    text = b"".join(lines).decode(errors="replace").strip()
    try:
        tree = ast.parse(text).body[0]
    except (SyntaxError, ValueError, IndexError):  # the file is not what was compiled
        return UserCall()
    if writes:
        return UserCall(ast.unparse(tree), _WRITTEN)
    if isinstance(tree, ast.Expr) and isinstance(tree.value, ast.Call):
        named = tree.value.keywords or any(isinstance(argument, ast.Starred) for argument in tree.value.args)
        arguments = () if named else tuple(map(ast.unparse, tree.value.args))
        return UserCall(text, _full_name(tree.value.func, frame), arguments=arguments)
    return UserCall(text)


def _short(text: str) -> str:
    first, *more = text.splitlines() or [""]
    first += " ..." * bool(more)
    return first if len(first) <= _LONGEST else first[: _LONGEST - 3] + "..."


def _full_name(function: ast.expr, frame: FrameType) -> str:
    """The full name of a function that is called by its name or as an attribute of a module; else empty."""
    parts = []
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    if not isinstance(function, ast.Name):
        return ""
    found: Any = None
    for names in (frame.f_locals, frame.f_globals, frame.f_builtins):
        if function.id in names:
            found = names[function.id]
            break
    for part in reversed(parts):
        if not isinstance(found, ModuleType):  # reading any other object's attributes may execute code
            return ""
        found = vars(found).get(part)
    return f"{getattr(found, '__module__', '')}.{getattr(found, '__name__', '')}" if callable(found) else ""


def about_wrapped(error: Exception) -> str:
    """What to do about an error that another library raises because it does not know wrapped values; else empty."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    frame = at.tb_frame if at is not None and OWNERS[at.tb_frame.f_code.co_filename] == LIBRARYS else None
    of_library = frame is not None and (isinstance(error, (TypeError, AttributeError)) or _holds_wrapped(frame))
    if not _WRAPPED.search(str(error)) and not of_library:
        return ""
    of_jax = (
        "; ocj.counted(f), with `from opcount.sources import jax as ocj`, counts what a JAX function f executes on it"
    )
    return (
        "this may be about a wrapped value, which this library does not know: hand it oc.unwrap(x), or a function that "
        f"gives back plain values{of_jax if ' JAX ' in str(error) else ''}"
    )


def _holds_wrapped(frame: FrameType) -> bool:
    """Whether a wrapped value is among the variables of a frame, or the first items of its lists and arrays."""
    for value in frame.f_locals.values():
        several: Any = ()
        if type(value) in (list, tuple):
            several = value[:3]
        elif type(value) is np.ndarray and value.dtype == object:
            several = value.flat[:3]
        if any(type(each).__module__.startswith("opcount.") for each in (value, *several)):
            return True
    return False


_WRAPPED: Final = re.compile(
    r"\b(Scalar|dtype object|object arrays?|object type|opcount)\b|\bArray'|\btype '?object'|\bdtype\('O'\)"
    r"|\bufunc '\w+' not supported for the input types|'float' object has no attribute '(shape|dtype)'"
    r"|\b(should|must) be (an integer|real numbers)\b"
)

# --- the function that was called


def function_of(frame: FrameType | None) -> str:
    """The name, as users write it, of the function of NumPy's or opcount's that a frame executes for its caller."""
    if frame is None:
        return _RECORD
    code = frame.f_code
    method = _OPERATORS.get(code.co_name)
    if method is not None:
        return method
    if code.co_name in _DISPATCHED:
        given = frame.f_locals
        name = name_of(given[code.co_varnames[1]])
        called = given[code.co_varnames[2]] if code.co_name == "__array_ufunc__" else "__call__"
        return name if called == "__call__" else f"{name}.{called}"
    if code.co_name in ("__torch_function__", "__torch_dispatch__"):
        return _of_torch(frame.f_locals["func"])
    if code.co_filename == _REPLACES:
        return name_of(frame.f_locals["self"].original)
    if OWNERS[code.co_filename] == NUMPYS:
        return _of_numpy(code.co_qualname.partition(".")[0], str(frame.f_globals.get("__name__")))
    return _of_opcount(code.co_qualname, str(frame.f_globals.get("__name__")))


def operator_of(kind: str) -> str:
    """The name of NumPy's function for an operator that executes one operation of a kind; empty for another kind."""
    return _OPERATORS.get(f"__{'truediv' if kind == 'div' else kind}__", "")


@cache
def name_of(function: Any) -> str:
    """A function's name as users write it."""
    name = getattr(function, "__name__", repr(function))
    homes = {"numpy": np, "scipy.special": sys.modules.get("scipy.special")}  # ufuncs do not know theirs
    home = next((home for home, names in homes.items() if getattr(names, name, None) is function), "")
    module = getattr(function, "__module__", None) or home
    return f"{module}.{name}".replace("numpy.", "np.", 1).lstrip(".")


_SOURCES: Final = {"jax": "ocj", "torch": "octo"}  # as their documentation imports them


@cache
def _of_torch(function: Any) -> str:
    """The name of a function of PyTorch's as users write it, or that of one of its operators, as aten.mm."""
    packet = getattr(function, "overloadpacket", None)
    name = None if packet is not None else sys.modules["torch"].overrides.resolve_name(function)
    return str(packet or name or name_of(function))


@cache
def _of_opcount(qualified: str, module: str) -> str:
    """The name of opcount's function, or of NumPy's that a method of an array is called like."""
    owner, _, method = qualified.replace(".<locals>", "").partition(".")
    if not method or owner[0].islower():
        *_, inside, subject = module.split(".")
        if inside != "array_api":
            return f"{_SOURCES.get(inside, 'oc')}.{owner}"
        return f"xp.{subject}.{owner}" if subject in ("linalg", "fft", "special") else f"xp.{owner}"
    return f"np.{method}" if hasattr(np, method) else f"{owner}.{method}"


@cache
def _of_numpy(name: str, module: str) -> str:
    """The public name of what is written in a private module of NumPy's, as numpy.linalg._linalg."""
    for public in (np, np.linalg, np.fft, np.polynomial):
        if hasattr(public, name):
            module = public.__name__
            break
    return f"{module}.{name}".replace("numpy.", "np.", 1)


_RECORD: Final = "oc.record"
_DISPATCHED: Final = ("__array_function__", "__array_ufunc__")
_OPERATORS: Final = {
    f"__{prefix}{name}__": f"np.{function}"
    for name, function in {
        "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide",
        "mod": "remainder", "divmod": "divmod", "pow": "power", "matmul": "matmul", "and": "bitwise_and",
        "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "left_shift", "rshift": "right_shift",
        "neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert", "lt": "less", "le": "less_equal",
        "gt": "greater", "ge": "greater_equal", "eq": "equal", "ne": "not_equal", "round": "round", "floor": "floor",
        "ceil": "ceil", "trunc": "trunc",
    }.items()
    for prefix in ("", "r", "i")
}  # fmt: skip
"""NumPy's functions by the methods of Python's operators: `a * b` is `np.multiply(a, b)`."""

_WRITES: Final = frozenset({"STORE_SUBSCR", "STORE_SLICE"})
_WRITTEN: Final = "="


# --- what to write instead


def _instead(call: UserCall, usual: str) -> str:
    """What to write instead of a call, or else the usual advice."""
    if call.function.startswith("math."):
        return _of_math(call.function.removeprefix("math."), call.arguments)
    if call.function in _FUNCTIONS:
        return _FUNCTIONS[call.function]
    if call.function.startswith("scipy.spatial.distance."):
        return _VECTORS
    if call.function.startswith("scipy."):
        _, subject, *_, name = call.function.split(".")
        if (ours := _OF_NUMPY.get(f"{subject}.{name}")) is not None:
            return f"write {ours}, which counts, or hand it oc.unwrap(x)"
        if name in _BY_CONVENTION.get(subject, ()):
            return _CONVENTION.format(f"np.{subject}.{name}")
    for hint, advice in _HINTS.items():
        if hint == call.package or re.search(hint, call.text):
            return advice
    return usual


def _of_math(name: str, arguments: tuple[str, ...]) -> str:
    """What to write instead of a function of Python's math, with the arguments of the call."""
    template = _MATH.get(name, f"np.{name}" if hasattr(np, name) else "")
    if name == "log" and len(arguments) == 2:
        template = "np.log({}) / np.log({})"
    if not template:
        own = "open the count with oc.count(math=True), " if name in _NOT_OF_NUMPY else ""
        return (
            f"NumPy has no {name}: {own}write it with operations that count, give it a count with oc.register_rule and "
            "a derivative with oc.primitive, or use oc.unwrap(x)"
        )
    if "{" not in template:
        fits = len(arguments) == getattr(getattr(np, template[3:]), "nin", len(arguments))
        template += "({})".format(", ".join(["{}"] * len(arguments)) if fits else "...")
    ours = template.format(*arguments) if template.count("{}") == len(arguments) else template.format("...", "...")
    return (
        "math takes plain numbers alone, NumPy's functions count, and math's own do in oc.count(math=True), of single "
        f"numbers, by their names in modules: write {ours}, or use oc.unwrap(x)"
    )


_OF_NUMPY: Final = {
    "linalg.solve": "np.linalg.solve(A, b)", "linalg.inv": "np.linalg.inv(A)", "linalg.det": "np.linalg.det(A)",
    "linalg.cholesky": "np.linalg.cholesky(A).T", "linalg.qr": "np.linalg.qr(A)", "linalg.norm": "np.linalg.norm(x)",
    "signal.convolve": "np.convolve(x, y)", "signal.correlate": 'np.correlate(x, y, "full")',
    "interpolate.interp1d": "np.interp(at, x, y)",
}  # fmt: skip
"""NumPy's functions, which count, for those of SciPy's that take plain arrays alone."""

_BY_CONVENTION: Final = {
    "linalg": ("svd", "eig", "eigh", "eigvals", "eigvalsh", "pinv", "lstsq"),
    "fft": ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "ifft2", "fftn", "ifftn"),
}
"""SciPy's functions that NumPy has too, whose own take wrapped arrays and count by a rule that is registered."""

_CONVENTION: Final = (
    "write {0}, which counts by a convention that is registered for it, oc.register_rule({0}, rule), as "
    "docs/how-to/rules.md does for the usual ones, or hand it oc.unwrap(x)"
)
_VECTORS: Final = (
    "hand a distance of two vectors list(x), whose numbers stay wrapped, with the count open as oc.count(math=True); "
    "write any other with NumPy's functions, as np.linalg.norm(A[:, None] - B, axis=2), or hand it oc.unwrap(x)"
)

_MATH: Final = {
    "asin": "np.arcsin", "acos": "np.arccos", "atan": "np.arctan", "atan2": "np.arctan2", "asinh": "np.arcsinh",
    "acosh": "np.arccosh", "atanh": "np.arctanh", "pow": "np.power", "fabs": "np.abs", "ulp": "np.spacing",
    "fsum": "np.sum({})", "sumprod": "np.dot({}, {})", "dist": "np.linalg.norm(np.subtract({}, {}))",
    "remainder": "", "gamma": "", "perm": "",
}  # fmt: skip
"""What to write instead of functions of math that NumPy calls otherwise; empty where NumPy has no such function."""

_NOT_OF_NUMPY: Final = ("erf", "erfc", "fma", "gamma", "lgamma")

_WRITING: Final = (
    "a plain array holds plain numbers: make it with z = np.zeros_like(x), or wrap it, z = oc.wrap(z), or put the "
    "numbers into a list and join them, np.stack(numbers); oc.unwrap(x) is the plain number"
)
_SHIFTED: Final = "with m = np.max(x, axis, keepdims=True), and count it by its definition: write"
_FUNCTIONS: Final = {
    _WRITTEN: _WRITING,
    "scipy.special._logsumexp.softmax": f"{_SHIFTED} e = np.exp(x - m), e / np.sum(e, axis, keepdims=True), or hand it "
    "oc.unwrap(x)",
    "scipy.special._logsumexp.log_softmax": f"{_SHIFTED} (x - m) - np.log(np.sum(np.exp(x - m), axis, keepdims=True)), "
    "or hand it oc.unwrap(x)",
    "scipy.special._logsumexp.logsumexp": f"{_SHIFTED} m + np.log(np.sum(np.exp(x - m), axis, keepdims=True)), or hand "
    "it oc.unwrap(x)",
    "builtins.float": "use x as it is, which counts, or oc.unwrap(x) for the plain number",
    "numpy.float64": "use x as it is, which counts, or oc.unwrap(x) for the plain number",
    "numpy.float32": "use x as it is, which counts, or oc.unwrap(x) for the plain number",
}
"""Advice by the function that is called, by its full name."""

_HINTS: Final = {
    r"\b(as|asany)?array\(.*\bdtype\b": "leave the dtype out, which keeps wrapped numbers, join arrays with np.stack, "
    "or use oc.unwrap(x)",
    r"\.(fill|put|__setitem__|itemset)\(": _WRITING,
    r"^[frbuFRBU]{0,2}[\"'].*[\"']\s*%": 'write f"{x:.2f}", which prints a wrapped number, or use oc.unwrap(x)',
    r"\bndenumerate\(": "write it as a loop over places, `for place in np.ndindex(x.shape)`, with x[place]",
    r"\bfromiter\(": "use np.array(list(...)), or dtype=object, which keep wrapped numbers, or oc.unwrap of each",
    "matplotlib": "a plot is of plain values: hand it oc.unwrap(x)",
    r"\bplt\.\w+\(": "a plot is of plain values: hand it oc.unwrap(x)",
    r"\bvectorize\(": "use np.vectorize(f, otypes=[object]), whose results stay wrapped, or operators on the "
    "whole array, or hand it oc.unwrap(x)",
    r"\bnp\.polynomial\.": "np.polynomial takes wrapped coefficients as a list, list(c), and evaluates at wrapped "
    "places with np.polynomial.polynomial.polyval(x, c); or hand it oc.unwrap(x)",
    "pandas": "a column of wrapped numbers is pd.Series(list(x)), whose operators, sum, prod, cumsum and apply count; "
    "the means of groups are g.sum() / g.count(); for the rest use NumPy's functions on the wrapped array, as "
    "np.mean(x), with s.to_numpy() for a column of plain numbers, or hand it oc.unwrap(x)",
    "statistics": "open the count with oc.count(math=True), write it with operators, as sum(xs) / len(xs), or with "
    "np.mean, np.median or np.std, or use oc.unwrap(x)",
    r"\brandom\.\w+\(": "random numbers are not counted: hand it the plain value, oc.unwrap(x)",
    r"\brng\.\w+\(": "random numbers are not counted: hand it the plain value, oc.unwrap(x)",
    "scipy": "hand a solver oc.counted(f) for the function and plain values for the rest, oc.unwrap(x); hand what "
    "supports the array API, with SCIPY_ARRAY_API=1, arrays of opcount.array_api, xp.wrap(v); hand what it writes in "
    "Python np.array(list(x)), whose numbers stay wrapped; write anything else with NumPy's functions and operators, "
    "which count",
    "sklearn": "hand what supports the array API, with sklearn.set_config(array_api_dispatch=True), arrays of "
    'opcount.array_api, xp.wrap(v), and metrics multioutput="raw_values", since they end in a plain number without it; '
    "write anything else with NumPy's functions and operators, which count, or hand it oc.unwrap(x)",
}
"""Advice by a pattern in the text of the call, or by the name of the package."""
