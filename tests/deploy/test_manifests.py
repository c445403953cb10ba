"""deploy/k8s without kubectl. `make check-k8s` checks the output of kustomize by the same rules."""

import copy
import ipaddress
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Final

import pytest
import yaml
from k8s_policy import faults
from k8s_sources import K8S, OVERLAYS, base_objects, documents
from oslira_shared.bus.permissions import USERS
from oslira_shared.bus.server_config import public_key_variable
from oslira_shared.bus.topology import CONSUMERS
from oslira_shared.contracts.jobs import JOBS
from oslira_shared.egress.addresses import is_public

ROOT: Final = K8S.parents[1]


def one(kind: str, name: str) -> Any:
    return next(o for o in base_objects() if (o["kind"], o["metadata"]["name"]) == (kind, name))


def test_every_object_keeps_the_rules() -> None:
    assert faults(base_objects(), images_are_pinned=False) == []


def _container(deployment: Any) -> Any:
    return deployment["spec"]["template"]["spec"]["containers"][0]


_SPOILED: Final[dict[str, tuple[Callable[[Any], object], str]]] = {
    "root": (
        lambda d: d["spec"]["template"]["spec"]["securityContext"].pop("runAsNonRoot"),
        "may run as root",
    ),
    "privileged": (lambda d: _container(d)["securityContext"].update(privileged=True), "privileged"),
    "capability": (lambda d: _container(d)["securityContext"].pop("capabilities"), "capabilities"),
    "no limits": (lambda d: _container(d)["resources"].pop("limits"), "no limits"),
    "latest": (lambda d: _container(d).update(image="oslira/gateway:latest"), "may change"),
    "no version": (lambda d: _container(d).update(image="localhost:5000/gateway"), "may change"),
    "no probe": (lambda d: _container(d).pop("readinessProbe"), "readinessProbe"),
    "token": (
        lambda d: d["spec"]["template"]["spec"].pop("automountServiceAccountToken"),
        "mounts a token",
    ),
    "host path": (
        lambda d: d["spec"]["template"]["spec"]["volumes"].append({"name": "x", "hostPath": {}}),
        "path of the host",
    ),
    "secret": (
        lambda d: _container(d)["env"].append({"name": "JWT_SECRET", "value": "x"}),
        "is written here",
    ),
}


@pytest.mark.parametrize("spoiled", _SPOILED)
def test_a_rule_that_is_broken_is_named(spoiled: str) -> None:
    spoil, expected = _SPOILED[spoiled]
    deployment = copy.deepcopy(one("Deployment", "gateway"))
    _container(deployment)["image"] = "oslira/gateway:1"
    spoil(deployment)
    assert any(expected in fault for fault in faults([deployment]))


def _settings(name: str) -> Any:
    return {"kind": "ConfigMap", "metadata": {"name": "console"}, "data": {name: "x"}}


def test_the_key_that_browsers_may_have_is_no_secret_and_others_are() -> None:
    assert faults([_settings("SUPABASE_ANON_KEY")]) == []
    assert faults([_settings("SUPABASE_SERVICE_KEY")]) == [
        "configmap/console: SUPABASE_SERVICE_KEY looks like a secret"
    ]


def test_the_proxy_has_room_for_the_consoles_cookie() -> None:
    annotations = one("Ingress", "oslira")["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/proxy-buffer-size"] == "16k"


@pytest.mark.parametrize("env", OVERLAYS)
def test_an_overlay_has_a_publishable_key_that_a_deploy_refuses_until_it_is_replaced(env: str) -> None:
    text = (K8S / "overlays" / env / "kustomization.yaml").read_text()
    assert "SUPABASE_ANON_KEY=sb_publishable_example.com\n" in text


def test_what_is_generated_is_current() -> None:
    made = subprocess.run(
        [sys.executable, "tools/k8s_generated.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (made.returncode, made.stdout) == (0, "")


def test_each_job_of_the_table_has_its_cron_job() -> None:
    assert {o["metadata"]["name"] for o in base_objects() if o["kind"] == "CronJob"} == {j.name for j in JOBS}


def test_only_four_paths_are_public() -> None:
    for source in (
        base_objects(),
        *(documents(K8S / "overlays" / env / "addresses.yaml") for env in OVERLAYS),
    ):
        rules = next(o for o in source if o["kind"] == "Ingress")["spec"]["rules"]
        paths = {
            (path["path"], path["pathType"], path["backend"]["service"]["name"])
            for rule in rules
            for path in rule["http"]["paths"]
        }
        assert paths == {
            ("/v1", "Prefix", "gateway"),
            ("/schema", "Prefix", "gateway"),
            ("/app", "Prefix", "console"),
            ("/stripe/webhooks", "Exact", "billing"),
        }
    services = [o for o in base_objects() if o["kind"] == "Service"]
    assert {port["port"] for service in services for port in service["spec"]["ports"]} == {8080, 8081, 8082}


def test_nothing_flows_that_is_not_listed() -> None:
    policies = {o["metadata"]["name"]: o["spec"] for o in base_objects() if o["kind"] == "NetworkPolicy"}
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    flows = {
        (name, way, port["port"])
        for name, spec in policies.items()
        for way in ("ingress", "egress")
        for rule in spec.get(way, [])
        for port in rule["ports"]  # a rule without ports would open them all
    }
    assert flows == {
        ("dns", "egress", 53),
        ("to-bus", "egress", 4222),
        ("bus", "ingress", 4222),
        ("bus", "ingress", 6222),
        ("bus", "ingress", 8222),
        ("bus", "ingress", 7777),
        ("bus", "egress", 6222),
        ("to-postgres", "egress", 5432),
        ("to-s3", "egress", 443),
        ("to-public-https", "egress", 443),
        ("gateway-from-ingress", "ingress", 8080),
        ("billing-from-ingress", "ingress", 8081),
        ("console-from-ingress", "ingress", 8082),
        ("console-to-gateway", "egress", 8080),
        ("gateway-from-console", "ingress", 8080),
        ("metrics", "ingress", 9090),
        ("to-collector", "egress", 4318),
    }
    assert all(rule.get("from") or rule.get("to") for spec in policies.values() for way in ("ingress", "egress")
               for rule in spec.get(way, []))  # fmt: skip


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "172.20.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "168.63.129.16", "127.0.0.1",
     "0.0.0.1", "224.0.0.1", "::1", "fd00:ec2::254", "fe80::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::",
     "1.1.1.1", "8.8.8.8", "2606:4700::1111"],
)  # fmt: skip
def test_public_https_reaches_the_internet_alone(address: str) -> None:
    spec = one("NetworkPolicy", "to-public-https")["spec"]
    found = ipaddress.ip_address(address)
    reached = any(
        found in ipaddress.ip_network(block["ipBlock"]["cidr"])
        and not any(found in ipaddress.ip_network(hole) for hole in block["ipBlock"]["except"])
        for block in spec["egress"][0]["to"]
    )
    assert reached == is_public(address)
    assert spec["podSelector"]["matchExpressions"][0]["values"] == [
        "analysis",
        "billing",
        "webhooks",
        "gateway",
        "console",
        "provision",
    ]


def test_each_pod_holds_its_own_services_secrets_and_no_others() -> None:
    lent = {"webhooks": {"gateway"}, "provision": {"provision", "scheduler"}}
    for pod in (o for o in base_objects() if o["kind"] in ("Deployment", "Job")):
        own = pod["metadata"]["name"]
        refs = [v["valueFrom"]["secretKeyRef"] for v in _container(pod)["env"] if "valueFrom" in v]
        assert {ref["name"] for ref in refs} == lent.get(own, {own})
    sender = {v["name"] for v in _container(one("Deployment", "webhooks"))["env"]}
    assert "WEBHOOK_SECRETS_KEY" in sender
    assert not {"JWT_SECRET", "OPERATOR_SECRET", "TICKET_SECRET", "CHALLENGE_SECRET"} & sender


def test_with_secrets_from_aws_no_pod_refers_to_a_secret_of_the_cluster() -> None:
    """A reference that the component doesn't delete would keep its pod from starting."""
    component = K8S / "components" / "aws-secrets"
    deleted = {
        one["metadata"]["name"]: {v["name"] for v in _container(one)["env"] if v.get("$patch") == "delete"}
        for one in documents(component / "pods.yaml")
    }
    referred = {
        pod["metadata"]["name"]: {v["name"] for v in _container(pod)["env"] if "valueFrom" in v}
        for pod in base_objects()
        if pod["kind"] in ("Deployment", "Job")
    }
    assert deleted == referred
    accounts = {one["metadata"]["name"] for one in documents(K8S / "base/ground/service-accounts.yaml")}
    roles = documents(K8S / "overlays/production-aws/roles.yaml")
    assert {one["metadata"]["name"] for one in roles} == accounts


def test_pods_get_the_authorities_that_their_settings_name() -> None:
    ground = documents(K8S / "base" / "ground" / "kustomization.yaml")[0]
    common = next(one for one in ground["configMapGenerator"] if one["name"] == "oslira")
    named = dict(literal.split("=", 1) for literal in common["literals"])
    pods = [one for one in base_objects() if one["kind"] in ("Deployment", "Job")]
    for setting in ("NATS_CA_FILE", "DATABASE_CA_FILE"):
        folder = named[setting].removesuffix("/ca.crt")
        for pod in pods:
            assert folder in {mount["mountPath"] for mount in _container(pod)["volumeMounts"]}


def test_analysis_scales_on_a_consumer_that_exists_and_never_to_nothing() -> None:
    scaled = one("ScaledObject", "analysis")["spec"]
    trigger = scaled["triggers"][0]["metadata"]
    assert CONSUMERS[trigger["consumer"]].stream == trigger["stream"]
    assert scaled["minReplicaCount"] == 2
    assert scaled["fallback"]["replicas"] >= 2


@pytest.mark.parametrize("env", OVERLAYS)
def test_an_overlay_pins_every_image(env: str) -> None:
    images = documents(K8S / "overlays" / env / "kustomization.yaml")[0]["images"]
    used = {
        container["image"]
        for o in base_objects()
        for pod in [(o.get("spec") or {}).get("jobTemplate", o)]
        for container in (((pod.get("spec") or {}).get("template") or {}).get("spec") or {}).get(
            "containers", []
        )
    }
    assert {image["name"] for image in images} == used
    assert all(str(image.get("newTag", image.get("digest"))) not in ("latest", "None") for image in images)


def test_nats_knows_every_user_and_keeps_each_stream_three_times() -> None:
    with (K8S / "nats" / "values.yaml").open() as file:
        values = yaml.safe_load(file)
    assert {f"{public_key_variable(user)}" for user in USERS} <= values["container"]["env"].keys()
    assert values["config"]["cluster"]["replicas"] == 3
    ground = documents(K8S / "base" / "ground" / "kustomization.yaml")[0]
    common = next(one for one in ground["configMapGenerator"] if one["name"] == "oslira")
    assert "NATS_STREAM_REPLICAS=3" in common["literals"]
