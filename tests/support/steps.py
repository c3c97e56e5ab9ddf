"""Random programs in steps: work before, between and after them, steps that close over parameters, steps in steps."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np

import opcount as oc

FLOATS = [0.5, -0.7, 0.8]
FRACTIONS = [Fraction(1, 2), Fraction(-2, 3), Fraction(3, 4)]


def chain(length, step, mark=oc.checkpoint):
    """So many steps in a row, as a function of the state before the first."""

    def f(state):
        for _ in range(length):
            state = mark(step)(state)
        return state

    return f


def combined(pick, pool, times, constant):
    """The pool with so many numbers more, each of one or two in it."""
    pool = list(pool)
    for _ in range(times):
        a, b = pick.choice(pool), pick.choice(pool)
        kinds = [lambda a, b: a * b, lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * constant]
        pool.append(pick.choice(kinds)(a, b))
    return pool


def random_steps(seed, exact):
    """A function of three numbers that takes up to nine steps; the same in every call."""

    def f(x):
        pick = random.Random(seed)
        parameters = list(x)
        constant = Fraction(1, 3) if exact else 0.3
        state = tuple(combined(pick, parameters, 2, constant)[-2:])
        loss = parameters[0] if exact else np.tanh(parameters[0])
        kind = pick.randrange(4)
        for k in range(pick.randrange(1, 5 if exact else 9)):  # fractions grow
            more = [pick.choice(parameters)] if pick.random() < 0.3 else []
            closed_over = pick.sample(parameters, 1) if pick.random() < 0.6 else []
            state = oc.checkpoint(a_step(100 * seed + k % 3, closed_over, constant))(state, *more)
            if kind == 1:
                loss = loss + state[0] * parameters[-1]
            elif kind == 2 and pick.random() < 0.4:
                state = (state[0] * parameters[0] + state[1], state[1])
            elif kind == 3 and pick.random() < 0.3:
                parameters.append(state[pick.randrange(2)])
        return loss + state[0] * state[1]

    return f


def a_step(seed, closed_over, constant, level=0):
    def step(state, *more):
        pick = random.Random(seed)
        pool = combined(pick, [*state, *closed_over, *more], pick.randrange(1, 5), constant)
        if level < 2 and pick.random() < 0.4:
            inner = tuple(pool[-2:])
            for _ in range(pick.randrange(1, 4)):
                inner = oc.checkpoint(a_step(seed + 1, closed_over, constant, level + 1))(inner)
            pool += inner
        return pick.choice(pool), pool[-1]

    return step
