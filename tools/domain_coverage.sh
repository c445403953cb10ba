#!/bin/sh
# Holds every domain package at 100 % of lines and branches, by its unit tests alone.
set -eu
cd "$(dirname "$0")/.."
for service in credits analysis billing scheduler; do
    rm -f .coverage.domain
    COVERAGE_FILE=.coverage.domain .venv/bin/python -m coverage run --branch --source "services/$service/oslira_$service/domain" \
        -m pytest -p no:cacheprovider "services/$service/tests/unit" >/tmp/oslira-coverage.$$ 2>&1 || { cat /tmp/oslira-coverage.$$; exit 1; }
    rm -f /tmp/oslira-coverage.$$
    COVERAGE_FILE=.coverage.domain .venv/bin/python -m coverage report --skip-covered --show-missing --fail-under 100 \
        --format text | sed "s/^/$service: /"
done
rm -f .coverage.domain
