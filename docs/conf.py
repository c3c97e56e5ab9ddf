"""How Sphinx builds these pages: offline, with every cell executed, and every warning an error."""

import logging
import os
import re
import shutil
import sys
from pathlib import Path

from nbclient import NotebookClient
from sphinx.application import Sphinx

import opcount

ROOT = Path(__file__).parents[1]

project = "opcount"
author = "the opcount authors"
copyright = "the opcount authors"
release = version = opcount.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
smartquotes = False  # docstrings quote code
default_role = "code"  # docstrings have names between single backticks
html_theme = "furo"
html_title = "opcount"
html_static_path = ["_static"]
html_css_files = ["opcount.css"]
html_js_files = ["keyboard.js"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
nb_output_stderr = "remove-warn"  # nothing is printed there without being noticed

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say in words what is taken

# The cells run in processes of their own, which have this environment's commands, draw SVG and print no log.
PROFILE = Path(__file__).parent / "_build" / "ipython" / "profile_default"
PROFILE.mkdir(parents=True, exist_ok=True)
(PROFILE / "ipython_kernel_config.py").write_text(
    'get_config().InlineBackend.figure_formats = {"svg"}\nget_config().IPKernelApp.log_level = "ERROR"\n'
)
os.environ |= {
    "IPYTHONDIR": str(PROFILE.parent),
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    "PYTEST_ADDOPTS": "-p pytest_opcount --no-header --color=no",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # the other plugins here are not the reader's
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
    "OPCOUNT_EXAMPLES": str(ROOT / "examples"),
    "COLUMNS": "88",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
NotebookClient.coalesce_streams.default_value = True  # or a line that is printed in parts is shown in parts
logging.getLogger("traitlets").setLevel(logging.WARNING)  # it would say that each page is executed


def as_plain_text(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Escape what of a docstring reStructuredText would take for its markup: outside of examples, all but backticks."""
    example = False
    for index, line in enumerate(lines):
        example = bool(line.strip()) and (example or line.lstrip().startswith(">>>"))
        if not example:
            parts = line.split("`")
            parts[::2] = [re.sub(r"[*|]|_\b", r"\\\g<0>", part) for part in parts[::2]]
            lines[index] = "`".join(parts)


REPORTS = {"index": "explorer", "evidence": "evidence"}  # the pages of reports/, and what they are called beside these


def link_to_the_copies(app: Sphinx, docname: str, source: list[str]) -> None:
    """The sources link to reports/ where it stands, as readers of the checkout need it."""
    source[0] = re.sub(r"\.\./reports/(\w+)\.html", lambda found: f"{REPORTS[found[1]]}.html", source[0])


def copy_the_reports(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        for page, name in REPORTS.items():
            shutil.copy(ROOT / "reports" / f"{page}.html", Path(app.outdir) / f"{name}.html")


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-docstring", as_plain_text)
    app.connect("source-read", link_to_the_copies)
    app.connect("build-finished", copy_the_reports)
