# Targets: make help. Variables: PYTHON=, TORCH_INDEX= (see scripts/setup.sh), ARGS= (for pytest and
# the bench), WORKERS= (processes of the test suite).
SHELL := /bin/bash
BIN := .venv/bin
INSTALLED := .venv/.installed
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## make .venv with pinned packages; nothing to do the second time

$(INSTALLED): constraints.txt setup.cfg pyproject.toml scripts/setup.sh
	@scripts/setup.sh

demo: $(INSTALLED) ## record one demonstration in simulation, then do the task on a new placement
	@scripts/demo.sh

# Several processes: numerical libraries, each taking all cores, would be in each other's way.
test: export OMP_NUM_THREADS ?= 1

# What runs in real time comes after what may share the computer. ARGS may leave one of them empty,
# which pytest tells by 5.
test: $(INSTALLED) ## the whole test suite
	$(BIN)/python -m pytest -m "not alone" --numprocesses $(WORKERS) --dist loadfile $(ARGS) || [ $$? = 5 ]
	$(BIN)/python -m pytest -m alone $(ARGS) || [ $$? = 5 ]

lint: $(INSTALLED) ## style, layers and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

bench: $(INSTALLED) ## measure the figures of README and docs into bench/results
	$(BIN)/python bench/first_light.py $(ARGS)
	$(BIN)/python bench/recorder.py
	$(BIN)/python bench/real_arms.py
	$(BIN)/python bench/thousand.py

clean: ## remove caches, builds and what the demo wrote; .venv stays
	rm -rf build dist demo/library demo/trials outputs .mypy_cache .ruff_cache .pytest_cache \
	    .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
