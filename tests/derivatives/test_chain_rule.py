"""The recursion, its memo and the loop, on steps written by hand: who asks whom, how often, and what is summed."""

from __future__ import annotations

import tracemalloc

import pytest

import opcount as oc
from opcount.derivatives.chain_rule import (
    METHODS,
    BoundedMemo,
    NoMemo,
    backprop,
    chain_rule,
    difference_counts,
    forward,
    method_named,
    new_memo,
    own_costs,
    reach,
    recurse,
    visits,
)
from opcount.tracing.edges import IDENTITY, NEGATION, ONE, Scale, plus


def scaled(number):
    return Scale(oc.Scalar(number))


# Adjoints of a diamond: 4 is the output; 3 and 2 are used by it, 1 by both, 0 by 1 twice.
#   A(3) = 2, A(2) = 3, A(1) = 5 A(2) + 7 A(3) = 29, A(0) = 11 A(1) + A(1) = 348
# The operands of each node, for the loops ...
EDGES = [
    [],
    [(0, scaled(11)), (0, IDENTITY)],
    [(1, scaled(5))],
    [(1, scaled(7))],
    [(3, scaled(2)), (2, scaled(3))],
]
# ... and the users of each node, as the recursion asks for them.
DIAMOND = {
    3: [(4, scaled(2).pull)],
    2: [(4, scaled(3).pull)],
    1: [(2, scaled(5).pull), (3, scaled(7).pull)],
    0: [(1, scaled(11).pull), (1, IDENTITY.pull)],
}
ADJOINTS = [348, 29, 3, 2]
# Tangents of the same: T(1) = 12, T(2) = 5 * 12, T(3) = 7 * 12, T(4) = 2 T(3) + 3 T(2) = 348
TANGENTS = [12, 60, 84, 348]
# Each product by a number, but for the copies of the structural one that the output starts with.
ONCE = {"mul": 3, "add": 2}  # 5 * A(2), 7 * A(3), 11 * A(1); the sums at 1 and at 0
NAIVE = {"mul": 5, "add": 3}  # node 1 computed twice: 2 mul and 1 add each time


# The same steps, of which predictions see nothing but the structure.
OUTLINE = {
    3: [(4, scaled(2).priced().pull)],
    2: [(4, scaled(3).priced().pull)],
    1: [(2, scaled(5).priced().pull), (3, scaled(7).priced().pull)],
    0: [(1, scaled(11).priced().pull), (1, IDENTITY.priced().pull)],
}


class Witness(dict):
    """A memo that writes down whom it was asked for and keeps what it is told to."""

    def __init__(self, keeps=True):
        super().__init__()
        self.keeps = keeps
        self.asked = []

    def get(self, node, default=None):
        self.asked.append(node)
        return super().get(node, default)

    def __setitem__(self, node, derivative):
        if self.keeps:
            super().__setitem__(node, derivative)


# --- the chain rule itself


def test_the_derivative_of_the_source_is_a_structural_one():
    with pytest.raises(StopIteration) as returned:
        next(chain_rule(4, 4, DIAMOND))
    assert returned.value.value is ONE


def test_a_node_asks_for_its_neighbours_in_order_and_sums_what_comes_back():
    call = chain_rule(1, 4, DIAMOND)
    assert next(call) == 2
    assert call.send(oc.Scalar(3)) == 3
    with oc.count() as tally, pytest.raises(StopIteration) as returned:
        call.send(oc.Scalar(2))
    assert oc.unwrap(returned.value.value) == 5 * 3 + 7 * 2
    assert tally.counts == {"mul": 1, "add": 1}  # the product with 3 came before the count was opened


# --- recursion and loop


def test_backprop_finds_every_adjoint_once():
    with oc.count() as tally:
        *adjoints, source = backprop(4, EDGES)
    assert source is ONE
    assert oc.unwrap(adjoints) == ADJOINTS
    assert tally.counts == ONCE


def test_forward_finds_every_tangent_once():
    with oc.count() as tally:
        source, *tangents = forward(0, EDGES)
    assert source is ONE
    assert oc.unwrap(tangents) == TANGENTS
    # 11 + 1 of structural ones at node 1, then a product for each edge
    assert tally.counts == {"mul": 4, "add": 2}


@pytest.mark.parametrize(("loop", "source", "unreached"), [(backprop, 2, [3, 4]), (forward, 3, [0, 1, 2])])
def test_a_loop_leaves_out_what_the_source_does_not_reach(loop, source, unreached):
    known = loop(source, EDGES)
    assert [node for node, derivative in enumerate(known) if derivative is None] == unreached


def test_the_memoized_recursion_executes_what_backprop_executes():
    memo = {}
    with oc.count() as tally:
        derivative, _ = recurse(0, 4, DIAMOND, memo)
    assert oc.unwrap(derivative) == 348
    assert tally.counts == ONCE
    assert memo.pop(4) is ONE
    assert oc.unwrap(memo) == dict(enumerate(ADJOINTS))


def test_the_naive_recursion_is_the_same_with_a_memo_that_keeps_nothing():
    with oc.count() as tally:
        derivative, _ = recurse(0, 4, DIAMOND, NoMemo())
    assert oc.unwrap(derivative) == 348
    assert tally.counts == NAIVE


def test_the_recursion_asks_the_memo_before_each_call():
    witness = Witness()
    recurse(0, 4, DIAMOND, witness)
    assert witness.asked == [1, 2, 4, 3, 4, 1]


def test_without_a_memo_every_path_is_walked_again():
    witness = Witness(keeps=False)
    recurse(0, 4, DIAMOND, witness)
    assert witness.asked == [1, 2, 4, 3, 4] * 2
    assert witness.asked.count(4) == 4  # the paths from 0 to 4


def test_a_memo_that_knows_the_neighbours_saves_their_calls():
    with oc.count() as tally:
        derivative, depth = recurse(0, 4, DIAMOND, {1: oc.Scalar(100)})
    assert oc.unwrap(derivative) == 1200
    assert tally.counts == {"mul": 1, "add": 1}
    assert depth == 1


@pytest.mark.parametrize(("node", "depth"), [(4, 1), (3, 2), (2, 2), (1, 3), (0, 4)])
@pytest.mark.parametrize("memo", [dict, NoMemo], ids=["memoized", "naive"])
def test_the_depth_is_the_longest_chain_of_waiting_calls(node, depth, memo):
    assert recurse(node, 4, DIAMOND, memo())[1] == depth


def test_structure_stays_structural_through_a_whole_recursion():
    steps = {1: [(2, NEGATION.pull)], 0: [(1, NEGATION.pull)]}
    with oc.count() as tally:
        assert recurse(0, 2, steps, {})[0] is ONE
        assert backprop(2, [[], [(0, NEGATION)], [(1, NEGATION)]])[0] is ONE
        assert forward(0, [[], [(0, NEGATION)], [(1, NEGATION)]])[2] is ONE
    assert tally.counts.total == 0


@pytest.mark.parametrize(
    ("loop", "source", "sums"), [(backprop, 4, [(15, 14), (319, 29)]), (forward, 0, [(11, 1), (168, 180)])]
)
def test_the_sums_of_a_loop_go_through_the_plus_that_is_passed(loop, source, sums):
    terms = []

    def noted(total, term):
        if total is not None:  # a loop may assign a first term without asking
            terms.append(tuple(getattr(x, "sign", None) or oc.unwrap(x) for x in (total, term)))
        return plus(total, term)

    loop(source, EDGES, noted)
    assert [sorted(pair) for pair in terms] == [sorted(pair) for pair in sums]


def test_sums_go_through_the_plus_that_is_passed():
    terms = []

    def noted(total, term):
        terms.append((total, term))
        return term

    recurse(1, 4, DIAMOND, {}, noted)
    assert oc.unwrap(terms) == [
        (None, 3),
        (None, 15),
        (None, 2),
        (15, 14),
    ]


# --- the memo of bounded size


@pytest.mark.parametrize(("size", "kind"), [(None, dict), (0, NoMemo), (1, BoundedMemo), (7, BoundedMemo)])
def test_a_new_memo_is_of_the_kind_that_its_size_asks_for(size, kind):
    memo = new_memo(size)
    assert type(memo) is kind
    for node in range(20):
        memo[node] = node
    assert len(memo) == (20 if size is None else size)
    assert memo.get(19) == (None if size == 0 else 19)


def test_a_bounded_memo_forgets_what_was_used_least_recently():
    memo = BoundedMemo(2)
    memo[1], memo[2] = "a", "b"
    assert memo.get(1) == "a"
    memo[3] = "c"
    assert [memo.get(node) for node in (1, 2, 3)] == ["a", None, "c"]
    assert len(memo) == 2


@pytest.mark.parametrize("size", [1, 5, 100])
def test_a_bounded_memo_never_holds_more_than_its_size(size):
    memo = BoundedMemo(size)
    for node in range(50):
        memo[node] = node
        assert len(memo) <= size
    assert len(memo) == min(size, 50)


def test_asking_a_bounded_memo_for_what_it_never_had_gives_the_default():
    assert BoundedMemo(3).get(7) is None
    assert BoundedMemo(3).get(7, "default") == "default"


# --- what is predicted


def predicted(own, times):
    total = {"mul": 0, "neg": 0, "add": 0}
    for node, cost in own.items():
        for kind in total:
            total[kind] += getattr(cost, kind) * times[node]
    return {kind: number for kind, number in total.items() if number}


def test_the_costs_of_the_nodes_are_what_backprop_executes():
    own = own_costs([4], OUTLINE)
    assert {node: (cost.mul, cost.neg, cost.add) for node, cost in own.items()} == {
        3: (0, 0, 0),  # a copy of the output's structural one
        2: (0, 0, 0),
        1: (2, 0, 1),
        0: (1, 0, 1),  # a product, and a copy along the structural edge
    }
    assert predicted(own, dict.fromkeys(own, 1)) == ONCE


def test_the_naive_recursion_calls_a_node_once_for_each_path_to_it():
    assert dict(visits([0], DIAMOND)) == {0: 1, 1: 2, 2: 2, 3: 2, 4: 4}
    assert dict(visits([0, 1], DIAMOND)) == {0: 1, 1: 3, 2: 3, 3: 3, 4: 6}
    own = own_costs([4], OUTLINE)
    assert predicted(own, dict(visits([0], DIAMOND))) == NAIVE


def test_predictions_execute_nothing():
    with oc.count() as tally:
        own_costs([4], OUTLINE)
        dict(visits([0], DIAMOND))
    assert tally.counts.total == 0


def test_several_sources_are_predicted_together_as_each_alone():
    # Two sources, 5 and 6, of tangents: 3 is -x5 + 2 x6, 2 is x5 alone, 1 their product by numbers.
    def steps(*relevant):
        every = {
            3: [(5, NEGATION), (6, scaled(2))],
            2: [(5, IDENTITY)],
            1: [(3, scaled(3)), (2, NEGATION)],
            0: [(1, NEGATION)],
        }
        found = {node: [(n, edge.priced().push) for n, edge in ns if n in relevant] for node, ns in every.items()}
        return {node: ns for node, ns in found.items() if ns}

    def totals(own):
        return [sum(getattr(cost, kind) for cost in own.values()) for kind in ("mul", "neg", "add")]

    five = own_costs([5], steps(5, 0, 1, 2, 3))
    six = own_costs([6], steps(6, 0, 1, 3))
    together = own_costs([5, 6], steps(5, 6, 0, 1, 2, 3))
    # from 5: 3 and 2 are structural, 1 is a product's copy by sign, an add and a structural term, 0 negates the sum
    assert totals(five) == [0, 2, 1]
    assert totals(six) == [1, 1, 0]
    assert totals(together) == [1, 3, 1]


def test_calls_are_integers_of_any_size():
    doublings = {node: [(node + 1, IDENTITY.pull)] * 2 for node in reversed(range(200))}
    assert dict(visits([0], doublings))[200] == 2**200


def test_numbers_of_calls_are_forgotten_once_they_are_passed_on():
    # as many bits as nodes: together they would be n * n / 2 bits, 50 MB here
    doublings = {node: [(node + 1, IDENTITY.pull)] * 2 for node in reversed(range(20_000))}
    tracemalloc.start()
    try:
        for node, number in visits([0], doublings):
            assert number.bit_length() == node + 1
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_reach_finds_the_sources_and_all_that_follows():
    users = [[(node, IDENTITY) for node in nodes] for nodes in ([], [2, 3], [4], [4], [], [4])]
    assert reach([1], users) == {1, 2, 3, 4}
    assert reach([5, 2], users) == {2, 4, 5}
    assert reach([4], users) == {4}


@pytest.mark.parametrize(
    ("inputs", "counts"), [(1, {"add": 1, "sub": 2, "div": 1}), (7, {"add": 7, "sub": 14, "div": 7})]
)
def test_central_differences_shift_twice_subtract_and_divide_for_each_input(inputs, counts):
    assert difference_counts(inputs) == counts


# --- the table of methods


def test_the_methods_are_these():
    assert list(METHODS) == [
        "finite-difference",
        "forward",
        "naive",
        "memoized",
        "naive-tangent",
        "memoized-tangent",
        "backprop",
    ]
    assert oc.METHODS is METHODS


@pytest.mark.parametrize(
    ("method", "evaluations"),
    [
        ("finite-difference", 11),
        ("forward", 5),
        ("naive", 1),
        ("memoized", 1),
        ("naive-tangent", 1),
        ("memoized-tangent", 1),
        ("backprop", 1),
    ],
)
def test_methods_evaluate_the_function_so_often_for_five_inputs(method, evaluations):
    assert METHODS[method].evaluations(5) == evaluations


@pytest.mark.parametrize(("naive", "memoized"), [("naive", "memoized"), ("naive-tangent", "memoized-tangent")])
def test_naive_and_memoized_differ_in_the_memo_alone(naive, memoized):
    assert METHODS[naive]._replace(about="", memo=None) == METHODS[memoized]._replace(about="")
    assert METHODS[naive].memo == 0


def test_every_method_says_what_it_is():
    assert len({rule.about for rule in METHODS.values()}) == len(METHODS)
    assert method_named("backprop") is METHODS["backprop"]


@pytest.mark.parametrize("name", ["backpropagation", "", None, 3, ["naive"]])
def test_an_unknown_method_lists_those_that_exist(name):
    with pytest.raises(oc.InvalidValue, match="there is no method") as raised:
        method_named(name)
    assert all(method in str(raised.value) for method in METHODS)
