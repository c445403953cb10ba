#!/bin/sh
# Pins every package's dependencies, with hashes, for all platforms and Pythons, in files without index addresses:
# requirements.lock for development, requirements-run.lock for the part that running the stack needs, at the same versions.
# Versions that are locked stay; UPGRADE=--upgrade takes the newest that the pyproject files allow.
set -eu
cd "$(dirname "$0")/.."
ours=""
for name in shared client cli simulators devstack gateway credits analysis billing scheduler proof tools; do ours="$ours --no-emit-package oslira-$name"; done
compile() {
    # shellcheck disable=SC2086
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-annotate --custom-compile-command "make lock" $ours "$@"
}
packages=$(ls libs/*/pyproject.toml services/*/pyproject.toml)
# shellcheck disable=SC2086
compile ${UPGRADE:-} --group dev pyproject.toml $packages tests/proof/pyproject.toml tools/pyproject.toml --output-file requirements.lock
# shellcheck disable=SC2086
compile --group build --constraint requirements.lock $packages --output-file requirements-run.lock
