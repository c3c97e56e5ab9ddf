"""How counts grow: the exact law behind counts at several sizes.

progressions   the sizes that a law is for: how the given sizes continue
points         the sizes at which to count: checked, combined to points, and named in messages
exact          exact arithmetic: polynomials through points, recurrences behind values, rational roots
text           laws as text
growth         how the terms of a law grow
forms          the forms a law can have: polynomial, quasi-polynomial, linear recurrence
fit            the form behind counts, tested on counts it was not made from; else an estimate
runs           what a function executes at points of sizes
law            Law, law and law_of: what a user gets
formula        parses a formula, and compares it with a law
"""
