"""The analysis: questions about gradients, answered by counting. `python -m analysis` writes reports/.

- `programs` is what is measured: networks, functions of the literature, algorithms, calls of NumPy.
- `studies` asks one question each, and answers it with claims that the counts decide.
- `figures` draws the tables of the studies, and computes nothing.
- `report` is what a study hands over, and how the studies become reports/.
- `peers` records what other counters say of the same programs.
- `bench` measures how fast counting is.

`programs` and `figures` import nothing of the others, `report` draws with `figures`, `peers` asks about `programs`,
and `studies` uses them all; `bench` stands alone.
"""
