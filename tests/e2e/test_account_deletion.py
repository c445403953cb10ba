"""An account that is deleted: inaccessible at once, purged a month later in every service, and the ledger still adds up."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from oslira_devstack.access import Access
from oslira_devstack.stack import Stack
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.scheduler.v1 import JobState, RunJob, run_job_subject
from people import differences, eventually, person


async def run(access: Access, role: str, query: str, *values: Any) -> Any:
    connection = await asyncpg.connect(access.database_url(role))
    try:
        return await connection.fetchval(query, *values)
    finally:
        await connection.close()


async def clean_up(access: Access) -> None:
    bus = Bus(access.nats_url("gateway"), service="gateway")
    await bus.start()
    try:
        await eventually(lambda: _is_connected(bus))
        slot = datetime.now(UTC) + timedelta(microseconds=uuid.uuid4().int % 1_000_000)
        for owner in ("gateway", "analysis", "billing", "credits"):

            async def done(owner: str = owner) -> bool:
                answer = await bus.request(
                    run_job_subject(owner), RunJob(job="daily-cleanup", slot=slot), JobState
                )
                return answer.state == "done"

            await eventually(done)
    finally:
        await bus.stop()


async def _is_connected(bus: Bus) -> bool:
    return bus.is_connected


async def test_a_deleted_account_is_purged_after_a_month_and_the_ledger_keeps_its_entries(
    stack: Stack,
) -> None:
    async with person(stack) as user:
        account_id, access, http = user.who.account_id, user.access, user.client.http
        accepted, run_ = await user.analyze("natgeo")
        assert accepted
        await user.settled(run_["run_id"])
        answer = await http.delete(f"/v1/accounts/{account_id}")
        assert answer.status_code == 204, answer.text
        assert (await http.get("/v1/credits/balance")).json()["code"] == "no_account"
        await run(
            access,
            "gateway_service",
            "update identity.accounts set deleted_at = now() - interval '31 days' where id = $1",
            account_id,
        )
        await clean_up(access)
        for role, rows in (
            ("gateway_service", "identity.accounts where id = $1"),
            ("gateway_service", "identity.members where account_id = $1"),
            ("gateway_service", "identity.business_profiles where account_id = $1"),
            ("analysis_service", "analysis.leads where account_id = $1"),
            ("analysis_service", "analysis.analyses where account_id = $1"),
            ("analysis_service", "analysis.ai_usage_logs where account_id = $1"),
            ("analysis_service", "analysis.runs where account_id = $1 and username <> '-'"),
        ):
            assert await run(access, role, f"select count(*) from {rows}", account_id) == 0, rows
        user_rows = await run(
            access, "gateway_service", "select count(*) from identity.users where id = $1", user.who.user_id
        )
        assert user_rows == 0
        entries = await run(
            access,
            "credits_service",
            "select count(*) from credits.entries where account_id = $1",
            account_id,
        )
        assert entries > 0
    assert await differences(stack) == []
