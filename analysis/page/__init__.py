"""The page that answers the question in five minutes: `reports/index.html`, one file that opens offline.

- `networks`: the networks that it shows, with the names of their values and where they stand in a drawing.
- `events`: the steps of a gradient, recorded while the code that the page shows is executed, and checked by opcount.
- `figures`: the other numbers of the page, all counted: costs by depth and width, orders, memory.
- `building`: puts them into the template.
- `__main__`: writes the file, `python -m analysis.page`.

Text, style and scripts are in `templates/`.
"""
