"""What is measured: functions of numbers or arrays, most of them without a word about counting, and their data.

- `networks`: the network of the question, perceptrons in scalars and in arrays, random programs.
- `digits`: a network that learns handwritten digits, whose images are in `digits.csv`.
- `functions`: the functions on which the literature tries out automatic differentiation.
- `families`: functions of any size, some of `functions` among them.
- `symbolic`: expressions of SymPy's as operations.
- `algorithms` are textbook algorithms in plain Python; `textbooks` has what texts say that they cost.
- `calls`: common calls of NumPy, and how other libraries spell them.
- `polynomials` with rational coefficients, for the formulas that counts obey.
"""
