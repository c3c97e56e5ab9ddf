"""What is measured: plain functions, most of them without a word about counting, and the data that they run on.

- `networks`: the network of the question, perceptrons in scalars and in arrays, random programs.
- `functions`: the functions on which the literature tries out automatic differentiation.
- `algorithms` are textbook algorithms in plain Python; `textbooks` has what texts say that they cost.
- `calls`: common calls of NumPy, and how other libraries spell them.
- `polynomials` with rational coefficients, for the formulas that counts obey.
- `digits.csv`: handwritten digits, with their source and their licence.
"""
