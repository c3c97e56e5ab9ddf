"""What becomes of the 250 calls of calls.txt? `python -m analysis.reach.run` records it in calls.json and in the docs.

It needs the libraries that calls.txt names; of one that is missing the record is kept. A call is made as people write
it; then with `math=True`; then by its own other way, if it has one, on arrays of `opcount.array_api` where it begins
with `xp:`. The first that counts is what is recorded. The value has to be that of the same call on plain inputs.
"""

from __future__ import annotations

import ast
import json
import linecache
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

import numpy as np

import opcount as oc

CALLS: Final = Path(__file__).with_name("calls.txt")
RECORD: Final = CALLS.with_suffix(".json")
PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "calls.md"

Outcome = dict[str, Any]
"""What became of a call: its `class`, by which `way`, and its `counts` or what was `said`."""


class Call(NamedTuple):
    """One call: its library and setup, its name and code, what is meant to happen, and the code by another way."""

    of_library: str
    setup: str
    name: str
    code: str
    meant: str
    other: str

    @property
    def key(self) -> str:
        return f"{self.of_library}: {self.name}"


GOOD: Final = ("exact", "constant")
"""The classes of outcomes behind which no other way is looked for."""

MEANT: Final = {"=": "constant", "!": "refused"}
"""What is meant to happen to a call whose name begins like this; the others are meant to be exact."""


def calls(text: str) -> Iterator[Call]:
    """The calls of a table: [library], its setup behind >, and rows of a name, the code, and another way."""
    library, setup, common = "", "", ""
    for line in filter(None, text.splitlines()):
        if line.startswith("["):
            common = common or setup
            library, setup = line.strip("[]"), common
        elif line.startswith("> "):
            setup += line.removeprefix("> ") + "\n"
        else:
            name, code, other, *_ = *(part.replace(r"\n", "\n") for part in line.split(" | ")), ""
            yield Call(library, setup, name.lstrip("=!"), code, MEANT.get(name[0], "exact"), other)


# --- one call


def prepared(call: Call, code: str, names: Mapping[str, Any]) -> Callable[[], Any]:
    """What executes a code and gives the value of its last expression; the setup has been executed then."""
    found = {"xp": None, **names}
    exec(_without_opcount(call.setup), found)
    if code.startswith("xp: "):
        code = code.removeprefix("xp: ")
        exec(_ARRAY_API, found)
    tree = ast.parse(code)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr), f"the last line is no expression: {code}"
    statements = compile(tree, _FILE, "exec")
    expression = compile(ast.Expression(last.value), _FILE, "eval")

    def execute() -> Any:
        linecache.cache[_FILE] = (len(code), None, code.splitlines(keepends=True), _FILE)  # for what a message quotes
        exec(statements, found)
        return eval(expression, found)

    return execute


_FILE: Final = "<call>"


def _without_opcount(setup: str) -> str:
    return setup.replace("import opcount as oc\n", "")


_ARRAY_API: Final = """
import opcount.array_api as xp
x, y, A, b = (xp.wrap(oc.unwrap(each)) for each in (x, y, A, b))
if "sklearn" in globals():
    X = xp.wrap(oc.unwrap(X))
    sklearn.set_config(array_api_dispatch=True)
"""


def _itself(value: Any) -> Any:
    return value


_PLAIN: Final = {"wrap": _itself, "oc": SimpleNamespace(wrap=_itself, unwrap=_itself, counted=_itself)}


def outcome(call: Call, code: str, way: str, **options: Any) -> Outcome:
    """What becomes of a call by one way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = prepared(call, call.code, _PLAIN)()
        except Exception as error:
            return {"way": way, "class": "wrong", "said": f"on plain inputs: {type(error).__name__}: {error}"}
        try:
            execute = prepared(call, code, {"wrap": oc.wrap, "oc": oc})
            with oc.count(**options) as tally:
                value = execute()
        except Exception as error:
            return {"way": way, **_refused(error)}
    if not _same(value, expected):
        return {"way": way, "class": "wrong", "said": f"{plain(value)!r} is not {plain(expected)!r}"}
    if tally.counts:
        return {"way": way, "class": "exact", "counts": tally.counts.to_dict()}
    return {"way": way, "class": "constant" if call.meant == "constant" else "escaped"}


def _refused(error: BaseException) -> Outcome:
    """The message of a refusal, which may be behind another library's error."""
    said = ""
    at: BaseException | None = error
    while at is not None and not said:
        notes = [note for note in getattr(at, "__notes__", ()) if "opcount" in note or "oc." in note]
        said = str(at) if isinstance(at, oc.OpcountError) else "\n".join(notes)
        at = at.__cause__ or at.__context__
    helps = bool(_WAY_OUT.search(said))
    return {"class": "refused" if helps else "unhelpful", "said": said or f"{type(error).__name__}: {error}"}


_WAY_OUT: Final = re.compile(r"\b(oc|np)\.[a-z]|\bmath=True|\b(use|write|hand|put|leave|take)\b")


def plain(value: Any) -> Any:
    """A value with plain numbers, and lists for what another library holds them in."""
    for name in ("to_numpy", "toarray"):
        if hasattr(value, name):
            value = getattr(value, name)()
    return oc.unwrap(value.tolist() if isinstance(value, np.ndarray) and value.dtype == object else value)


def _same(value: Any, expected: Any) -> bool:
    value, expected = plain(value), plain(expected)
    try:
        return bool(np.allclose(value, expected, rtol=1e-9, equal_nan=True))
    except (TypeError, ValueError):
        return type(value) is type(expected)


# --- all calls


def outcomes(array_api: bool, libraries: Collection[str] = ()) -> dict[str, Outcome]:
    """What becomes of the calls of some libraries, else of all that are there; by the array API, or all other ways."""
    found = {}
    for call in calls(CALLS.read_text(encoding="utf-8")):
        if libraries and call.of_library not in libraries:
            continue
        try:
            prepared(call, "0", _PLAIN)
        except ImportError:
            continue
        tried: list[Outcome] = []
        for way, code, options in _ways(call, array_api):
            tried.append(outcome(call, code, way, **options))
            if tried[-1]["class"] in GOOD:
                tried.insert(0, tried[-1])
                break
        if tried:
            found[call.key] = tried[0]
    return found


def _ways(call: Call, array_api: bool) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The ways of a call that opcount has: their names, the code, and the options of the count."""
    if array_api:
        if call.other.startswith("xp: "):
            same = call.other.removeprefix("xp: ") == call.code
            yield "opcount.array_api" if same else f"opcount.array_api, {OTHERWISE}", call.other, {}
        return
    yield "as it is", call.code, {}
    yield "math=True", call.code, {"math": True}
    if call.other and not call.other.startswith("xp: "):
        counted = "oc.counted" in call.other
        yield "oc.counted" if counted else OTHERWISE, call.other, {"math": not counted}


OTHERWISE: Final = "written otherwise"
"""The way of a call that counts only as other code, which the message of its refusal names."""


def recorded() -> dict[str, Outcome]:
    """The outcomes of all calls; those by the array API from a process in which SciPy has it switched on."""
    environment = os.environ | {"SCIPY_ARRAY_API": "1"}
    command = [sys.executable, "-m", "analysis.reach.run", "array_api"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    before = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    found = before | outcomes(array_api=False)
    for key, each in json.loads(done.stdout).items():
        if each["class"] in GOOD and found[key]["class"] not in GOOD:
            found[key] = each
    return {call.key: found[call.key] for call in calls(CALLS.read_text(encoding="utf-8")) if call.key in found}


# --- the page


KINDS: Final = ("exact", f"exact, {OTHERWISE}", "constant", "refused")


def kind_of(each: Outcome) -> str:
    """What an outcome is counted as in the summary."""
    return KINDS[1] if each["class"] == "exact" and each["way"].endswith(OTHERWISE) else each["class"]


def page(found: Mapping[str, Outcome]) -> str:
    """The table of all calls, as a page of the documentation."""
    rows = [(call, found[call.key]) for call in calls(CALLS.read_text(encoding="utf-8")) if call.key in found]
    libraries = dict.fromkeys(call.of_library for call, _ in rows)
    lines = [
        _HEAD.format(total=len(rows)),
        f"| library | {' | '.join(KINDS)} |",
        "| --- " + "| ---: " * len(KINDS) + "|",
    ]
    for library in (*libraries, "all"):
        amounts = [
            sum(kind_of(each) == kind and library in (call.of_library, "all") for call, each in rows) for kind in KINDS
        ]
        lines.append(f"| {library} | {' | '.join(map(str, amounts))} |")
    for library in libraries:
        lines += [
            "",
            f"## {library[0].upper()}{library[1:]}",
            "",
            "| call | | by | counts, or why not |",
            "| --- | --- | --- | --- |",
        ]
        lines += [
            f"| {call.name} | {each['class']} | {each['way']} | {_cell(each)} |"
            for call, each in rows
            if call.of_library == library
        ]
    return "\n".join(lines) + "\n"


_HEAD: Final = """\
# What of other libraries counts

{total} calls that people make, with wrapped inputs: each is counted exactly, or has nothing to count (constant), or is
refused with a message that says what to do instead. `python -m analysis.reach.run` makes this page, and compares each
value with that of the same call on plain inputs. How a call is made is in the column "by": as people write it, with
`oc.count(math=True)`, with the function wrapped by `oc.counted`, in the namespace `opcount.array_api`, or written in
another way, which the message of the refusal names.
"""


def _cell(each: Outcome) -> str:
    text = ", ".join(f"{kind} {times}" for kind, times in each.get("counts", {}).items()) or each.get("said", "")
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def main() -> None:
    if sys.argv[1:] == ["array_api"]:
        print(json.dumps(outcomes(array_api=True)))
        return
    found = recorded()
    RECORD.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
