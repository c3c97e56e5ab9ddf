"""Random programs, written once for NumPy and for JAX, control flow included.

A program is drawn as a list of steps on a stack of arrays of one shape. It runs in a namespace `xp`, and its loops and
branches by what the namespace has: JAX's `scan`, `while_loop` and `cond`, or Python's own. Formulas that JAX executes
otherwise than NumPy are not drawn.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

SHAPE = (3, 2)

UNARY = {
    "tanh": lambda xp, x: xp.tanh(x),
    "sin": lambda xp, x: xp.sin(x) * 0.5,
    "square": lambda xp, x: x * x / 4,
    "cube": lambda xp, x: xp.tanh(x) ** 3,
    "fifth": lambda xp, x: xp.tanh(x) ** 5,
    "exp": lambda xp, x: xp.exp(-abs(x)),
    "root": lambda xp, x: xp.sqrt(1 + abs(x)),
    "log": lambda xp, x: xp.log1p(abs(x)),
    "clip": lambda xp, x: xp.clip(x, -1, 1),
    "sign": lambda xp, x: xp.sign(x) - x,
    "floor": lambda xp, x: xp.floor(x) + xp.ceil(x),
    "rows": lambda xp, x: x[::-1] + x[0],
    "place": lambda xp, x: x[xp.argmax(x, axis=0)[0] * 0 + 1] * x,
    "sum": lambda xp, x: x - xp.sum(x, axis=0) / 3,
    "mean": lambda xp, x: x + xp.mean(x),
    "max": lambda xp, x: x - xp.max(x, axis=1)[:, None],
    "running": lambda xp, x: xp.cumsum(x, axis=0) / 3,
    "product": lambda xp, x: x @ (x.T @ x) / 8,
    "outer": lambda xp, x: xp.sum(x[:, None] * x[None], axis=1) / 3,
    "gram": lambda xp, x: xp.einsum("ij,kj->ik", x, x) @ x / 8,
    "data": lambda xp, x: x * (xp.arange(2.0) * 2 + 1),
    "mask": lambda xp, x: xp.where((x > 0) & (x < 1), x, 0.5) * 2,
    "truth": lambda xp, x: x + (x > 0).sum(),
    "join": lambda xp, x: xp.concatenate([x[:1], xp.stack([x[1], x[2] * 2])]),
    "flat": lambda xp, x: xp.reshape(xp.ravel(x.T) * 2, SHAPE),
}
BINARY = {
    "add": lambda xp, a, b: a + b,
    "sub": lambda xp, a, b: a - b,
    "mul": lambda xp, a, b: a * b,
    "div": lambda xp, a, b: a / (1 + b * b),
    "maximum": lambda xp, a, b: xp.maximum(a, b),
    "choose": lambda xp, a, b: xp.where(a > b, a, b * 2),
    "arctan2": lambda xp, a, b: xp.arctan2(a, b),
    "dot": lambda xp, a, b: a + xp.dot(a, b.T) @ b / 8,
}


def drawn(rng, steps, depth=1):
    """A program as a list of steps; a step with programs inside is a loop or a branch."""
    kinds = ["unary"] * 5 + ["binary"] * 4 + ["scan", "rows", "until", "branch"] * (depth > 0)
    found = []
    for _ in range(steps):
        kind = rng.choice(kinds)
        if kind == "unary":
            found.append((kind, str(rng.choice(list(UNARY)))))
        elif kind == "binary":
            found.append((kind, str(rng.choice(list(BINARY)))))
        else:
            inner = [drawn(rng, int(rng.integers(1, 3)), depth - 1) for _ in range(1 + (kind == "branch"))]
            found.append((kind, inner, int(rng.integers(1, 5)), bool(rng.integers(2))))
    return found


def has_values(program):
    """Whether what a program executes depends on values."""
    return any(
        step[0] in ("until", "branch") or (step[0] in ("scan", "rows") and any(map(has_values, step[1])))
        for step in program
    )


class InPython:
    """Control flow by Python, for NumPy."""

    xp = np

    def scan(self, step, carry, length):
        for _ in range(length):
            carry = step(carry)
        return carry

    def rows(self, step, carry, rows, reverse):
        gathered = []
        for row in list(rows)[::-1] if reverse else list(rows):
            carry, made = step(carry, row)
            gathered.append(made)
        return carry, np.stack(gathered[::-1] if reverse else gathered)

    def until(self, test, step, carry):
        while test(carry):
            carry = step(carry)
        return carry

    def branch(self, truth, first, second, x):
        return first(x) if truth else second(x)


class InJax:
    """Control flow by JAX."""

    xp = jnp

    def scan(self, step, carry, length):
        return jax.lax.scan(lambda carry, _: (step(carry), None), carry, None, length=length)[0]

    def rows(self, step, carry, rows, reverse):
        return jax.lax.scan(step, carry, rows, reverse=reverse)

    def until(self, test, step, carry):
        return jax.lax.while_loop(test, step, carry)

    def branch(self, truth, first, second, x):
        return jax.lax.cond(truth, first, second, x)


def executed(program, flow, x):
    """What a program gives for an array of the shape; nothing that it computes is in vain."""
    xp = flow.xp
    a = b = x
    for step in program:
        kind = step[0]
        if kind == "unary":
            a = UNARY[step[1]](xp, a)
        elif kind == "binary":
            a, b = BINARY[step[1]](xp, a, b), a
        else:
            _, inner, number, flag = step
            first = lambda y, p=inner[0]: executed(p, flow, y)  # noqa: E731
            if kind == "scan":
                # from data, what is carried depends from the second round on
                start = xp.ones(SHAPE) * 0.5 if flag else a
                a, b = flow.scan(lambda c, f=first, d=a: xp.tanh(f(c) + d), start, number), a + b
            elif kind == "rows":
                a, gathered = flow.rows(lambda c, r, f=first: (xp.tanh(f(c) + r), c[0] * r), a, a, flag)
                b = b + gathered
            elif kind == "until":
                step_on = lambda c, f=first: (xp.tanh(f(c[0])), c[1] * 2 + abs(c[0][0, 0]))  # noqa: E731
                a, b = flow.until(lambda c, n=number: c[1] < n, step_on, (a, xp.sum(a) * 0 + 0.25))[0], a + b
            else:
                second = lambda y, p=inner[1]: executed(p, flow, y)  # noqa: E731
                a, b = flow.branch(a[0, 0] > 0, first, second, a), a + b
        a = xp.tanh(a)  # so that numbers stay small
    return a + b
