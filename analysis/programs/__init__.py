"""What is measured: functions of numbers or arrays, most of them plain code that does not mention counting.

- `methods`: the methods that differ where a program is not in steps.
- `networks`: the network of the question, perceptrons in scalars and in arrays, random programs.
- `twins`: networks as they are written for NumPy, and the same for JAX, PyTorch and autograd.
- `digits`: a network that learns handwritten digits, whose images are in `digits.csv`.
- `functions`: functions from the literature on automatic differentiation.
- `sparse`: functions of any size of which most derivatives are zero.
- `families`: functions of any size, including some of `functions`.
- `symbolic`: SymPy expressions as operations.
- `algorithms`: textbook algorithms in plain Python.
- `textbooks`: what textbooks say that the algorithms cost, and the data that they run on.
- `calls`: common calls of NumPy, and how other libraries spell them.
- `polynomials`: polynomials with rational coefficients, for the formulas that counts obey.
"""
