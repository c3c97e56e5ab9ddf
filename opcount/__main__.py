"""`python -m opcount`, and the command `opcount`: see `opcount.cli`."""

import sys

from opcount.cli.commands import main

if __name__ == "__main__":
    sys.exit(main())
