#!/bin/sh
# Checks docs/generated/openapi.json with other people's programs: Redocly and Spectral find nothing, openapi-typescript and
# hey-api generate clients from it, and the program in tools/openapi/src compiles with both. Needs Node and a package registry:
# without them it says that it was left out, and passes. `--require` fails instead.
set -eu
needed=${1:-}
leave_out() {
    if [ "$needed" = --require ]; then
        echo "api_clients: $1" >&2
        exit 1
    fi
    echo "api_clients: left out: $1"
    exit 0
}
{ command -v node && command -v npm; } >/dev/null 2>&1 || leave_out "needs Node 20.19 or newer with npm"
node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' ||
    leave_out "needs Node 20.19 or newer"

cd "$(dirname "$0")/openapi"
document=../../docs/generated/openapi.json
mkdir -p out
digest=$(cat ../api_clients.sh package-lock.json redocly.yaml .spectral.yaml openapi-ts.config.mjs tsconfig.json src/*.ts "$document" | cksum)
[ "$(cat out/checked 2>/dev/null)" != "$digest" ] || exit 0
if ! cmp -s package-lock.json node_modules/.installed; then
    npm ci --loglevel=error --fetch-retries=1 --fetch-timeout=60000 >out/npm.log 2>&1 || leave_out "npm ci failed, see tools/openapi/out/npm.log"
    cp package-lock.json node_modules/.installed
fi

export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
programs=node_modules/.bin
lint() {
    "$programs/redocly" lint --config redocly.yaml "$document" &&
        "$programs/spectral" lint --quiet --fail-severity warn --ruleset .spectral.yaml "$document"
}
generate() {
    "$programs/openapi-typescript" "$document" --output out/src/types.ts &&
        "$programs/openapi-ts" --file openapi-ts.config.mjs &&
        "$programs/tsc" --project .
}
rm -rf out/src out/dist out/checked
mkdir out/src
cp src/*.ts out/src
lint >out/lint.log 2>&1 &
linting=$!
failed=
generate >out/generate.log 2>&1 || failed=out/generate.log
wait "$linting" || failed="$failed out/lint.log"
# shellcheck disable=SC2086  # a list of names
[ -z "$failed" ] || { cat $failed >&2; exit 1; }
echo "$digest" >out/checked
