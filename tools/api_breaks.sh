#!/bin/sh
# What of the API documents in DIRECTORY breaks callers of the last release, which is the last tag `v*` that HEAD contains.
# Before the first release everything may change.
set -eu
documents=${1:?usage: tools/api_breaks.sh DIRECTORY}
python=.venv/bin/python
if ! release=$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null); then
    echo "no release yet: API documents compared with nothing"
    exit
fi
old=$(mktemp -d)
trap 'rm -rf "$old"' EXIT
git archive "$release" "$documents" | tar -x -C "$old"
status=0
"$python" -m oslira_tools.api_changes "$old/$documents/openapi.json" "$documents/openapi.json" || status=1
"$python" -m oslira_tools.message_changes "$old/$documents/asyncapi" "$documents/asyncapi" || status=1
[ $status = 0 ] || echo "the changes above break callers of $release" >&2
exit $status
