#!/bin/sh
# Holds every domain package at 100 % of lines and branches, by its unit tests only.
set -eu
cd "$(dirname "$0")/.."
COVERAGE_FILE=$(mktemp)
export COVERAGE_FILE
log=$(mktemp)
trap 'rm -f "$COVERAGE_FILE" "$log"' EXIT
for service in credits analysis billing scheduler; do
    .venv/bin/python -m coverage run --branch --source "services/$service/oslira_$service/domain" \
        -m pytest -p no:cacheprovider "services/$service/tests/unit" >"$log" 2>&1 || { cat "$log"; exit 1; }
    if ! .venv/bin/python -m coverage report --skip-covered --show-missing --fail-under 100 >"$log"; then
        cat "$log"
        echo "$service: its domain must be covered by unit tests, lines and branches"
        exit 1
    fi
    echo "$service: domain covered, $(.venv/bin/python -m coverage report --format total) %"
done
