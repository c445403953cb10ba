#!/bin/sh
# docs/openapi.json, docs/asyncapi and the client's generated part are what the code says, and break nobody who was written against
# docs/api. `--write` makes the first three.
set -eu
python=.venv/bin/python
client=libs/client/oslira_client/generated
write_client() {
    "$python" -m oslira_tools.client_writer docs/openapi.json "$1"
    .venv/bin/ruff format --quiet --config pyproject.toml "$1"
}
results=libs/shared/oslira_shared/contracts/analysis/results.json
if [ "${1:-}" = --write ]; then
    "$python" -m oslira_analysis.describe_results > "$results"
    "$python" -m oslira_gateway.describe > docs/openapi.json
    "$python" -m oslira_tools.asyncapi docs/asyncapi
    write_client "$client"
    exit
fi
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
mkdir "$fresh/asyncapi" "$fresh/generated"
"$python" -m oslira_analysis.describe_results > "$fresh/results.json"
cmp -s "$fresh/results.json" "$results" || { echo "$results is stale: run make openapi" >&2; exit 1; }
"$python" -m oslira_gateway.describe > "$fresh/openapi.json"
"$python" -m oslira_tools.asyncapi "$fresh/asyncapi"
cmp -s "$fresh/openapi.json" docs/openapi.json || { echo "docs/openapi.json is stale: run make openapi" >&2; exit 1; }
diff -qr "$fresh/asyncapi" docs/asyncapi || { echo "docs/asyncapi is stale: run make openapi" >&2; exit 1; }
write_client "$fresh/generated"
diff -qr --exclude __pycache__ "$fresh/generated" "$client" || { echo "the client is stale: run make openapi" >&2; exit 1; }
"$python" -m oslira_tools.api_changes docs/api/v1.json docs/openapi.json
"$python" -m oslira_tools.message_changes docs/api/asyncapi docs/asyncapi
