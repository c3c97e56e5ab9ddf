"""The recursion, its memo and the loop, on steps written by hand: who asks whom, how often, and what is summed."""

from __future__ import annotations

import pytest

import opcount as oc
from opcount.derivatives.chain_rule import BoundedMemo, NoMemo, backprop, chain_rule, forward, new_memo, recurse
from opcount.tracing.edges import NEGATION
from opcount.tracing.structural import plus
from opcount.tracing.units import ONE
from tests.support.diamond import ADJOINTS, DIAMOND, EDGES, NAIVE, ONCE, TANGENTS


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
