"""The sending process is killed while it sends: every event arrives, and a repeated one has the same id."""

from collections import Counter
from typing import Any

import pytest
from oslira_devstack.stack import Stack
from people import eventually, person
from receiver import receiving

RUNS = 40


@pytest.mark.campaign
async def test_every_event_arrives_through_three_kills(own_stack: Stack) -> None:
    async with person(own_stack) as user, receiving(delay_s=0.3) as receiver:
        made = (await user.client.http.post("/v1/webhook-endpoints", json={"url": receiver.url})).json()
        runs = [(await user.analyze(f"killed.{number}"))[1]["run_id"] for number in range(RUNS)]
        for kill in range(1, 4):
            await receiver.wait_for(5 * kill, timeout_s=120)
            await own_stack.supervisor.kill("webhooks")

        async def told() -> Counter[str]:
            ids = [one.verified(made["secret"])["data"]["run_id"] for one in receiver.received]
            return Counter(ids) if set(ids) == set(runs) else Counter()

        # A lease of 30 s has to run out for what was in flight.
        times: Counter[str] = await eventually(told, timeout_s=100)
        repeated = sum(times.values()) - RUNS
        assert repeated <= 3 * 2, "at most what was in flight at each kill"
        assert len({one.headers["webhook-id"] for one in receiver.received}) == RUNS
        path = f"/v1/webhook-endpoints/{made['webhook_endpoint']['webhook_endpoint_id']}/deliveries"

        async def delivered() -> bool:
            answer: Any = await user.client.http.get(path, params={"status": "delivered", "limit": 100})
            return len(answer.json()["items"]) == RUNS

        await eventually(delivered, timeout_s=40)
        print(f"{RUNS} events, 3 kills, {repeated} repeated under their id")  # noqa: T201
