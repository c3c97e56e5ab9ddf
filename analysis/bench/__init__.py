"""How fast is counting? `python -m analysis.bench`, or `make bench`.

- `benches`: what is measured, a function for each bench.
- `floats`: the loop of the bench of the accelerator, in this process and in another.
- `graphs`: graphs of floats, a chain and a network, and the network in micrograd.
- `growth`: what should take time in proportion to its size, at four sizes.
- `pure`: a process without the accelerator, which executes what it is sent.
- `arrays`: the contestants of the benches on arrays.
- `__main__`: runs the benches in turns, and writes the results.
"""
