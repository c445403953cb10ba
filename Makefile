# Every target makes .venv first: whole, or what running the stack needs. Requirements: Python >= 3.11, make and git.
PROFILES ?=
TLS ?=
BIN = .venv/bin
PYTEST = $(BIN)/python -m pytest
# Three workers on two cores: a test on real servers mostly waits. conftest.py says which tests share a process.
PARALLEL = --numprocesses 3 --dist loadfile --no-loadscope-reorder
ORDINARY = -m "not campaign and not containers and not kubectl"
# Some machines switch bytecode off globally; without it each process compiles every test again.
export PYTHONDONTWRITEBYTECODE =
.PHONY: help venv runtime demo up t test campaign test-containers test-compose test-browser screenshots check-k8s k8s settings supply-chain observability check-observability deploy compose-env chaos bench profile check openapi format lock hooks clean

help: ## list the targets
	@awk -F ':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z0-9-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

##@ Set up
venv: ## create .venv with the locked dependencies
	@tools/bootstrap.sh

# What `make demo` and `make up` need: half of the packages.
runtime:
	@tools/bootstrap.sh run

hooks: venv ## install the git hooks of .pre-commit-config.yaml (needs pre-commit)
	@command -v pre-commit >/dev/null || { echo "hooks: install pre-commit (Debian: apt-get install pre-commit)" >&2; exit 2; }
	@pre-commit install

clean: ## remove .venv and the data of the stack in .oslira
	@tools/clean.sh

##@ Run
demo: runtime ## start everything, show every promise, audit (PROFILES=dir: with real scraped items; TLS=1: encrypted)
	@$(BIN)/oslira demo $(if $(PROFILES),--profiles "$(PROFILES)") $(if $(TLS),--tls)

up: runtime ## start the stack and keep it running; Ctrl-C stops it (PROFILES=dir, TLS=1)
	@$(BIN)/oslira up $(if $(PROFILES),--profiles "$(PROFILES)") $(if $(TLS),--tls)

compose-env: runtime ## write .env, the development secrets that docker-compose.yml needs
	@$(BIN)/oslira compose-env

##@ Test
t: venv ## FILE=path: run one test file, or one test (FILE=path::name); ARGS="-x -s"
	@[ -n "$(FILE)" ] || { echo "t: say which, as in make t FILE=tests/e2e/test_cancel.py" >&2; exit 2; }
	@$(PYTEST) -m "not campaign" $(FILE) $(ARGS)

test: venv ## every promise at a reduced count, on real servers; under 5 minutes
	@$(PYTEST) $(PARALLEL) $(ORDINARY)

chaos: venv ## only the tests that kill, stop and wipe
	@$(PYTEST) -m "not campaign" tests/chaos

campaign: venv ## every promise at its full count; takes long, not in CI
	@$(PYTEST) -m campaign --timeout 3600

test-containers: venv ## the same tests, with servers from testcontainers (needs Docker)
	@OSLIRA_TEST_SERVERS=containers $(PYTEST) $(PARALLEL) $(ORDINARY)

test-compose: venv ## docker-compose.yml itself: works, survives kills, scales, restarts unnoticed (needs Docker)
	@$(PYTEST) -m containers -s tests/containers

test-browser: venv ## the console, and a page on another origin, in headless Chromium (needs Chromium, or CHROMIUM=path, and Node)
	@$(PYTEST) tests/e2e/test_browser.py tests/e2e/test_console.py

screenshots: venv ## pictures of every screen of the console, light, dark and narrow, in dist/screenshots (needs Chromium)
	@cd tests/support && $(CURDIR)/$(BIN)/python console_pictures.py $(CURDIR)/dist/screenshots

bench: venv ## Oslira beside a bare floor and DBOS: speed, processor time, statements and messages a run (ARGS=--no-dbos)
	@$(BIN)/python -m oslira_proof.bench $(ARGS)

profile: venv ## flame graphs of the services under load, in bench/results/profile
	@$(BIN)/python -m oslira_proof.bench.profile $(ARGS)

##@ Check
check: venv ## lint, format, types, import contracts, licences, domain coverage, API documents (with Node: also by other tools)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/hadolint Dockerfile
	@tools/supply_chain.sh licences
	@tools/domain_coverage.sh
	@tools/api_docs.sh
	@$(BIN)/python tools/settings_generated.py
	@tools/api_clients.sh

check-k8s: venv ## deploy/k8s as kustomize renders it: valid, and by our rules (needs kubectl)
	@command -v kubectl >/dev/null || { echo "check-k8s: install kubectl 1.30 or newer" >&2; exit 2; }
	@$(PYTEST) -m kubectl tests/deploy

check-observability: ## test alerts and recording rules with promtool (Debian: apt-get install prometheus)
	@command -v promtool >/dev/null || { echo "check-observability: install promtool" >&2; exit 2; }
	@promtool check config --syntax-only deploy/observability/prometheus/prometheus.yml
	@promtool check rules deploy/observability/prometheus/recording.yml deploy/observability/prometheus/alerts.yml deploy/observability/prometheus/infrastructure.yml
	@promtool test rules deploy/observability/prometheus/tests/*.yml

supply-chain: venv ## licences, a bill of materials for each image in dist/sbom, known vulnerabilities (asks PyPI)
	@tools/supply_chain.sh

##@ Write generated files
format: venv ## format the code, fix what the linter can fix, wrap the documents
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/python tools/decisions_index.py
	@$(BIN)/python tools/wrap_docs.py

openapi: venv ## docs/generated, the contracts' result schemas and the client's generated part
	@tools/api_docs.sh --write

observability: venv ## the table of metrics in the docs, and Grafana's dashboards
	@$(BIN)/python tools/observability_generated.py --write

settings: venv ## docs/settings.md and .env.example, from the settings classes
	@$(BIN)/python tools/settings_generated.py --write

k8s: venv ## the parts of deploy/k8s that come from tables in code
	@$(BIN)/python tools/k8s_generated.py --write

lock: venv ## pin the dependencies of all pyproject files, with hashes (UPGRADE=--upgrade: newest versions)
	@UPGRADE="$(UPGRADE)" tools/lock.sh

##@ Deploy
deploy: venv ## ENV=staging|production: checks, shows the difference, asks, rolls out (needs kubectl)
	@tools/deploy.sh "$(ENV)"
