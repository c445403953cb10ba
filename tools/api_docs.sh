#!/bin/sh
# docs/openapi.json and docs/asyncapi are what the code says, and break nobody who was written against docs/api. `--write` makes the first two.
set -eu
python=.venv/bin/python
if [ "${1:-}" = --write ]; then
    "$python" -m oslira_gateway.describe > docs/openapi.json
    "$python" -m oslira_devstack.asyncapi docs/asyncapi
    exit
fi
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
mkdir "$fresh/asyncapi"
"$python" -m oslira_gateway.describe > "$fresh/openapi.json"
"$python" -m oslira_devstack.asyncapi "$fresh/asyncapi"
cmp -s "$fresh/openapi.json" docs/openapi.json || { echo "docs/openapi.json is stale: run make openapi" >&2; exit 1; }
diff -qr "$fresh/asyncapi" docs/asyncapi || { echo "docs/asyncapi is stale: run make openapi" >&2; exit 1; }
"$python" -m oslira_devstack.api_changes docs/api/v1.json docs/openapi.json
"$python" -m oslira_devstack.message_changes docs/api/asyncapi docs/asyncapi
