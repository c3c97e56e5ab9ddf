"""Builds the accelerator, opcount/_accelerated.c, into a wheel; where that is impossible, the wheel is pure Python.

OPCOUNT_PURE=1 asks for the pure wheel, OPCOUNT_PURE=0 has the build fail rather than give it. An editable installation
has the accelerator built beside its source.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Accelerator(BuildHookInterface):
    """What hatchling calls before it builds."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        wanted = os.environ.get("OPCOUNT_PURE", "")
        if self.target_name != "wheel" or wanted not in ("", "0") or sysconfig.get_config_var("Py_GIL_DISABLED"):
            return
        root = Path(self.root)
        self.folder = tempfile.TemporaryDirectory()
        try:
            built = compiled(root / "opcount" / "_accelerated.c", Path(self.folder.name))
            if version == "editable":
                beside = root / "opcount" / f".{built.name}"
                beside.write_bytes(built.read_bytes())
                beside.replace(root / "opcount" / built.name)  # at once, since a process may have the old one in use
                return
        except BaseException as error:  # setuptools has many, SystemExit among them
            if wanted == "0" or isinstance(error, KeyboardInterrupt):
                raise
            self.app.display_warning(f"opcount without its accelerator, which could not be built: {error}")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["force_include"][str(built)] = f"opcount/{built.name}"


def compiled(source: Path, folder: Path) -> Path:
    """The extension in the folder, built by the compiler that built Python."""
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    arguments = [] if os.name == "nt" else ["-O3", "-ffp-contract=off"]  # a product and a sum are two roundings
    if sys.platform == "linux":
        arguments.append("-fno-plt")  # half of the time goes into calls of Python's own functions
    extension = Extension(f"opcount.{source.stem}", [str(source)], extra_compile_args=arguments)
    command = build_ext(Distribution({"name": "opcount", "ext_modules": [extension]}))
    command.build_lib = str(folder)
    command.build_temp = str(folder / "objects")
    command.ensure_finalized()
    command.run()
    return Path(command.get_ext_fullpath(extension.name))
