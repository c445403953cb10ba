"""An operator's command imports what Stripe never delivered, once, and is in the audit log."""

import asyncio
import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import stripe_samples as samples
from oslira_devstack.access import access_to
from oslira_devstack.simulated import connect_simulators
from oslira_devstack.stack import Stack
from people import differences, person


def _run(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    oslira = str(Path(sys.executable).with_name("oslira"))
    environment = {"OSLIRA_DATA_DIR": str(stack.data.path), "PATH": "/usr/bin:/bin"}
    command = [oslira, "reconcile", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90, check=False)


async def test_a_payment_whose_event_never_came_is_shown_and_brought_back_once(stack: Stack) -> None:
    since = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    async with person(stack, available_credits=0) as user:
        names = {"pack": "pack_100", "account_id": str(user.who.account_id)}
        sold = samples.session(
            customer=f"cus_{uuid4().hex}", payment=f"pi_{uuid4().hex}", amount=900, **names
        )
        sold |= {"created": int(time.time())}
        event = samples.event("checkout.session.completed", sold, created=int(time.time()))
        async with connect_simulators(stack.simulators_url) as simulators:
            await simulators.add_stripe_object(event)

        async def reconcile(*more: str) -> dict[str, Any]:
            ran = await asyncio.to_thread(_run, stack, "--since", since, "--json", *more)
            assert ran.stdout, ran.stderr
            return json.loads(ran.stdout)

        looked = await reconcile("--dry-run")
        assert looked["missing"] >= 1
        assert sold["id"] in {one["stripe_id"] for one in looked["mismatches"]}
        assert (await user.client.balance())["available"] == 0
        for missing in (looked["missing"], 0):
            done = await reconcile()
            assert (done["missing"], done["waiting"], done["is_dry_run"]) == (missing, 0, False)
            assert sold["id"] not in {one["stripe_id"] for one in done["mismatches"]}
            assert (await user.client.balance())["available"] == 100
    assert (await asyncio.to_thread(_run, stack, "--since", "yesterday")).returncode == 2
    refused = await asyncio.to_thread(_run, stack, "--since", "2999-01-01")
    assert refused.returncode == 3
    assert "invalid_request" in refused.stderr
    access = access_to(stack.describe(), stack.credentials)
    gateway = await asyncpg.connect(access.database_url("gateway_service"))
    query = "select distinct outcome from identity.operator_acts where act = 'reconcile' and targets ->> 'since' = $1"
    assert [row["outcome"] for row in await gateway.fetch(query, since)] == ["done"]
    await gateway.close()
    assert await differences(stack) == []
