"""Compose's profile `observability`: Prometheus scrapes every replica, its rules evaluate, and all metrics that they use exist."""

import json
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest_asyncio
import yaml
from composed import Composed, DockerFailed, docker, run
from oslira_devstack.demo.invoice import post_invoice_paid
from oslira_proof.people import Person, eventually

_HERE: Final = Path(__file__).parent
_ROOT: Final = _HERE.parents[1]
_ENGINES: Final = 2
_PROCESSES: Final = {
    "gateway": 1,
    "webhooks": 1,
    "console": 1,
    "credits": 1,
    "analysis": _ENGINES,
    "billing": 1,
    "scheduler": 1,
}
# What they show is there from the first of its kind on: a loop that failed, a delivery to an endpoint in the world.
_EMPTY_WHILE_ALL_IS_WELL: Final = {"processes: Loops that fail", "api: Outgoing webhooks by outcome"}
# Two of Prometheus's rounds, and one of its rules.
_ROUNDS_S: Final = 60.0


@pytest_asyncio.fixture
async def prometheus(composed: Composed) -> AsyncGenerator[Composed]:
    """With Prometheus, and two engines."""
    image = yaml.safe_load((_ROOT / "docker-compose.yml").read_text())["services"]["prometheus"]["image"]
    if image not in await docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}"):
        try:
            await docker("pull", "--quiet", image)
        except DockerFailed:
            await run(str(_HERE / "prometheus_image.sh"), image, "debian:bookworm-slim")
    await composed.up("prometheus", "analysis", analysis=_ENGINES)
    yield composed
    await composed.compose("rm", "--stop", "--force", "--volumes", "prometheus")
    await composed.up("analysis", analysis=1)


async def test_every_replica_is_asked_every_rule_works_and_every_panel_has_an_answer(
    prometheus: Composed, person: Person
) -> None:
    _, accepted = await person.analyze("figures.deep", kind="deep")
    await person.settled(accepted["run_id"], timeout_s=120)
    await post_invoice_paid(prometheus.access, account_id=person.who.account_id)
    await prometheus.oslira("tick", "daily-cleanup")

    async def all_up() -> bool:
        targets = (await _ask(prometheus, "targets?state=active"))["activeTargets"]
        up = Counter(one["labels"]["job"] for one in targets if one["health"] == "up")
        return up == {**_PROCESSES, "prometheus": 1}

    await eventually(all_up, timeout_s=_ROUNDS_S)

    async def all_evaluated() -> list[dict[str, Any]]:
        rules = [rule for group in (await _ask(prometheus, "rules"))["groups"] for rule in group["rules"]]
        return rules if all(rule["health"] == "ok" for rule in rules) else []

    rules = await eventually(all_evaluated, timeout_s=_ROUNDS_S)
    kinds = Counter(rule["type"] for rule in rules)
    assert kinds == Counter(_declared())
    firing = [rule["name"] for rule in rules if rule["type"] == "alerting" and rule["state"] == "firing"]
    assert firing == []

    panels, empty = _panels(), set[str]()

    async def as_expected() -> bool:
        nonlocal empty
        # What is counted shows an increase from its second one on.
        await person.client.http.get("/v1/analyses/none")
        empty = {title for title, asked in panels.items() if not await _has_samples(prometheus, asked)}
        return empty == _EMPTY_WHILE_ALL_IS_WELL

    with suppress(TimeoutError):
        await eventually(as_expected, timeout_s=_ROUNDS_S)
    assert empty == _EMPTY_WHILE_ALL_IS_WELL
    print(
        f"{dict(kinds)}, all evaluated, none fires; {len(panels)} panels, all but {len(_EMPTY_WHILE_ALL_IS_WELL)} with figures"
    )


def _declared() -> list[str]:
    kinds: list[str] = []
    for file in ("recording.yml", "alerts.yml"):
        rules = yaml.safe_load((_ROOT / "deploy/observability/prometheus" / file).read_text())
        kinds += [
            "alerting" if "alert" in rule else "recording"
            for group in rules["groups"]
            for rule in group["rules"]
        ]
    return kinds


def _panels() -> dict[str, list[str]]:
    """By dashboard and title, what is asked."""
    found: dict[str, list[str]] = {}
    for board in sorted((_ROOT / "deploy/observability/grafana/dashboards").glob("*.json")):
        for panel in json.loads(board.read_text())["panels"]:
            found[f"{board.stem}: {panel['title']}"] = [target["expr"] for target in panel["targets"]]
    return found


async def _has_samples(composed: Composed, expressions: list[str]) -> bool:
    results = [(await _ask(composed, f"query?query={quote(asked)}"))["result"] for asked in expressions]
    return any(results)


async def _ask(composed: Composed, path: str) -> Any:
    """Published nowhere, so it is asked from inside."""
    answered = await composed.compose(
        "exec", "-T", "prometheus", "wget", "-q", "-O", "-", f"http://127.0.0.1:9090/api/v1/{path}"
    )
    answer = json.loads(answered)
    assert answer["status"] == "success", answer
    return answer["data"]
