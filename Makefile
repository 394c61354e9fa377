# `make help` lists the targets. Everything is built into .venv, node_modules and
# src/ricarica/web/static/dist; a target whose inputs have not changed costs nothing.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
DIST := src/ricarica/web/static/dist
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
UV ?= uv
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
CLI_REFERENCE := $(BIN)/typer ricarica.cli.main utils docs --name ricarica --title "Command line"
DEMO_ARGS ?=
CLUSTER_ARGS ?=
SERVE_ARGS ?=
DRILL_ARGS ?=
FUZZ_ARGS ?=
SOAK_ARGS ?=
PYTEST_ARGS ?= -n 2 --dist worksteal
RAN := .pytest_cache/d/ricarica/ran.json
ASSET_SOURCES := $(shell find assets src/ricarica/web -type f \
	\( -name '*.css' -o -name '*.ts' -o -name '*.js' -o -name '*.mjs' -o -name '*.html' -o -name '*.svg' \) \
	-not -path '$(DIST)/*' 2>/dev/null)
PAGES_PARTS := $(wildcard package.json package-lock.json)

export PATH := $(abspath $(BIN)):$(PATH)

.PHONY: help setup dev demo serve test sim sim-long drills fuzz coverage soak check format bench bench-full bench-messages bench-layers docs lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(STAMPS)/package $(STAMPS)/assets ## Make .venv and the assets; enough to run Ricarica

dev: setup $(STAMPS)/dev ## Add what tests and checks need

demo: setup ## Run everything on SQLite with 50 simulated stations, in ./demo-data
	@$(BIN)/ricarica demo $(DEMO_ARGS)

serve: setup ## Run Ricarica on SQLite, in ./ricarica-data (SERVE_ARGS="--data DIR …" for options)
	@$(BIN)/ricarica serve $(SERVE_ARGS)

test: dev ## Run all tests; installs Chromium if it can (PYTEST_ARGS="-k word" to choose)
	@tools/install_browser.sh
	@rm -f $(RAN)
	$(BIN)/python -m pytest $(PYTEST_ARGS)
	$(if $(PYTEST_ARGS),-)@$(BIN)/python -m tools.coverage_matrix --ran $(RAN)

sim: dev ## Simulate a network and all its troubles: SEED=n with its trace, or SEEDS=n
	$(BIN)/python -m tests.simulation.run $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),100)) $(SIM_ARGS)

sim-long: dev ## Simulate a million sessions on two processes; hours (SIM_ARGS="--first 1 --sessions N")
	$(BIN)/python -m tests.simulation.run --mass --seeds 1000000 --sessions 1000000 --processes 2 --every 10 $(SIM_ARGS)

drills: dev ## Break everything that can break under charging stations, and compare the books
	$(BIN)/python -m pytest -m "long or not long" -n 0 tests/e2e/drills $(DRILL_ARGS)

fuzz: dev ## Five minutes of random frames, right and wrong, at a running server (FUZZ_ARGS="--seed 7")
	$(BIN)/python -m tests.fuzz.run $(FUZZ_ARGS)

coverage: dev ## Print which messages and use cases are covered, and by what
	@$(BIN)/python -m tools.coverage_matrix

cluster: dev ## Two nodes on PostgreSQL and NATS, one of them killed every 20 s for two minutes
	@$(BIN)/python -m tests.e2e.drills.cluster $(CLUSTER_ARGS)

soak: dev ## A month of charging in minutes; prints memory, descriptors and rows (SOAK_ARGS="--minutes 10")
	$(BIN)/python -m tests.e2e.drills.soak $(SOAK_ARGS)

check: dev ## Formatting, lint, types, layers, tidiness, generated code, translations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(wildcard src tools bench tests)
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/tidy.py
	$(BIN)/python tools/generate_messages.py --check
	$(BIN)/python tools/write_migration.py --check
	$(BIN)/python tools/check_translations.py
	$(BIN)/python tools/check_docs.py
	$(BIN)/python -m tools.coverage_matrix --check
	$(BIN)/python -m tools.requirements --check
	$(CLI_REFERENCE) | diff docs/reference/cli.md - || { echo "run make docs"; exit 1; }

format: dev ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: dev ## Measure everything in about ten minutes: one table with what it should be
	$(BIN)/python -m bench $(BENCH_ARGS)

bench-full: dev ## Measure 100,000 stations and their storm on six nodes; half an hour
	$(BIN)/python -m bench.stations --stations 100000 --nodes 6
	$(BIN)/python -m bench.storm --stations 100000 --nodes 6

bench-messages: dev ## Measure what a message costs; prints the table of the README
	$(BIN)/python -m bench.gateway $(BENCH_ARGS)

bench-layers: dev ## Measure where the processor time of a message goes, layer by layer
	$(BIN)/python -m bench.layers --postgres $(BENCH_ARGS)

docs: dev ## Write what is generated of the documentation, and check its links
	$(CLI_REFERENCE) > docs/reference/cli.md
	$(BIN)/python -m tools.coverage_matrix --write
	$(BIN)/python -m tools.requirements --write
	$(BIN)/python tools/check_docs.py

lock: ## Pin the dependencies again (needs uv; UV=path/to/uv)
	$(LOCK) pyproject.toml --extra dev --group build --upgrade -o requirements/dev.lock
	$(LOCK) pyproject.toml -c requirements/dev.lock -o requirements/runtime.lock
	$(LOCK) pyproject.toml --extra otel -c requirements/dev.lock -o requirements/otel.lock
	$(LOCK) --group build -c requirements/dev.lock -o requirements/build.lock
	$(LOCK) --group node --upgrade -o requirements/node.lock

clean: ## Remove everything that was built, and the demo's data
	rm -rf $(VENV) node_modules $(DIST) demo-data .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(STAMPS)/venv:
	@tools/make_venv.sh $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/runtime: requirements/runtime.lock requirements/build.lock | $(STAMPS)/venv
	@echo "Installing Ricarica's dependencies …"
	@$(PIP) --require-hashes -r requirements/runtime.lock -r requirements/build.lock
	@touch $@

$(STAMPS)/package: pyproject.toml $(STAMPS)/runtime
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(STAMPS)/dev: requirements/dev.lock $(STAMPS)/package
	@echo "Installing what tests and checks need …"
	@$(PIP) --require-hashes -r requirements/dev.lock
	@touch $@

$(STAMPS)/node: $(PAGES_PARTS) requirements/node.lock | $(STAMPS)/venv
	@tools/install_node.sh $(VENV)
	@touch $@

$(STAMPS)/assets: $(ASSET_SOURCES) $(PAGES_PARTS) $(STAMPS)/node $(if $(wildcard $(DIST)/*),,rebuild)
	@if [ -f package.json ]; then echo "Building the pages' assets …"; npm run --silent build; fi
	@touch $@

.PHONY: rebuild
rebuild:
