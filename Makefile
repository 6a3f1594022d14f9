# Everything one needs to work on Tillpost. Each target works from an empty clone: it first installs what is missing
# into .venv and scripts/node/node_modules, and a second run downloads nothing.

PYTHON ?= $(shell sh scripts/find-python)
VENV   := .venv/bin
DEMO_ARGS ?=
TEST_ARGS ?=
BENCH_ARGS ?=
SEEDS ?= 400
SIMULATE_ARGS ?=
SEQUENCES ?= 5000
MUTANT_ARGS ?=
AUDIT_ARGS ?=
CASES ?= 5000
DOCUMENTS ?= 100000
ADVISORIES ?=
# A file of tests stays in one process; the longest begin first (tests/conftest.py).
BOTH_CORES := -n 2 --dist loadfile --no-loadscope-reorder

# Python's output must not wait in a buffer when make's is piped.
export PYTHONUNBUFFERED := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test check run daily-check monthly-check drill bench bombs simulate twins mutants schemathesis fuzz scan verify-audit format clean

help: ## Say what can be done here
	@echo "Tillpost: from the tills to Dynamics 365, to the penny. Usage: make TARGET"
	@sed -n 's/^\([a-z-]*\):[a-z ]*## \(.*\)/  \1|\2/p' Makefile | tr '|' '\t'
	@echo "Options: PYTHON=/path/to/python  DEMO_ARGS='...'  TEST_ARGS='-k word'  BENCH_ARGS='...'  SEEDS=400  SEQUENCES=5000  CASES=5000  DOCUMENTS=100000"

setup: ## Install what is missing (every other target does this first)
	@python="$(PYTHON)"; [ -n "$$python" ] && "$$python" scripts/setup.py

demo: setup ## Trade a chain's day end to end and show the result
	@$(VENV)/python -m demo $(DEMO_ARGS)

test: setup ## Run all tests, on both cores (one: TEST_ARGS='-n 0')
	@$(VENV)/python -m pytest $(BOTH_CORES) $(TEST_ARGS)

check: setup ## Lint, format check, types, then all tests
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy
	@$(VENV)/python -m pytest $(BOTH_CORES) $(TEST_ARGS)

run: setup ## Run the app here with the storage emulator and the D365 simulator, until Ctrl-C
	@$(VENV)/python -m scripts.run

daily-check: setup ## Make the daily checks of a running app: ENTITY=usrt DAY=2017-12-23, KEEP=yes NOTE='...' to keep them
	@$(VENV)/python -m scripts.check daily --entity "$(ENTITY)" --period "$(DAY)" $(if $(KEEP),--keep) --note "$(NOTE)"

monthly-check: setup ## Make the monthly checks of a running app: ENTITY=usrt PERIOD=2017-12, KEEP=yes NOTE='...' to keep them
	@$(VENV)/python -m scripts.check monthly --entity "$(ENTITY)" --period "$(PERIOD)" $(if $(KEEP),--keep) --note "$(NOTE)"

drill: setup ## Practise: start everything here with one fault in it (NAME=...), or list what there is to practise
	@$(VENV)/python -m drills $(NAME) $(if $(SHOW),--show)

bench: setup ## Measure against the budgets, compared inside one run
	@$(VENV)/python -m benchmarks $(BENCH_ARGS)

bombs: setup ## Send every body made to hurt to every way in, and say what each cost
	@$(VENV)/python -m tests.contract.bombs

simulate: setup ## Run SEEDS histories in which everything goes wrong, on both cores
	@$(VENV)/python -m tests.simulation --seeds $(SEEDS) $(SIMULATE_ARGS)

twins: setup ## Compare tables and queues in memory with the emulator by SEQUENCES random sequences
	@$(VENV)/python -m tests.contract.twins --sequences $(SEQUENCES)

mutants: setup ## Change the code step by step and see whether the tests notice (slow; MUTANT_ARGS='--group retail')
	@$(VENV)/python -m scripts.mutants $(MUTANT_ARGS)

schemathesis: setup ## Ask the app whatever its description allows, and what it does not: CASES=5000 and each boundary
	@$(VENV)/python -m tests.security.described --cases $(CASES)

fuzz: setup ## Change DOCUMENTS documents of every adapter at random; nothing but a refusal may come of it
	@$(VENV)/python -m tests.unit.fuzz --documents $(DOCUMENTS)

scan: setup ## Look for what opens doors: our code, what it pulls in, secrets left in files (docs/security.md)
	@ADVISORIES="$(ADVISORIES)" $(VENV)/python -m scripts.scan

verify-audit: setup ## Say whether every decision that people took still is what was written down
	@$(VENV)/python -m scripts.verify_audit $(AUDIT_ARGS)

format: setup ## Format the code and mend what the linter can mend
	@$(VENV)/ruff format .
	@$(VENV)/ruff check --fix .

clean: ## Remove what setup, tests and local runs made
	rm -rf .venv scripts/node/node_modules .local .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
