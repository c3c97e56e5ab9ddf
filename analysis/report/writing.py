"""Write studies to reports/: the page, its Markdown twin, figures and data, moved into place when all are written."""

from __future__ import annotations

import html
import io
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

import opcount as oc
from analysis.figures.style import close
from analysis.report.study import Figure, Study, Table
from analysis.report.texts import LEADS, WORDS, explainer

PAGES = ("evidence.html", "evidence.md")
FORMER = ("report.html", "report.md")  # the names of the pages in reports of former versions, which may be rebuilt
FIRST = "index.html"
GENERATOR = '<meta name="generator" content="opcount">'  # by which the first page is told from somebody else's
KEPT = (FIRST, "data/bench.json")  # written by the page's own command and by the benchmarks
OURS = (*PAGES, *FORMER, *KEPT, "figures/*_*.*", "data/counts/*_*.*", "data/values/*_*.*")

Map = Callable[[Callable[[Figure], tuple[bytes, bytes]], Iterable[Figure]], Iterable[tuple[bytes, bytes]]]


class NotAReport(Exception):
    """The folder to write to holds files that are not part of a report."""


def write(studies: Mapping[str, Study], out: Path, command: str, map: Map = map) -> None:
    """Write the report into a temporary folder beside `out`, then move it into place.

    `map` draws the figures, perhaps in other processes.
    """
    check_folder(out)
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    building.chmod(0o755)
    try:
        write_files(studies, building, command, map)
        for kept in KEPT:
            if (out / kept).exists():
                shutil.copy2(out / kept, building / kept)
        move_into_place(building, out)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def check_folder(out: Path) -> None:
    """Raise NotAReport if `out` is a file, or a folder with other files than a report's, which would be lost."""
    check_first_page(out)
    files = [path.relative_to(out) for path in out.rglob("*") if not path.is_dir()] if out.exists() else []
    strangers = [path.as_posix() for path in files if not any(path.match(pattern) for pattern in OURS)]
    if strangers or (files and not any((out / page).exists() for page in (PAGES[0], FORMER[0], FIRST))):
        named = ", ".join(sorted(strangers or map(str, files))[:3])
        raise NotAReport(f"{out} holds files that are no report ({named}); name another folder")


def check_first_page(out: Path) -> None:
    """Raise NotAReport if `out` is a file, or its first page was not written by opcount, and would be lost."""
    if out.exists() and not out.is_dir():
        raise NotAReport(f"{out} is a file; name another folder")
    page = out / FIRST
    if page.exists() and GENERATOR not in page.read_text(encoding="utf-8", errors="replace"):
        raise NotAReport(f"{page} is no report of opcount's, and would be lost; name another folder")


def move_into_place(building: Path, out: Path) -> None:
    old = building.with_name(building.name + ".old")
    if out.exists():
        os.rename(out, old)
    try:
        os.rename(building, out)
    except BaseException:
        if old.exists():
            os.rename(old, out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def write_files(studies: Mapping[str, Study], folder: Path, command: str, map: Map) -> None:
    figures = {(slug, name): figure for slug, study in studies.items() for name, figure in study.figures.items()}
    drawings = map(drawn, figures.values())  # in other processes while the data is written here
    write_data(studies, folder)
    (folder / "figures").mkdir()
    pictures = {}
    for (slug, name), (svg, png) in zip(figures, drawings, strict=True):
        path = folder / "figures" / f"{slug}_{name}"
        path.with_suffix(".svg").write_bytes(svg)
        path.with_suffix(".png").write_bytes(png)
        pictures[slug, name] = embedded(svg.decode())
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("analysis.report"),
        autoescape=jinja2.select_autoescape(["html.j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    explained = explainer('<dfn title="{1}">{0}</dfn>'.format)
    environment.filters |= {
        "html_table": html_table,
        "markdown_table": markdown_table,
        "coded": coded,
        "in_html": lambda text, section: Markup(explained(section, coded(text))),
        "with_alt": with_alt,
    }
    context = {
        "studies": studies,
        "words": WORDS,
        "leads": LEADS,
        "pictures": pictures,
        "command": command,
        "methods": oc.METHODS,
        "versions": f"opcount {oc.__version__}, NumPy {version('numpy')}",
    }
    for name in PAGES:
        (folder / name).write_text(environment.get_template(f"{name}.j2").render(context), encoding="utf-8")


def write_data(studies: Mapping[str, Study], folder: Path) -> None:
    """Write the tables of every study: those of counts to data/counts, those of other values to data/values."""
    for name in ("counts", "values"):
        (folder / "data" / name).mkdir(parents=True)
    for slug, study in studies.items():
        for name, table in study.tables.items():
            write_table(table, folder / "data" / ("counts" if table.exact else "values") / f"{slug}_{name}")


def write_table(table: Table, path: Path) -> None:
    """Write a table as CSV and as JSON records, without its index if that only numbers the rows."""
    frame = table.frame if isinstance(table.frame.index, pd.RangeIndex) else table.frame.reset_index()
    frame.to_csv(path.with_suffix(".csv"), index=False, lineterminator="\n")
    records = [{key: plain(value) for key, value in record.items()} for record in frame.to_dict("records")]
    path.with_suffix(".json").write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")


def plain(value: object) -> object:
    """A value of a table as a type that JSON has; integers of any size stay exact."""
    return value.item() if hasattr(value, "item") else value


def drawn(figure: Figure) -> tuple[bytes, bytes]:
    """A figure as SVG and as PNG."""
    drawing = figure.draw(**figure.data)
    svg, png = io.BytesIO(), io.BytesIO()
    drawing.savefig(svg, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    drawing.savefig(png, format="png", dpi=150, metadata={"Software": None})
    close(drawing)
    return svg.getvalue(), png.getvalue()


def embedded(svg: str) -> str:
    """An SVG as a part of the page, where names of groups, to which nothing refers, would be given more than once."""
    return re.sub(r'<g id="[^"]*">', "<g>", svg[svg.index("<svg") :])


def coded(text: str) -> Markup:
    """A text as HTML, with what stands between backticks as code."""
    return Markup(re.sub("`([^`]*)`", r"<code>\1</code>", html.escape(text)))


def with_alt(svg: str, alt: str) -> Markup:
    """The SVG as a picture that a screen reader reads as this text."""
    return Markup(svg.replace("<svg ", f'<svg role="img" aria-label="{html.escape(alt)}" ', 1))


def html_table(table: Table) -> Any:
    frame = cells(table).map(escaped).rename(columns=escaped)
    lines = {name: f'<div class="text">{name}</div>' for name in map(escaped, table.text)}
    frame = frame.assign(**{name: '<div class="text">' + frame[name] + "</div>" for name in lines})
    frame = frame.rename(columns=lines)
    return frame.to_html(index=False, border=0, classes="numbers", justify="left", escape=False)


def escaped(text: str) -> str:
    return html.escape(text, quote=False)


def markdown_table(table: Table) -> Any:
    frame = cells(table)
    sides = ["left" if name in (frame.columns[0], *table.text) else "right" for name in frame.columns]
    return frame.to_markdown(index=False, disable_numparse=True, colalign=sides)


def cells(table: Table) -> pd.DataFrame:
    """The cells of a table as text: thousands separated, floats short, an index with a name as first column."""
    frame = table.frame if table.shown is None else table.shown
    if any(frame.index.names):
        frame = frame.reset_index()
    frame.columns.name = None
    return frame.apply(lambda column: column.map(cell))


def cell(value: object) -> str:
    if isinstance(value, (str, bool, type(None))):
        return str(value)
    number = plain(value)
    if not isinstance(number, int):
        return f"{number:.6g}"
    if abs(number) < 10**9:
        return f"{number:,}"
    return f"{number:.3e}" if abs(number) < 10**300 else f"1e{len(str(number)) - 1}"
