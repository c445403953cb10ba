#!/bin/sh
# Makes .venv: the locked, hashed dependencies, then this repository's packages in editable form.
# Called by the Makefile; does nothing when the lock and the package files have not changed since.
set -eu
cd "$(dirname "$0")/.."
packages="libs/shared libs/client libs/cli libs/simulators libs/devstack services/gateway services/credits services/analysis services/billing services/scheduler tests/proof tools"

manifests="requirements.lock"
for package in $packages; do manifests="$manifests $package/pyproject.toml"; done
# shellcheck disable=SC2086  # word splitting is meant: a list of plain paths
wanted=$(cat $manifests | cksum | tr ' ' -)
[ -f .venv/.installed ] && [ "$(cat .venv/.installed)" = "$wanted" ] && exit 0

find_python() {
    for name in python3.13 python3.12 python3.14 python3.11 python3; do
        # Run it: a version manager may offer a name that it then refuses to run.
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$name"; return; fi
    done
    echo "oslira needs Python 3.11 or newer (Debian: apt-get install python3 python3-venv; macOS: brew install python@3.13)" >&2
    exit 1
}

if [ ! -x .venv/bin/python ]; then
    python=$(find_python)
    echo "making .venv with $("$python" --version)"
    if "$python" -c 'import ensurepip' 2>/dev/null; then
        "$python" -m venv .venv
    else
        # Debian without python3-venv has no ensurepip; an outside pip can still fill the environment.
        "$python" -m pip --version >/dev/null 2>&1 || {
            echo "this Python has neither ensurepip nor pip: apt-get install python3-venv (or python3-pip)" >&2
            exit 1
        }
        "$python" -m venv --without-pip .venv
    fi
fi

if [ -x .venv/bin/pip ]; then
    pip=".venv/bin/python -m pip"
else
    pip="$(find_python) -m pip --python .venv/bin/python"
fi
echo "installing the locked dependencies (about a minute the first time)"
locked="$pip install --quiet --disable-pip-version-check --no-deps --require-hashes --no-build-isolation"
# First the build tools of packages that are published only as source: with the lock's version and hash, not the index's latest.
builder=$(mktemp)
trap 'rm -f "$builder"' EXIT
sed -n '/^setuptools==/,/[^\\]$/p' requirements.lock >"$builder"
$locked -r "$builder"
$locked -r requirements.lock
editable=""
for package in $packages; do editable="$editable -e $package"; done
# shellcheck disable=SC2086
$pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $editable
echo "$wanted" >.venv/.installed
