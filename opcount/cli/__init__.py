"""The command line, `python -m opcount`: see `commands`."""
