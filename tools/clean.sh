#!/bin/sh
# make clean: removes .venv and the stack's data, also Postgres's where root keeps it elsewhere (servers/unprivileged.py).
set -eu
cd "$(dirname "$0")/.."
if [ -x .venv/bin/oslira ] && .venv/bin/oslira status >/dev/null 2>&1; then
    echo "clean: the stack of this folder is running: stop it first" >&2
    exit 1
fi
sum() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi; }
elsewhere=${OSLIRA_COMMON_GROUND:-/var/tmp}/oslira-postgres-$(printf %s "$(pwd -P)/.oslira/postgres" | sum | cut -c1-12)
rm -rf .venv .oslira "$elsewhere"
