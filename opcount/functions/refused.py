"""Functions without an exact count, with the reason: transforms, text, dates, files, positions."""

from __future__ import annotations

from typing import Final

from opcount.functions.rows import DATA_DEPENDENT, LIBRARY, refused
from opcount.wrapping.stand_ins import BY_VALUE

_DATES: Final = "dates are not counted"
_TEXT: Final = "text is not counted"
_FILES: Final = "the values would leave their counter"
_INDEX: Final = "places in an array are plain integers, not wrapped ones"

ROWS: Final = (
    *refused(
        LIBRARY,
        "fft.fft fft.fft2 fft.fftn fft.hfft fft.ifft fft.ifft2 fft.ifftn fft.ihfft fft.irfft fft.irfft2 fft.irfftn "
        "fft.rfft fft.rfft2 fft.rfftn",
    ),
    *refused(
        DATA_DEPENDENT,  # a negative number makes the result complex
        "lib.scimath.arccos lib.scimath.arcsin lib.scimath.arctanh lib.scimath.log lib.scimath.log10 "
        "lib.scimath.log2 lib.scimath.logn lib.scimath.power lib.scimath.sqrt",
        opened=True,
    ),
    *refused(_INDEX, "ix_", opened=True),
    *refused(_INDEX, "packbits ravel_multi_index unpackbits unravel_index"),
    *refused(_FILES, "save savetxt savez savez_compressed", BY_VALUE),
    *refused(_DATES, "busday_count busday_offset datetime_as_string is_busday"),
    *refused(
        _TEXT,
        "char.capitalize char.center char.decode char.encode char.equal char.expandtabs char.greater "
        "char.greater_equal char.join char.less char.less_equal char.ljust char.lower char.mod char.not_equal "
        "char.replace char.rjust char.rsplit char.split char.splitlines char.swapcase char.title char.translate "
        "char.upper char.zfill char.partition char.rpartition char.multiply "
        "strings.multiply strings.partition strings.rpartition",
    ),
)
"""What is not imported with NumPy, such as `numpy.polynomial`, is refused without a row."""
