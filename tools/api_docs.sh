#!/bin/sh
# docs/openapi.json is what the code says, and breaks nobody who was written against docs/api/v1.json. `--write` makes the first.
set -eu
python=.venv/bin/python
if [ "${1:-}" = --write ]; then
    "$python" -m oslira_gateway.describe > docs/openapi.json
    exit
fi
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
"$python" -m oslira_gateway.describe > "$fresh"
cmp -s "$fresh" docs/openapi.json || { echo "docs/openapi.json is stale: run make openapi" >&2; exit 1; }
"$python" -m oslira_devstack.api_changes docs/api/v1.json docs/openapi.json
