"""What NumPy's functions do: which operations each executes.

op_counts      sums and multiples of counts, and complex numbers as the real ones that they are made of
applications   how often a ufunc is applied, by each of its methods; how many numbers a reduction joins
user_rules     counts that users give to NumPy's functions
products       products of matrices and vectors
numpy_rules    NumPy function -> the operations it executes
compositions   functions that are made of other operations, written out as NumPy executes them
execution      a call that is counted, executed on plain values and finished; or let out, or refused
ufuncs         NumPy's ufuncs: the operations that one element costs, and a call of one
call           a call of a function: count it by the table, execute it on plain values, wrap the result
"""
