"""Random functions with several outputs, for eliminations."""

from __future__ import annotations

import random

import numpy as np


def scrambled(seed, inputs=3, steps=14, outputs=3, several=True, parallel=True):
    """A random function: diamonds, signs, dead code, outputs of every sort, with parallel edges or without."""
    source = random.Random(seed)
    plan = [
        (source.choice("++--***dsnqt" if parallel else "++--***dsn"), source.random(), source.random())
        for _ in range(steps)
    ]
    ends = [source.random() for _ in range(outputs)]
    kinds = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "d": lambda a, b: 2 * a,
        "s": lambda a, b: np.sin(a),
        "n": lambda a, b: -a,
        "q": lambda a, b: a * a,
        "t": lambda a, b: a + a,
    }

    def f(x):
        values = list(x)
        for kind, first, second in plan:
            recent, any_one = len(values) - 1 - int(first * min(4, len(values))), int(second * len(values))
            if not parallel and recent == any_one:
                any_one = recent - 1
            values.append(kinds[kind](values[recent], values[any_one]))
        if not several:
            return values[-1]
        return [7.0 if parallel and end < 0.05 else values[int(end * len(values))] for end in ends] + [values[-1]]

    return f, [source.uniform(-1, 1) for _ in range(inputs)]
