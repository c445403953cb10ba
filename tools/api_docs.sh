#!/bin/sh
# The documents in docs/generated, the contracts' result schemas and the client's generated part match the code,
# and break nothing that was built against the last release. `--write` writes them.
set -eu
python=.venv/bin/python
documents=docs/generated
client=libs/client/oslira_client/generated
write_client() {
    "$python" -m oslira_tools.client_writer "$documents/openapi.json" "$1"
    .venv/bin/ruff format --quiet --config pyproject.toml "$1"
}
results=libs/shared/oslira_shared/contracts/analysis/results.json
if [ "${1:-}" = --write ]; then
    "$python" -m oslira_analysis.describe_results > "$results"
    "$python" -m oslira_gateway.describe > "$documents/openapi.json"
    "$python" -m oslira_tools.asyncapi "$documents/asyncapi"
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
cmp -s "$fresh/openapi.json" "$documents/openapi.json" || { echo "$documents/openapi.json is stale: run make openapi" >&2; exit 1; }
diff -qr "$fresh/asyncapi" "$documents/asyncapi" || { echo "$documents/asyncapi is stale: run make openapi" >&2; exit 1; }
write_client "$fresh/generated"
diff -qr --exclude __pycache__ "$fresh/generated" "$client" || { echo "the client is stale: run make openapi" >&2; exit 1; }
tools/api_breaks.sh "$documents"
