"""What do the libraries execute? `jax.grad`, `torch.backward` and autograd beside every method here.

- `measure`: what is counted here, and what is recorded of the libraries.
- `differences`: why the libraries do not count what backprop counts, as a table.
- `claims`: what that decides, and the study.
"""
