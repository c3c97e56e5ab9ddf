"""What can be wrapped, what every wrapped value has in common, and the table of operations.

operations  THE table: one row an operation
bind        who executes an operation, chosen among its operands
wrapped     the operators and the guarded exits, each written out once
operands    the arguments of a NumPy function: plain values, and what is wrapped among them
foreign     objects of other classes beside a wrapped value: who is let in
trees       nested lists, tuples, dicts and arrays as one flat list, and back
classes     what class an object is of: a number or none, and what messages call it
inputs      the checks of arguments: of f and its result, of x, and of the options
spec        arrays without values: shapes and dtypes alone
stand_ins   what NumPy gives for specs: it is asked, on arrays that stand in for them
shapes      arithmetic of shapes whose sizes may have names
"""
