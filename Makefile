# Everything a developer or CI does, on GNU make and Python >= 3.11 alone. `make help` lists it.

PYTHON ?= python3
PORT ?= $(or $(RCU_PORT),8000)
WORKERS ?= 2
PYTEST_ARGS ?=
BENCH_ARGS ?=
LOCK_ARGS ?=

UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
UV := $(VENV)/lock-tools/bin/uv
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo serve test nightly check format bench bench-api bench-link lock clean

help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  Variables: PYTHON=python3.13  PORT=8000  PYTEST_ARGS='-k words'  WORKERS=2  BENCH_ARGS=  LOCK_ARGS=--upgrade"

demo: $(READY) ## Import the example exports, match, and serve the result on localhost (PORT=8000)
	RCU_PORT=$(PORT) $(BIN)/rcu demo

serve: $(READY) ## Serve the database of RCU_DATABASE_URL (PORT=8000)
	RCU_PORT=$(PORT) $(BIN)/rcu serve

test: $(READY) ## Run the tests on SQLite and PostgreSQL (PYTEST_ARGS, WORKERS)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

nightly: $(READY) ## Run what takes hours: 2,000 sequences, 1,000 decisions, 5,000 racing records (PYTEST_ARGS, WORKERS)
	RCU_TEST_SEQUENCES=2000 $(BIN)/python -m pytest -n $(WORKERS) --dist load tests/property/test_identity.py $(PYTEST_ARGS)
	RCU_TEST_DECISIONS=1000 $(BIN)/python -m pytest -n $(WORKERS) --dist load tests/e2e/test_decisions.py $(PYTEST_ARGS)
	RCU_TEST_RACES=5000 $(BIN)/python -m pytest -n 0 tests/e2e/test_races.py $(PYTEST_ARGS)

check: $(READY) ## Check format, lint, types, layers, migrations and locks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/rcu db check
	$(BIN)/python -m tools.check_locks

format: $(READY) ## Format the code and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## Run the measurements and write their results (BENCH_ARGS)
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

bench-api: $(READY) ## Measure reads over HTTP beside a bare route, 1 M records (BENCH_ARGS=--rows=100000 for less)
	$(BIN)/python -m benchmarks api $(BENCH_ARGS)

bench-link: $(READY) $(VENV)/.bench ## Measure linking with Splink beside it, up to 10 M records (BENCH_ARGS=--rows=1000000 for less)
	$(BIN)/python -m benchmarks link --rows 10000000 $(BENCH_ARGS)

lock: $(UV) ## Bring the lock files in step with pyproject.toml (LOCK_ARGS=--upgrade for newer versions)
	$(LOCK) $(LOCK_ARGS) --extra dev -o requirements.lock pyproject.toml
	$(LOCK) --no-annotate -c requirements.lock -o requirements-runtime.lock pyproject.toml
	$(LOCK) --no-annotate --group pyproject.toml:bench -o requirements-bench.lock
	$(VENV)/lock-tools/bin/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
	  | $(LOCK) --no-annotate -c requirements.lock -o requirements-build.lock -

clean: ## Remove the virtual environment, caches and build output; var/ stays
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

define need_python
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
  echo "RCU needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Say for example: make PYTHON=python3.13" >&2; exit 1; }
endef

$(READY): requirements.lock pyproject.toml
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { $(need_python); $(PYTHON) -m venv --clear $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.bench: requirements-bench.lock | $(READY)
	$(PYTHON) -m venv --clear $(VENV)/bench
	$(VENV)/bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

$(UV):
	@$(need_python)
	$(PYTHON) -m venv $(VENV)/lock-tools
	$(VENV)/lock-tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
