"""The analysis: questions about gradients, answered by counting. `python -m analysis` writes reports/.

- `programs`: what is measured: networks, functions from the literature, algorithms, calls of NumPy.
- `studies`: each asks one question, and answers it with claims that the counts decide.
- `figures`: draws the tables of the studies, and computes nothing.
- `report`: what a study returns, and how the studies become reports/.
- `peers`: records what other counters report about the same programs.
- `bench`: measures how fast counting is.

`programs` and `figures` import nothing from the others, `report` uses `figures`, `peers` uses `programs`, and `studies`
uses all of these; `bench` is independent.
"""
