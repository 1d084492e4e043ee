# The two commands: `make run` and `make test`. The work is done in scripts/.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# Where `make run` keeps its data and listens: make run HTTP=0.0.0.0:8080
DATA ?= dokuei-data
HTTP ?= 127.0.0.1:8080
DICOM ?= 127.0.0.1:11112
# More for pytest: make test ARGS="-m S1"
ARGS ?=
# For `make fuzz`: minutes for each target, and one target instead of all.
MINUTES ?= 5
TARGET ?=

.PHONY: help run install test fuzz lint format lock wheel clean

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

run: ## set up, then play the demo until Ctrl-C
	@exec scripts/run.sh --data '$(DATA)' --http '$(HTTP)' --dicom '$(DICOM)'

install: ## set up into .venv, start nothing
	@scripts/install.sh

test: ## set up what tests need, run all of them
	@scripts/test.sh $(ARGS)

fuzz: ## give strangers' bytes to what reads them first; make fuzz MINUTES=5 TARGET=header_scan
	@scripts/fuzz.sh '$(MINUTES)' $(TARGET)

lint: ## the checks without the tests
	@scripts/install.sh --tests && scripts/lint.sh

format: ## lay out the Python code
	@scripts/install.sh --tests && .venv/bin/ruff format . && .venv/bin/ruff check --fix .

lock: ## pin again; make lock UPGRADE=1 takes newer versions
	@scripts/lock.sh $(if $(UPGRADE),--upgrade)

wheel: ## build the wheel, browser application inside, into dist/
	@scripts/wheel.sh

clean: ## remove what was built; .venv and the data stay
	@scripts/clean.sh
