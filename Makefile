# Every target makes what it needs: Python >= 3.11 and make are enough.
# `make PYTHON=python3.13 test` picks another interpreter.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
BUILD := build
WORKERS ?= 2
PYTEST_ARGS ?=

# Tests run in several processes, and small networks gain nothing from threads: one
# BLAS thread each is fastest, and does not depend on what else the machine does.
ONE_THREAD := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

.DEFAULT_GOAL := help
.PHONY: help demo test coverage bench docs lint format types doctest package \
	import-time clean

help: ## Show the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/.with-plot ## Train, compare, explain and plot on two data sets
	@$(ONE_THREAD) $(BIN)/python examples/demo.py

test: $(VENV)/.with-test ## Run the whole test suite
	$(ONE_THREAD) $(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)

coverage: $(VENV)/.with-test ## Run the test suite and report the lines it misses
	$(ONE_THREAD) $(BIN)/python -m pytest -n $(WORKERS) --cov $(PYTEST_ARGS)

bench: $(VENV)/.with-bench ## Time against scikit-learn and whatever else is installed
	$(BIN)/python -m benchmarks

docs: $(VENV)/.with-dev ## Build the documentation, warnings are errors
	rm -rf docs/generated
	$(ONE_THREAD) $(BIN)/python -m sphinx -E -W --keep-going -q -b html docs $(BUILD)/docs
	@echo "Open $(BUILD)/docs/index.html"

lint: $(VENV)/.with-dev ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.with-dev ## Repair style and formatting
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.with-dev ## Check the type hints
	$(BIN)/mypy

doctest: $(VENV)/.with-dev ## Run every example in docstrings, docs and Markdown
	$(ONE_THREAD) $(BIN)/python -m pytest --doctest-modules skbackprop \
		--doctest-ignore-import-errors \
		--doctest-glob='*.rst' docs -p no:cacheprovider
	$(ONE_THREAD) $(BIN)/python -W error tools/run_markdown.py README.md CONTRIBUTING.md

package: ## Build the wheel and try it in an environment of its own
	rm -rf $(BUILD)/wheel $(BUILD)/clean-venv
	$(PYTHON) -m venv $(BUILD)/clean-venv
	$(BUILD)/clean-venv/bin/python -m pip wheel -q --no-deps -w $(BUILD)/wheel .
	$(BUILD)/clean-venv/bin/python -m pip install -q $(BUILD)/wheel/*.whl
	cd $(BUILD) && clean-venv/bin/python -I ../tools/check_wheel.py

import-time: $(VENV)/.with-dev ## Compare the import with scikit-learn's own
	$(BIN)/python tools/check_import_time.py

clean: ## Remove all that is built, the environment too
	rm -rf $(VENV) $(BUILD) dist .coverage .hypothesis .mypy_cache .pytest_cache \
		.ruff_cache docs/auto_examples docs/generated docs/sg_execution_times.rst
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# One stamp for each extra; a change of pyproject.toml installs it again.
$(VENV)/.with-%: pyproject.toml | $(BIN)/python
	$(PIP) install -q -e '.[$*]'
	@touch $@
