"""How far does it hold? One family of networks from seven parameters to a hundred billion.

- `measure`: what is counted.
- `laws`: the exact polynomials that the counts obey.
- `claims`: what they decide, and the study.
"""
