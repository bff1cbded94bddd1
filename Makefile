# Each target sets up what it needs by itself, in .venv, from the hash-locked files in requirements/.
# VENV=... puts the environment elsewhere, PYTHON=... names the interpreter, ARGS=... is handed on.

VENV ?= .venv
PYTHON ?=
ARGS ?=
BIN = $(VENV)/bin
SETUP = VENV='$(VENV)' PYTHON='$(PYTHON)' sh requirements/venv.sh

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test check format bench lock clean runtime dev

help: ## show this list
	@echo 'make <target>, where <target> is one of:'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' Makefile

demo: runtime ## see Hansa work, on this machine alone
	@$(BIN)/hansa demo $(ARGS)

test: dev ## run all tests (ARGS='-k name' picks some)
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 $(ARGS)

check: dev ## lint, formatting, types, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: dev ## put the code into the house's format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: dev ## measure, and write docs/benchmarks.md (ARGS='messages store' picks some)
	@$(BIN)/python -m benchmarks $(ARGS)

lock: ## write the lock files anew (ARGS=--upgrade takes newer versions)
	@PYTHON='$(PYTHON)' sh requirements/lock.sh $(ARGS)

clean: ## remove everything that the other targets made
	rm -rf '$(VENV)' build dist .bench .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

runtime:
	@$(SETUP) runtime

dev:
	@$(SETUP) dev
