"""What other tools report about the same programs. It is recorded by hand here; the studies read only the records.

- `counters`: flopscope, torch and JAX on calls of NumPy; the record is `counters.json`.
- `libraries`: JAX, PyTorch and autograd on the gradients of networks; the record is `libraries.json`.
- `big_o`: big_O on the textbook algorithms; the record is `big_o.json`.
"""
