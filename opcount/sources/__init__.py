"""Programs that are written for other libraries, counted by the same convention. Each library is an extra of opcount.

jax     JAX: its programs as jaxprs, executed equation by equation, or counted from shapes alone
torch   PyTorch: its operators, counted while they are dispatched
"""
