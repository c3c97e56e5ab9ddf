"""Count work that is spread over threads: `oc.propagate` carries the count into them."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

import opcount as oc


def main() -> None:
    x = oc.wrap(np.ones(10))
    with oc.count() as tally, ThreadPoolExecutor(2) as pool:
        with oc.region("scaled"):  # the function goes on counting for this region, in whatever thread
            scaled = oc.propagate(lambda factor: np.sum(x * factor))
        total = sum(pool.map(scaled, range(4)))
    print(oc.unwrap(total))
    print(tally.counts.to_dict(), tally.regions["scaled"].to_dict())


if __name__ == "__main__":
    main()
