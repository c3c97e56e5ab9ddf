"""What a count is. It stands on nothing else in the house.

kinds      the closed list of operations, and their groups
counts     Counts: how many of each kind, as an immutable value
tally      count(), region(), paused(), propagate(): who counts
meters     how an operation reaches every count that is open
budgets    what operations are held to before they are executed
symbolic   sizes and counts as polynomials in named sizes
errors     what opcount raises
names      which name was meant by one that does not exist
callers    which line of the user's asked, and what to write there instead
render     tables as HTML and as text
"""
