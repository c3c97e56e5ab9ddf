"""How counts grow: the exact law behind counts at several sizes.

progressions   the sizes a law is for: how those that are given go on
points         the points of sizes at which to count: given, checked, and named in a message
exact          exact arithmetic: polynomials through points, recurrences behind values, rational roots
text           how a law reads
growth         how the terms of a law grow
forms          the forms a law can have: polynomial, quasi-polynomial, linear recurrence
fit            the form behind counts, held to counts that it was not made from; else an estimate
runs           what a function executes at points of sizes
law            Law, law and law_of: what a user gets
formula        a formula as text, read, and compared with a law
"""
