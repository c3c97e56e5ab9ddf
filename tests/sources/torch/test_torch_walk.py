"""The whole list of PyTorch's operators that take tensors: each is counted, free, executed in others, or refused."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: make test-torch")

from torch import library  # noqa: E402

import opcount as oc  # noqa: E402
from opcount.sources import torch as octo  # noqa: E402
from opcount.sources.torch import (  # noqa: E402
    elementwise,
    fused,
    modes,
    moving,
    optimizers,
    products,
    reductions,
    rules,
    windows,
)
from opcount.sources.torch.rows import free, overload, parsed  # noqa: E402
from tests.support.faults import planted  # noqa: E402

TABLES = (moving, elementwise, reductions, products, windows, fused, optimizers)


def overloads():
    """The overloads of aten with a kernel for the processor, that take tensors."""
    for name in torch._C._dispatch_get_all_op_names():
        if name.startswith("aten::") and torch._C._dispatch_has_computed_kernel_for_dispatch_key(name, "CPU"):
            base, _, which = name.removeprefix("aten::").partition(".")
            found = getattr(getattr(torch.ops.aten, base), which or "default")
            if any("Tensor" in str(argument.type) for argument in found._schema.arguments):
                yield found


def sorted_out():
    found = {"counted": [], "free": [], "in others": [], "refused": []}
    for operator in overloads():
        row = rules.ROWS.get(operator)
        if row is not None:
            found["free" if row.rule is free else "counted"].append(operator)
        else:
            found["in others" if rules.is_composed(operator) or operator in modes._IN_OTHERS else "refused"].append(
                operator
            )
    return found


@pytest.mark.skipif(not torch.__version__.startswith("2.13.0"), reason="the numbers are those of PyTorch 2.13.0")
def test_how_many_there_are_of_each():
    assert {kind: len(found) for kind, found in sorted_out().items()} == NUMBERS


NUMBERS = {"counted": 1066, "free": 303, "in others": 725, "refused": 761}


@pytest.mark.skipif(not torch.__version__.startswith("2.13.0"), reason="the names are those of PyTorch 2.13.0")
def test_every_name_of_the_tables_is_an_overload():
    assert [name for table in TABLES for name in table.ROWS if overload(name) is None] == []


def test_no_name_stands_in_two_tables():
    names = [name for table in TABLES for name in table.ROWS]
    assert sorted(names) == sorted({*names})


def test_overloads_that_write_elsewhere_count_by_the_same_row():
    aten = torch.ops.aten
    for functional, *others in (
        (aten.add.Tensor, aten.add_.Tensor, aten.add.out),
        (aten.max.dim, aten.max.dim_max),
        (aten.mean.dim, aten.mean.out),
        (aten._foreach_mul.Scalar, aten._foreach_mul_.Scalar),
        (aten.gelu_backward.default, aten.gelu_backward.grad_input),
        (aten.pow.Tensor_Scalar, aten.pow_.Scalar),
    ):
        assert {rules.ROWS[other] for other in others} == {rules.ROWS[functional]}
    assert aten.add.Scalar in rules.ROWS and rules.ROWS[aten.add.Scalar] is not rules.ROWS[aten.mul.Scalar]


def test_what_is_free_computes_nothing():
    """Its results hold numbers of its operands alone, or 0: on random operands that is no accident."""
    torch.manual_seed(0)
    x = torch.randn(4, 4)
    calls = {
        "flip": ([0],), "roll": ([1],), "tril": (), "t": (), "repeat": ([2, 1],), "diag_embed": (), "clone": (),
        "select.int": (0, 1), "slice.Tensor": (0, 1, 3), "unbind.int": (), "constant_pad_nd": ([1, 1],),
        "rot90": (), "triu": (), "expand": ([4, 4],), "permute": ([1, 0],), "split.Tensor": (2,), "unfold": (0, 2, 1),
    }  # fmt: skip
    for name, arguments in calls.items():
        assert rules.ROWS[overload(name)].rule is free
        results = overload(name)(x, *arguments)
        for result in results if isinstance(results, (list, tuple)) else [results]:
            assert torch.isin(result, torch.cat([x.reshape(-1), torch.zeros(1)])).all(), name


def test_an_operator_without_a_row_is_refused_by_its_name():
    x = torch.ones(4)
    with oc.count(), octo.counting(x), pytest.raises(oc.Uncounted, match=r"aten\._fft_r2c\.default.*register_rule"):
        torch.fft.fft(x)
    with planted(modes, ROWS={}), oc.count(), octo.counting(x), pytest.raises(oc.Uncounted, match=r"aten\.mul\.Tensor"):
        x * x


def test_each_operator_of_one_operand_counts_its_formula():
    x = torch.rand(2, 3) * 0.5 + 0.25
    for name, formula in elementwise._lines(elementwise._UNARY):
        given = (x > 0.5).long() if name == "bitwise_not" else x
        found = octo.measure(overload(name), given).counts
        assert found == {kind: 6 * times for kind, times in parsed(formula).items()}, name


def test_allclose_executes_isclose():
    x = torch.ones(4)
    found = octo.measure(lambda x: torch.allclose(x, x), x)
    assert found.value is True and found.counts == octo.measure(lambda x: torch.isclose(x, x), x).counts != {}


def test_a_rule_of_ones_own():
    @library.custom_op("opcount_tests::twice", mutates_args=())
    def twice(x: torch.Tensor) -> torch.Tensor:
        return x.clone() * 2

    x = torch.ones(4)
    operator = torch.ops.opcount_tests.twice
    with pytest.raises(oc.Uncounted, match=r"opcount_tests\.twice"):
        octo.measure(operator, x)
    octo.register_rule(operator, lambda x: {"mul": x.numel()})
    try:
        assert octo.measure(lambda x: operator(x) + 1, x).counts == {"mul": 4, "add": 4}
        octo.register_rule(operator.default, lambda x: {"add": 1})
        assert octo.measure(operator, x).counts == {"add": 1}
        octo.register_rule(operator.default, lambda x: {"muls": 1})
        with pytest.raises(oc.InvalidValue, match="mul"):
            octo.measure(operator, x)
    finally:
        octo.register_rule(operator, None)
        octo.register_rule(operator.default, None)
    for wrong in (torch.sum, "add"):
        with pytest.raises(oc.InvalidType):
            octo.register_rule(wrong, lambda x: {})
    with pytest.raises(oc.InvalidType):
        octo.register_rule(torch.ops.aten.add, {"add": 1})


def test_a_rule_takes_the_place_of_a_row():
    octo.register_rule(torch.ops.aten.mul.Tensor, lambda x, y: {"mul": 1})
    try:
        assert octo.measure(lambda x: x * x, torch.ones(4)).counts == {"mul": 1}
    finally:
        octo.register_rule(torch.ops.aten.mul.Tensor, None)
    assert octo.measure(lambda x: x * x, torch.ones(4)).counts == {"mul": 4}


def test_exits_that_are_recorded_are_executed():
    x = torch.ones(4)
    with oc.count(uncounted="record") as tally, octo.counting(x):
        torch.fft.fft(x) * 2
        total = x.sum().item() + float(x[0])
    assert total == 5.0 and tally.counts == {"add": 3}
    assert [(exit.door, exit.elements) for exit in tally.uncounted] == [
        ("aten._fft_r2c.default", 4), ("item()", 1), ("float()", 1)]  # fmt: skip
