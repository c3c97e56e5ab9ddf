"""How far opcount reaches: 250 calls that people make, each exact, constant, or refused with a way out.

- `calls.txt`: the calls by library, in the proportions in which people make them.
- `run`: what becomes of each; `python -m analysis.reach.run` writes it to calls.json and docs/reference/calls.md.
"""
