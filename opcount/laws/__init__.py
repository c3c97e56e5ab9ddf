"""How counts grow: the exact law behind counts at several sizes.

law            laws, found in exact arithmetic and held to sizes kept back
progressions   the sizes a law is for
"""
