# Each target does its own set-up, in .venv: with uv where there is one, else with venv and pip.
# Another Python: make test PYTHON=python3.13

PYTHON ?= python3
VENV := .venv
UV := $(shell command -v uv 2>/dev/null)
RUN := $(VENV)/bin/python -m
PIP := $(if $(UV),$(UV) pip,$(RUN) pip)
FLAGS := $(if $(UV),--quiet --python $(VENV)/bin/python,--quiet --disable-pip-version-check)

.PHONY: page report check-report docs array-api test-array-api test test-slow test-lowest test-newest test-torch with-torch test-page versions lint mutants bench clean
.NOTPARALLEL:

page: $(VENV)/report.stamp
	$(RUN) analysis.page

report: $(VENV)/report.stamp
	$(RUN) analysis

check-report: $(VENV)/report.stamp
	$(RUN) analysis --check

test: $(VENV)/test.stamp
	$(RUN) pytest -q -n auto -m "not slow"

test-slow: $(VENV)/test.stamp
	$(RUN) pytest -q -n auto -m slow

# In a browser: chromium has to be there (Debian: apt install chromium).
test-page: $(VENV)/page.stamp
	$(RUN) pytest -q -rs -n auto tests/page

# Both ends of what is supported: the oldest Python here from 3.11 on, with the lowest versions that pyproject.toml
# allows, and the newest Python here, with the newest.
test-lowest:
	@$(MAKE) --no-print-directory versions test VENV=.venv-lowest \
		LIMITS=.venv-lowest/limits.txt PYTHON="$$($(PYTHON) .ci/pythons.py oldest)"

test-newest:
	@$(MAKE) --no-print-directory versions test VENV=.venv-newest PYTHON="$$($(PYTHON) .ci/pythons.py newest)"

# PyTorch's programs, in an environment of their own, with a build for the processor alone, which is smaller. Where there is
# none to be had, the tests are skipped, and say so.
TORCH := torch==2.13.0
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
TORCH_VENV ?= .venv-torch
test-torch:
	@$(MAKE) --no-print-directory with-torch VENV=$(TORCH_VENV)

with-torch: $(VENV)/test.stamp
	@PIP_RETRIES=0 $(PIP) install $(FLAGS) --extra-index-url $(TORCH_INDEX) $(TORCH) || \
		echo "$(TORCH) cannot be had here: its tests are skipped"
	$(RUN) pytest -q -rs tests/sources/torch opcount/sources/torch

versions: $(VENV)/test.stamp
	@$(VENV)/bin/python .ci/dependencies.py installed

lint: $(VENV)/lint.stamp
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) basedpyright --pythonpath $(VENV)/bin/python
	$(VENV)/bin/biome check --indent-style=space --line-width=120 analysis/page/templates docs/_static

# All pages anew, so that no page is left over; what their cells show was executed for them.
docs: $(VENV)/docs.stamp
	@rm -rf docs/_build
	$(RUN) sphinx -W -T --keep-going -q -j auto docs docs/_build/html

# What SciPy's and scikit-learn's routines count, listed in docs/reference.
array-api: $(VENV)/array-api.stamp
	$(RUN) analysis.array_api

# SUITE is a checkout of github.com/data-apis/array-api-tests, with its submodule; it is not on PyPI.
test-array-api: $(VENV)/array-api.stamp
	$(RUN) analysis.array_api --check
	$(if $(SUITE),$(RUN) analysis.array_api.suite $(SUITE),@echo "make test-array-api SUITE=... runs the suite of the standard too")

mutants: $(VENV)/mutants.stamp
	$(VENV)/bin/python .ci/mutants.py

bench: $(VENV)/bench.stamp
	$(RUN) analysis.bench

clean:
	rm -rf .venv .venv-lowest .venv-newest .venv-torch dist docs/_build opcount/_accelerated*.so .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is what was installed, and built: a checkout that was copied needs no second set-up.
# opcount is installed editable, so that what runs, also by the command `opcount`, is always the code that stands here.
# Its accelerator is built beside its source where there is a compiler; a changed source is built again.
INSTALLED := pyproject.toml hatch_build.py opcount/_accelerated.c
$(VENV)/%.stamp: $(INSTALLED) $(VENV)/bin/python $(LIMITS)
	@cat $(INSTALLED) | cmp -s - $@ || { echo "setting up $(VENV) for: $*"; \
		$(PIP) install $(FLAGS) $(LIMITS:%=--constraint %) $(if $(UV),--reinstall-package opcount) --editable '.[$*]'; }
	@cat $(INSTALLED) > $@

$(VENV)/limits.txt: pyproject.toml $(VENV)/bin/python
	@$(VENV)/bin/python .ci/dependencies.py lowest > $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "opcount needs Python 3.11 or newer, and\
	 $(PYTHON) is %d.%d: name another one with make PYTHON=python3.13" % sys.version_info[:2])'
	@rm -rf $(VENV)
	@$(if $(UV),$(UV) venv --quiet --python $(PYTHON),$(PYTHON) -m venv) $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make a venv: install uv, or the venv package (Debian: apt install python3-venv)" >&2; exit 1; }
