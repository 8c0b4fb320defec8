# Every habit of this house, one word each; bare `make` prints them. Needs Python 3.11 and make, nothing else.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
TOOLS := .state/tools
READY := .state/installed
SERVICES := customer feedback channel-router risk kpi
MEMBERS := shared clients/python deploy/local $(addprefix services/,$(SERVICES))
PROJECTS := $(addsuffix /pyproject.toml,$(MEMBERS))
PACKAGES := shared customer feedback channel_router risk kpi cxbank_client cxbank_local
TESTS := $(wildcard $(addsuffix /tests,$(MEMBERS)) tests)
LOCKS := requirements/build.txt requirements/runtime.txt requirements/dev.txt

# S=risk narrows a target to one service; ONE refuses a name that is none.
S ?=
# MODEL=product narrows `train` and `evaluate` to one model; DATA=file scores another file of the same shape.
MODEL ?=
DATA ?=
ONE = $(if $(filter $(S),$(SERVICES)),$(S),$(error S=<service> is needed, one of: $(SERVICES)))

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export XDG_RUNTIME_DIR ?= $(CURDIR)/.state/run

.PHONY: help
help:  ## this list
	@sed -nE 's/^([a-z0-9]+):.*  ## (.*)$$/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r target line; do printf '  make %-11s %s\n' "$$target" "$$line"; done

# ---------------------------------------------------------------- setting up

.PHONY: install
install: $(READY)  ## hashed third-party packages, then the members of this workspace, into .venv

$(TOOLS): $(LOCKS)
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Python 3.11 is needed; say where: make PYTHON=/path/to/python3.11"; exit 1; }
	@mkdir -p .state/run && chmod 700 .state/run
	test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	@# First the pinned pip: older ones lose the pin of a package that another asks for with an extra.
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/build.txt
	$(BIN)/python -m pip install --quiet --require-hashes $(addprefix -r ,$(LOCKS))
	@touch $@

$(READY): $(TOOLS) $(PROJECTS)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation $(addprefix -e ./,$(MEMBERS))
	$(BIN)/python -m pip check
	@touch $@

# Not the members: what they ask for is not in the lists yet.
.PHONY: lock
lock: $(TOOLS)  ## recompile requirements/ from the pyprojects (UPGRADE=1 also raises versions)
	UPGRADE=$(UPGRADE) UV=$(BIN)/uv bash requirements/compile.sh

# ---------------------------------------------------------------- every day

.PHONY: check
check: $(READY)  ## format, ruff, mypy --strict, import contracts, architecture, contracts up to date
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(addprefix -p ,$(PACKAGES))
	@for folder in $(TESTS); do echo "mypy $$folder"; MYPYPATH=$$folder $(BIN)/mypy --explicit-package-bases $$folder || exit 1; done
	$(BIN)/lint-imports
	$(BIN)/python -m cxbank_local.contracts check
	$(BIN)/pytest -q tests/architecture tests/contract

.PHONY: format
format: $(READY)  ## rewrite the sources as `make check` wants them
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: test
# Three where there are two cores: much of the time goes into waiting for brokers and locks.
test: $(READY)  ## everything but slow; S=risk one service, WORKERS=3 at a time
	$(BIN)/pytest -n $(or $(WORKERS),3) --dist loadgroup -m "not slow" $(if $(S),services/$(ONE)/tests)

.PHONY: cover
cover: $(READY)  ## the tests once more, with the coverage gate
	$(BIN)/pytest -n 2 --dist loadgroup -m "not slow" $(foreach p,$(PACKAGES),--cov=$(p)) --cov-report=term:skip-covered --cov-fail-under=$(or $(FLOOR),85)

.PHONY: contracts
contracts: $(READY)  ## regenerate OpenAPI, AsyncAPI, event schemas and the typed client; refuses a breaking change
	$(BIN)/python -m cxbank_local.contracts write

.PHONY: ci
ci:  ## what CI runs, nothing else
	bash .ci/run

# ---------------------------------------------------------------- the whole suite on this machine

.PHONY: up
up: $(READY)  ## PostgreSQL, a broker, five services and their workers, until Ctrl-C; KAFKA=apache the real Kafka
	$(BIN)/cxbank up $(if $(KAFKA),--kafka $(KAFKA))

.PHONY: down
down: $(READY)  ## drain and stop what `make up` started
	$(BIN)/cxbank down

.PHONY: demo
demo: $(READY)  ## real input through all five services, every count checked
	$(BIN)/cxbank demo

.PHONY: run
run: $(READY)  ## the API of one service: S=risk
	$(BIN)/cxbank-$(ONE)

.PHONY: work
work: $(READY)  ## the worker of one service: S=risk
	$(BIN)/cxbank-$(ONE)-worker

.PHONY: migrate
migrate: $(READY)  ## bring the databases to the newest tables: all, or S=risk
	$(BIN)/cxbank migrate $(if $(S),$(ONE))

.PHONY: revision
revision: $(READY)  ## a new dated migration: S=risk M="add score index"
	@test -n "$(M)" || { echo 'M="what it does" is needed'; exit 1; }
	$(BIN)/cxbank revision $(ONE) "$(M)"

.PHONY: kafka
kafka: $(READY)  ## the real Apache Kafka, one node, until Ctrl-C; needs Java 17 and Maven
	$(BIN)/cxbank kafka

# ---------------------------------------------------------------- on demand: bounded, loopback only

.PHONY: bench
bench: $(READY)  ## speed against floors run beside it, kept in docs/benchmarks.md; ROWS=N1,N9 some, PAGE=no only printed
	ROWS=$(ROWS) PAGE=$(PAGE) $(BIN)/python -m cxbank_local.bench

.PHONY: train
train: $(READY)  ## make a service's models from the real data and keep them with their scores: S=customer (MODEL=product)
	$(BIN)/cxbank train $(ONE) $(if $(MODEL),--model $(MODEL))

.PHONY: evaluate
evaluate: $(READY)  ## score a service's models: S=customer (MODEL=product) (DATA=another file or folder of the same shape)
	$(BIN)/cxbank evaluate $(ONE) $(if $(MODEL),--model $(MODEL)) $(if $(DATA),--file $(DATA))

.PHONY: chaos
chaos: $(READY)  ## kill, stop, wipe, poison during load: nothing lost, nothing doubled
	$(BIN)/pytest -q -m "slow or not slow" tests/chaos

.PHONY: fuzz
fuzz: $(READY)  ## schemathesis against each service: no 5xx, no undocumented answer
	$(BIN)/pytest -q -m "slow or not slow" tests/fuzz

.PHONY: e2e
e2e: $(READY)  ## ten processes: nobody in the clear, people parted and forgotten, imports under kill -9, keys that turn, a record that tells
	$(BIN)/pytest -q -m "not whole" tests/e2e

.PHONY: imports
imports: $(READY)  ## every real client twice, the worker killed half-way, and the real accounts with their features; says its figures
	$(BIN)/pytest -q -s -m whole tests/e2e/test_imports.py
