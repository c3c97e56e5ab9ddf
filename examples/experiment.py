"""An experiment with options of its own, which counts one region for each layer.

opcount count examples/experiment.py:main -- --layers 3
"""

import argparse
from typing import Any

import numpy as np

import opcount as oc

WIDTH = 4


def network(x: Any, layers: int) -> Any:
    weights = np.full((WIDTH, WIDTH), 0.1)
    for layer in range(1, layers + 1):
        with oc.region(f"layer {layer}"):
            x = np.tanh(weights @ x)
    return np.sum(x)


def main() -> None:
    parser = argparse.ArgumentParser(description="Push a vector through some layers.")
    parser.add_argument("--layers", type=int, default=2)
    layers = parser.parse_args().layers
    print(f"sum after {layers} layers: {oc.unwrap(network(oc.wrap(np.ones(WIDTH)), layers)):.4f}")


if __name__ == "__main__":
    main()
