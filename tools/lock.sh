#!/bin/sh
# Pins every package's dependencies, with hashes, for all platforms and Pythons, in one file without index addresses.
# Versions that are locked stay; UPGRADE=--upgrade takes the newest that the pyproject files allow.
set -eu
cd "$(dirname "$0")/.."
ours=""
for name in shared client cli simulators devstack gateway credits analysis billing scheduler proof tools; do ours="$ours --no-emit-package oslira-$name"; done
# shellcheck disable=SC2086,SC2046
.venv/bin/uv pip compile ${UPGRADE:-} --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-annotate --custom-compile-command "make lock" --group dev \
    pyproject.toml $(ls libs/*/pyproject.toml services/*/pyproject.toml) tests/proof/pyproject.toml tools/pyproject.toml $ours --output-file requirements.lock
