"""What NumPy's functions do: which operations each executes.

numpy_rules    NumPy function -> the operations it executes
numpys_own     functions that NumPy writes in Python: its own code, run on wrapped values
compositions   functions that are made of other operations, written out as NumPy executes them
call           one call: count it by the table, execute it on plain values, wrap the result
"""
