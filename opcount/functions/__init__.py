"""What NumPy's functions do: one row a function, in the file of its subject.

A row says what a function counts, the shape of its result, its derivative, what it writes and what it returns.

op_counts      sums and multiples of counts; complex operations as real ones
rows           what a row is
applications   how often a ufunc is applied, by each of its methods; how many numbers a reduction joins
user_rules     counts that users give to NumPy's functions
of_nodes       what functions need that are written in others, where they are differentiated
numpys_own     NumPy's own Python on wrapped values, with other globals

elementwise    functions of each element that are not ufuncs
reductions     sums, products, extremes, truths and running totals
statistics     means, deviations and ranges
products       products of matrices and vectors
einsum         np.einsum: its subscripts, and what a contraction costs
linalg         the algorithms that LAPACK documents
choosing       elements chosen by truth or by position, and written where they are
moving         elements moved elsewhere: joined, split, repeated, in another shape
making         arrays made new
describing     what describes an array, and not its values
sorting        sorting, searching and set operations, by as many comparisons as the values ask for
quantiles      medians, percentiles and histograms, which sort
polynomials    polynomials, by their coefficients
refused        what has no exact count: transforms, text, dates, files, positions
interpolation  interpolation, differences and integrals
applying       functions that apply another function, an argument of theirs

sparse         products with SciPy's sparse matrices, by their stored entries
table          all rows, by function; how a spec goes through a call
execution      a call that is counted, executed on plain values and finished; or let out, or refused
ufuncs         NumPy's ufuncs: the operations that one element costs, and a call of one
at_once        calls on whole arrays of real numbers, executed and counted in one short step
call           a call of a function: count it by its row, execute it on plain values, wrap the result
"""
