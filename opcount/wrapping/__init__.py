"""What can be wrapped, what every wrapped value has in common, and the table of operations.

operations  THE table: one row an operation
special     rows for the special functions, whose ufuncs are SciPy's
bind        who executes an operation, chosen among its operands
wrapped     the operators and the guarded exits, each written out once
operands    the arguments of a NumPy function: plain values, and what is wrapped among them
foreign     objects of other classes beside a wrapped value: which are accepted
trees       nested lists, tuples, dicts and arrays as one flat list, and back
alike       whether one such structure is like another
classes     the classes of objects: which are numbers, and what messages call them
inputs      the checks of arguments: of f and its result, of x, and of the options
spec        arrays without values: shapes and dtypes alone
stand_ins   arrays that stand in for specs, on which NumPy is asked for shapes and dtypes
shapes      arithmetic of shapes whose sizes may have names
"""
