"""Bubble sort, whose comparisons follow an exact law.

opcount law examples/sorting.py:bubble --sizes 4:64:4
"""

import opcount as oc


def bubble(n: int) -> list[float]:
    """Sort n numbers that stand in the wrong order: the largest first."""
    numbers = oc.wrap([float(n - i) for i in range(n)])
    for end in range(n - 1, 0, -1):
        for i in range(end):
            if numbers[i] > numbers[i + 1]:
                numbers[i], numbers[i + 1] = numbers[i + 1], numbers[i]
    result: list[float] = oc.unwrap(numbers)
    return result


def main() -> None:
    print(bubble(5))
    print(oc.law(bubble, range(4, 65, 4)))


if __name__ == "__main__":
    main()
