"""What `oc.` offers, as an editor or a prompt completes it."""

from __future__ import annotations

import opcount as oc


def test_dir_has_the_public_names_alone():
    assert set(dir(oc)) == {*oc.__all__, "__version__"}
    assert not [name for name in oc.__all__ if not hasattr(oc, name)]
