"""The command line, `python -m opcount`.

output      what is written: answers, failures and warnings
arguments   the command line, read
load        the function that is named
commands    law, compare and count
"""
