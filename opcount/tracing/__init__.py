"""What was executed, recorded as a graph, and its edges as linear maps.

nodes              a number or an array that depends on an input, and the operation that gave it
node_methods       the methods of an ndarray that an array node has besides
tape               the nodes in order, and copies of the data that their partials are made of
entries            nodes that are floats, as entries of a bytearray in place of objects
slopes             the local partials of a node, by the row of its operation
array_primitives   the operations on whole arrays, a row each
differentiable     which of NumPy's functions have a derivative, and what is refused
array_operations   NumPy's functions of array nodes, written in primitives
linear_algebra     solutions, inverses, determinants and Cholesky factors of nodes
convolution        convolution and correlation of nodes
interpolation      linear interpolation of nodes
object_array       an object array of numbers, each of which is a node
writing            writes into arrays: in place, by index, by `out=`
edges              an edge as a linear map: push a tangent, pull an adjoint
units              a derivative that is known from structure alone: 0, 1 or -1
structural         derivatives that are known to be 0, 1 or -1, products with which are free
indexed            derivatives whose elements are moved by their indices
nested             derivatives that are nodes themselves, of an outer evaluation
contraction        a derivative times an array, summed over axes: counts term by term
user_primitives    `oc.primitive`
checkpoint         `oc.checkpoint`
python_math        math, cmath and statistics, as they count in oc.count(math=True)
"""
