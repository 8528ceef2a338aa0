# Each target makes the virtual environment that it needs; nothing has to be installed by hand but Python 3.11 or newer.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: demo test fast lint bench format clean

demo: $(VENV)/.run          ## the whole desk in this terminal, no account, no network
	@$(BIN)/helpbot chat

test: $(VENV)/.test lint    ## every check: lint, types, imports, tests
	$(BIN)/python -m pytest

fast: $(VENV)/.test         ## the tests that need no homeserver, under a minute
	$(BIN)/python -m pytest -m "not synapse"

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.run         ## speed and memory, each beside something simple in the same run
	$(BIN)/python -m bench.run

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("helpbot needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	touch $(VENV)/.run $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
