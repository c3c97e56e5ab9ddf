"""The analysis: questions about gradients, answered by counting. `python -m analysis` writes reports/."""
