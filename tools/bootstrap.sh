#!/bin/sh
# Makes .venv: the locked, hashed dependencies, then this repository's packages in editable form.
#   tools/bootstrap.sh       for development: everything (make venv, and what checks and tests)
#   tools/bootstrap.sh run   for `make demo` and `make up`: what the stack needs to run, about half of it
# Called by the Makefile; does nothing when the lock and the package files have not changed since.
set -eu
cd "$(dirname "$0")/.."
what=${1:-dev}
installed=$(cat .venv/.installed 2>/dev/null || true)
# An environment for development also runs the stack, and stays one.
case $installed in dev*) what=dev ;; esac

packages="libs/shared libs/client libs/cli libs/simulators libs/devstack services/gateway services/credits services/analysis services/billing services/scheduler"
lock=requirements-run.lock
if [ "$what" = dev ]; then
    packages="$packages tests/proof tools"
    lock=requirements.lock
fi
manifests=$lock
for package in $packages; do manifests="$manifests $package/pyproject.toml"; done
# shellcheck disable=SC2086  # word splitting is meant: a list of plain paths
wanted="$what $(cat $manifests | cksum | tr ' ' -)"
[ "$installed" = "$wanted" ] && exit 0

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
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1
log=$(mktemp)
builder=$(mktemp)
trap 'rm -f "$log" "$builder"' EXIT

# Runs pip without its output; on a terminal one line says how far it is. Its last lines follow where it fails.
quietly() {
    $pip install --no-deps --no-build-isolation --progress-bar off "$@" >"$log" 2>&1 &
    while kill -0 $! 2>/dev/null; do
        sleep 0.5
        [ -t 2 ] || continue
        found=$(grep -cE '^ *(Collecting|Requirement already satisfied|Obtaining)' "$log" || true)
        printf '\rinstalling: %s of %s packages ' "$found" "$total" >&2
    done
    if [ -t 2 ]; then printf '\r\033[K' >&2; fi
    wait $! || { tail -n 15 "$log" >&2; echo "bootstrap: the packages could not be installed; run it again" >&2; exit 1; }
}

total=$(grep -cE '^[A-Za-z0-9][^ ]*==' "$lock")
echo "installing the $total locked packages for $([ "$what" = dev ] && echo development || echo running the stack) (about a minute the first time)"
# First the build tools of packages that are published only as source: with the lock's version and hash, not the index's latest.
sed -n '/^setuptools==/,/[^\\]$/p' "$lock" >"$builder"
quietly --require-hashes -r "$builder"
quietly --require-hashes -r "$lock"
editable=""
for package in $packages; do editable="$editable -e $package"; done
# shellcheck disable=SC2086
quietly $editable
echo "$wanted" >.venv/.installed
