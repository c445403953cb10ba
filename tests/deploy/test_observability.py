"""deploy/observability as it is written, without promtool: everything it names exists. `make check-observability` runs the rules."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
import yaml
from exporter_metrics import EXPORTED_BY
from exporter_metrics import LABELS as EXPORTED_LABELS
from k8s_sources import base_objects
from oslira_shared.contracts.jobs import JOBS
from oslira_shared.errors import CODES
from oslira_shared.observability.metrics import LABELS
from prometheus_client import Counter, Histogram

ROOT: Final = Path(__file__).parents[2]
PROMETHEUS: Final = ROOT / "deploy/observability/prometheus"
RUNBOOKS: Final = ROOT / "docs/runbooks"


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "observability_generated", ROOT / "tools/observability_generated.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL: Final = _tool()
METRICS: Final = [metric for _, metric in TOOL.metrics()]


def _rules(file: str) -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / file).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


ALERTS: Final = [*_rules("alerts.yml"), *_rules("infrastructure.yml")]
RECORDED: Final = {rule["record"] for rule in _rules("recording.yml")}


def _series() -> set[str]:
    """Every name that Prometheus stores of ours."""
    names: set[str] = {"up", *EXPORTED_BY} | RECORDED
    for metric in METRICS:
        name = TOOL.full_name(metric)
        names |= (
            {f"{name}_{part}" for part in ("bucket", "count", "sum")}
            if isinstance(metric, Histogram)
            else {name}
        )
    return names


def _expressions() -> list[tuple[str, str]]:
    """(where, expression) of every rule and panel."""
    found = [(rule["alert"], rule["expr"]) for rule in ALERTS]
    found += [(rule["record"], rule["expr"]) for rule in _rules("recording.yml")]
    for board in sorted((ROOT / "deploy/observability/grafana/dashboards").glob("*.json")):
        for panel in json.loads(board.read_text())["panels"]:
            found += [(f"{board.stem}: {panel['title']}", target["expr"]) for target in panel["targets"]]
    return found


def test_what_is_generated_is_current() -> None:
    made = subprocess.run(
        [sys.executable, "tools/observability_generated.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (made.returncode, made.stdout) == (0, "")


@pytest.mark.parametrize("metric", METRICS, ids=TOOL.full_name)
def test_a_figure_is_named_by_the_rules_and_says_what_it_is(metric: Any) -> None:
    name = TOOL.full_name(metric)
    assert re.fullmatch(r"oslira_[a-z0-9_]+", name)
    assert metric._documentation
    assert set(metric._labelnames) <= set(LABELS)
    assert name.endswith("_total") == isinstance(metric, Counter)
    if isinstance(metric, Histogram):
        assert name.endswith("_seconds")
    assert not re.search(r"_(ms|millis|minutes|hours|cents|kb|mb)(_|$)", name), "base units only"


def test_every_label_is_used() -> None:
    assert {label for metric in METRICS for label in metric._labelnames} == set(LABELS)


@pytest.mark.parametrize(("where", "expression"), _expressions())
def test_every_expression_uses_existing_metrics_and_labels(where: str, expression: str) -> None:
    series = _series()
    bare = re.sub(r'"[^"]*"', '""', expression)
    named = set(re.findall(r"\b(?:oslira_|(?:[a-z]+:)?oslira[_:])[a-z0-9_:]+|\bup\b", bare))
    named |= set(re.findall(r"\b(?:pg|nats|kubelet|certmanager)_[a-z0-9_]+", bare))
    assert named or where == "Watchdog", where
    assert named <= series, where
    labels = set(re.findall(r"([a-z_]+)\s*(?:=~|=|!=|!~)\s*\"", expression))
    for group in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", bare):
        labels |= {label.strip() for label in group.split(",") if label.strip()}
    assert labels <= {*LABELS, *EXPORTED_LABELS, "job", "instance", "le"}, where


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    assert {rule["alert"] for rule in ALERTS} == {path.stem for path in RUNBOOKS.glob("*.md")}
    for rule in ALERTS:
        assert rule["annotations"]["runbook"] == f"docs/runbooks/{rule['alert']}.md"
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in {"page", "ticket", "watchdog"}
    for path in RUNBOOKS.glob("*.md"):
        text = path.read_text()
        assert text.startswith(f"# {path.stem}\n"), path.stem
        assert "\n## Look\n- " in text, path.stem
        assert "\n## Do\n- " in text, path.stem


def test_alerts_name_codes_and_jobs_that_exist() -> None:
    text = "\n".join(expression for _, expression in _expressions())
    outcomes = {
        word for value in re.findall(r'ended_total\{outcome=~?"([^"]+)"', text) for word in value.split("|")
    }
    assert outcomes <= {"completed", *CODES}
    codes = {word for value in re.findall(r'code=~?"([^"]+)"', text) for word in value.split("|")}
    assert codes
    assert codes <= set(CODES)
    missed = next(rule["expr"] for rule in ALERTS if rule["alert"] == "JobMissed")
    watched = [word for value in re.findall(r'job_name=~"([^"]+)"', missed) for word in value.split("|")]
    assert sorted(watched) == sorted(job.name for job in JOBS)


def test_prometheus_asks_every_process_and_compose_has_what_it_mounts() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    processes = {
        name for name, service in services.items() if "OSLIRA_DRAIN_DELAY_S" in service.get("environment", {})
    }
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    assert set(config["scrape_configs"][0]["dns_sd_configs"][0]["names"]) == processes
    down = next(rule["expr"] for rule in ALERTS if rule["alert"] == "ServiceDown")
    assert set(re.findall(r"[a-z]+", down.partition('"')[2].partition('"')[0])) == processes
    absent = next(rule["expr"] for rule in ALERTS if rule["alert"] == "ServiceAbsent")
    assert set(re.findall(r'job="([a-z]+)"', absent)) == processes
    for name in ("prometheus", "grafana"):
        mounted = [
            volume.partition(":")[0] for volume in services[name]["volumes"] if volume.startswith("./")
        ]
        assert [path for path in mounted if not (ROOT / path).exists()] == []
        assert services[name]["profiles"] == ["observability"]
        assert not services[name]["image"].endswith(":latest")


def test_every_alert_is_tried_by_promtool() -> None:
    tried = "\n".join(path.read_text() for path in (PROMETHEUS / "tests").glob("*.yml"))
    assert [rule["alert"] for rule in ALERTS if f"alertname: {rule['alert']}" not in tried] == []


def test_kubernetes_has_the_same_rules_and_the_labels_that_they_need() -> None:
    folder = ROOT / "deploy/k8s/monitoring"
    rules = yaml.safe_load((folder / "rules.yaml").read_text())
    assert rules["kind"] == "PrometheusRule"
    alerts = [rule for group in rules["spec"]["groups"] for rule in group["rules"] if "alert" in rule]
    assert alerts == ALERTS
    (endpoint,) = yaml.safe_load((folder / "pods.yaml").read_text())["spec"]["podMetricsEndpoints"]
    assert {one["targetLabel"] for one in endpoint["relabelings"]} == {"job", "instance"}
    services = {
        one["metadata"]["name"]: one["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"]
        for one in base_objects()
        if one["kind"] == "Deployment"
    }
    absent = next(rule["expr"] for rule in ALERTS if rule["alert"] == "ServiceAbsent")
    # The label of each pod is the job that rules name.
    assert set(services.values()) == set(re.findall(r'job="([a-z]+)"', absent))


def test_alertmanager_sends_every_severity_somewhere_and_mutes_alerts_that_exist() -> None:
    config = yaml.safe_load((ROOT / "deploy/observability/alertmanager/alertmanager.yml").read_text())
    routed = {route["matchers"][0].partition(" = ")[2] for route in config["route"]["routes"]}
    assert routed == {rule["labels"]["severity"] for rule in ALERTS}
    assert {one["receiver"] for one in config["route"]["routes"]} <= {
        one["name"] for one in config["receivers"]
    }
    named = set(re.findall(r"\b(?:[A-Z][a-z]+){2,}\b", yaml.safe_dump(config["inhibit_rules"])))
    assert named <= {rule["alert"] for rule in ALERTS}
