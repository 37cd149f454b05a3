# Everything here is one call of deploy/setup/setup.py; steps that are done already are skipped.
#   make demo ARGS="--port 9000"     arguments for `warmline serve`
#   make test ARGS="-k chat"         arguments for pytest

SETUP = python=$$(sh deploy/setup/python.sh) && exec "$$python" deploy/setup/setup.py

.DEFAULT_GOAL := help
.PHONY: help demo test bench lint lock pages clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST)

demo: ## set up, fetch the models, start everything, print the addresses; Ctrl-C stops it
	@$(SETUP) demo $(ARGS)

test: ## set up what tests need and run every check
	@$(SETUP) test $(ARGS)

bench: ## measure ourselves and the peers: ARGS="voice", "stt", "turns", "capacity", "overload", "sip", "report"
	@$(SETUP) bench $(ARGS)

lint: ## ruff, mypy and tsc only
	@$(SETUP) lint

lock: ## resolve the dependencies anew (ARGS=--upgrade for newer ones)
	@$(SETUP) lock $(ARGS)

pages: ## build the web pages
	@$(SETUP) pages

clean: ## remove what was set up here; fetched models stay
	rm -rf .venv web-demo/node_modules web-demo/dist build warmline.egg-info \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis
