# The two commands of the README: `make demo` and `make test`. Both create the environment first.
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.PHONY: demo test test-fast lint types docs bench env clean

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "netket needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --editable ".[dev]"
	touch $(STAMP)

env: $(STAMP) ## create .venv and install the package with what the tests need

demo: $(STAMP) ## the main job: two ground states, both backends, a table and a picture
	$(PY) examples/ground_state.py

test: $(STAMP) ## the whole test suite
	$(PY) -m pytest -n 2 --dist worksteal test

test-fast: $(STAMP) ## without the tests marked slow
	$(PY) -m pytest -n 2 --dist worksteal -m "not slow" test

lint: $(STAMP)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(STAMP)
	$(PY) -m mypy

docs: $(STAMP)
	$(PY) -m pip install --quiet --disable-pip-version-check --editable ".[docs]"
	$(PY) -m sphinx -W --keep-going -b html docs docs/_build/html

bench: $(STAMP) ## time against an installed peer: make bench PEER=/path/to/python
	$(PY) benchmarks/compare.py --peer $(PEER)

clean:
	rm -rf $(VENV) docs/_build .pytest_cache .ruff_cache .mypy_cache
