"""Is symbolic differentiation another method? SymPy's derivatives, with common subexpressions repeated or shared.

- `measure`: what is counted.
- `laws`: how the counts grow with the iterations of the logistic map.
- `claims`: what the counts decide, and the study.
"""
