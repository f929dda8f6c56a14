# Every target sets up what it needs and is quick the second time.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help

.PHONY: help run test check bench fmt docs soak lock setup screenshots
help: ## show these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

# uv installs in seconds what takes pip a minute; where it cannot reach the index that pip is set up for, pip does it.
$(VENV)/.installed: requirements.lock requirements-bootstrap.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q -j 2 $(VENV)/lib src # where PYTHONDONTWRITEBYTECODE is set, every process would compile all it imports
	@touch $@

src/milepost/static/mcx.js: tracker/package-lock.json tracker/build.mjs $(wildcard tracker/src/*.ts)
	cd tracker && npm ci --silent --no-audit --no-fund && npm run --silent build
	cp tracker/dist/mcx.js tracker/dist/mcx-auto.js src/milepost/static/

CONSOLE := $(shell find console/src console/public console/build -type f 2>/dev/null) $(wildcard console/*.json console/*.ts console/*.html)
src/milepost/static/console/index.html: $(CONSOLE)
	cd console && npm ci --silent --no-audit --no-fund && npm run --silent build && node build/ship.mjs

setup: $(VENV)/.installed src/milepost/static/mcx.js src/milepost/static/console/index.html ## install what requirements.lock pins into .venv, build the tracking script and the console

run: setup ## start Milepost with a demo business that lives before your eyes
	$(BIN)/milepost serve --data .data --demo

test: setup ## check everything, then run all tests
	$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

check: setup ## format, lint, types and the import law; no tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	cd console && npm run --silent check

fmt: setup ## format and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	cd console && npm run --silent fmt

docs: setup ## write the generated tables of docs/reference anew
	MILEPOST_WRITE_DOCS=1 $(BIN)/python -m pytest tests/docs/test_generated_pages.py tests/integration/receive/test_doors_table.py

bench: setup ## measure the hot paths against limits of the same run
	$(BIN)/python -m bench

soak: setup ## the kill -9 journey for many rounds, and every file of a data folder damaged in every way
	SOAK_ROUNDS=200 LOST_PARTS=all $(BIN)/python -m pytest tests/journey/test_kill.py tests/journey/test_lost_parts.py --timeout 14400

screenshots: setup ## picture every page of the console on demo data, in both themes and two widths, into console/screenshots
	cd console && PYTHON=$(CURDIR)/$(BIN)/python node build/screenshots.mjs

lock: setup ## pin the dependencies of pyproject.toml anew
	$(BIN)/uv pip compile --universal --generate-hashes --no-annotate --no-header --python-version 3.11 --extra dev pyproject.toml -o requirements.lock
