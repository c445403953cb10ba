# Every target makes .venv first; nothing but Python >= 3.11, make and git has to be there.
PROFILES ?=
PYTHON = .venv/bin/python
.PHONY: help venv demo up test campaign check format lock bench chaos test-containers audit clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /	/' | expand -t 18

venv: ## .venv with the locked dependencies
	@tools/bootstrap.sh

demo: venv ## start everything, show every promise, audit; PROFILES=dir uses real scraped items
	@.venv/bin/oslira demo $(if $(PROFILES),--profiles "$(PROFILES)")

up: venv ## start the stack and keep it running (Ctrl-C stops it)
	@.venv/bin/oslira up $(if $(PROFILES),--profiles "$(PROFILES)")

lock: venv ## pin what the pyproject files allow, with hashes
	@tools/lock.sh
