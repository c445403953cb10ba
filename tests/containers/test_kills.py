"""`docker compose kill` of each service in turn, with active runs: nothing is lost, charged or paid twice."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from composed import Composed
from oslira_client import ApiError
from oslira_devstack.simulated import Simulators
from oslira_proof.people import Person

_RUNS = 8


@pytest.mark.parametrize(
    "service", ["gateway", "credits", "analysis", "billing", "scheduler", "webhooks", "console"]
)
async def test_a_killed_service_loses_nothing(
    composed: Composed, simulators: Simulators, person: Person, service: str
) -> None:
    names = [f"killed.{service}.{number}" for number in range(_RUNS)]
    accepted = [(await person.analyze(name, kind="deep"))[1]["run_id"] for name in names]
    await asyncio.sleep(1)
    await composed.compose("kill", service)
    await asyncio.sleep(1)
    await composed.up(service)

    runs = await asyncio.gather(*(_patiently_settled(person, run_id) for run_id in accepted))
    assert [run["status"] for run in runs] == ["completed"] * _RUNS
    assert [run["credits"]["charged"] for run in runs] == [2] * _RUNS
    assert (await person.client.balance())["available"] == 1_000 - 2 * _RUNS
    counters = await simulators.counters()
    scrapes = counters["apify"]["starts_by_username"]
    calls = counters["openai"]["by_username_and_schema"]
    repeated = sum(scrapes[name] - 1 for name in names)
    repeated += sum(count - 1 for name in names for count in calls[name].values())
    print(
        f"{service} killed with {_RUNS} deep runs at work: all completed, {repeated} paid requests repeated"
    )
    # Only where the kill fell between a request and its recorded answer.
    assert repeated <= (3 * _RUNS if service == "analysis" else 0)
    assert json.loads(await composed.oslira("audit", "--json")) == []


async def _patiently_settled(person: Person, run_id: str) -> dict[str, Any]:
    """The gateway itself may be the one that was killed."""
    while True:
        try:
            return await person.settled(run_id, timeout_s=180)
        except (httpx.HTTPError, ApiError):
            await asyncio.sleep(0.5)
