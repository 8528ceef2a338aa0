# Each target makes the virtual environment that it needs; nothing has to be installed by hand but Python 3.11 or newer.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: demo test fast lint crash points bugs bench format clean

demo: $(VENV)/.run          ## the whole desk in this terminal, no account, no network
	@$(BIN)/helpbot chat

test: $(VENV)/.test lint    ## every check: lint, types, imports, tests; many of them wait for a homeserver, so three at once
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

fast: $(VENV)/.test         ## the tests that need no homeserver
	$(BIN)/python -m pytest -m "not synapse"

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

KILLS   ?= 1000
SEED    ?= 1
AT_ONCE ?= 3

crash: $(VENV)/.test        ## kill the bot and a real homeserver: make crash KILLS=10000 SEED=7
	$(BIN)/python -m tests.crash.kills --kills $(KILLS) --seed $(SEED) --at-once $(AT_ONCE)

points: $(VENV)/.test       ## end a desk before every step of its event loop, in a whole story
	$(BIN)/python -m tests.crash.points --twice $(KILLS)

bugs: $(VENV)/.test         ## plant known delivery bugs, and list what catches each
	$(BIN)/python -m tests.crash.seeded

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
