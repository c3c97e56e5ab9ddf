"""The graph of an evaluation, along whose edges the methods walk.

The operations are in the order of their evaluation (a Wengert list). Only the inputs and what
depends on them is in the graph; data and what is structurally constant is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Final, SupportsIndex

import numpy as np

from opcount.counting.counts import Counts
from opcount.counting.errors import InvalidType
from opcount.counting.meters import charge, meter
from opcount.counting.tally import isolated
from opcount.derivatives import partials, walks
from opcount.derivatives.chain_rule import Direction, Neighbours
from opcount.derivatives.choices import MethodName, Order, Shown
from opcount.derivatives.columns import Columns, linearized_columns, of_entries, of_nodes
from opcount.derivatives.elimination import Elimination, predicted_elimination
from opcount.derivatives.flat import FlatEdges
from opcount.derivatives.linearized import linearized
from opcount.derivatives.methods import memo_of
from opcount.derivatives.orders.named import ordered
from opcount.derivatives.phases import collector_paused
from opcount.derivatives.predict import predicted, predicted_product
from opcount.derivatives.sparsity import entries_of as entries_of_jacobian
from opcount.derivatives.sparsity import sparse_array
from opcount.functions.user_rules import user_rules
from opcount.tracing.edges import LinearMap, Scale, Sign, priced_between_arrays
from opcount.tracing.entries import entries_of, nodes_of
from opcount.tracing.nodes import NODES, ArrayNode, Node
from opcount.tracing.tape import FORGOTTEN, Tape

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_MANY: Final = 64  # nodes, from which on columns are faster than numbers


class Graph:
    """The operations of one evaluation, and the edges along which derivatives flow.

    >>> import opcount as oc
    >>> graph = oc.trace(lambda x: x[0] * x[1] + x[0], [3.0, 4.0])
    >>> graph.nodes
    [Node(0, input, Scalar(3.0)), Node(1, input, Scalar(4.0)), Node(2, mul, Scalar(12.0)), Node(3, add, Scalar(15.0))]
    >>> graph.paths()
    [2, 1]
    >>> graph.predict("backprop")
    Counts({'add': 1})

    `nodes` are in the order of evaluation, the inputs first and in flattened order. `inputs` and `outputs` are
    among them, except that an output that depends on no input is a wrapped number without a node. `edges` are those
    on which an output depends; `operands[node]` lists the edges to a node, as pairs of tail and linear map. `result`
    is what the function returned.
    """

    def __init__(
        self,
        nodes: list[Any] | None,
        inputs: list[Any],
        outputs: list[Any],
        result: object,
        tape: Tape | None = None,
        as_columns: bool = False,
    ) -> None:
        if nodes is not None:
            self.nodes = nodes
        self.inputs = inputs
        self.outputs = outputs
        self.result = result
        self._tape = tape if nodes is None else None  # which has the nodes as entries
        self._as_columns = as_columns
        self._arrays = tape is not None and tape.arrays
        self._joins = tape is not None and tape.joins
        self.flat: FlatEdges | None = None  # the edges as columns, if all nodes are floats

    @cached_property
    def nodes(self) -> list[Any]:
        """The nodes in the order of their evaluation, the inputs first and in flattened order.

        >>> import opcount as oc
        >>> oc.trace(lambda x: x * x, 3.0).nodes
        [Node(0, input, Scalar(3.0)), Node(1, mul, Scalar(9.0))]
        """
        assert self._tape is not None
        return nodes_of(self._tape, [*self.inputs, *(node for node in self.outputs if type(node) is Node)], Node)

    @cached_property
    def operands(self) -> list[Sequence[tuple[int, LinearMap]]]:
        """The edges to each node, as pairs of tail and linear map; none where no output depends on it.

        >>> import opcount as oc
        >>> oc.trace(lambda x: x * x, 3.0).operands
        [(), [(0, Scale(Scalar(3.0))), (0, Scale(Scalar(3.0)))]]
        """
        if self.flat is None:
            return [()] * self._size
        with isolated(), np.errstate(all="ignore"):  # they were counted as columns
            return partials.operands_of(self.nodes, self.outputs, self._arrays, self._joins)

    @property
    def _size(self) -> int:
        return len(self.nodes) if self._tape is None else entries_of(self._tape)

    def linearize(self, *, keep_columns: bool = False) -> None:
        """Compute the local partials of every edge on which an output depends; `oc.trace` has done so.

        >>> import opcount as oc
        >>> graph = oc.trace(lambda x: x * x, 3.0)
        >>> with oc.count() as tally:
        ...     graph.linearize()    # once more: the partials of x * x are its operands, and cost nothing
        >>> graph.operands[1], tally.counts
        ([(0, Scale(Scalar(3.0))), (0, Scale(Scalar(3.0)))], Counts({}))

        `keep_columns` keeps the partials for a loop on columns as well, which takes 16 bytes a node.
        """
        self.__dict__.pop("operands", None)
        self.flat = None
        if (columns := self._columns()) is not None and (
            found := linearized_columns(columns, self.sources("adjoint"), keep_columns)
        ):
            self.flat, counts = found
            charge(counts)
        else:
            self.operands = partials.operands_of(self.nodes, self.outputs, self._arrays, self._joins)

    def _columns(self) -> Columns | None:
        """The nodes as columns, if all are floats, there are many, and operations may be counted together."""
        if not self._as_columns or self._arrays or self._size < _MANY or meter().limits or user_rules:
            return None
        return of_nodes(self.nodes) if self._tape is None else of_entries(self._tape)

    def forget_values(self) -> None:
        """Drop the primal values of array nodes: the edges hold those they need, and the memory of others is freed.

        >>> import numpy as np, opcount as oc
        >>> graph = oc.trace(np.sum, np.ones(3))
        >>> graph.forget_values()
        >>> graph.nodes[0].value, graph.predict("backprop")
        (forgotten, Counts({}))
        """
        for node in self.nodes if self._arrays else ():
            node.value = FORGOTTEN

    @property
    def edges(self) -> list[partials.Edge]:
        """The edges on which an output depends, in the order of their heads' evaluation.

        >>> import opcount as oc
        >>> [(edge.tail, edge.head, edge.map) for edge in oc.trace(lambda x: x[0] * x[1], [3.0, 4.0]).edges]
        [(0, 2, Scale(Scalar(4.0))), (1, 2, Scale(Scalar(3.0)))]
        """
        return partials.edges_of(self.nodes, self.operands)

    @cached_property
    def users(self) -> list[list[tuple[int, LinearMap]]]:
        """The edges out of each node, as pairs of head and map, in the order in which backprop meets them.

        >>> import opcount as oc
        >>> graph = oc.trace(lambda x: x[0] * x[1] + x[0], [3.0, 4.0])
        >>> [[head for head, _ in edges] for edges in graph.users]
        [[3, 2], [2], [3], []]
        """
        return walks.users(self.operands)

    def neighbours(self, direction: Direction, sources: Iterable[int], priced: bool = False) -> Neighbours:
        """What the chain rule sums over, for each node that the sources reach, in the order of a loop.

        >>> import opcount as oc
        >>> graph = oc.trace(lambda x: x[0] * x[1] + x[0], [3.0, 4.0])
        >>> {node: [near for near, _ in found] for node, found in graph.neighbours("adjoint", [3]).items()}
        {2: [3], 1: [2], 0: [3, 2]}

        `direction` is "tangent", for which these are the operands of a node, or "adjoint", for which they are its
        users. Each comes with a function that takes a derivative along the edge; with `priced`, one that takes only
        the cost along.
        """
        edge_of = None
        if priced:
            edge_of = methodcaller("priced") if self.is_of_numbers else priced_between_arrays
        return walks.neighbours(self.operands, self.users, direction, sources, edge_of)

    @property
    def output(self) -> Node | ArrayNode | None:
        """The one output, None if it is constant; raises InvalidType if there are several.

        >>> import opcount as oc
        >>> oc.trace(lambda x: x * x, 3.0).output
        Node(1, mul, Scalar(9.0))
        """
        if len(self.outputs) != 1:
            raise InvalidType(
                f"the function has {len(self.outputs)} outputs, and this is about one; trace one of them alone"
            )
        return self.outputs[0] if type(self.outputs[0]) in NODES else None

    def paths(self) -> list[int]:
        """The number of paths from each input to the output, in flattened order, over which Bauer's formula sums.

        >>> import opcount as oc
        >>> oc.trace(lambda x: (x[0] * x[0]) * x[1], [3.0, 4.0]).paths()
        [2, 1]

        F. L. Bauer, Computational graphs and rounding error, SIAM J. Numer. Anal. 11 (1974).
        Raises InvalidType if there are several outputs.
        """
        if self.output is None:
            return [0] * len(self.inputs)
        inputs = self.sources("tangent")
        return walks.paths(inputs, self.output.index, self.neighbours("tangent", inputs))

    def predict(self, method: MethodName, *, unit_products: bool = False, memo: SupportsIndex | None = None) -> Counts:
        """The exact counts of a method's accumulation, without executing it.

        >>> import opcount as oc
        >>> def squared(x, times):
        ...     return squared(x * x, times - 1) if times else x
        >>> graph = oc.trace(lambda x: squared(x, 50), 1.0)
        >>> graph.predict("naive").mul, graph.predict("memoized").mul, graph.predict("backprop").mul
        (1125899906842622, 98, 98)

        Takes time linear in the size of the graph (for the tangent methods, times the number of inputs), however
        many paths there are. With `unit_products` every product counts, also those by a structural 1 or -1,
        as in the literature on elimination; only a seed is copied. `memo` is as for `oc.gradient`: with a
        memo of bounded size the calls of the recursion are executed to be counted, without products and sums.

        >>> [graph.predict("memoized", memo=k).mul for k in (1, 2, 3)]
        [98, 98, 98]

        Raises InvalidValue for an unknown method, a memo for one without, or one with too many calls; InvalidType if
        there are several outputs, or for unit products of arrays.
        """
        with collector_paused():
            size = None if memo is None else memo_of(method, memo)
            return predicted(self, method, unit_products, size)

    def sparsity(self, *, sparse: bool = False) -> Any:
        """The pattern of the Jacobian, a matrix of truth values: where an output can depend on an input.

        >>> import opcount as oc
        >>> oc.trace(lambda x: [x[0] * x[1], x[2], 3.0], [1.0, 0.0, 2.0]).sparsity()
        array([[ True,  True, False],
               [False, False,  True],
               [False, False, False]])

        It has a row for each number of the outputs and a column for each number of the inputs, in flattened order.
        Only the graph decides, and no partial: an entry may be zero at this x, and is not at others. Takes time in
        proportion to what each node depends on where nodes are numbers, and a sweep for each number of the inputs where
        some are arrays. With `sparse` it is a `scipy.sparse.csr_array`. Raises InvalidType for an x that has an
        `oc.spec`, and for `sparse` without SciPy.
        """
        (rows, columns), shape = entries_of_jacobian(self)
        if sparse:
            return sparse_array(rows, columns, np.ones(len(rows), bool), shape)
        pattern = np.zeros(shape, bool)
        pattern[rows, columns] = True
        return pattern

    def predict_jvp(self) -> Counts:
        """The exact counts of the accumulation of `oc.jvp`, without executing it; f may have several outputs.

        >>> import opcount as oc
        >>> oc.trace(lambda x: [x[0] * x[1], x[0] + x[1]], [3.0, 4.0]).predict_jvp()
        Counts({'mul': 2, 'add': 2})

        Of the graph of a gradient it is the "second accumulation" of `oc.hvp`:

        >>> def product(x):
        ...     return x[0] * x[1] * x[2]
        >>> oc.trace(lambda x: oc.gradient(product, x).gradient, [1.0, 2.0, 3.0]).predict_jvp()
        Counts({'mul': 6, 'add': 3})
        """
        return predicted_product(self, "tangent")

    def predict_vjp(self) -> Counts:
        """The exact counts of the accumulation of `oc.vjp`, without executing it; f may have several outputs.

        >>> import opcount as oc
        >>> oc.trace(lambda x: [x[0] * x[1], x[0] + x[1]], [3.0, 4.0]).predict_vjp()
        Counts({'mul': 2, 'add': 2})
        """
        return predicted_product(self, "adjoint")

    @property
    def intermediates(self) -> list[int]:
        """The vertices to eliminate: all on which an output depends, except inputs and outputs.

        >>> import numpy as np, opcount as oc
        >>> oc.trace(lambda x: np.sin(x[0] * x[1]) * x[1], [3.0, 4.0]).intermediates
        [2, 3]

        An output that another node uses is one of them. Raises InvalidType if nodes are arrays.
        """
        return linearized(self).intermediates

    def elimination(
        self, order: Order, *, unit_products: bool = False, steps: int | None = None, seed: int | None = None
    ) -> Elimination:
        """The elimination in an order, predicted and not executed: its vertices, its counts, its live edges.

        >>> import numpy as np, opcount as oc
        >>> graph = oc.trace(lambda x: np.sin(x[0] * x[1]) * x[1], [3.0, 4.0])
        >>> graph.elimination("reverse").order, graph.elimination("reverse").live_edges
        ((3, 2), 5)

        `order`, `unit_products`, `steps` and `seed` are as for `oc.jacobian`, and so is what it raises. `live_edges` is
        the most edges that exist at once, at the start or after a vertex: the storage of the accumulation.
        """
        return predicted_elimination(self, order, unit_products, steps, seed)

    def sources(self, direction: Direction) -> list[int]:
        """The nodes at which derivatives start, each once: the inputs, or the outputs that are not constant.

        >>> import opcount as oc
        >>> graph = oc.trace(lambda x: [x[0] * x[1], 1.0], [3.0, 4.0])
        >>> graph.sources("tangent"), graph.sources("adjoint")
        ([0, 1], [2])
        """
        if direction == "tangent":
            return [node.index for node in self.inputs]
        return list(dict.fromkeys(index for index in self.output_indices if index is not None))

    @property
    def output_indices(self) -> list[int | None]:
        """The index of each output in `nodes`, None for one that is constant.

        >>> import opcount as oc
        >>> oc.trace(lambda x: [x[0] * x[1], 1.0], [3.0, 4.0]).output_indices
        [2, None]
        """
        return [output.index if type(output) in NODES else None for output in self.outputs]

    def predict_elimination(
        self, order: Order, *, unit_products: bool = False, steps: int | None = None, seed: int | None = None
    ) -> Counts:
        """The exact counts of `oc.jacobian` in an order, without executing it; arguments and errors are the same.

        >>> import numpy as np, opcount as oc
        >>> graph = oc.trace(lambda x: np.sin(x[0] * x[1]) * x[1], [3.0, 4.0])
        >>> graph.predict_elimination("forward").mul, graph.predict_elimination("reverse").mul
        (4, 3)
        """
        return self.elimination(order, unit_products=unit_products, steps=steps, seed=seed).counts

    @cached_property
    def is_of_numbers(self) -> bool:
        """Whether every edge leads from a number to a number.

        >>> import numpy as np, opcount as oc
        >>> oc.trace(np.sum, np.ones(3)).is_of_numbers, oc.trace(sum, [1.0, 2.0]).is_of_numbers
        (False, True)
        """
        if self.flat is not None or self._arrays:
            return not self._arrays
        return all(isinstance(edge, (Scale, Sign)) for near in self.operands for _, edge in near)

    @property
    def size(self) -> Any:
        """How many numbers the inputs hold; a polynomial, if an `oc.spec` has sizes with names.

        >>> import numpy as np, opcount as oc
        >>> oc.trace(lambda x: np.sum(x["w"]) + x["b"], {"w": np.ones((2, 3)), "b": 1.0}).size
        7
        """
        return len(self.inputs) if self._tape is not None else sum(node.value.size for node in self.inputs)

    def to_networkx(self) -> nx.MultiDiGraph:
        """The graph as a networkx.MultiDiGraph: `x * x` has two edges between its nodes.

        >>> import opcount as oc
        >>> graph = oc.trace(lambda x: x * x, 3.0).to_networkx()
        >>> graph.nodes[1]
        {'operation': 'mul', 'role': 'output', 'value': 9.0}
        >>> list(graph.edges(data=True))
        [(0, 1, {'position': 0, 'partial': 3.0}), (0, 1, {'position': 1, 'partial': 3.0})]

        Nodes are the indices in `nodes`. Their `role` is "input", also for an input that is an output, "output" or
        "intermediate"; nodes other than inputs on which no output depends are left out. `value` is None for a spec,
        `partial` for the linear map of an array. A constant output has no node. Needs networkx, and raises
        InvalidType without it.
        """
        from opcount.drawing.export import to_networkx

        return to_networkx(self)

    def to_dot(self) -> str:
        """The nodes and edges in Graphviz's language, inputs on the first rank, outputs on the last.

        >>> import opcount as oc
        >>> print(oc.trace(lambda x: x * x, 3.0).to_dot())
        digraph {
          node [shape=box, style=filled]
          0 [label="x", fillcolor="#E69F00", fontcolor="black"]
          1 [label="×", fillcolor="#0072B2", fontcolor="white"]
          { rank=source; 0; }
          { rank=sink; 1; }
          0 -> 1
          0 -> 1
        }

        The text is the same in every run. An output that another node uses is on a rank between.
        """
        from opcount.drawing.export import to_dot

        return to_dot(self)

    def draw(self, ax: Axes | None = None, *, show: Shown = "operation") -> Axes:
        """Draw the graph with matplotlib: inputs at the top, outputs at the bottom, edges downwards.

        >>> import opcount as oc
        >>> from matplotlib.figure import Figure
        >>> ax = oc.trace(lambda x: x[0] * x[1], [3.0, 4.0]).draw(Figure().subplots(), show="partials")
        >>> [text.get_text() for text in ax.texts]
        ['4.0', '3.0', 'x[0]', 'x[1]', '×']

        `show` says what is written beside the operations: "paths", the number of paths from each node to the outputs,
        over which the naive recursion sums; "adjoints", the derivative of the output with respect to each node;
        "partials", the local partial at the end of each edge. Nothing is counted. Without `ax` a pyplot figure is made,
        as large as the picture needs: `graph.draw().figure.savefig("graph.svg")`; in a given `ax`, labels are as small
        as they must be. A picture is readable up to about 40 nodes. Raises InvalidValue for more than 200 nodes or an
        unknown `show`, and InvalidType for the adjoints of several outputs, or if matplotlib or igraph is missing.
        """
        from opcount.drawing.draw import draw

        return draw(self, ax, show)

    def draw_elimination(self, order: Order) -> Figure:
        """Draw a picture of the graph, and of what is left of it after each vertex is eliminated in an order.

        >>> import numpy as np, opcount as oc
        >>> import matplotlib.pyplot as plt
        >>> figure = oc.trace(lambda x: np.sin(x[0] * x[1]), [3.0, 4.0]).draw_elimination("reverse")
        >>> [ax.get_title() for ax in figure.axes]
        ['eliminate 2 (×):\\n2·1 products', 'the Jacobian:\\n2 entries']
        >>> plt.close(figure)

        A new edge is drawn in bold; an edge that existed and to which a product is added, in bold dashes.
        An output that another node uses has a copy, y[row]. The edges left at the end are the entries of
        the Jacobian that are not structurally zero. The titles give all products, those by a structural 1
        included, which do not count in an elimination by default. Raises InvalidValue for more than 40 nodes
        or more than 24 pictures, InvalidType if nodes are arrays or if matplotlib or igraph is missing, and what
        `oc.jacobian` raises for the order.
        """
        from opcount.drawing.elimination import draw_elimination

        found = linearized(self)
        return draw_elimination(self, found, ordered(found, order, unit_products=True))

    def _repr_svg_(self) -> str | None:
        from opcount.drawing.draw import svg

        return svg(self)

    def __repr__(self) -> str:
        return f"Graph({len(self.nodes)} nodes, {len(self.inputs)} inputs, {len(self.outputs)} outputs)"
