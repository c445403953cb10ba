#!/bin/sh
# Deploy an overlay of deploy/k8s:   tools/deploy.sh staging|production      (make deploy ENV=…)
# Checks and tests, the difference to what runs, a question, provisioning, the roll-out, the smoke test. By hand only.
#   KUBE_CONTEXT        which cluster; else kubectl's current one
#   OSLIRA_SMOKE_TOKEN  of a user kept for `oslira smoke`, with credits
set -eu
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }
refuse() { printf 'deploy: %s\n' "$*" >&2; exit 2; }
kube() { kubectl ${KUBE_CONTEXT:+--context "$KUBE_CONTEXT"} "$@"; }

ENV=${1:-}
case $ENV in staging|production|production-aws) ;; *) refuse "say which: make deploy ENV=staging|production|production-aws" ;; esac
command -v kubectl >/dev/null || refuse "kubectl is not installed"
[ -n "${OSLIRA_SMOKE_TOKEN:-}" ] || refuse "OSLIRA_SMOKE_TOKEN is missing: without it the deployment cannot be checked"

OBJECTS=$(mktemp)
trap 'rm -f "$OBJECTS"' EXIT
kubectl kustomize "deploy/k8s/overlays/$ENV" >"$OBJECTS"
if LEFT=$(grep -nE 'example\.com|192\.0\.2\.[0-9]+/2|111122223333' "$OBJECTS" | grep -vE -- '- 192\.0\.2\.0/24$'); then
    printf '%s\n' "$LEFT" >&2
    refuse "these stand for addresses of your own; write them in deploy/k8s/overlays/$ENV"
fi
NAMESPACE=$(awk '/^kind: Namespace/ { found = 1 } found && /^  name:/ { print $2; exit }' "$OBJECTS")
HOST=$(awk '/^kind: Ingress/ { found = 1 } found && /- host:/ { print $3; exit }' "$OBJECTS")
DEPLOYMENTS="credits billing analysis gateway webhooks console scheduler"

roll_back() {
    printf '\ndeploy: %s\nTo go back to what ran before:\n' "$1" >&2
    for name in $DEPLOYMENTS; do
        printf '  kubectl%s -n %s rollout undo deployment/%s\n' "${KUBE_CONTEXT:+ --context $KUBE_CONTEXT}" "$NAMESPACE" "$name" >&2
    done
    printf 'Migrations stay: each fits the version before it. See docs/architecture/operations.md, "Roll back".\n' >&2
    exit 1
}

say "Checks and tests"
make check test || refuse "checks or tests fail: nothing was touched"

say "What changes in $NAMESPACE (context ${KUBE_CONTEXT:-$(kubectl config current-context)})"
if kube get namespace "$NAMESPACE" >/dev/null 2>&1; then
    # The Job is left out: its template can't be changed, so it is created again each time. 1 means: there are differences.
    kube diff -f "$OBJECTS" -l 'oslira.app/phase!=provision' || [ $? -eq 1 ] || refuse "kubectl diff failed: nothing was touched"
else
    echo "everything: there is no such namespace yet"
fi

printf '\nDeploy this? Type %s: ' "$ENV"
read -r ANSWER || ANSWER=
[ "$ANSWER" = "$ENV" ] || refuse "not confirmed: nothing was touched"

say "Accounts, configuration, network policies"
kube apply -f "$OBJECTS" -l oslira.app/phase=ground
MISSING=
NEEDED=configmap/nats-ca
grep -q 'DATABASE_CA_FILE: /' "$OBJECTS" && NEEDED="$NEEDED configmap/postgres-ca"
grep -q 'SECRETS_PROVIDER: aws' "$OBJECTS" \
    || NEEDED="$NEEDED secret/provision secret/gateway secret/console secret/credits secret/analysis secret/billing secret/scheduler"
for name in $NEEDED; do
    kube -n "$NAMESPACE" get "$name" >/dev/null 2>&1 || MISSING="$MISSING $name"
done
[ -z "$MISSING" ] || refuse "missing in $NAMESPACE:$MISSING (deploy/k8s/examples); nothing was rolled out"

say "Provisioning: migrations and the bus, beside what runs"
kube -n "$NAMESPACE" delete job provision --ignore-not-found --wait
kube apply -f "$OBJECTS" -l oslira.app/phase=provision
# `kubectl wait` knows one condition at a time, and a Job that failed never completes.
WAITED=0
until ENDED=$(kube -n "$NAMESPACE" get job provision -o 'jsonpath={.status.conditions[?(@.status=="True")].type}') \
    && case $ENDED in *Complete*|*Failed*) ;; *) false ;; esac; do
    [ "$WAITED" -lt 920 ] || { ENDED="Failed (not ended after 15 minutes)"; break; }
    sleep "${POLL_S:-2}"
    WAITED=$((WAITED + 2))
done
case $ENDED in
    *Failed*)
        kube -n "$NAMESPACE" logs job/provision --tail 50 >&2 || true
        printf 'deploy: provisioning: %s. Nothing was rolled out: what ran before still runs.\n' "$ENDED" >&2
        exit 1 ;;
esac

say "Roll-out"
kube apply -f "$OBJECTS" -l oslira.app/phase=run || roll_back "not everything could be applied"
for name in $DEPLOYMENTS; do
    kube -n "$NAMESPACE" rollout status "deployment/$name" --timeout 6m || roll_back "$name did not become ready"
done

say "Smoke test of https://$HOST"
.venv/bin/oslira smoke "https://$HOST" || roll_back "it rolled out, and does not work"
say "$ENV runs the new version"
