"""deploy/k8s without kubectl: the base's files, with the patch for every Deployment merged in as kustomize does."""

from pathlib import Path
from typing import Any, Final

import yaml

K8S: Final = Path(__file__).resolve().parents[2] / "deploy" / "k8s"
OVERLAYS: Final = ("staging", "production")
# The keys by which a strategic merge matches the items of lists; other lists are replaced.
_KEYS: Final = {
    "containers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "ports": "containerPort",
}


def documents(path: Path) -> list[Any]:
    """The objects of a file."""
    with path.open() as file:
        return [one for one in yaml.safe_load_all(file) if one]


def base_objects() -> list[Any]:
    """Every object of the base."""
    patch = documents(K8S / "base" / "run" / "hardening.yaml")[0]
    del patch["metadata"]
    objects: list[Any] = []
    for phase in ("ground", "provision", "run"):
        for name in documents(K8S / "base" / phase / "kustomization.yaml")[0]["resources"]:
            objects += documents(K8S / "base" / phase / name)
    return [merged(one, patch) if one["kind"] == "Deployment" else one for one in objects]


def merged(target: Any, patch: Any, key: str = "") -> Any:
    """`target` with `patch` merged in, as far as our patch needs it."""
    if isinstance(target, dict) and isinstance(patch, dict):
        return {**target, **{name: merged(target.get(name), value, name) for name, value in patch.items()}}
    if isinstance(target, list) and isinstance(patch, list) and key in _KEYS:
        by = _KEYS[key]
        left = {one[by]: one for one in patch}
        kept = [merged(one, left.pop(one[by], {})) for one in target]
        return [*kept, *left.values()]
    return patch if patch is not None else target
