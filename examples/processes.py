"""Count work that is spread over processes: each worker measures, and its counts are recorded here.

A process has counts of its own, which end with it. So the worker calls `oc.measure` and sends back what it
computed and what that cost; `oc.record` adds this cost to the counts that are open in this process.
"""

from concurrent.futures import ProcessPoolExecutor

import numpy as np
from numpy.typing import NDArray

import opcount as oc


def row_norm(row: NDArray[np.float64]) -> np.float64:
    norm: np.float64 = np.sqrt(np.sum(row * row))
    return norm


def work(row: NDArray[np.float64]) -> tuple[np.float64, oc.Counts]:
    measured = oc.measure(row_norm, row)
    return measured.value, measured.counts


def main() -> None:
    rows = np.arange(12.0).reshape(4, 3)
    with oc.count() as tally, ProcessPoolExecutor(2) as pool:
        norms: list[np.float64] = []
        for norm, counts in pool.map(work, rows):
            oc.record(counts)
            norms.append(norm)
    print([round(float(norm), 2) for norm in norms])
    print(tally.counts.to_dict())


if __name__ == "__main__":
    main()
