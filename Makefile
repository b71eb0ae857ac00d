# Every target has one line of help; `make` alone prints them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements/runtime.lock
DEV_LOCK := requirements/dev.lock

.DEFAULT_GOAL := help

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/tiphys: $(LOCK) pyproject.toml scripts/setup.sh
	@PYTHON=$(PYTHON) scripts/setup.sh runtime
	@touch $@

$(VENV)/.dev: $(BIN)/tiphys $(DEV_LOCK)
	@PYTHON=$(PYTHON) scripts/setup.sh dev
	@touch $@

setup: $(BIN)/tiphys  ## install tiphys and what it needs into .venv

dev: $(VENV)/.dev  ## install the tools for development too

ui: setup  ## build the web UI, if it changed
	@scripts/ui.sh build

up: setup  ## start a sandbox cluster with a demo, deploy it, print the addresses
	@scripts/ui.sh build || echo "going on without the web UI"
	@$(BIN)/tiphys up

monitoring:  ## start Prometheus with the alerts beside the demo, where it is installed
	@scripts/monitoring.sh up

down: setup  ## stop what `make up` started; its state stays
	@scripts/monitoring.sh down
	@$(BIN)/tiphys down

reset: setup  ## stop, and delete all that `make up` made
	@scripts/monitoring.sh down
	@$(BIN)/tiphys reset

logs: setup  ## follow the logs of what `make up` started
	@tail -n 50 -f $${TIPHYS_HOME:-.tiphys}/logs/*.log

bench: dev  ## a thousand applications, the sandbox under load; prints figures, asserts nothing
	@$(BIN)/python -m tests.bench.bench_applications
	@$(BIN)/python -m tests.bench.bench_structured
	@$(BIN)/python -m tests.bench.bench_permissions
	@$(BIN)/python -m tests.bench.bench_server
	@$(BIN)/python -m tests.bench.bench_renders
	@$(BIN)/python -m tests.bench.bench_sandbox
	@$(BIN)/python -m tests.bench.bench_notifications

fmt: dev  ## format the code
	@$(BIN)/ruff format -q . && $(BIN)/ruff check -q --fix .

lint-ui: setup  ## types, style and unit tests of the web UI
	@scripts/ui.sh check

lint: dev  ## style, types and layers
	@$(BIN)/ruff format --check -q . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

unit: dev  ## the tests that start no process
	@$(BIN)/pytest -q -n 2 -m "not e2e and not contract and not real"

# A browser's driver keeps an event loop running in its process, where no other test may begin one.
test: lint lint-ui ui  ## set up and pass every test
	@$(BIN)/pytest -q -n 2 -m "not real" --ignore tests/browser || failed=1; \
	$(BIN)/pytest -q -n 2 -m "not gallery" tests/browser || failed=1; [ -z "$$failed" ]

test-ui: dev ui  ## every journey in a real browser, and pictures of every page
	@$(BIN)/pytest -q -n 2 tests/browser
	@echo "pictures: $${TIPHYS_PICTURES:-.tiphys/pictures}"

test-real: dev  ## the end-to-end suite on a real Kubernetes control plane (needs Go)
	@scripts/test-real.sh

test-node: dev ui  ## install the image on a real node and deploy real containers (root, containerd, Go)
	@scripts/test-node.sh

contract: dev  ## the contract suite on the sandbox and on the real control plane, as a table
	@$(BIN)/python -m tests.contract.table

manifests: dev  ## write the installation manifests of deploy/ anew from scripts/manifests
	@$(BIN)/python -m scripts.manifests

image: dev ui  ## build the container image without a Docker engine, and try it (root, mmdebstrap, Go)
	@scripts/image.sh

docs: dev  ## build the documentation into build/site; links are checked
	@scripts/docs.sh

lock: dev  ## write the lock files anew from pyproject.toml
	@scripts/lock.sh

.PHONY: help setup dev ui lint-ui up monitoring down reset logs bench fmt lint unit test test-ui test-real test-node contract manifests image docs lock
