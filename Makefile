# techlead: `make` alone lists what there is. Everything is installed into .venv from the lock file.

SHELL := bash
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000

.DEFAULT_GOAL := help
.PHONY: help demo test check bench proof fix lock

help: ## list the targets
	@grep -hE '^[a-z]+: .*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

demo: $(VENV)/installed ## serve the marketplace with sample people and goods; ONCE=1 walks it and exits
	@$(BIN)/techlead demo --port $(PORT) $(if $(ONCE),--once)

test: $(VENV)/developing ## run all tests, with the short form of each proof
	@$(BIN)/python -m pytest --cov --cov-report=term:skip-covered

check: $(VENV)/developing ## format, lint, types, architecture, sizes
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@for example in examples/*/; do $(BIN)/mypy --strict $${example}backend.py || exit 1; done
	@$(BIN)/pyright
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q --no-header tests/unit/house

proof: $(VENV)/developing ## the long form of each proof
	@TECHLEAD_PROOF=long $(BIN)/python -m pytest tests/proof

bench: $(VENV)/installed ## measure against peers, which it installs itself
	@$(BIN)/python bench/run.py

fix: $(VENV)/developing ## format, and mend what the linter can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: ## write requirements.lock anew from pyproject.toml
	@$(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/pip -q install "uv<1"
	@$(VENV)-lock/bin/uv pip compile --quiet --universal --no-config --no-emit-index-url --no-emit-find-links --no-header \
		--group dev pyproject.toml --output-file requirements.lock
	@rm -rf $(VENV)-lock

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "techlead needs Python 3.11 or later: install it first"; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml requirements.lock | $(VENV)/bin/python
	@echo "installing techlead into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable .
	@touch $@

$(VENV)/developing: pyproject.toml requirements.lock | $(VENV)/bin/python
	@echo "installing techlead and its tools into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@ $(VENV)/installed
