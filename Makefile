# Every target installs what it needs. Nothing has to be there before but Python 3.11+, make, and either
# Pulumi or Go (for the engine, see toolchain/).
#
#   make demo       rehearse a whole rollout on this machine: no cloud, no account
#   make demo-ion   the same for the second system, whose versions are revisions
#   make test       all tests, in WORKERS=2 processes      make check   format, lint, types, imports, docs
#   make policies   how much of the policy catalogue there is, and what it costs (ENGINE=1: with the engine)
#   make install    the locked packages only
#   make toolchain  prepare the engine only  make lock    resolve requirements.lock again (UPGRADE=1: newest)
#   make docs       write the generated docs
#   make clean      remove what was made in this checkout; make distclean also empties the shared cache

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install demo demo-ion policies test check lock toolchain docs docs-check clean distclean

PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/.installed
# Processes that `make test` spreads the tests over; 0: pytest alone, in one process.
WORKERS ?= 2
BIN := $(VENV)/bin

help:
	@sed -n 's/^#   //p' $(MAKEFILE_LIST)

$(INSTALLED): requirements.lock pyproject.toml toolchain/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Headgate needs Python 3.11 or newer; '$(PYTHON)' is: $$($(PYTHON) --version 2>&1 | head -1)." >&2; \
	  echo "Install one, or name the one you have: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@$(PYTHON) -m toolchain venv
	@touch $@

install: $(INSTALLED)

toolchain: $(INSTALLED)
	@$(BIN)/python -m toolchain ensure

# Prepared first, so that its minutes and its messages stand alone.
demo: $(INSTALLED)
	@$(BIN)/python -m toolchain ensure > /dev/null
	@$(BIN)/headgate rehearse demo

demo-ion: $(INSTALLED)
	@$(BIN)/python -m toolchain ensure > /dev/null
	@$(BIN)/headgate rehearse ion

policies: $(INSTALLED)
	@$(if $(ENGINE),$(BIN)/python -m toolchain ensure > /dev/null)
	@$(BIN)/python -m policies.figures $(if $(ENGINE),--engine)

# A file's tests stay together in one process, for they share a project or a server. Files start in the order that
# tests/conftest.py gives them: the longest kind first.
SPREAD = -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test: $(INSTALLED)
	@$(BIN)/python -m toolchain ensure > /dev/null
	@$(BIN)/python -m pytest $(if $(filter-out 0,$(WORKERS)),$(SPREAD)) $(PYTEST_ARGS)

check: $(INSTALLED) docs-check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(INSTALLED)
	@$(BIN)/python -m toolchain.docs

docs-check: $(INSTALLED)
	@$(BIN)/python -m toolchain.docs --check

lock:
	@$(PYTHON) -m toolchain lock $(if $(UPGRADE),--upgrade)

clean:
	@$(if $(wildcard .headgate/sandbox.json),$(BIN)/headgate sandbox down || true)
	rm -rf $(VENV) .headgate .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	@$(PYTHON) -m toolchain clean
