"""PyTorch's operators, counted while they are dispatched: `from opcount.sources import torch as octo`.

counting     the block in which operators count, and a call around which they do
by_module    tables of what a model executes: by module or by operator, forward and backward
modes        what happens to an operator while it is dispatched
doors        the doors by which values leave PyTorch
dependence   which tensors depend on what is counted, by their storage
replacing    what is replaced meanwhile: the start of threads, so that they take part, and what would hide an error
rules        which operators count, and rules that users register
rows         what a row of a table is, and what rules ask of arguments
elementwise  operators of each element
reductions   sums, extremes, means, norms
products     products of matrices, linear algebra
windows      convolutions, pooling, sums by position
fused        softmax, normalisations, losses, attention, recurrent layers
steps        operators of several steps, written in single ones, for calls in which some operands are data
optimizers   operators on lists of tensors, and fused optimizers
moving       what is free, by exact name; sorting
"""

from importlib import import_module

try:
    import_module("torch")
except ImportError as error:
    raise ImportError(
        "opcount counts PyTorch's programs if PyTorch is installed: pip install 'opcount[torch]'"
    ) from error

from opcount.sources.torch.by_module import table
from opcount.sources.torch.counting import counting, measure, unwrap
from opcount.sources.torch.rules import register_rule

__all__ = ["counting", "measure", "register_rule", "table", "unwrap"]


def __dir__() -> list[str]:
    return __all__
