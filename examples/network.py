"""A network with one input, two hidden values and one output, and its loss at one data point.

opcount compare examples/network.py:loss --at '{"w": [0.84, 0.91, -0.68, -0.2], "b": [0.01, -0.08, 0.07]}'
"""

from typing import Any

import numpy as np

import opcount as oc

X, TARGET = 0.5, 1.0


def loss(p: Any) -> Any:
    w, b = p["w"], p["b"]
    top = np.tanh(w[0] * X + b[0])
    bottom = np.tanh(w[1] * X + b[1])
    return (w[2] * top + w[3] * bottom + b[2] - TARGET) ** 2


def main() -> None:
    p = {"w": [0.84, 0.91, -0.68, -0.20], "b": [0.01, -0.08, 0.07]}
    for method in ("naive", "memoized", "backprop"):
        g = oc.gradient(loss, p, method=method)
        print(method, g.phases["accumulation"].to_dict(), [round(dw, 4) for dw in g.gradient["w"]])


if __name__ == "__main__":
    main()
