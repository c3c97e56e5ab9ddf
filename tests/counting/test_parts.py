"""Where operations are executed: counts by line and by function, against the counts of each statement alone."""

from __future__ import annotations

import asyncio
import functools
import inspect
import math
import operator
import re
import textwrap
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import scipy.integrate
import scipy.linalg

import opcount as oc
from opcount.counting import sites
from tests.support.faults import planted

# --- random programs


def namespace():
    return {
        "np": np, "oc": oc, "functools": functools, "operator": operator,
        "s": oc.wrap(0.3), "t": oc.wrap(np.float64(0.7)), "w": oc.wrap(2), "o": np.array([oc.wrap(0.5), oc.wrap(0.1)]),
        "a": oc.wrap(np.array([0.1, 0.2, 0.4])), "m": oc.wrap(np.array([[2.0, 0.5], [0.1, 1.0]])),
    }  # fmt: skip


STATEMENTS = {
    "s * t": "np.multiply", "0.5 * s": "np.multiply", "s * 0.5": "np.multiply", "w * s": "np.multiply",
    "s - t": "np.subtract", "1.0 / s": "np.divide", "w * w": "np.multiply", "w / 0": "np.divide",
    "s ** 5": "np.power", "2.0 ** s": "np.power", "-s": "np.negative", "abs(s)": "np.absolute", "s < t": "np.less",
    "s % t": "np.remainder", "divmod(s, t)": "np.divmod", "s // t": "np.floor_divide", "round(s)": "np.round",
    "sum([s, t, s])": "np.add", "functools.reduce(operator.mul, [s, t, w])": "np.multiply",
    "list(map(operator.add, [s, t], [t, w]))": "np.add", "[s * each for each in (1, 2.0, t)]": "np.multiply",
    "(lambda x: x - 1)(s)": "np.subtract", "exec('s * t')": "np.multiply", "np.multiply(s, t)": "np.multiply",
    "np.exp(s)": "np.exp", "np.sqrt(t)": "np.sqrt", "s.sqrt()": "np.sqrt", "np.hypot(s, t)": "np.hypot",
    "a * 2": "np.multiply", "2 * a": "np.multiply", "a / a": "np.divide", "a ** 3": "np.power", "a @ a": "np.matmul",
    "np.ones(3) @ a": "np.matmul", "np.tanh(a)": "np.tanh", "np.add.reduce(a)": "np.add.reduce",
    "np.add.accumulate(a)": "np.add.accumulate", "np.sum(a)": "np.sum", "a.sum()": "np.sum", "a.mean()": "np.mean",
    "np.mean(a)": "np.mean", "np.var(a)": "np.var", "np.linalg.norm(a)": "np.linalg.norm", "np.dot(m, m)": "np.dot",
    "np.einsum('ij,jk->ik', m, m)": "np.einsum", "np.average(a, weights=a)": "np.average", "np.max(a)": "np.max",
    "np.linalg.det(m)": "np.linalg.det", "np.linalg.solve(m, m[0])": "np.linalg.solve", "np.outer(a, a)": "np.outer",
    "np.cumsum(a)": "np.cumsum", "np.where(a > 0.15, a, 0)": "np.greater", "np.clip(a, 0.2, 0.3)": "np.clip",
    "np.polyval([1.0, 2.0, 3.0], a)": "np.polyval", "np.sum(o)": "np.sum", "o * 2": "np.multiply",
    "np.exp(o)": "np.exp", "a[0] * a[1]": "np.multiply", "np.fmod(s, t)": "np.fmod",
    "oc.gradient(np.sin, 0.3)": "oc.gradient", "oc.gradient(np.linalg.norm, np.ones(3))": "oc.gradient",
    "oc.record({'mul': 3, 'exp': 1})": "oc.record", "oc.spec(4) * oc.spec(4)": "np.multiply",
    "len(a)": None, "oc.unwrap(a)": None,
}  # fmt: skip
"""Statements, and the function by whose name their operations count, where there are any."""

_STATEMENTS = st.sampled_from(sorted(STATEMENTS))
PROGRAMS = st.recursive(
    st.lists(_STATEMENTS, min_size=1, max_size=4),
    lambda block: st.lists(
        st.one_of(_STATEMENTS, st.tuples(st.sampled_from(["loop", "function", "generator", "region", "count"]), block)),
        min_size=1,
        max_size=4,
    ),
    max_leaves=6,
)
"""A program is a list of statements, and of blocks: a name, and the program in it."""

HEADS = {
    "loop": "for _ in range(2):", "function": "def f():", "generator": "def f():",
    "region": "with oc.region('inner'):", "count": "with oc.count():",
}  # fmt: skip
TAILS = {"function": "f(); f()", "generator": "for _ in f(): pass"}


def lines_of(program, indent=""):
    """The source of a program, a statement on each line; that of a block is (head, lines, tail)."""
    for item in program:
        if isinstance(item, str):
            yield indent + item, item, 1
            continue
        name, block = item
        yield indent + HEADS[name], None, 1
        times = 2 if name in ("loop", "function") else 1
        for line, statement, often in lines_of(block, indent + "    "):
            yield line, statement, often * times
        if name == "generator":
            yield f"{indent}    yield", None, 1
        if name in TAILS:
            yield indent + TAILS[name], None, 1


@functools.cache
def executed_alone(statement):
    with oc.count() as tally:
        exec(statement, namespace())
    return tally.counts


def expected(program):
    """The counts of each line and of each function, from every statement executed alone."""
    by_line, by_function = {}, {}
    for number, (_, statement, times) in enumerate(lines_of(program), 1):
        if statement is None:
            continue
        counts = executed_alone(statement) * times
        name = "<string>:1" if statement.startswith("exec(") else f"program.py:{number}"
        for parts, key in ((by_line, name), (by_function, STATEMENTS[statement])):
            if counts:
                parts[key] = parts.get(key, oc.Counts()) + counts
    return by_line, by_function


def check(program):
    source = "\n".join(line for line, _, _ in lines_of(program))
    code = compile(source, "/somewhere/program.py", "exec")
    with oc.count() as whole, oc.count(by="function") as functions, oc.count(by="line") as lines:
        exec(code, namespace())
    by_line, by_function = expected(program)
    assert dict(lines.parts) == by_line, source
    assert dict(functions.parts) == by_function, source
    for tally in (functions, lines):
        assert sum(tally.parts.values(), oc.Counts()) == tally.counts == whole.counts


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@hypothesis.settings(max_examples=60, derandomize=True)
@hypothesis.given(PROGRAMS)
def test_the_parts_of_a_random_program_are_those_of_its_statements(program):
    check(program)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_parts_of_a_statement_that_is_repeated(statement):
    check([statement, ("loop", [("loop", [statement])])])  # from the second time on the accelerator counts operators
    assert bool(STATEMENTS[statement]) == bool(executed_alone(statement))


@pytest.mark.parametrize(
    "fault",
    [
        {"_site": lambda frame, right=sites._site: (right(frame)[0].f_back, *right(frame)[1:])},
        {"function_of": lambda frame: "np.multiply"},
        {"operator_of": lambda kind: "oc.gradient"},
    ],
    ids=["another line", "another function", "a place kept for another function"],
)
def test_the_check_finds_parts_that_are_elsewhere(fault):
    program = [("function", ["s * t", "np.exp(s)"]), ("loop", ["oc.gradient(lambda x: x * x, 0.3)"])]
    with planted(sites, **fault), pytest.raises((AssertionError, KeyError)):
        check(program)


# --- the user's own line


def parts(source, by="line", file="script.py", **names):
    """The parts of a program by line number, or by function."""
    code = compile(textwrap.dedent(source).lstrip("\n"), f"/somewhere/{file}", "exec")
    with oc.count(by=by) as tally:
        exec(code, namespace() | names)
    assert sum(tally.parts.values(), oc.Counts()) == tally.counts
    if by == "function":
        return {name: counts.to_dict() for name, counts in tally.parts.items()}
    return {int(name.removeprefix(f"{file}:")): counts.to_dict() for name, counts in tally.parts.items()}


def test_the_line_of_an_expression_in_a_statement_of_several_lines():
    found = parts(
        """
        y = (
            s * t
            + np.exp(
                s - t
            )
        )
        """
    )
    assert found == {2: {"mul": 1, "add": 1}, 3: {"exp": 1}, 4: {"sub": 1}}  # a sum begins where its left side does


def test_lines_in_generators_comprehensions_lambdas_recursion_and_classes():
    found = parts(
        """
        def power(n):
            return s * power(n - 1) if n else 1.0
        power(4)
        def each():
            for i in range(3):
                yield s + i
        total = [v * v for v in each()]
        f = lambda x: x - 1
        f(s), f(t)
        class C:
            def __call__(self):
                return np.tanh(a)
        C()()
        """
    )
    assert found == {2: {"mul": 4}, 6: {"add": 3}, 7: {"mul": 3}, 8: {"sub": 2}, 12: {"tanh": 3}}


def test_what_a_library_executes_counts_at_the_line_that_called_it_and_a_callback_at_its_own():
    found = parts(
        """
        def f(x):
            return x * s
        scipy.integrate.fixed_quad(f, 0.0, 1.0, n=2)
        np.apply_along_axis(
            lambda row: row + 1, 0, m)
        """,
        scipy=scipy,
    )
    quadrature = oc.measure(lambda s: scipy.integrate.fixed_quad(lambda x: x * s, 0.0, 1.0, n=2)[0], 0.3).counts
    assert quadrature.mul == 2 + 3 and found.pop(2) == {"mul": 2}
    assert found.pop(3) == (quadrature - oc.Counts(mul=2)).to_dict()
    assert found == {5: {"add": 4}}


def product(x):
    x = x if isinstance(x, list) else [x, 2.0]
    return np.sum(x[0] * x[0] * x[1])


@pytest.mark.parametrize("method", ["backprop", "naive", "forward", "finite-difference", "memoized-tangent"])
@pytest.mark.parametrize(
    "x", [0.3, [0.3, 0.5], np.array([0.3, 0.5]), oc.spec(2)], ids=["number", "list", "array", "spec"]
)
def test_partials_and_accumulation_count_at_the_line_of_the_gradient(method, x):
    text = inspect.getsource(product) + "oc.gradient(product, x, method=method)"
    found = parts(text, x=x, method=method)
    primal, *others = oc.gradient(product, x, method=method).phases.values()
    assert found.keys() <= {3, 4} and oc.Counts(found[3]) + oc.Counts(found.get(4)) == primal + sum(others, oc.Counts())
    if not isinstance(x, oc.Array):  # from shapes alone f is executed once, and what it would be beyond that is added
        assert found[3] == primal.to_dict() and oc.Counts(found.get(4)) == sum(others, oc.Counts())


def test_the_partials_of_a_users_primitive_count_at_the_line_of_the_gradient(forgotten):
    found = parts(
        """
        def square(x):
            return x * x
        traced = oc.primitive(square, partials=lambda y, x: 2 * x)
        forgotten(square)
        oc.gradient(lambda x: traced(x) * x, 0.3)
        """,
        forgotten=forgotten,
    )
    assert found == {2: {"mul": 1}, 5: {"mul": 3, "add": 1}}  # in f, of the partial, and a product and a sum of paths


def test_files_of_the_same_name_are_told_apart_by_their_folders():
    with oc.count(by="line") as tally:
        for file in ("/x/a/model.py", "/x/b/model.py", "/x/b/main.py", "<string>"):
            exec(compile("\ns * s", file, "exec"), namespace())
    assert list(tally.parts) == ["a/model.py:2", "b/model.py:2", "main.py:2", "<string>:2"]


def test_lines_are_in_the_order_of_the_source_and_what_is_refunded_is_gone():
    found = parts(
        """
        def f():
            s * s
        s + 1
        f()
        try:
            np.linalg.solve(m, oc.wrap(np.ones(9)))
        except ValueError:
            s - 1
        """
    )
    assert list(found) == [2, 3, 8]


def test_a_function_that_fails_takes_back_its_operations_from_the_lines_that_executed_them():
    found = parts(
        """
        def fails(row):
            row * 2
            if row[0] > 1:
                raise ValueError
            return row
        try:
            np.apply_along_axis(fails, 0, m)
        except ValueError:
            pass
        s * s
        """
    )
    assert found[10] == {"mul": 1} and all(times >= 0 for counts in found.values() for times in counts.values())


# --- with all else that a count does


def test_nested_counts_regions_and_pauses_have_parts_of_their_own():
    s = oc.wrap(0.3)
    with oc.count(by="function") as outer:
        s * s
        with oc.region("r"), oc.count(by="function") as inner, oc.count() as plain:
            s + s
            with oc.paused():
                s / s
        with oc.paused(), oc.count(by="function") as alone:
            s - s
        s * s
    assert outer.parts == {"np.multiply": oc.Counts(mul=2), "np.add": oc.Counts(add=1)}
    assert inner.parts == {"np.add": oc.Counts(add=1)} and alone.parts == {"np.subtract": oc.Counts(sub=1)}
    assert outer.regions == {"r": oc.Counts(add=1)} and plain.parts == {}
    assert str(outer).count("all") == 2 and "np.multiply" in str(outer) and "region" in str(outer)


def test_under_a_budget_the_operation_that_exceeds_it_is_in_no_part():
    within = {"np.multiply": {"mul": 1}, "np.add": {"add": 3}, "np.subtract": {"sub": 1}}
    statements = "s * s\na + 1\ns - s\ns - s"
    tally = exceeded(5, "function", statements)
    assert tally.parts == {name: oc.Counts(counts) for name, counts in within.items()}
    assert exceeded({"mul": 100}, "line", "while True:\n    s * s").parts == {"<string>:2": oc.Counts(mul=100)}


def exceeded(budget, by, statements):
    """The tally of a program that exceeds its budget."""
    names = namespace()
    with pytest.raises(oc.BudgetExceeded), oc.count(budget, by=by) as names["tally"]:
        exec(statements, names)
    return names["tally"]


def test_threads_add_to_the_parts_of_whoever_counts():
    s, a = oc.wrap(0.3), oc.wrap(np.ones(3))

    def work(_):
        for _ in range(200):
            s * s
            a + a

    with oc.count(by="function") as functions, oc.count(by="line") as lines, ThreadPoolExecutor(4) as pool:
        list(pool.map(oc.propagate(work), range(4)))
    assert functions.parts == {"np.multiply": oc.Counts(mul=800), "np.add": oc.Counts(add=2400)}
    assert sorted(counts.total for counts in lines.parts.values()) == [800, 2400]


def test_a_function_of_a_library_alone_in_a_thread_has_a_line_too():
    with oc.count(by="function") as functions, oc.count(by="line") as lines, ThreadPoolExecutor(1) as pool:
        pool.submit(oc.propagate(np.sum), oc.wrap(np.ones(3))).result()
        pool.submit(oc.propagate(operator.mul), oc.wrap(0.3), 2.0).result()
    assert functions.parts == {"np.sum": oc.Counts(add=2), "np.multiply": oc.Counts(mul=1)}
    assert sum(lines.parts.values(), oc.Counts()) == lines.counts


def test_tasks_and_context_managers():
    s = oc.wrap(0.3)

    async def work(n):
        for _ in range(n):
            s * s
            await asyncio.sleep(0)

    async def main():
        with oc.count(by="function") as tally:
            await asyncio.gather(work(3), work(4))
        return tally

    assert asyncio.run(main()).parts == {"np.multiply": oc.Counts(mul=7)}


def test_sizes_with_names():
    n = oc.spec(("n", "n"))
    with oc.count(by="function") as tally:
        np.tanh(n @ n)
    assert {name: str(counts.total) for name, counts in tally.parts.items()} == {
        "np.matmul": "2*n**3 - n**2", "np.tanh": "n**2",
    }  # fmt: skip
    assert tally.to_pandas().loc["np.tanh", "total"] == tally.parts["np.tanh"].total


def test_a_count_without_parts():
    with oc.count() as tally:
        oc.wrap(0.3) * 2
    assert tally.parts == {}
    with pytest.raises(KeyError, match=re.escape('parts are those of `with oc.count(by="line"):`')):
        tally.parts["script.py:1"]
    with pytest.raises(oc.InvalidValue, match=r"open it with oc\.count"):
        tally.to_html()
    with pytest.raises(oc.InvalidValue, match=r"by is .* not 'file'"):
        oc.count(by="file")


# --- shown


def test_as_a_data_frame():
    s = oc.wrap(0.3)
    with oc.count(by="function") as tally, oc.region("r"):
        s * s + s
        with oc.count() as regions, oc.region("inner"):
            s - s
    frame = tally.to_pandas()
    assert frame.to_dict("index") == {
        "np.multiply": {"mul": 1, "add": 0, "sub": 0, "total": 1},
        "np.add": {"mul": 0, "add": 1, "sub": 0, "total": 1},
        "np.subtract": {"mul": 0, "add": 0, "sub": 1, "total": 1},
    }
    assert frame.index.name == "function" and (frame.dtypes == "int64").all()
    pd.testing.assert_frame_equal(regions.to_pandas(), pd.DataFrame(
        {"sub": [1], "total": [1]}, index=pd.Index(["inner"], name="region", dtype=object)))  # fmt: skip
    with oc.count() as plain:
        oc.record({"mul": 2**70})
    assert plain.to_pandas().loc["all", "mul"] == 2**70


class Rows(HTMLParser):
    """The cells of the rows of all tables."""

    def __init__(self, page):
        super().__init__()
        self.rows = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data):
        if self.rows and self.rows[-1] and self.lasttag != "h2":
            self.rows[-1][-1] += data


def test_the_page_has_the_source_with_the_counts_beside_it(tmp_path):
    source = "def f(x):\n    y = x * x < 1  # <b>\n    return x + 1\n\nf(s)\nf(t)\nexec('s - s')\n"
    file = tmp_path / "program.py"
    file.write_text(source)
    with oc.count(by="line") as tally:
        exec(compile(source, str(file), "exec"), namespace())
    page = tally.to_html()
    rows = [[cell.rstrip("\n") for cell in row] for row in Rows(page).rows]
    assert ["2", "4", "mul 2, lt 2", "    y = x * x < 1  # <b>"] in rows and ["4", "", "", ""] in rows
    assert [row[3] for row in rows[1:8]] == source.splitlines()
    assert ["1", "1", "sub 1"] in [row[:3] for row in rows] and "<h2>&lt;string&gt;</h2>" in page
    assert "7 operations" in page and page.startswith("<!DOCTYPE html>")


def test_functions_of_math_have_their_own_names():
    numbers = [oc.wrap(3.0), oc.wrap(4.0)]
    with oc.count(by="function", math=True) as tally:
        math.exp(numbers[0]) + math.hypot(*numbers)
        math.fsum(numbers)
    assert tally.parts == {
        "math.exp": {"exp": 1},
        "math.hypot": {"hypot": 1},
        "np.add": {"add": 1},
        "math.fsum": {"add": 1},
    }
