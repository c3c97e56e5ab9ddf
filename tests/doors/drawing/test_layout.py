"""Where everything is drawn: inputs at the top, outputs at the bottom, parallel edges apart."""

from __future__ import annotations

import opcount as oc
from opcount.drawing import contents, layout
from tests.support.drawings import routes_of, used_output


def test_inputs_are_above_everything_and_unused_outputs_below():
    graph = oc.trace(used_output, [2.0, 3.0])
    boxes = layout.layout(contents.labels_of(graph), [(edge.tail, edge.head) for edge in graph.edges]).boxes
    heights = [round(boxes[node].y, 6) for node in range(5)]
    assert heights[0] == heights[1] > max(heights[2:4]) and heights[4] == min(heights) < min(heights[:4])


def test_parallel_edges_are_two_curves():
    first, second = routes_of(oc.trace(lambda x: x * x, 3.0).draw())
    assert (first.vertices[:, 0] < second.vertices[:, 0]).all()
