"""The output of `kubectl kustomize` for the overlays. Run by `make check-k8s`, which needs kubectl."""

import subprocess
from typing import Any, Final

import pytest
import yaml
from k8s_policy import faults
from k8s_sources import K8S, OVERLAYS

pytestmark = pytest.mark.kubectl

# Kinds of KEDA's: no schema of Kubernetes' own. What we rely on in them is in test_manifests.py.
_CUSTOM: Final = {"keda.sh/v1alpha1"}
_KUBERNETES: Final = ("1.34", "1.37")


def rendered(env: str) -> list[Any]:
    made = subprocess.run(
        ["kubectl", "kustomize", str(K8S / "overlays" / env)], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return [one for one in yaml.safe_load_all(made.stdout) if one]


@pytest.mark.parametrize("env", OVERLAYS)
def test_an_overlay_keeps_the_rules(env: str) -> None:
    objects = rendered(env)
    assert len(objects) > 40
    assert faults(objects) == []


@pytest.mark.parametrize("version", _KUBERNETES)
@pytest.mark.parametrize("env", OVERLAYS)
def test_an_overlay_is_valid_strictly(env: str, version: str) -> None:
    import kubernetes_validate  # noqa: PLC0415  # seconds of imports, for each process that collects

    for one in rendered(env):
        if one["apiVersion"] not in _CUSTOM:
            kubernetes_validate.validate(one, version, strict=True)


@pytest.mark.parametrize("env", OVERLAYS)
def test_an_overlay_is_one_namespace_and_refers_to_what_is_in_it(env: str) -> None:
    objects = rendered(env)
    spaces = {one["metadata"].get("namespace") for one in objects if one["kind"] != "Namespace"}
    assert spaces == {f"oslira-{env}"} == {o["metadata"]["name"] for o in objects if o["kind"] == "Namespace"}
    maps = {one["metadata"]["name"]: one["data"] for one in objects if one["kind"] == "ConfigMap"}
    text = yaml.safe_dump(objects)
    for name, data in maps.items():
        assert text.count(f"name: {name}\n") > 1  # with its hash, so that a change rolls the pods
        if name.startswith("oslira-"):
            assert data["OSLIRA_ENV"] == env
    assert f"nats-headless.oslira-{env}.svc" in text


def test_the_overlay_for_aws_reads_secrets_by_roles_alone() -> None:
    objects = rendered("production-aws")
    assert faults(objects) == []
    assert "secretKeyRef" not in yaml.safe_dump(objects)
    programs = [one for one in objects if one["kind"] in ("Deployment", "Job", "CronJob")]
    for one in programs:
        pod = (
            one["spec"]["jobTemplate"]["spec"]["template"]
            if one["kind"] == "CronJob"
            else one["spec"]["template"]
        )
        assert pod["metadata"]["labels"]["oslira.app/secrets"] == "aws"
        [prefix] = [v["value"] for v in pod["spec"]["containers"][0]["env"] if v["name"] == "SECRETS_PREFIX"]
        assert prefix == f"oslira/{pod['spec']['serviceAccountName']}/"
    accounts = [one for one in objects if one["kind"] == "ServiceAccount"]
    assert all("eks.amazonaws.com/role-arn" in one["metadata"]["annotations"] for one in accounts)
    [way_out] = [one for one in objects if one["metadata"]["name"] == "to-aws"]
    assert way_out["spec"]["podSelector"] == {"matchLabels": {"oslira.app/secrets": "aws"}}


@pytest.mark.parametrize("env", OVERLAYS)
def test_every_object_belongs_to_a_phase_of_the_deploy(env: str) -> None:
    phases = [one["metadata"]["labels"].get("oslira.app/phase") for one in rendered(env)]
    assert set(phases) == {"ground", "provision", "run"}
    assert phases.count("provision") == 1
