# techlead: `make` alone lists what there is. Everything is installed into .venv, as the lock files say, hash by hash.

SHELL := bash
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
PORT ?= 8000
# One more than there are cores: a third of the tests' time is waiting.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
# What is checked side by side is told one after the other, where make can do that.
APART := $(if $(filter output-sync,$(.FEATURES)),--output-sync)
COMPILE = $(VENV)-lock/bin/uv pip compile --quiet --universal --no-config --generate-hashes $(if $(UPGRADE),--upgrade) \
	--no-emit-index-url --no-emit-find-links --no-header pyproject.toml

# Hundreds of Pythons start in the tests: each would compile the sources anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test check bench proof docs fix lock formatted linted typed mypy pyright contracted measured

help: ## list the targets
	@grep -hE '^[a-z]+: .*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

demo: $(VENV)/installed ## serve the marketplace with sample people and goods; ONCE=1 walks it and exits
	@$(BIN)/techlead demo --port $(PORT) $(if $(ONCE),--once)

test: $(VENV)/developing ## run all tests, with the short form of each proof
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal --cov --cov-report=term:skip-covered --durations=10 --durations-min=2

check: $(VENV)/developing ## format, lint, types, architecture, sizes; tells all that is wrong, not only the first
	@$(MAKE) --no-print-directory --keep-going --jobs 2 $(APART) mypy pyright measured contracted linted formatted

formatted:
	@$(BIN)/ruff format --check --quiet . || { $(BIN)/ruff format --diff --quiet .; echo "make fix formats this"; exit 1; }

linted:
	@$(BIN)/ruff check .

typed: mypy pyright

mypy:
	@failed=0; for part in "" examples/*/backend.py; do $(BIN)/mypy $$part || failed=1; done; exit $$failed

pyright:
	@$(BIN)/pyright

contracted:
	@$(BIN)/lint-imports --no-logo

measured:
	@$(BIN)/python -m pytest --quiet --no-header tests/unit/house

proof: $(VENV)/developing ## the long form of each proof, and each hole of the audit beside its fixed twin three times in a row
	@TECHLEAD_PROOF=long $(BIN)/python -m pytest tests/proof tests/unit/audit/attacks

bench: $(VENV)/installed ## measure against peers, which it installs itself
	@$(BIN)/python bench/run.py

docs: $(VENV)/developing ## make the documentation a site, in docs/_site
	@$(BIN)/python -m sphinx -q -W --keep-going docs docs/_site && echo "docs/_site/site.html"

fix: $(VENV)/developing ## format, and mend what the linter can
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

lock: ## write the lock files from pyproject.toml; UPGRADE=1 takes newer versions
	@$(PYTHON) -m venv $(VENV)-lock
	@$(VENV)-lock/bin/pip install --quiet --disable-pip-version-check "uv<1"
	@$(COMPILE) --group dev --output-file requirements.lock
	@$(COMPILE) --group build --constraint requirements.lock --output-file requirements-run.lock
	@rm -rf $(VENV)-lock

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "techlead needs Python 3.11, 3.12 or 3.13: install one first"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make a virtual environment; on Debian: apt install python3-venv"; exit 2; }

$(VENV)/installed: pyproject.toml requirements-run.lock | $(BIN)/python
	@echo "installing techlead into $(VENV) ..."
	@$(PIP) install --require-hashes --no-deps --requirement requirements-run.lock
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/developing: pyproject.toml requirements.lock | $(BIN)/python
	@echo "installing techlead and its tools into $(VENV) ..."
	@$(PIP) install --require-hashes --no-deps --requirement requirements.lock
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@ $(VENV)/installed
