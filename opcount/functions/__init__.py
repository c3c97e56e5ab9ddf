"""What NumPy's functions do: one row a function, in the file of its subject.

A row says what a function counts, which shape it gives, its derivative, what it writes and what it gives back.

op_counts      sums and multiples of counts, and complex numbers as the real ones that they are made of
rows           what a row is
applications   how often a ufunc is applied, by each of its methods; how many numbers a reduction joins
user_rules     counts that users give to NumPy's functions
of_nodes       what functions need that are written in others, where they are differentiated
numpys_own     NumPy's own Python on wrapped values, with other globals

elementwise    functions of each element that are no ufuncs
reductions     sums, products, extremes, truths and running totals
statistics     means, deviations and ranges
products       products of matrices and vectors
einsum         np.einsum: its subscripts, and what a contraction costs
linalg         the algorithms that LAPACK documents
choosing       elements chosen by truth or by position, and written where they are
moving         elements moved elsewhere: joined, split, repeated, in another shape
making         arrays made new
describing     what an array is, and not what it holds
sorting        what is sorted, searched or taken as a set
polynomials    polynomials, by their coefficients
refused        transforms, text, dates, files, positions: what has no exact count
interpolation  interpolation, differences and integrals
applying       functions that apply a function which they are given

table          all rows, by function; how a spec goes through a call
execution      a call that is counted, executed on plain values and finished; or let out, or refused
ufuncs         NumPy's ufuncs: the operations that one element costs, and a call of one
call           a call of a function: count it by its row, execute it on plain values, wrap the result
"""
