"""What `oc.` offers, as an editor or a prompt completes it, and that each of it is explained by an example."""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest

import opcount as oc

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def test_dir_has_the_public_names_alone():
    assert set(dir(oc)) == {*oc.__all__, "__version__"}
    assert not [name for name in oc.__all__ if not hasattr(oc, name)]


# --- examples


def explained(module) -> Iterator[tuple[str, object]]:
    """The public classes and functions of a module, with the methods and properties that are opcount's own."""
    for name in dir(module):
        thing = getattr(module, name)
        if inspect.isclass(thing) or inspect.isroutine(thing):
            yield name, thing
        if inspect.isclass(thing):
            yield from ((f"{name}.{own}", member) for own, member in members(thing))


def members(thing: type) -> Iterator[tuple[str, object]]:
    """The public methods and properties of a class, except those that NumPy or another library explains."""
    of_others = dir(np) + dir(np.ndarray) + dir(float) if thing in (oc.Scalar, oc.Array) else ()
    for name, member in inspect.getmembers_static(thing):
        if name.startswith("_") or name in of_others:
            continue
        member = getattr(member, "__func__", member)  # a class method, a static one
        member = getattr(member, "fget", None) or getattr(member, "func", member)  # a property
        if inspect.isfunction(member) and member.__module__ != "collections.abc":
            yield name, member


def fault(thing: object) -> str:
    """What is wrong with the example of a docstring; empty if it runs without anything that stands around it."""
    text = thing.__doc__ or ""
    examples = doctest.DocTestParser().get_doctest(text, {}, "example", None, None)
    if not any(example.want for example in examples.examples):
        return "no example"
    said: list[str] = []
    failed, _ = doctest.DocTestRunner(optionflags=OPTIONS).run(examples, out=said.append)
    return "".join(said) if failed else ""


@pytest.mark.parametrize(("name", "thing"), [pytest.param(*pair, id=pair[0]) for pair in explained(oc)])
def test_a_public_name_has_an_example_that_runs_by_itself(name, thing):
    assert fault(thing) == "", name


PLANTED = '''
import functools

class Planted:
    """A class of a user's.

    >>> import opcount as oc
    >>> oc.Counts(mul=1).mul
    1
    """

    def without(self):
        """Return nothing."""

    @property
    def leaning(self):
        """Use a name that another docstring has imported.

        >>> Counts(mul=1).mul
        1
        """

    @functools.cached_property
    def wrong(self):
        """Claim what is not so.

        >>> 1 + 1
        3
        """

    @staticmethod
    def silent():
        """Show code whose result nobody sees.

        >>> x = 1
        """
'''


def test_a_missing_leaning_or_wrong_example_is_found():
    module = ModuleType("planted")
    exec(PLANTED, module.__dict__)
    module.__dir__ = lambda: ["Planted"]
    found = {name: fault(thing) for name, thing in explained(module)}
    assert found["Planted"] == ""
    assert found["Planted.without"] == found["Planted.silent"] == "no example"
    assert "NameError" in found["Planted.leaning"] and "Expected:\n    3\nGot:\n    2" in found["Planted.wrong"]
    assert len(found) == 5
