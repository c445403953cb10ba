"""The rules for every object of deploy/k8s, each with its reason."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

_POD_OF: Final = {
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "Pod": ("spec",),
}
_PINNED: Final = re.compile(r"(:[^/:@]+|@sha256:[0-9a-f]{64})$")
_SECRET: Final = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|SEED|DSN|DATABASE_URL|DATABASE_ADMIN_URL)$")
# Supabase's publishable key: browsers get it, and it gives no rights of its own.
_PUBLIC: Final = frozenset({"SUPABASE_ANON_KEY"})
# Marks a key that exists elsewhere (decision 2).
_NO_SECRET: Final = "elsewhere"


def faults(objects: list[Any], *, images_are_pinned: bool = True) -> list[str]:
    """One line for each rule that is broken. The base leaves versions to the overlays."""
    found = [f"{name(one)}: {text}" for one in objects for text in _faults(one, pinned=images_are_pinned)]
    return found + list(_singletons(objects))


def name(one: Any) -> str:
    """As kubectl writes it."""
    return f"{one['kind'].lower()}/{one['metadata']['name']}"


def _faults(one: Any, *, pinned: bool) -> Iterator[str]:
    kind = one["kind"]
    if kind in _BY_KIND:
        yield from _BY_KIND[kind](one)
    if kind in _POD_OF:
        pod = one
        for part in _POD_OF[kind]:
            pod = pod[part]
        yield from _pod(pod)
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            yield from (f"{container['name']}: {text}" for text in _container(container, pinned=pinned))


def _is_secret(variable: str) -> bool:
    return variable not in _PUBLIC and _SECRET.search(variable) is not None


def _secret(_: Any) -> Iterator[str]:
    yield "secrets are referred to, never written here"


def _config(one: Any) -> Iterator[str]:
    for key, value in (one.get("data") or {}).items():
        if _is_secret(key) and value != _NO_SECRET:
            yield f"{key} looks like a secret"


def _account(one: Any) -> Iterator[str]:
    if one.get("automountServiceAccountToken") is not False:
        yield "mounts a token"


def _entrance(one: Any) -> Iterator[str]:
    if one["spec"].get("type", "ClusterIP") != "ClusterIP":
        yield "is reachable from outside"


def _cron_job(one: Any) -> Iterator[str]:
    spec = one["spec"]
    if spec.get("concurrencyPolicy") != "Forbid" or spec.get("timeZone") != "Etc/UTC":
        yield "has to forbid concurrency, in UTC"
    if not spec.get("startingDeadlineSeconds"):
        yield "has no deadline"


def _pod(pod: Any) -> Iterator[str]:
    context = pod.get("securityContext", {})
    if context.get("runAsNonRoot") is not True or context.get("runAsUser", 0) < 1000:
        yield "may run as root"
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "has no seccomp profile"
    if pod.get("automountServiceAccountToken") is not False:
        yield "mounts a token"
    if not pod.get("serviceAccountName"):
        yield "shares the default account"
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(key):
            yield f"has {key}"
    for volume in pod.get("volumes", []):
        if "hostPath" in volume:
            yield "mounts a path of the host"


def _container(container: Any, *, pinned: bool) -> Iterator[str]:
    yield from _privileges(container.get("securityContext", {}))
    for part in ("requests", "limits"):
        if not {"cpu", "memory"} <= container.get("resources", {}).get(part, {}).keys():
            yield f"has no {part}"
    image = container["image"]
    if image.endswith(":latest") or (pinned and not _PINNED.search(image)):
        yield f"runs {image}, which may change"
    for variable in container.get("env", []):
        if (
            variable["name"] not in _PUBLIC
            and _SECRET.search(variable["name"])
            and "secretKeyRef" not in variable.get("valueFrom", {})
        ):
            yield f"{variable['name']} is written here"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield "takes a port of the host"


def _privileges(context: Any) -> Iterator[str]:
    if context.get("privileged") or context.get("allowPrivilegeEscalation") is not False:
        yield "may become privileged"
    if context.get("capabilities", {}) != {"drop": ["ALL"]}:
        yield "keeps capabilities"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "may write its root"
    if "runAsUser" in context or context.get("runAsNonRoot") is False:
        yield "says who it runs as by itself"


def _service(one: Any) -> Iterator[str]:
    pod = one["spec"]["template"]["spec"]
    container = pod["containers"][0]
    paths = {
        "startupProbe": "/health/live",
        "livenessProbe": "/health/live",
        "readinessProbe": "/health/ready",
    }
    for probe, path in paths.items():
        if container.get(probe, {}).get("httpGet", {}).get("path") != path:
            yield f"has no {probe} on {path}"
    if "sleep" not in container.get("lifecycle", {}).get("preStop", {}):
        yield "stops before others know"
    if pod.get("terminationGracePeriodSeconds") != 75:
        yield "has another grace than 75 s"
    if not pod.get("topologySpreadConstraints"):
        yield "may sit on one node with all its likes"
    if one["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] != 0:
        yield "has fewer while it rolls out"


def _singletons(objects: list[Any]) -> Iterator[str]:
    """Two of everything, and never both unavailable at once."""
    least = {
        one["spec"]["scaleTargetRef"]["name"]: one["spec"].get(
            "minReplicas", one["spec"].get("minReplicaCount")
        )
        for one in objects
        if one["kind"] in ("HorizontalPodAutoscaler", "ScaledObject")
    }
    budgets = {one["metadata"]["name"] for one in objects if one["kind"] == "PodDisruptionBudget"}
    for one in objects:
        if one["kind"] == "Deployment":
            own = one["metadata"]["name"]
            if (least.get(own) or one["spec"].get("replicas", 1)) < 2:
                yield f"{name(one)}: there is only one"
            if own in least and "replicas" in one["spec"]:
                yield f"{name(one)}: a deploy would undo its autoscaler"
            if own not in budgets:
                yield f"{name(one)}: has no disruption budget"


_BY_KIND: Final[dict[str, Callable[[Any], Iterator[str]]]] = {
    "Secret": _secret,
    "ConfigMap": _config,
    "ServiceAccount": _account,
    "Service": _entrance,
    "CronJob": _cron_job,
    "Deployment": _service,
}
