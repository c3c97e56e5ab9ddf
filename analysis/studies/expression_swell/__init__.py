"""Is symbolic differentiation another method? SymPy's derivatives, with everything repeated and with it shared.

- `measure`: what is counted.
- `laws`: how the counts grow with the iterations of the logistic map.
- `claims`: what the counts decide, and the study that they make.
"""
