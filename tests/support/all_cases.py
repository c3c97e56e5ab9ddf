"""Many small cases as one test: of a case that takes a millisecond, half is pytest's own."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest


def all_cases(names: str, cases: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """In place of `pytest.mark.parametrize`: one test, which goes through all cases and names each that fails.

    The names are separated by commas; for one name, a case is its value. What a case may not do is to skip, since
    it would skip the others too.
    """
    arguments, listed = [name.strip() for name in names.split(",")], list(cases)

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def all_of_them(**others: Any) -> None:
            failed = []
            for case in listed:
                values = (case,) if len(arguments) == 1 else case
                try:
                    test(**others, **dict(zip(arguments, values, strict=True)))
                except (Exception, pytest.skip.Exception, pytest.fail.Exception) as error:
                    if not isinstance(error, Exception):  # what pytest raises itself is none
                        error = AssertionError(f"{type(error).__name__}: {error}").with_traceback(error.__traceback__)
                    error.add_note(f"with {names} = {case!r}")
                    failed.append(error)
            if failed:
                raise ExceptionGroup(f"{len(failed)} of {len(listed)} cases fail", failed)

        asked = inspect.signature(test)
        rest = [parameter for name, parameter in asked.parameters.items() if name not in arguments]
        all_of_them.__signature__ = asked.replace(parameters=rest)  # type: ignore[attr-defined]
        return all_of_them

    return decorate
