"""From studies to reports/.

- `study`: what a study hands over: its question, its answer, its claims, tables and figures.
- `finished`: results of an interrupted run, so that the same command goes on where it stopped.
- `writing`: the page, its Markdown twin, the figures and the data, moved into place when all of it is done.
"""
