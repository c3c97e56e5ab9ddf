# Each target does its own set-up, in .venv: with uv where there is one, else with venv and pip.
# Another Python: make test PYTHON=python3.13

PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null)
RUN := .venv/bin/python -m
PIP := $(if $(UV),$(UV) pip,$(RUN) pip)
FLAGS := $(if $(UV),--quiet --python .venv/bin/python,--quiet --disable-pip-version-check)

.PHONY: report check-report test test-slow lint bench clean
.NOTPARALLEL:

report: .venv/report.stamp
	$(RUN) analysis

check-report: .venv/report.stamp
	$(RUN) analysis --check

test: .venv/test.stamp
	$(RUN) pytest -q -n auto -m "not slow"

test-slow: .venv/test.stamp
	$(RUN) pytest -q -n auto -m slow

lint: .venv/lint.stamp
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy

bench: .venv/bench.stamp
	$(RUN) analysis.bench

clean:
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is the pyproject.toml that was installed: a checkout that was copied needs no second set-up.
# opcount itself does not stay installed, so that what runs is always the code that stands here.
.venv/%.stamp: pyproject.toml .venv/bin/python
	@cmp -s $< $@ || { echo "setting up .venv for: $*"; $(PIP) install $(FLAGS) '.[$*]' && \
		$(PIP) uninstall $(if $(UV),,--yes) $(FLAGS) opcount; }
	@cp $< $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "opcount needs Python 3.11 or newer, and\
	 $(PYTHON) is %d.%d: name another one with make PYTHON=python3.13" % sys.version_info[:2])'
	@rm -rf .venv
	@$(if $(UV),$(UV) venv --quiet --python $(PYTHON),$(PYTHON) -m venv) .venv || { rm -rf .venv; \
		echo "$(PYTHON) cannot make a venv: install uv, or the venv package (Debian: apt install python3-venv)" >&2; exit 1; }
