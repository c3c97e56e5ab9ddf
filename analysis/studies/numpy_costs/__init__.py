"""What do NumPy's common calls really cost? Formulas found by running them, and what other counters report.

- `measure`: what is counted, and what the others report.
- `claims`: what that decides, and the study.
"""
