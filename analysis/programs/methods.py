"""The methods that differ on programs that are not in steps: all but "checkpointed", which is backprop there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import opcount as oc
from opcount.typing import MethodName

WITHOUT_STEPS: Final[Mapping[MethodName, Any]] = {
    name: method for name, method in oc.METHODS.items() if method.strategy != "steps"
}
