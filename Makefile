# Every target makes .venv first; nothing but Python >= 3.11, make and git has to be there.
PROFILES ?=
BIN = .venv/bin
PYTEST = $(BIN)/python -m pytest
# Three at a time on two cores: most of a test on real servers is waiting. conftest.py says who shares a process.
PARALLEL = --numprocesses 3 --dist loadfile --no-loadscope-reorder
# Some machines switch bytecode off for everybody; without it each of those processes compiles every test anew.
export PYTHONDONTWRITEBYTECODE =
.PHONY: help venv demo up test campaign test-containers test-compose test-browser check-k8s k8s supply-chain observability check-observability deploy compose-env chaos bench check openapi format lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

venv: ## .venv with the locked dependencies
	@tools/bootstrap.sh

demo: venv ## start everything, show every promise, audit (PROFILES=dir: on real scraped items)
	@$(BIN)/oslira demo $(if $(PROFILES),--profiles "$(PROFILES)")

up: venv ## start the stack and keep it running; Ctrl-C stops it (PROFILES=dir)
	@$(BIN)/oslira up $(if $(PROFILES),--profiles "$(PROFILES)")

test: venv ## every promise at a reduced count, on real servers; under 5 minutes
	@$(PYTEST) $(PARALLEL) -m "not campaign and not containers and not kubectl"

campaign: venv ## every promise at its full count; takes long, not in CI
	@$(PYTEST) -m campaign --timeout 3600

test-containers: venv ## the same tests, with servers from testcontainers (needs Docker)
	@OSLIRA_TEST_SERVERS=containers $(PYTEST) $(PARALLEL) -m "not campaign and not containers and not kubectl"

test-compose: venv ## docker-compose.yml itself: works, survives kills, scales, restarts unnoticed (needs Docker)
	@$(PYTEST) -m containers -s tests/containers

test-browser: venv ## a page on another origin, in headless Chromium (needs /usr/bin/chromium, or CHROMIUM=path)
	@$(PYTEST) tests/e2e/test_browser.py

check-k8s: venv ## deploy/k8s as kustomize makes it: valid, and by our rules (needs kubectl)
	@command -v kubectl >/dev/null || { echo "check-k8s: install kubectl 1.30 or newer" >&2; exit 2; }
	@$(PYTEST) -m kubectl tests/deploy

k8s: venv ## write what deploy/k8s has from tables in code
	@$(BIN)/python tools/k8s_generated.py --write

supply-chain: venv ## licences, a bill of materials for each image in dist/sbom, known vulnerabilities (asks PyPI)
	@tools/supply_chain.sh

observability: venv ## write what is made from the figures: their table in the docs, Grafana's dashboards
	@$(BIN)/python tools/observability_generated.py --write

check-observability: ## alerts and recording rules, by promtool (Debian: apt-get install prometheus)
	@command -v promtool >/dev/null || { echo "check-observability: install promtool" >&2; exit 2; }
	@promtool check config --syntax-only deploy/observability/prometheus/prometheus.yml
	@promtool check rules deploy/observability/prometheus/recording.yml deploy/observability/prometheus/alerts.yml
	@promtool test rules deploy/observability/prometheus/tests/*.yml

deploy: venv ## ENV=staging|production: checks, shows the difference, asks, rolls out (needs kubectl)
	@tools/deploy.sh "$(ENV)"

compose-env: venv ## make .env, the development secrets that docker-compose.yml needs
	@$(BIN)/oslira compose-env

chaos: venv ## only the tests that kill, stop and wipe
	@$(PYTEST) -m "not campaign" tests/chaos

bench: venv ## the ledger beside a bare UPDATE, and the API's latency; prints both
	@$(BIN)/python -m oslira_proof.bench.ledger
	@$(BIN)/python -m oslira_proof.bench.api_latency

check: venv ## lint, format, types, import contracts, licences, the domains' coverage, and the APIs' documents
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/hadolint Dockerfile
	@tools/supply_chain.sh licences
	@tools/domain_coverage.sh
	@tools/api_docs.sh

openapi: venv ## write docs/generated/openapi.json, docs/generated/asyncapi and the client's generated part anew
	@tools/api_docs.sh --write

format: venv ## format the code and mend what the linter can
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .

lock: venv ## pin what the pyproject files allow, with hashes
	@tools/lock.sh

clean: ## remove .venv and the stack's data
	@rm -rf .venv .oslira
