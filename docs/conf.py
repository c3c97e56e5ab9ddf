"""How Sphinx builds these pages: offline, with every cell executed, and every warning an error."""

import logging
import os
import re
import shutil
import sys
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import opcount  # noqa: E402  (its path is entered above)

project = "opcount"
author = "the opcount authors"
copyright = "the opcount authors"
release = version = opcount.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
default_role = "code"  # docstrings have names between single backticks
html_theme = "furo"
html_title = "opcount"
html_static_path = ["_static"]
html_css_files = ["opcount.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
nb_output_stderr = "remove-warn"  # nothing is printed there without being noticed

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say in words what is taken

# The cells run in processes of their own, which find opcount, its examples, its command and its pytest plugin here,
# as if it were installed.
BIN = Path(__file__).parent / "_build" / "bin"
BIN.mkdir(parents=True, exist_ok=True)
(BIN / "opcount").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m opcount "$@"\n')
(BIN / "opcount").chmod(0o755)
PROFILE = BIN.parent / "ipython" / "profile_default"
PROFILE.mkdir(parents=True, exist_ok=True)
(PROFILE / "ipython_kernel_config.py").write_text(
    'get_config().InlineBackend.figure_formats = {"svg"}\nget_config().IPKernelApp.log_level = "ERROR"\n'
)
os.environ |= {
    "IPYTHONDIR": str(PROFILE.parent),
    "PATH": os.pathsep.join([str(BIN), str(Path(sys.executable).parent), os.environ["PATH"]]),
    "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
    "PYTEST_ADDOPTS": "-p pytest_opcount --no-header --color=no",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
    "OPCOUNT_EXAMPLES": str(ROOT / "examples"),
    "COLUMNS": "88",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}

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


def add_the_reports(app: Sphinx, error: Exception | None) -> None:
    """Put the page with the explorer, and the evidence that it links to, beside these pages, which link to them."""
    if error is None and app.builder.format == "html":
        shutil.copy(ROOT / "reports" / "index.html", Path(app.outdir) / "explorer.html")
        evidence = ROOT / "reports" / "evidence.html"
        if evidence.exists():
            shutil.copy(evidence, app.outdir)


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-docstring", as_plain_text)
    app.connect("build-finished", add_the_reports)
