# Each target makes what it needs in .venv, from the lock file alone.
#
#   make demo    the whole story on sample data
#   make test    every test          make lint    format, types, import direction
#   make bench   the measurements    make lock    refresh requirements.lock
#   make simulate N=100000 SEED=7    so many random transfers under every fault
#   make chaos SECONDS=120 SEED=7    real servers and agents, killed and restored that long
#   make clean   remove what was built (never a home with data)

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
PACKAGES := signing ledger projections transfer services tests
NAMES ?= append sheet roster
WORKERS ?= 3
MEMORY := $(shell [ -w /dev/shm ] && \
  [ "$$(df -Pk /dev/shm | awk 'NR == 2 { print $$4 }')" -gt 8000000 ] && echo TMPDIR=/dev/shm)
N ?= 10000
SEED ?=
SECONDS ?= 120

.DEFAULT_GOAL := test
.PHONY: demo test lint bench simulate chaos lock clean

demo: $(READY)
	$(BIN)/hocba demo

# Whole files to a worker (servers are shared within one), in their order: the long ones that
# start servers first, unit tests last. Three workers, because servers wait for each other. Their
# data lies in memory where the machine has 8 GB to spare: a test waits for no disk then.
test: $(READY)
	$(MEMORY) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict $(addprefix -p ,$(PACKAGES))
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/hocba bench $(NAMES)

simulate: $(READY)
	$(BIN)/python -m tests.simulation.transfer.run --count $(N) --seed $(or $(SEED),0)

# Without a seed one is drawn, and printed.
chaos: $(READY)
	$(MEMORY) $(BIN)/python -m tests.chaos.run --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

# --universal: one lock for every platform and Python from 3.11 on.
lock: $(READY)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --extra dev pyproject.toml --output-file requirements.lock

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis \
	  .import_linter_cache

$(READY): requirements.lock pyproject.toml
	@python=""; \
	for name in python3.11 python3.12 python3.13 python3.14 python3; do \
	  if "$$name" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    python="$$name"; break; \
	  fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Python 3.11 or newer with its venv module is needed and was not found;" \
	    "install it (Debian: apt-get install python3 python3-venv) and run make again." >&2; \
	  exit 1; \
	fi; \
	[ -x $(BIN)/python ] || "$$python" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
	  --no-build-isolation -e .
	@touch $(READY)
