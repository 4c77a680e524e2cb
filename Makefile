# Everything is in dev.py, which also works where there is no make: python dev.py help

PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)

TARGETS := run test setup lint format docs lock package gallery bench-archive bench-bot bench-scan bench-delivery drill clean

.PHONY: help bench $(TARGETS)

help:
	@$(PYTHON) dev.py help

$(TARGETS):
	@exec $(PYTHON) dev.py $@ $(ARGS)

bench: bench-archive bench-bot bench-scan bench-delivery
