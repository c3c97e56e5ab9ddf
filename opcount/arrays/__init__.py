"""The two wrappers, and the way in and out.

scalar          Scalar: one number that executes and counts
array           Array: a NumPy array that executes and counts
array_methods   the methods of an ndarray, for whatever wraps an array
typed           what operators and methods give, for type checkers
wrap            wrap, unwrap, measure, spec
"""
