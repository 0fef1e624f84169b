# lx: `make demo` and `make test` do all set-up. Needs python3 (3.11 to 3.13) with venv, make; a C compiler if there is one.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
TESTS ?= tests

SOURCES := $(shell find lx syscalls loader -name '*.py' -o -name '*.pyx' -o -name '*.tsv' -o -name '*.bin' -o -name '*.json' -o -name '*.toml' -o -path '*testing*.c' -o -path '*testing*.html')

# -P and PYTHONSAFEPATH: the tests see the installed package, never the source tree (tests/conftest.py checks it).
PYTEST := PYTHONSAFEPATH=1 LX_TEST_INSTALLED=1 $(BIN)/python -P -m pytest

.PHONY: demo test test-pure lint docs docs-check bench clean

demo: $(VENV)/.installed
	@sh examples/demo.sh $(BIN)/lx build/demo

test: $(VENV)/.dev
	$(PYTEST) -n $(WORKERS) $(TESTS)

test-pure: $(VENV)/.dev
	LX_ENGINE=pure $(PYTEST) -n $(WORKERS) -m "not one_engine" $(TESTS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.installed
	$(BIN)/lx syscalls --markdown > docs/syscalls.md
	$(BIN)/python tests/programs/page.py > docs/programs.md

docs-check: $(VENV)/.installed
	@$(BIN)/python tests/programs/page.py | diff -u docs/programs.md - || { echo "docs/programs.md is stale: make docs"; exit 1; }
	@$(BIN)/lx syscalls --markdown | diff -u docs/syscalls.md - || { echo "docs/syscalls.md is stale: make docs"; exit 1; }

bench: $(VENV)/.dev
	$(BIN)/lx bench --suite all --breakdown --counts --json bench/results/benchmarks.json --html bench/results/benchmarks.html
	$(BIN)/lx bench --from bench/results/benchmarks.json --markdown docs/benchmarks.md --notes bench/notes.md >/dev/null

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
	rm -f lx/cpu/_compiled.c lx/cpu/_compiled*.so

$(VENV)/.made:
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "lx needs Python 3.11 to 3.13")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

# build/ is setuptools' own cache: a file that left the source tree must leave the package too.
$(VENV)/.installed: $(VENV)/.made pyproject.toml setup.py $(SOURCES)
	rm -rf build/lib* build/bdist*
	$(BIN)/pip install --quiet --disable-pip-version-check .
	@$(BIN)/python -P -c 'import importlib.util as u; print("lx is installed;", "compiled engine" if u.find_spec("lx.cpu._compiled") else "no C compiler or Python.h when it was built: the pure engine is used")'
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check '.[dev]'
	@touch $@
