"""Sorting, searching and set operations, whose number of comparisons depends on the values."""

from __future__ import annotations

from typing import Final

from opcount.functions.rows import COMPARED, DATA_DEPENDENT, POSITIONS, refused
from opcount.wrapping.stand_ins import BY_VALUE, SMALL

ROWS: Final = (
    *refused(DATA_DEPENDENT, "sort", SMALL, opened=True),
    *refused(DATA_DEPENDENT, "partition", opened=True),
    *refused(DATA_DEPENDENT, "sort_complex"),
    *refused(DATA_DEPENDENT, "argsort argpartition lexsort searchsorted digitize", BY_VALUE, derivative=COMPARED,
             gives=POSITIONS),
    *refused(DATA_DEPENDENT, "unique unique_all unique_counts unique_inverse unique_values", BY_VALUE, opened=True),
    *refused(DATA_DEPENDENT, "setdiff1d setxor1d union1d", BY_VALUE, opened=True),
    *refused(DATA_DEPENDENT, "in1d isin intersect1d", BY_VALUE),
)  # fmt: skip
