"""From studies to reports/.

- `study`: what a study returns: its question, its answer, its claims, tables and figures.
- `texts`: its words that no count decides: leads, and the field's words with their meanings.
- `finished`: the results of an interrupted run, so that the same command continues where it stopped.
- `together`: runs the studies, the points of all of them in one queue.
- `writing`: writes the page, its Markdown twin, the figures and the data, and moves them into place together.
"""
