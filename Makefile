# `make help` lists the targets. The work is done by `python -m include.local_stack`; all state lies in .run/.

PYTHON ?= python3
INVOICES ?= 2000
ACCOUNT ?=
SQL ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
STACK := $(BIN)/python -m include.local_stack

export INVOICES

.DEFAULT_GOAL := help
.PHONY: help demo up down sync psql sandbox test lint bench lock

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' $(firstword $(MAKEFILE_LIST)) | expand -t 10

demo: $(INSTALLED) ## start everything, sync the demo's accounts once, show the summary, stop everything (INVOICES=2000)
	@$(STACK) demo

up: $(INSTALLED) ## the same, and leave it running; says where Airflow is and how to sign in
	@$(STACK) up

down: $(INSTALLED) ## stop what `make up` has left running
	@$(STACK) down

sync: $(INSTALLED) ## run one account's sync in the foreground: make sync ACCOUNT=demo
	@$(STACK) sync --account "$(ACCOUNT)"

# As the caller wrote it: make must not expand the dollars in a statement.
psql: export SQL_TEXT = $(value SQL)
psql: $(INSTALLED) ## open the warehouse; with SQL="..." run one statement and print only its result
	@$(STACK) psql

sandbox: $(INSTALLED) ## start the sandbox NetSuite alone, until Ctrl-C
	@$(BIN)/python -m include.sandbox --invoices $(INVOICES) --state-dir .run/sandbox-alone

# A file's tests stay together, since they share servers; the long whole runs come first as they are collected.
test: lint ## lint, types and all tests
	@$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: $(INSTALLED) ## ruff and mypy
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

bench: $(INSTALLED) ## measure the sync, as ratios to the physical limit
	@$(BIN)/python -m tests.benchmarks

lock: $(INSTALLED) ## write requirements.txt anew from requirements.in
	@$(BIN)/python include/local_stack/install.py --lock $(VENV)

$(INSTALLED): requirements.txt pyproject.toml include/local_stack/install.py
	@echo "Installing the locked requirements into $(VENV) ..."
	@$(PYTHON) include/local_stack/install.py $(VENV)
	@touch $@
