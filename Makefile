# Everything a contributor or a CI job does. Each target sets up what it needs; once, and again when pyproject.toml changes.
#
#   make demo     a real job compiled, and one of its values explained
#   make test     the tests; the first run builds a Kubernetes control plane, with Go, which takes some minutes
#   make test-kubernetes VERSION=1.34    the tests that talk to a cluster, on another minor version
#   make fuzz [SECONDS=600] [KINDS="job overlay"]    spoilt inputs of every kind, for so long; what is found becomes a test
#   make cluster [VERSION=1.36]          that control plane by itself, until Ctrl-C, to try things on
#   make check    what CI asks before the tests: lint, types, imports
#   make build    wheel and source distribution, in dist/
#   make docs     the generated parts of docs/, written anew
#   make bench    the benchmarks (they need helm and kubeconform: make bench-tools builds them, with Go)
#   make clean    remove what these targets made

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
EXAMPLE := examples/spark-pi/job.yaml
TOOLS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/openflow-bench
HELM_VERSION := v3.22.0
KUBECONFORM_VERSION := v0.8.0

# The first Python on the PATH that is new enough.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)

VERSION ?= 1.36

.PHONY: demo test test-kubernetes fuzz cluster check lint format types imports build docs bench bench-tools clean

demo: $(VENV)/.installed
	@echo "--- $(EXAMPLE)"
	@cat $(EXAMPLE)
	@echo "--- openflow render $(EXAMPLE)"
	@$(BIN)/openflow render $(EXAMPLE)
	@echo "--- openflow explain $(EXAMPLE)"
	@$(BIN)/openflow explain $(EXAMPLE)
	@echo "--- openflow explain $(EXAMPLE) Pod/spark-pi-driver.spec.containers[spark-kubernetes-driver].resources.requests.memory"
	@$(BIN)/openflow explain $(EXAMPLE) 'Pod/spark-pi-driver.spec.containers[spark-kubernetes-driver].resources.requests.memory'

test: $(VENV)/.group-test
	$(BIN)/python -m pytest -n 2

test-kubernetes: $(VENV)/.group-test
	OPENFLOW_TEST_KUBERNETES=$(VERSION) $(BIN)/python -m pytest -n 2 tests/cluster

fuzz: $(VENV)/.group-test
	$(BIN)/python tests/fuzz/fuzzer.py --seconds $(or $(SECONDS),600) $(KINDS)

cluster: $(VENV)/.installed
	@$(BIN)/python tests/cluster/controlplane.py --minor $(VERSION)

check: lint types imports

lint: $(VENV)/.group-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.group-lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.group-lint
	$(BIN)/mypy
	MYPYPATH=benchmarks:tests/cluster $(BIN)/mypy benchmarks/*.py tools/docs.py

imports: $(VENV)/.group-lint
	$(BIN)/lint-imports

build: $(VENV)/.group-package
	rm -rf dist
	$(BIN)/python -m build

docs: $(VENV)/.installed
	$(BIN)/python tools/docs.py

bench: $(VENV)/.installed
	PATH="$(TOOLS):$$PATH" $(BIN)/python benchmarks/cold_render.py
	$(BIN)/python benchmarks/many_jobs.py
	$(BIN)/python benchmarks/trees.py
	$(BIN)/python benchmarks/explain_cost.py
	$(BIN)/python benchmarks/rules.py
	$(BIN)/python benchmarks/cluster.py

bench-tools:
	GOBIN="$(TOOLS)" go install helm.sh/helm/v3/cmd/helm@$(HELM_VERSION)
	GOBIN="$(TOOLS)" go install github.com/yannh/kubeconform/cmd/kubeconform@$(KUBECONFORM_VERSION)

clean:
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- setting up -------------------------------------------------------------------------------------------------

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer with the venv module was found; name one: make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Dependency groups need pip 25.1.
$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(PIP) --upgrade 'pip>=25.1'
	$(PIP) --editable .
	@touch $@

$(VENV)/.group-%: pyproject.toml $(VENV)/.installed
	$(PIP) --group $*
	@touch $@

.PRECIOUS: $(VENV)/.group-%
