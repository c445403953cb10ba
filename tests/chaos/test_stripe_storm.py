"""Every event many times over, in no order, from many senders, while billing dies and the broker loses all it has."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
import pytest
import stripe_plans
import stripe_samples as samples
import stripe_year
from oslira_billing.infrastructure import audit as grants_and_payments
from oslira_credits.infrastructure import audit as ledger
from oslira_devstack.access import access_to
from oslira_devstack.simulated import connect_simulators
from oslira_devstack.stack import Stack, StackConfig
from oslira_scheduler.application.publish_tick import publish_tick
from oslira_shared.anonymous import ANONYMOUS_ACCOUNT_ID
from oslira_shared.bus.connection import Bus
from people import eventually
from stripe_histories import PRICES, Outcome, Story, known_to_stripe

_SENDERS: Final = 8
# The last slot of the daily job in the customers' year.
_LAST_LOOK: Final = datetime(2026, 12, 31, 3, 30, tzinfo=UTC)
_SERVICES: Final = ("scheduler", "credits", "billing")


@asynccontextmanager
async def _billing_stack(directory: Path, *, lease_s: float) -> AsyncGenerator[Stack]:
    prices = json.dumps(PRICES | stripe_plans.prices())
    extra = {"STRIPE_PRICES": prices, "OSLIRA_EVENT_LEASE_S": str(lease_s)}
    config = StackConfig(
        data_dir=directory, durable=False, services=_SERVICES, extra_environment={"billing": extra}
    )
    async with Stack(config) as stack:
        yield stack


class Storm:
    """Stripe as it is on a bad day."""

    def __init__(self, stack: Stack, stories: list[Story], *, copies: int, seed: int) -> None:
        self.stack, self.stories = stack, stories
        self.deliveries = [event for story in stories for event in story.events] * copies
        random.Random(seed).shuffle(self.deliveries)
        self.sent, self.refused = 0, 0

    async def blow(self, *, kills: int) -> None:
        """Ends when each delivery was answered 200, as Stripe would have it."""
        waiting = iter(self.deliveries)
        async with httpx.AsyncClient(base_url=self.stack.billing_url, timeout=10, trust_env=False) as http:
            disaster = asyncio.create_task(self._strike(kills))
            await asyncio.gather(*(self._send(http, waiting) for _ in range(_SENDERS)))
            await disaster

    async def _send(self, http: httpx.AsyncClient, waiting: Any) -> None:
        for event in waiting:
            while not await self._delivered(http, event):
                self.refused += 1
                await asyncio.sleep(0.1)
            self.sent += 1

    async def _delivered(self, http: httpx.AsyncClient, event: dict[str, Any]) -> bool:
        secret = self.stack.credentials.stripe_webhook_secret
        body, header = samples.signed(event, secret, at_s=time.time())
        try:
            answer = await http.post("/stripe/webhooks", content=body, headers={"stripe-signature": header})
        except httpx.HTTPError:
            return False
        assert answer.status_code in {200, 503}, answer.text
        return answer.status_code == 200

    async def _strike(self, kills: int) -> None:
        """Billing dies at even intervals; half-way the broker goes, with all it knew."""
        for number in range(1, kills + 1):
            while self.sent < len(self.deliveries) * number / (kills + 1):
                await asyncio.sleep(0.01)
            await self.stack.supervisor.kill("billing")
            if number == (kills + 1) // 2:
                await self.stack.servers.nats.stop()
                await self.stack.servers.nats.wipe()
                await self.stack.servers.nats.start()
            await eventually(self._is_back)

    async def _is_back(self) -> bool:
        """Its supervisor starts it again, a little later each time."""
        child = self.stack.supervisor.processes["billing"].child
        if child.is_running:
            await self.stack.supervisor.wait_ready("billing")
        return child.is_running


class Databases:
    """What the database says."""

    def __init__(self, billing: Any, credits_: Any) -> None:
        self.billing, self.credits = billing, credits_

    async def unfinished(self) -> int:
        return await self.billing.fetchval(
            "select count(*) from billing.webhook_events where state in ('received', 'applied')"
        )

    async def states(self) -> dict[tuple[str, str | None], int]:
        rows = await self.billing.fetch("select state, reason from billing.webhook_events")
        return Counter((row["state"], row["reason"]) for row in rows)

    async def outcome(self, story: Story) -> Outcome:
        grants = await self.credits.fetch(
            "select idempotency_key, amount from credits.grants where account_id = $1", story.account_id
        )
        balances = await self.credits.fetch(
            "select kind, sum(amount)::int as amount from credits.balances where account_id = $1 group by kind",
            story.account_id,
        )
        amounts = {row["kind"]: row["amount"] for row in balances}
        row = await self.billing.fetchrow(
            """select plan, state, cancel_at_period_end, extract(epoch from period_start)::bigint as starts, "interval"
                 from billing.subscriptions where account_id = $1""",
            story.account_id,
        )
        return Outcome(
            granted={grant["idempotency_key"]: grant["amount"] for grant in grants},
            available=amounts.get("available", 0),
            frozen=amounts.get("frozen", 0),
            subscription=(row["plan"], row["state"], row["cancel_at_period_end"], row["starts"]),
            interval=row["interval"],
        )


async def _years(stack: Stack, databases: Databases, *, customers: int) -> int:
    """A year of each, through the webhook in no order while billing is killed once; how many events it were."""
    lived = [stripe_year.at_random(seed) for seed in range(customers)]
    async with connect_simulators(stack.simulators_url) as simulators:
        for year in lived:
            body = {"objects": list(year.objects.values())}
            (
                await simulators.http.post(f"{simulators.url}/_sim/stripe/objects", json=body)
            ).raise_for_status()
    storm = Storm(stack, [], copies=0, seed=7)
    storm.deliveries = [
        event for seed, year in enumerate(lived) for event in stripe_year.shuffled(year, seed)
    ]
    random.Random(7).shuffle(storm.deliveries)
    await storm.blow(kills=1)
    bus = Bus(access_to(stack.describe(), stack.credentials).nats_url("scheduler"), service="scheduler")
    await bus.start()

    async def is_over() -> bool:
        return bus.is_connected and await databases.unfinished() == 0

    await eventually(is_over, timeout_s=300)
    await publish_tick(bus, "owed-credits", _LAST_LOOK)

    async def is_granted() -> bool:
        state = "select state from billing.job_runs where job = 'owed-credits' and slot = $1"
        return await databases.billing.fetchval(state, _LAST_LOOK) == "done"

    await eventually(is_granted, timeout_s=100)
    await bus.stop()
    for year in lived:
        query = "select kind, sum(amount)::int as amount from credits.balances where account_id = $1 group by kind"
        amounts = {
            row["kind"]: row["amount"] for row in await databases.credits.fetch(query, year.account_id)
        }
        assert (amounts.get("available", 0), amounts.get("frozen", 0)) == year.model.credits(_LAST_LOOK)
    return len(storm.deliveries)


async def _storm(
    directory: Path, *, stories: int, copies: int, kills: int, lease_s: float, customers: int
) -> None:
    async with _billing_stack(directory, lease_s=lease_s) as stack:
        told = [Story(number) for number in range(stories)]
        async with connect_simulators(stack.simulators_url) as simulators:
            body = {"objects": list(known_to_stripe(told))}
            posted = await simulators.http.post(f"{simulators.url}/_sim/stripe/objects", json=body)
            posted.raise_for_status()
        storm = Storm(stack, told, copies=copies, seed=7)
        began = time.monotonic()
        await storm.blow(kills=kills)
        blown_s = time.monotonic() - began
        access = access_to(stack.describe(), stack.credentials)
        billing = await asyncpg.connect(access.database_url("billing_service"))
        credits_ = await asyncpg.connect(access.database_url("credits_service"))
        databases = Databases(billing, credits_)

        async def is_over() -> bool:
            return await databases.unfinished() == 0

        await eventually(is_over, timeout_s=100)
        events = sum(len(story.events) for story in told)
        ignored = sum(event["type"] == "invoice.payment_succeeded" for s in told for event in s.events)
        assert await databases.states() == {("done", None): events - ignored, ("ignored", None): ignored}
        for story in told:
            assert await databases.outcome(story) == story.outcome()
        granted = sum(len(story.granted) for story in told)
        # The daily credits of anonymous callers are not purchased.
        bought = "select count(*) from credits.transfers where kind = 'grant' and account_id <> $1"
        assert await credits_.fetchval(bought, ANONYMOUS_ACCOUNT_ID) == granted
        assert await billing.fetchval("select count(*) from billing.payment_problems") == 0
        of_years = await _years(stack, databases, customers=customers)
        assert await ledger.differences(credits_) == []
        assert await grants_and_payments.differences(billing) == []
        await billing.close()
        await credits_.close()
        print(  # noqa: T201  # the campaign's values
            f"\nstripe storm: {events} events of {stories} accounts, {storm.sent} deliveries by {_SENDERS} senders in"
            f" {blown_s:.1f} s ({storm.refused} refused and sent again), {kills} kills, 1 wipe; settled after"
            f" {time.monotonic() - began:.1f} s; 0 lost, {granted} grants, each once; all balances as the model's;"
            f" then a year of {customers} customers, {of_years} deliveries: 0 differences"
        )


async def test_a_storm_of_events_leaves_what_the_model_says(scratch_dir: Path) -> None:
    await _storm(scratch_dir / "storm", stories=4, copies=2, kills=1, lease_s=3, customers=3)


@pytest.mark.campaign
@pytest.mark.timeout(1_200)
async def test_the_whole_storm_leaves_what_the_model_says(scratch_dir: Path) -> None:
    await _storm(scratch_dir / "whole-storm", stories=24, copies=10, kills=5, lease_s=30, customers=60)
