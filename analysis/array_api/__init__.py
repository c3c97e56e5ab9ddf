"""Which routines of SciPy and scikit-learn count exactly on `opcount.array_api`?

`python -m analysis.array_api` writes the lists into docs/reference. It needs the packages of the extra `array-api`.

- `arrays`: the arrays of the oracle, and their functions of each element.
- `loops`: the oracle, the standard as loops over wrapped numbers.
- `scipy_calls`, `sklearn_calls`: a call of each routine.
- `wrapped`, `suite`: the standard's own test suite, also with all arrays wrapped.
- `lists`: what became of each call, as rows and as a page; `__main__` writes both pages, or checks them.
"""
