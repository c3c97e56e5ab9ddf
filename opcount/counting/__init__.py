"""What a count is. This room imports from no other.

kinds      the closed list of operations, and their groups
counts     Counts: how many of each kind, as an immutable value
tally      count(), region(), paused(), propagate(): who counts
replacing  functions of Python's modules that are replaced while a count asks for it
meters     how an operation reaches every open count
sites      where operations are executed: the meter of a count by line or by function
lines      the names of lines, and the source with its counts beside it
draws      what adds one to a counter, in Python or in C
accelerator  the extension in C, where it is in use
budgets    limits that are checked before an operation is executed
symbolic   sizes and counts as polynomials in named sizes
errors     what opcount raises
names      which existing name an unknown one was meant for
callers    whose code is executing, the function that was called, and what to write instead of what is refused
render     tables as HTML and as text
"""
