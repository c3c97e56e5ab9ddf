"""The command line, `python -m opcount`.

output      writes answers, failures and warnings
arguments   parses the command line
load        loads the function that the command line names
commands    law, compare and count
"""
