"""NumPy's own tests, pointed at Array by numpy_suite.py: as many pass as when this was measured."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
SUITE = ROOT / "tests" / "support" / "numpy_suite.py"
SHIPPED = Path(np.__file__).parent
MEASURED_WITH = "2.4.6"
MOST = 12  # cases of a test, so that all of it takes a minute
OTHERS = 0.03  # by how much the ratio may be lower for another NumPy, which has other tests

MEASURED = {
    "_core/test_indexing": (75, 0),
    "_core/test_ufunc": (191, 6),
    "_core/test_numeric": (195, 0),
    "_core/test_umath": (359, 0),
    "_core/test_umath_complex": (39, 0),
    "_core/test_multiarray": (515, 27),
    "_core/test_item_selection": (40, 0),
    "_core/test_einsum": (49, 0),
    "_core/test_shape_base": (100, 1),
    "_core/test_function_base": (24, 0),
    "_core/test_mem_overlap": (11, 0),
    "_core/test_half": (22, 0),
    "_core/test_nep50_promotions": (30, 0),
    "_core/test_regression": (92, 2),
    "lib/test_function_base": (475, 4),
    "lib/test_nanfunctions": (220, 9),
    "lib/test_index_tricks": (39, 0),
    "lib/test_shape_base": (60, 0),
    "lib/test_twodim_base": (25, 0),
    "lib/test_arraypad": (200, 0),
    "lib/test_stride_tricks": (18, 0),
    "lib/test_type_check": (34, 0),
    "lib/test_ufunclike": (4, 0),
    "lib/test_polynomial": (18, 0),
    "lib/test_arraysetops": (72, 1),
    "lib/test_histograms": (59, 0),
    "linalg/test_linalg": (287, 0),
    "linalg/test_regression": (14, 0),
    "fft/test_pocketfft": (107, 0),
    "fft/test_helper": (5, 0),
}
"""Of each module, how many tests passed and how many failed.

Seven of those that fail ask whether a quantile or a median is one of NumPy's own numbers, or the array given as `out`:
these functions count, and what they give is wrapped.

`python tests/support/numpy_suite.py --failures` shows these."""

FAULT = """
from tests.support import numpy_suite
from opcount.arrays.array import Array
Array.__setitem__ = lambda self, key, value: None
print(numpy_suite.score("_core/test_indexing", 12).passed)
"""


def run(*arguments: str) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def need(module: str) -> None:
    folder, _, name = module.partition("/")
    if not (SHIPPED / folder / "tests" / f"{name}.py").exists():
        pytest.skip(f"NumPy {np.__version__}, as installed here, does not ship its tests of {module}")


@pytest.mark.slow
@pytest.mark.parametrize("module", MEASURED)
def test_as_many_pass(module: str) -> None:
    need(module)
    passed, failed = json.loads(run(str(SUITE), module, "--most", str(MOST), "--json"))[module]
    before, failed_before = MEASURED[module]
    ratio = before / (before + failed_before)
    if np.__version__ == MEASURED_WITH:
        assert passed >= before
        assert passed / (passed + failed) >= ratio
    else:
        assert passed / (passed + failed) >= ratio - OTHERS


@pytest.mark.slow
def test_a_fault_is_noticed() -> None:
    need("_core/test_indexing")
    assert int(run("-c", FAULT)) < MEASURED["_core/test_indexing"][0] * 0.9


def test_every_module_was_measured() -> None:
    listed = SUITE.read_text(encoding="utf-8").partition('MODULES = """')[2].partition('"""')[0]
    assert list(MEASURED) == listed.split()
