"""What others say of the same programs, asked by hand and recorded here; the studies read the records alone.

- `counters`: flopscope, torch and JAX on the calls of NumPy; its record is `counters.json`.
- `big_o`: big_O on the textbook algorithms; its record is `big_o.json`.
"""
