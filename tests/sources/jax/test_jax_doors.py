"""JAX programs inside of what opcount has for counts: budgets, regions, laws, marks, threads, the command line."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import opcount as oc
from opcount.sources import jax as ocj


def of(*shape, dtype="f4"):
    return jax.ShapeDtypeStruct(shape, dtype)


def cube(x):
    return x * x * x


# --- who counts


def test_a_measure_is_part_of_the_count_around_it():
    with oc.count() as tally:
        inner = ocj.measure(cube, np.ones(3))
        with oc.region("second"):
            ocj.measure(cube, of(2))
    assert inner.counts == {"mul": 6} and tally.counts == {"mul": 10} and tally.regions["second"] == {"mul": 4}


def test_a_program_that_wraps_numbers_itself_is_traced_and_counted_once():
    wrapped = oc.wrap(2.0)
    times = []

    def f(x):
        times.append(wrapped * wrapped)
        return x * 3

    with oc.count() as tally:
        ocj.measure(f, 1.0)
        ocj.gradient(f, 1.0)
    assert len(times) == 2 and tally.counts.mul == 2 + 1 + 1


def test_nobody_counts_a_program_in_a_pause():
    with oc.count() as tally, oc.paused():
        assert ocj.measure(cube, 2.0).counts == {"mul": 2}
        ocj.counted(cube)(2.0)
    assert not tally.counts


def test_counted_counts_for_whoever_counts():
    f = ocj.counted(lambda x, scale=1.0: {"y": x * scale + 1})
    with oc.count() as tally:
        plain = f(np.ones(3), scale=2.0)
    assert isinstance(plain["y"], jax.Array) and tally.counts == {"mul": 3, "add": 3}
    assert float(f(2.0)["y"]) == 3
    value, counts = oc.measure(lambda x: f(x)["y"] * 2, np.ones(3))
    assert value.tolist() == [4, 4, 4] and counts == {"mul": 6, "add": 3}


def test_beside_a_wrapped_argument_the_others_are_data():
    f = ocj.counted(lambda x, w: (x * w, w * w))
    with oc.count() as tally:
        y, constant = f(oc.wrap(np.ones(3)), np.full(3, 2.0))
    assert isinstance(y, oc.Array) and isinstance(constant, jax.Array) and tally.counts == {"mul": 3}
    value, counts = oc.measure(lambda x: f(x, 2.0)[0], oc.spec((4, "n")))
    assert str(value.shape) == "(4, n)" and str(counts.mul) == "4*n"


def test_a_value_that_opcount_differentiates_is_refused():
    with pytest.raises(oc.Uncounted, match=r"args\[0\] is being differentiated .* ocj.gradient"):
        oc.gradient(ocj.counted(jnp.sin), 1.0)


def test_an_error_of_jax_about_a_wrapped_value_names_the_way_in():
    with pytest.raises(TypeError, match="not a valid JAX type") as error, oc.count():
        jnp.sin(oc.wrap(np.ones(3)))
    assert "ocj.counted(f)" in error.value.__notes__[-1]


def test_threads_count_for_themselves_or_are_propagated():
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda n: ocj.measure(jax.jit(cube), np.ones(n)).counts.mul, range(1, 9)))
    assert counts == [2 * n for n in range(1, 9)]
    with oc.count() as tally, ThreadPoolExecutor(4) as pool:
        list(pool.map(oc.propagate(ocj.counted(cube)), [np.ones(2)] * 5))
        refused = pool.submit(ocj.counted(cube), np.ones(2))
        with pytest.raises(oc.Uncounted, match="a thread"):
            refused.result()
    assert tally.counts == {"mul": 20}


def test_rules_hold_in_other_threads():
    with ocj.rules({"sin": {"mul": 2}}), ThreadPoolExecutor(1) as pool:
        assert pool.submit(ocj.measure, jnp.sin, of(3)).result().counts == {"mul": 6}


# --- budgets


def exceeded(f, *args, budget):
    with pytest.raises(oc.BudgetExceeded) as error, oc.count(budget=budget) as tally:
        ocj.counted(f)(*args)
    assert error.value.counts == tally.counts
    return tally.counts.to_dict()


def test_a_budget_is_asked_before_an_operation_is_executed():
    seen = []

    def f(x):
        y = x * x
        jax.debug.callback(seen.append, jnp.zeros(()))
        return jnp.sin(y) + 1

    assert exceeded(f, np.ones(3), budget=5) == {"mul": 3}
    assert exceeded(f, np.ones(3), budget={"add": 2}) == {"mul": 3, "sin": 3}
    assert exceeded(f, of(3), budget=2) == {}
    with oc.count(budget=9):
        ocj.measure(f, np.ones(3))
    jax.effects_barrier()
    assert len(seen) == 3  # the program that would exceed its budget at once has shown nothing


def test_a_budget_in_a_loop_counts_the_rounds_that_fit():
    def step(c):
        return c * 2 + 1

    assert exceeded(lambda x: lax.fori_loop(0, 10**9, lambda i, c: step(c), x), of(3), budget=20) == {
        "mul": 9,
        "add": 9,
    }
    assert exceeded(lambda x: lax.fori_loop(0, 10**9, lambda i, c: step(c), x), 1.0, budget=21) == {
        "mul": 11,
        "add": 10,
    }
    endless = exceeded(lambda x: lax.while_loop(lambda c: c > 0, step, x), 1.0, budget=1000)
    assert endless == {"mul": 333, "add": 333, "gt": 334}
    nested = exceeded(
        lambda x: lax.fori_loop(0, 9, lambda i, c: lax.fori_loop(0, 4, lambda j, d: d * x, c), x), 1.0, budget=10
    )
    assert nested == {"mul": 8}


def test_a_budget_that_is_kept():
    with oc.count(budget={"mul": 30}) as tally:
        ocj.measure(lambda x: lax.fori_loop(0, 10, lambda i, c: c * x, x), np.ones(3))
    assert tally.counts == {"mul": 30}


# --- exits, parts, laws, marks, the command line


def test_exits_are_recorded():
    with oc.count(uncounted="record") as tally:
        value, counts = ocj.measure(lambda x: jnp.sort(x * 2) + 1 + x, np.array([2.0, 1.0]))
    assert value.tolist() == [5, 6] and tally.counts == counts == {"mul": 2, "add": 2}
    assert tally.uncounted == (oc.Exit("sort", 1, 2),)
    with oc.count(uncounted="record") as tally:
        ocj.measure(lambda x: lax.fori_loop(0, 5, lambda i, c: jnp.sort(x * 2), x), of(4))
    assert tally.uncounted == (oc.Exit("sort", 5, 20),) and tally.counts == {"mul": 20}


def test_counts_by_line_stand_at_the_call():
    with oc.count(by="line") as tally:
        ocj.measure(cube, 1.0)
        ocj.measure(jnp.sin, of(3))
    line = test_counts_by_line_stand_at_the_call.__code__.co_firstlineno + 2
    assert {name.rpartition(":")[2]: counts.to_dict() for name, counts in tally.parts.items()} == {
        str(line): {"mul": 2},
        str(line + 1): {"sin": 3},
    }


def test_counts_by_function_have_the_function_of_this_door():
    with oc.count(by="function") as tally:
        ocj.measure(cube, 1.0)
        ocj.counted(cube)(1.0)
        ocj.gradient(cube, 1.0)
    assert list(tally.parts) == ["ocj.measure", "ocj.counted", "ocj.gradient"]


def test_laws():
    sizes = range(1, 9)
    law = oc.law(lambda n: ocj.measure(lambda a, b: jnp.tanh(a @ b), of(n, n), of(n)).counts, sizes)
    assert str(law) == "2n²"
    program = ocj.counted(lambda x: lax.scan(lambda c, a: (c * a + 1, None), 0.0, x)[0])
    assert str(oc.law(program, sizes, make=lambda n: np.ones(n))) == "2n"


@pytest.mark.exact_ops(mul=6)
def test_the_mark_counts_programs_of_jax():
    ocj.measure(cube, np.ones(3))


def test_the_command_line(tmp_path):
    script = tmp_path / "program.py"
    script.write_text(
        "import jax, jax.numpy as jnp\n"
        "from opcount.sources import jax as ocj\n"
        "def steps(n):\n"
        "    return ocj.measure(lambda x: x * x + 1, jax.ShapeDtypeStruct((n,), 'f4')).counts\n"
    )
    run = subprocess.run(
        [sys.executable, "-m", "opcount", "law", f"{script}:steps", "--sizes", "1:6"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "2n" in run.stdout


def test_named_sizes_give_polynomials():
    b, n = jax.export.symbolic_shape("b, 2*n")
    _, counts = ocj.measure(lambda x: jnp.mean(jnp.tanh(x @ x.T)), jax.ShapeDtypeStruct((b, n), "f4"))
    assert {kind: str(count) for kind, count in counts.items()} == {
        "mul": "2*b**2*n", "div": "1", "add": "2*b**2*n - 1", "tanh": "b**2",
    }  # fmt: skip
    f = lambda x: lax.scan(lambda c, a: (c * a, c), jnp.zeros(3), x)  # noqa: E731
    assert str(ocj.measure(f, jax.ShapeDtypeStruct((b, 3), "f4")).counts.mul) == "3*b"
    late = lambda x: lax.scan(lambda c, a: ((a, c[0], c[1] * 2), None), (jnp.zeros(3),) * 3, x)[0]  # noqa: E731
    with pytest.raises(oc.InvalidValue, match=r"use numbers|a number"):
        ocj.measure(late, jax.ShapeDtypeStruct((b, 3), "f4"))
    halved = lambda x: x.reshape(x.shape[0] // 3, 3) * 2  # noqa: E731
    (m,) = jax.export.symbolic_shape("m", constraints=["mod(m, 3) == 0"])
    with pytest.raises(oc.InvalidValue, match="no polynomial"):
        ocj.measure(halved, jax.ShapeDtypeStruct((m,), "f4"))
    found = ocj.measure(lambda x, y: jnp.tanh(x @ y), oc.spec(("n", "m")), oc.spec(("m", 3))).counts
    assert str(found.mul) == "3*m*n"


def test_a_loop_over_a_named_size():
    (n,) = jax.export.symbolic_shape("n")
    x = jax.ShapeDtypeStruct((n,), "f4")
    assert str(ocj.measure(lambda x: lax.fori_loop(0, x.shape[0], lambda i, c: c * x[i], 1.0), x).counts) == str(
        ocj.measure(lambda x: lax.scan(lambda c, a: (c * a, None), 1.0, x)[0], x).counts
    )
    late = ocj.measure(lambda x: lax.fori_loop(1, x.shape[0] - 1, lambda i, c: c + x[i], x[0]), x).counts
    assert str(late.add) == "n - 2"
    with pytest.raises(oc.Uncounted, match=r"while at .* a value"):
        ocj.measure(lambda x: lax.while_loop(lambda c: c[0] < x.shape[0], lambda c: (c[0] * 2, c[1] * 2), (1, x)), x)
    with pytest.raises(oc.Uncounted, match=r"cond at .* by a value"):
        ocj.measure(lambda x: lax.cond(x.shape[0] * jnp.int32(1) > 3, jnp.sin, jnp.cos, x), x)


def test_donated_arguments_stay():
    x = jnp.ones(3)
    f = lambda x: jax.jit(lambda y: y * 2, donate_argnums=0)(x) + x  # noqa: E731
    assert ocj.measure(f, x).value.tolist() == [3, 3, 3] and not x.is_deleted()
