"""Write the page that answers the question: `python -m analysis.page`, in a few seconds."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from analysis.page.building import write
from analysis.page.events import TEMPLATES, Disagrees
from analysis.report.writing import NotAReport


def main(arguments: list[str] | None = None, templates: Path = TEMPLATES) -> int:
    """Write index.html into a folder; returns the exit status.

    1 if a step is not what opcount executes, 2 if the folder cannot be written to, or has somebody else's index.html.
    """
    parser = argparse.ArgumentParser(prog="python -m analysis.page", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("reports"), help="the folder to write to (default: reports)")
    options = parser.parse_args(arguments)
    try:
        write(options.out, templates)
    except (NotAReport, OSError) as error:
        print(f"analysis.page: {error}", file=sys.stderr)
        return 2
    except Disagrees as error:
        print(f"analysis.page: not written, since it would not show what opcount executes: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
