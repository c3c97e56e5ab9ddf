"""The two wrappers, and the way in and out.

scalar          Scalar: one number that executes and counts
exact_values    what Python and NumPy compute on plain numbers
elements        elements of an array by their index, taken and written
array           Array: a NumPy array that executes and counts
array_exits     the memory of an array, and how values leave it or are refused
array_methods   the methods of an ndarray, for whatever wraps an array
typed           what operators and methods give, for type checkers
wrap            wrap, unwrap, measure, spec
counted         counted: a function for callers who know plain values alone
"""
